"""The main job over real sockets: providers fail in every way they do, and the session answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import Any

import openai
import pytest

from detent.adapters import Attempt, Controller, Endpoint, ExhaustedError, InterruptedTurnError, Upstreams
from detent.adapters.local import (
    Behaviour,
    Cut,
    Exchange,
    Fail,
    FailInStream,
    Garbage,
    Hang,
    Huge,
    LocalProvider,
    MalformedChunk,
    Reset,
    Say,
    Stall,
    UseTool,
    bad_gateway,
    empty,
    overloaded,
    rate_limited,
    server_error,
    unauthorized,
)
from detent.adapters.wire import Piece
from detent.fsm import Chain, Config, Policy

KEY = "sk-test-0123456789abcdefghijklmnop"
QUICK = Policy(retries=0, first_token_s=0.3, idle_s=0.3)
ASK = [{"role": "user", "content": "hello"}]


@asynccontextmanager
async def two_providers(policy: Policy = QUICK) -> AsyncIterator[tuple[Controller, LocalProvider, LocalProvider]]:
    async with LocalProvider("a") as a, LocalProvider("b") as b:
        where = {"a": a, "b": b}
        upstreams = Upstreams(lambda provider, _: Endpoint(provider, where[provider].base_url, KEY))
        a.behave(Say("from a"))
        b.behave(Say("from b"))
        async with Controller(Config(Chain.of("a/large", "b/large"), policy), upstreams=upstreams) as host:
            yield host, a, b


FAILURES: dict[str, tuple[Behaviour, str]] = {
    "429": (rate_limited(retry_after_s=60), "rate_limit"),
    "500": (server_error(), "server_error"),
    "502 of a proxy": (bad_gateway(), "server_error"),
    "503": (overloaded(), "overloaded"),
    "401": (unauthorized(), "auth"),
    "silence": (Hang(), "timeout"),
    "a reset before headers": (Reset(), "connection"),
    "garbage in a 200": (Garbage(), ""),
    "an empty answer": (empty(), "empty_response"),
    "an error event before content": (FailInStream(after=0), ""),
    "a cut before content": (Cut(after=0), "stream_interrupted"),
    "an error body of 100 MB": (Huge(100, status=500), "server_error"),
    "an error nobody knows": (Fail(418, "the quark is strange today"), "unknown"),
}


@pytest.mark.parametrize(("behaviour", "reason"), FAILURES.values(), ids=FAILURES)
@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_the_fallback_answers_the_same_turn(behaviour: Behaviour, reason: str, streamed: bool) -> None:
    async def story() -> None:
        async with two_providers() as (host, a, _b):
            a.behave(behaviour)
            session = host.session("s")
            if streamed:
                text = "".join([piece.text async for piece in session.stream(messages=ASK)])
            else:
                text = (await session.send(messages=ASK)).value.text
            assert text == "from b"
            assert len(a.calls) == 1
            said = "\n".join(session.why())
            assert f"a/large: {reason}" in said
            assert KEY not in said
            assert (await session.status()).state == "failover_active"
            assert await session.reconcile() is False
            assert (await session.send(messages=ASK)).model == "b/large"
            assert len(a.calls) == 1

    asyncio.run(story())


@pytest.mark.parametrize(
    "behaviour",
    [Cut(after=2), Stall(after=2), FailInStream(after=2), MalformedChunk(after=2)],
    ids=lambda b: type(b).__name__,
)
def test_a_stream_that_breaks_after_content_is_interrupted_and_told_as_such(behaviour: Behaviour) -> None:
    async def story() -> None:
        async with two_providers() as (host, a, b):
            a.behave(behaviour)
            session = host.session("s")
            got: list[Piece] = []
            with pytest.raises(InterruptedTurnError, match="broke off"):
                async for piece in session.stream(messages=ASK):
                    got.append(piece)
            assert any(piece.has_content for piece in got)
            assert b.calls == []
            assert (await session.send(messages=ASK)).model == "b/large"

    asyncio.run(story())


def test_a_session_comes_home_by_itself_over_real_sockets() -> None:
    async def story() -> None:
        async with two_providers(Policy(retries=0, cooldown_s=0.2)) as (host, a, _b):
            session = host.session("s")
            a.behave(bad_gateway())
            assert (await session.send(messages=ASK)).model == "b/large"
            a.behave(Say("well again"))
            await asyncio.sleep(0.21)
            answer = await session.send(messages=ASK)
            assert answer.value.text == "well again"
            assert [notice.kind for notice in answer.notices] == ["recovered"]

    asyncio.run(story())


def test_tool_calls_arrive_whole() -> None:
    async def story() -> None:
        async with two_providers() as (host, a, _b):
            a.behave(UseTool())
            calls = (await host.session("s").send(messages=ASK)).value.tool_calls
            assert len(calls) == 1
            assert calls[0].name
            assert calls[0].arguments.startswith("{")
            assert calls[0].arguments.endswith("}")

    asyncio.run(story())


class Watched:
    """Hangs, and tells when it was asked and when its caller went away."""

    def __init__(self) -> None:
        self.asked, self.left = asyncio.Event(), asyncio.Event()

    async def reply(self, exchange: Exchange) -> None:
        self.asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()


def test_a_client_that_leaves_stops_the_upstream_call_within_a_second() -> None:
    async def story() -> None:
        async with two_providers(Policy()) as (host, a, _b):
            watched = Watched()
            a.behave(watched)
            session = host.session("s")
            turn = asyncio.create_task(session.send(messages=ASK))
            await watched.asked.wait()
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await turn
            await asyncio.wait_for(watched.left.wait(), 1)
            status = await session.status()
            assert (status.turns, status.cooling, status.state) == (0, {}, "primary")

    asyncio.run(story())


def test_a_secret_that_is_not_there_is_a_credential_that_does_not_work() -> None:
    async def story() -> None:
        async with LocalProvider("b") as b:
            b.behave(Say("from b"))
            endpoints = {"b": Endpoint("b", b.base_url)}

            def endpoint_of(provider: str, credential: str) -> Endpoint:
                if provider not in endpoints:
                    from detent.adapters.settings import MissingSecretError

                    raise MissingSecretError(f"environment variable {provider.upper()}_KEY is not set")
                return endpoints[provider]

            config = Config(Chain.of("a/large", "b/large"), QUICK)
            async with Controller(config, upstreams=Upstreams(endpoint_of)) as host:
                session = host.session("s")
                assert (await session.send(messages=ASK)).model == "b/large"
                assert "A_KEY is not set" in str((await _exhausted(session, b)).outcome.fates)

    asyncio.run(story())


async def _exhausted(session: Any, b: LocalProvider) -> ExhaustedError:
    b.behave(unauthorized())
    await session.reset()
    await session.pin("a/large")
    with pytest.raises(ExhaustedError) as caught:
        await session.send(messages=ASK)
    return caught.value


def test_the_real_openai_client_is_understood() -> None:
    """Bring your own call: the SDK's own exceptions lead the walk, also where it streams."""

    async def story() -> None:
        async with LocalProvider("a") as a, LocalProvider("b") as b:
            a.behave(rate_limited(retry_after_s=90))
            b.behave(Say("from b"))
            clients = {
                name: openai.AsyncOpenAI(base_url=provider.base_url, api_key=KEY, max_retries=0)
                for name, provider in (("a", a), ("b", b))
            }

            def call(attempt: Attempt) -> Awaitable[Any]:
                return clients[attempt.provider].chat.completions.create(
                    model=attempt.name,
                    messages=ASK,
                    stream=True,  # type: ignore[arg-type]
                )

            async with Controller(Config(Chain.of("a/large", "b/large"), Policy(retries=0))) as host:
                session = host.session("s")
                async with await session.run(call) as answer:
                    text = "".join([chunk.choices[0].delta.content or "" async for chunk in answer if chunk.choices])
                assert text == "from b"
                (_, seconds), *_ = (await session.status()).cooling.items()
                assert 80 < seconds <= 90
            for client in clients.values():
                await client.close()

    asyncio.run(story())
