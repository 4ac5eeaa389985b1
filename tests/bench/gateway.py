"""What the gateway adds to a call. Run it: ``python tests/bench/gateway.py [SECONDS]``. It asserts nothing.

The gateway and a bare reverse proxy (aiohttp's server and client, bytes passed on as they come) stand before the same
upstream, each in a process of its own, and are asked in turns, so that the ratios hold where the absolute figures do
not. Upstream and client are bare sockets, to take as little as possible of the machine. CPU is that of the server's own
process, which a busy machine does not change. A whole answer is a stream between the gateway and its upstream, for the
limits on silence hold there too; the proxy has a whole one.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp
from aiohttp import web

from detent.adapters.gateway import Gateway
from detent.adapters.settings import load

CHUNKS = 50
TOKENS = [f"token-{number} " for number in range(CHUNKS - 2)]
MESSAGES = [{"role": "user", "content": "Tell me something about catches, springs and selectors. " * 20}]
ROUNDS = 5
REQUESTS = 10_000
PATH = "/v1/chat/completions"
HEAD = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "large"}


def _framed(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _event(delta: dict[str, str], finish: str | None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return _framed(b"data: " + json.dumps({**HEAD, "choices": [choice]}).encode() + b"\n\n")


def _answers() -> tuple[bytes, list[bytes]]:
    """The upstream's whole answer, and its stream packet by packet."""
    message = {"role": "assistant", "content": "".join(TOKENS)}
    usage = {"prompt_tokens": 200, "completion_tokens": CHUNKS, "total_tokens": 200 + CHUNKS}
    body = json.dumps({**HEAD, "choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage})
    head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    opening = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    events = [_event({"role": "assistant", "content": ""}, None), *(_event({"content": each}, None) for each in TOKENS)]
    end = _event({}, "stop") + _framed(b"data: [DONE]\n\n") + b"0\r\n\r\n"
    return (head + body).encode(), [opening + events[0], *events[1:], end]


class Upstream(asyncio.Protocol):
    """Answers every request at once, a stream in as many packets as it has chunks."""

    def __init__(self) -> None:
        self._whole, self._stream = _answers()
        self._asked = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._asked += data
        head, _, body = self._asked.partition(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._asked = b""
        if b'"stream": true' in body[-200:] or b'"stream":true' in body[-200:]:
            self._say(0)
        else:
            self._transport.write(self._whole)

    def _say(self, place: int) -> None:
        self._transport.write(self._stream[place])
        if place + 1 < len(self._stream):
            asyncio.get_running_loop().call_soon(self._say, place + 1)


async def upstream() -> None:
    server = await asyncio.get_running_loop().create_server(Upstream, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


async def proxy(address: str) -> None:
    """A reverse proxy that knows nothing of what passes through."""
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as http:

        async def passed_on(asked: web.Request) -> web.StreamResponse:
            headers = {"Content-Type": "application/json"}
            async with http.post(address + asked.path, data=await asked.read(), headers=headers) as came:
                answer = web.StreamResponse(status=came.status, headers={"Content-Type": came.content_type})
                await answer.prepare(asked)
                async for data in came.content.iter_any():
                    await answer.write(data)
                await answer.write_eof()
                return answer

        app = web.Application()
        app.router.add_post(PATH, passed_on)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await asyncio.Event().wait()


async def gateway(address: str) -> None:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "detent.toml"
        provider = f'base_url = "{address}/v1"\nmax_connections = 1000\n'
        chain = '[chains.default]\nprimary = "a/large"\nfallbacks = ["b/small"]\n[gateway]\nport = 0\n'
        file.write_text(f"{chain}[providers.a]\n{provider}[providers.b]\n{provider}")
        async with Gateway(load(file)) as serving:
            print(serving.address.rpartition(":")[2], flush=True)
            await asyncio.Event().wait()


class Client(asyncio.Protocol):
    """One connection that asks one thing after another."""

    def __init__(self, request: bytes) -> None:
        self.request = request
        self._came = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def ask(self) -> asyncio.Future[None]:
        self._answered: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._came.clear()
        self.transport.write(self.request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._came += data
        if b"hunked" in self._came[:400]:
            ended = self._came.endswith(b"0\r\n\r\n")
        else:
            head, _, body = bytes(self._came).partition(b"\r\n\r\n")
            ended = len(body) == int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0] or -1)
        if ended and not self._answered.done():
            assert self._came.startswith(b"HTTP/1.1 200"), bytes(self._came[:500])
            self._answered.set_result(None)

    def connection_lost(self, error: Exception | None) -> None:
        if not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError())


async def load_of(port: int, *, stream: bool, at_once: int, seconds: float = 0, requests: int = 0) -> list[float]:
    """Ask for so long, or so often, over so many connections; how long each answer took, in seconds."""
    body = json.dumps({"model": "default", "messages": MESSAGES, "stream": stream}).encode()
    head = f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(body)}\r\n\r\n"
    loop, took = asyncio.get_running_loop(), []
    until = perf_counter() + seconds

    async def ask_on() -> None:
        _, client = await loop.create_connection(lambda: Client(head.encode() + body), "127.0.0.1", port)
        while perf_counter() < until or len(took) < requests:
            began = perf_counter()
            await client.ask()
            took.append(perf_counter() - began)
        client.transport.close()

    await asyncio.gather(*(ask_on() for _ in range(at_once)))
    return took


def cpu_s(process: subprocess.Popen[str]) -> float:
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rss_mb(process: subprocess.Popen[str]) -> float:
    return int(Path(f"/proc/{process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@contextmanager
def running(*role: str):
    """A process of its own in one of the roles, and its port."""
    process = subprocess.Popen([sys.executable, __file__, *role], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        yield process, int(process.stdout.readline())
    finally:
        process.terminate()
        process.wait()


def measure(seconds: float) -> None:
    with running("upstream") as (_, origin), TemporaryDirectory():
        address = f"http://127.0.0.1:{origin}"
        with running("proxy", address) as bare, running("gateway", address) as own:
            servers = {"proxy": bare, "gateway": own}
            print(f"{'':24} {'p50 ms':>8} {'p99 ms':>8} {'req/s':>8} {'CPU ms':>8}")
            for stream in (False, True):
                for at_once in (1, 64):
                    compare(servers, stream=stream, at_once=at_once, seconds=seconds)
            for name, (process, port) in servers.items():
                asyncio.run(load_of(port, stream=False, at_once=64, requests=REQUESTS))
                print(f"{name}: RSS {rss_mb(process):.0f} MB after {REQUESTS} more requests")


Servers = dict[str, tuple[subprocess.Popen[str], int]]


def compare(servers: Servers, *, stream: bool, at_once: int, seconds: float) -> None:
    """One kind of load on each server in turns, and the medians of the rounds."""
    seen: dict[str, list[tuple[float, ...]]] = {name: [] for name in servers}
    for number in range(ROUNDS + 1):
        for name, (process, port) in servers.items():
            began, used = perf_counter(), cpu_s(process)
            took = sorted(asyncio.run(load_of(port, stream=stream, at_once=at_once, seconds=seconds)))
            lasted = perf_counter() - began
            figures = (took[len(took) // 2], took[len(took) * 99 // 100], lasted / len(took))
            if number:  # the first round warms up
                seen[name].append((*figures, (cpu_s(process) - used) / len(took)))
    kind = f"{'streamed' if stream else 'whole'}, {at_once} at once"
    of = {name: [median(column) for column in zip(*rounds, strict=True)] for name, rounds in seen.items()}
    for name, (p50, p99, each, cpu) in of.items():
        print(f"{kind:15} {name:8} {p50 * 1e3:8.2f} {p99 * 1e3:8.2f} {1 / each:8.0f} {cpu * 1e3:8.2f}")
    bare, own = of["proxy"], of["gateway"]
    added = [(mine - its) * 1e3 for mine, its in zip(own, bare, strict=True)]
    print(f"{kind:15} added    {added[0]:8.2f} {added[1]:8.2f} {bare[2] / own[2]:7.0%} {own[3] / bare[3]:7.2f}x")


if __name__ == "__main__":
    roles = {"upstream": upstream, "proxy": proxy, "gateway": gateway}
    if sys.argv[1:] and sys.argv[1] in roles:
        asyncio.run(roles[sys.argv[1]](*sys.argv[2:]))
    else:
        measure(float(sys.argv[1]) if sys.argv[1:] else 2.0)
