"""Probes, and the end of a gateway: real processes, real signals, and nobody's answer is cut off."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from contextlib import asynccontextmanager

import aiohttp
import pytest
from attrs import define, field

from detent.adapters import Controller, JournalReader
from detent.adapters.gateway import live, serve
from detent.adapters.gateway.guard import Guard
from detent.adapters.gateway.keys import Keys
from detent.adapters.gateway.life import Life
from detent.adapters.gateway.trouble import RefusedError
from detent.adapters.local import LocalProvider, Said, Stall
from detent.adapters.settings import load
from detent.adapters.writer import ControllerClosedError
from detent.fsm import Chain, Config, Decision

from .conftest import ASKED, CHAIN, file_text

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are told to processes otherwise there")

STREAMED = {**ASKED, "stream": True}


@define
class Gated:
    """Streams its first word, and the others when the test lets it."""

    begun: asyncio.Event = field(factory=asyncio.Event)
    go: asyncio.Event = field(factory=asyncio.Event)

    async def reply(self, exchange):
        async with exchange.open() as response:
            await response.write(exchange.speech.text("first"))
            self.begun.set()
            await self.go.wait()
            for word in (" second", " third"):
                await response.write(exchange.speech.text(word))
            await response.write(exchange.speech.end(Said("first second third")))
        return response


@define
class Served:
    """A gateway in a process of its own."""

    address: str
    process: asyncio.subprocess.Process
    journal: object

    def tell(self, number):
        self.process.send_signal(number)

    async def get(self, path):
        async with aiohttp.request("GET", f"{self.address}{path}") as reply:
            return reply.status, await reply.json()

    async def until_stopping(self):
        while (await self.get("/readyz"))[0] == 200:
            continue


@asynccontextmanager
async def served(folder, provider, more=""):
    file = folder / "detent.toml"
    text = f'{CHAIN}{more}\n[journal]\npath = "decisions.jsonl"\n'
    text = text.replace("beta/small", "alpha/small").replace("idle_s = 2", "idle_s = 600")
    file.write_text(file_text(text, provider), encoding="utf-8")
    arguments = ("-m", "detent.adapters.cli", "serve", "--config", str(file))
    process = await asyncio.create_subprocess_exec(sys.executable, *arguments, stdout=asyncio.subprocess.PIPE)
    try:
        line = (await process.stdout.readline()).decode()
        assert line.startswith("Detent listens on http://")
        yield Served(line.rpartition(" ")[2].strip(), process, folder / "decisions.jsonl")
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


def outcomes(journal):
    """How the turns of a log have ended."""
    decisions = [item for item in JournalReader(journal) if isinstance(item, Decision)]
    return [each.data.outcome for each in decisions if each.event == "turn_ended"]


def run(story):
    async def main():
        async with asyncio.timeout(30):
            await story()

    asyncio.run(main())


def test_a_stream_in_flight_arrives_whole_before_the_process_ends(tmp_path):
    async def story():
        async with LocalProvider("alpha") as alpha, served(tmp_path, alpha) as gateway:
            alpha.behave(gated := Gated())
            async with (
                aiohttp.ClientSession() as http,
                http.post(f"{gateway.address}/v1/chat/completions", json=STREAMED) as reply,
            ):
                first = await reply.content.readline()
                assert await gateway.get("/readyz") == (200, {"status": "ready"})
                gateway.tell(signal.SIGTERM)
                await gateway.until_stopping()
                stopping = {"status": "unavailable", "reason": "the gateway is stopping"}
                assert await gateway.get("/readyz") == (503, stopping)
                assert await gateway.get("/healthz") == (200, {"status": "ok"})
                assert (await gateway.get("/v1/models"))[0] == 503
                assert (await gateway.get("/admin/status"))[0] == 503
                async with http.post(f"{gateway.address}/v1/chat/completions", json=ASKED) as refused:
                    assert refused.status == 503
                    assert refused.headers["Retry-After"] == "1"
                    assert refused.headers["Connection"] == "close"
                    assert "is stopping" in (await refused.json())["error"]["message"]
                gated.go.set()
                rest = first + await reply.content.read()
            said = [json.loads(each[6:]) for each in rest.decode().split("\n\n")[:-2]]
            assert "".join(each["choices"][0]["delta"].get("content", "") for each in said) == "first second third"
            assert rest.endswith(b"data: [DONE]\n\n")
            assert await gateway.process.wait() == 0
            assert outcomes(gateway.journal) == ["answered"]

    run(story)


async def stalled(gateway, alpha, signals):
    """A stream that never ends, when the process is told to; what its client gets, and the exit code."""
    alpha.behave(Stall())
    async with (
        aiohttp.ClientSession() as http,
        http.post(f"{gateway.address}/v1/chat/completions", json=STREAMED) as reply,
    ):
        await reply.content.readline()
        for place, number in enumerate(signals):
            if place:
                await gateway.until_stopping()
            gateway.tell(number)
        with pytest.raises(aiohttp.ClientPayloadError):
            await reply.content.read()
    return await gateway.process.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_turn_that_takes_too_long_is_called_off_and_settled(tmp_path, number):
    async def story():
        async with LocalProvider("alpha") as alpha, served(tmp_path, alpha, "shutdown_s = 0.1\n") as gateway:
            assert await stalled(gateway, alpha, [number]) == 0
            assert outcomes(gateway.journal) == ["aborted"]

    run(story)


def test_a_second_signal_calls_the_turns_off_at_once(tmp_path):
    async def story():
        async with LocalProvider("alpha") as alpha, served(tmp_path, alpha, "shutdown_s = 3600\n") as gateway:
            assert await stalled(gateway, alpha, [signal.SIGTERM, signal.SIGTERM]) == 0
            assert outcomes(gateway.journal) == ["aborted"]

    run(story)


def test_a_hangup_has_the_configuration_read(tmp_path, monkeypatch):
    reads = asyncio.Queue()
    reload = live.LiveSettings.reload

    async def reloading(self):
        loaded = await reload(self)
        reads.put_nowait(loaded)
        return loaded

    async def blind(*_, **__):
        await asyncio.Event().wait()
        yield

    monkeypatch.setattr(live.LiveSettings, "reload", reloading)
    monkeypatch.setattr(live, "awatch", blind)

    async def story():
        file = tmp_path / "detent.toml"
        file.write_text(CHAIN.replace("beta", "alpha") + '[providers.alpha]\nbase_url = "http://127.0.0.1:9/v1"\n')
        ready = asyncio.Event()
        serving = asyncio.ensure_future(serve(load(file), host=None, port=0, ready=lambda _: ready.set()))
        await ready.wait()
        assert (await reads.get()).ok  # the first look
        file.write_text("nonsense")
        os.kill(os.getpid(), signal.SIGHUP)
        assert not (await reads.get()).ok
        os.kill(os.getpid(), signal.SIGTERM)
        await serving

    run(story)


def test_a_turn_that_is_called_off_is_over_before_anything_else_is_closed():
    async def story():
        guard, settled = Guard(Keys(), 1), []

        async def turn():
            with guard:
                try:
                    await asyncio.Event().wait()
                finally:
                    await asyncio.sleep(0)
                    settled.append(True)

        task = asyncio.ensure_future(turn())
        await asyncio.sleep(0)
        await Life(Controller(Config(Chain.of("a/x"))), guard).end_turns(0.0)
        assert task.cancelled()
        assert settled
        with pytest.raises(RefusedError, match="is stopping"), guard:
            pass

    run(story)


async def probed(scene, path):
    async with aiohttp.request("GET", f"{scene.gateway.address}{path}") as reply:
        return reply.status, (await reply.json()).get("reason", "")


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ControllerClosedError("over"), "the controller is closed"),
        (ConnectionError("postgres://user:password@host"), "the store does not answer: ConnectionError"),
        (TimeoutError(), "the store does not answer: TimeoutError"),
    ],
)
def test_a_gateway_that_could_not_serve_is_not_ready_and_says_why(played, error, reason):
    async def story(scene):
        async def fails():
            raise error

        assert await probed(scene, "/readyz") == (200, "")
        scene.gateway._turns.controller.configs = fails
        assert await probed(scene, "/readyz") == (503, reason)
        assert await probed(scene, "/healthz") == (200, "")

    played(story)


def test_probes_need_no_key_and_say_nothing_else(played):
    keys = f'{CHAIN}\n[gateway.keys.x]\nsha256 = "{"0" * 64}"\n'

    async def story(scene):
        for path in ("/healthz", "/readyz"):
            assert await probed(scene, path) == (200, "")

    played(story, keys)


def test_a_live_view_ends_when_the_gateway_stops(played):
    async def story(scene):
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{scene.gateway.address}/admin/tail") as reply,
        ):
            assert await reply.content.readline() == b": tail\n"
            await scene.gateway.stop()
            assert await reply.content.read() == b"\n"

    played(story)
