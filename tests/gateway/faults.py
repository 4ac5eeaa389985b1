"""The sixteen faults of the public benchmark FailoverBench, and what a client sees of them through the gateway.

Everything is as in the benchmark, with its real waits: one fallback, and clients of their own over real sockets; but
the loop's time is virtual, so that two minutes of silence last as long as their packets.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

import aiohttp
from attrs import field, frozen

from detent.adapters.gateway import Gateway
from detent.adapters.local import (
    Behaviour,
    Cut,
    Fail,
    Garbled,
    LocalProvider,
    NoPrefill,
    Reset,
    Say,
    Slow,
    Stall,
    Unended,
    Wrong,
    overloaded,
    rate_limited,
    server_error,
)
from detent.adapters.scenario.clock import VirtualLoop
from detent.adapters.settings import TEMPLATE, load

TEXT: Final = " ".join(f"word{number}" for number in range(1, 61))
"""The whole answer, sixty tokens: one that was cut short cannot be taken for it."""

LONGEST_S: Final = 130.0
"""A client that has nothing by then has met a hang."""

_PATIENCE_S: Final = 0.02
_CHAIN: Final = 'primary = "alpha/large"\nfallbacks = ["beta/small"]\n'


@frozen
class Fault:
    """How the primary behaves, one behaviour a call and the last one from then on, and how the fallback does."""

    primary: tuple[Behaviour, ...]
    fallback: Behaviour = field(factory=lambda: Say(TEXT))


def _wrong(code: str, message: str) -> Wrong:
    return Wrong(message, "invalid_request_error", code)


OVERFLOW: Final = _wrong(
    "context_length_exceeded",
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 9631 tokens.",
)
REFUSED: Final = _wrong("content_policy_violation", "Your request was rejected by our safety system.")

FAULTS: Final[dict[str, Fault]] = {
    "429 with Retry-After 2": Fault((rate_limited(retry_after_s=2), Say(TEXT))),
    "persistent 429 without": Fault((Fail(429, Wrong("Rate limit reached.", "requests", "rate_limit_exceeded")),)),
    "500 once": Fault((server_error(), Say(TEXT))),
    "persistent 503": Fault((overloaded(),)),
    "reset before headers": Fault((Reset(), Say(TEXT))),
    "two minutes of silence": Fault((Slow(120, Reset()),)),
    "first token after 20 s": Fault((Say(TEXT, first_s=20),)),
    "cut at 40 of 60 tokens": Fault((Cut(40, TEXT),)),
    "stalled for 30 s": Fault((Stall(20, TEXT),)),
    "malformed chunk": Fault((Garbled(10, TEXT),)),
    "no [DONE]": Fault((Unended(TEXT),)),
    "context length exceeded": Fault((Fail(400, OVERFLOW),)),
    "content-filter refusal": Fault((Fail(400, REFUSED),)),
    "cut, and a fallback without prefill": Fault((Cut(40, TEXT),), NoPrefill(Say(TEXT))),
    "primary down for 60 s": Fault((overloaded(),)),
    "accounting": Fault((overloaded(),)),
}


@frozen
class Seen:
    """One answer, as a client sees it.

    Attributes:
        status: of HTTP.
        took_s: seconds to its end.
        first_s: seconds to its first word, None: there was none.
        text: the words.
        model: whom the body names.
        usage: what the body counts.
        error: what the body says is wrong, in the answer's place or after some of it.
        ended: it says itself that it is at its end, with a finish reason and, streamed, ``[DONE]``.
    """

    status: int
    took_s: float
    first_s: float | None
    text: str
    model: str | None
    usage: dict[str, int] | None
    error: dict[str, Any] | None
    ended: bool

    @property
    def is_whole(self) -> bool:
        """The whole answer, and nothing else."""
        return self.status == 200 and self.text == TEXT and self.ended and self.error is None

    @property
    def is_a_clear_error(self) -> bool:
        """An error that nobody takes for an answer."""
        return self.error is not None and bool(self.error["message"]) and not self.ended


@frozen
class Stage:
    """Two providers, the gateway before them, and the time."""

    alpha: LocalProvider
    beta: LocalProvider
    gateway: Gateway
    loop: VirtualLoop

    async def ask(self, *, stream: bool) -> Seen:
        """Ask like a client of OpenAI's that counts tokens."""
        body: dict[str, Any] = {"model": "default", "messages": [{"role": "user", "content": "Sixty words, please."}]}
        if stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        began, first, lines = self.loop.time(), None, []
        url = f"{self.gateway.address}/v1/chat/completions"
        async with asyncio.timeout(LONGEST_S), aiohttp.ClientSession() as http, http.post(url, json=body) as reply:
            async for line in reply.content:
                if first is None and b'"content":"word' in line.replace(b" ", b""):
                    first = self.loop.time() - began
                lines.append(line)
        return _seen(reply, b"".join(lines), self.loop.time() - began, first)

    @property
    def times(self) -> list[float]:
        """When the primary was called."""
        return [call.at for call in self.alpha.calls]


def careful() -> str:
    """The profile that the template of ``detent.toml`` shows, as the default chain of two local models."""
    lines = TEMPLATE[TEMPLATE.index("# [chains.careful.policy]") :].partition("\n\n")[0].splitlines()[1:]
    return f"[chains.default]\n{_CHAIN}[chains.default.policy]\n" + "\n".join(line.removeprefix("# ") for line in lines)


def defaults() -> str:
    """A chain of two local models, and not a word about how it is walked."""
    return f"[chains.default]\n{_CHAIN}"


def play(folder: Path, text: str, fault: Fault, test: Callable[[Stage], Awaitable[Any]]) -> Any:
    """Run a test on a fresh stage with a fault, in virtual time."""

    async def main(loop: VirtualLoop) -> Any:
        async with LocalProvider("alpha", now=loop.now) as alpha, LocalProvider("beta", now=loop.now) as beta:
            for behaviour in fault.primary[:-1]:
                alpha.behave(behaviour, times=1)
            alpha.behave(fault.primary[-1])
            beta.behave(fault.fallback)
            tables = [f'[providers.{each.name}]\nbase_url = "{each.base_url}"\n' for each in (alpha, beta)]
            file = folder / "detent.toml"
            file.write_text("\n".join([text, *tables, "[gateway]\nport = 0\n"]), encoding="utf-8")
            async with Gateway(load(file), now=loop.now) as gateway:
                return await test(Stage(alpha, beta, gateway, loop))

    with asyncio.Runner(loop_factory=lambda: VirtualLoop(_PATIENCE_S)) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)  # made by the line above
        return runner.run(main(loop))


def _seen(reply: aiohttp.ClientResponse, body: bytes, took_s: float, first_s: float | None) -> Seen:
    """What an answer comes to."""
    if reply.content_type == "text/event-stream":
        told = [line.removeprefix(b"data: ") for line in body.splitlines() if line.startswith(b"data: ")]
        done, chunks = b"[DONE]" in told, [json.loads(line) for line in told if line != b"[DONE]"]
    else:
        done, chunks = True, [json.loads(body)]
    choices = [choice for chunk in chunks for choice in chunk.get("choices", ())]
    words = [(choice.get("delta") or choice.get("message") or {}).get("content") or "" for choice in choices]
    return Seen(
        reply.status,
        took_s,
        first_s,
        "".join(words),
        next((chunk["model"] for chunk in chunks if "model" in chunk), None),
        next((chunk["usage"] for chunk in chunks if chunk.get("usage")), None),
        next((chunk["error"] for chunk in chunks if chunk.get("error")), None),
        done and any(choice.get("finish_reason") for choice in choices),
    )
