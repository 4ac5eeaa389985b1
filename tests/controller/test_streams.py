"""Streams over real sockets: live or buffered, what is silence, and who is left when a client goes away."""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import web
from attrs import frozen

from detent.adapters import Attempt, ExhaustedError, InterruptedTurnError
from detent.adapters.local import Cut, Exchange
from detent.fsm import Policy

from .conftest import controller, in_virtual_time
from .test_sockets import ASK, two_providers

SIXTY = " ".join(f"word{number}" for number in range(60))


def test_a_buffered_answer_that_breaks_after_forty_of_sixty_tokens_comes_whole_from_the_next() -> None:
    async def story() -> None:
        async with two_providers(Policy(retries=0, stream="buffered")) as (host, a, b):
            a.behave(Cut(after=40, text=SIXTY))
            session = host.session("s")
            pieces = [piece async for piece in session.stream(messages=ASK)]
            assert "".join(piece.text for piece in pieces) == "from b"
            assert (len(a.calls), len(b.calls)) == (1, 1)
            assert list((await session.status()).cooling) == ["a/large"]

    asyncio.run(story())


def test_nothing_of_a_buffered_answer_is_delivered_where_nobody_has_a_whole_one() -> None:
    async def story() -> None:
        async with two_providers(Policy(retries=0, stream="buffered")) as (host, a, b):
            for provider in (a, b):
                provider.behave(Cut(after=40, text=SIXTY))
            got = []
            with pytest.raises(ExhaustedError):
                async for piece in host.session("s").stream(messages=ASK):
                    got.append(piece)
            assert got == []

    asyncio.run(story())


def test_a_live_answer_that_breaks_off_says_how_much_was_sent_and_why() -> None:
    async def story() -> None:
        async with two_providers(Policy(retries=0)) as (host, a, b):
            a.behave(Cut(after=40, text=SIXTY))
            got = []
            with pytest.raises(InterruptedTurnError, match="stream_interrupted") as caught:
                async for piece in host.session("s").stream(messages=ASK):
                    got.append(piece)
            text = "".join(piece.text for piece in got)
            assert text == " ".join(SIXTY.split()[:40])
            assert (caught.value.sent.pieces, caught.value.sent.characters) == (40, len(text))
            assert f"40 pieces, {len(text)} characters" in str(caught.value)
            assert b.calls == []

    asyncio.run(story())


@frozen
class Murmur:
    """After some tokens: comments and deltas without content, one every ten milliseconds, for ever."""

    after: int
    line: bytes

    async def reply(self, exchange: Exchange) -> None:
        async with exchange.open() as response:
            for number in range(self.after):
                await response.write(exchange.speech.chunk({"content": f"{number} "}))
            while True:
                await response.write(self.line or exchange.speech.chunk({"role": "assistant", "content": ""}))
                await asyncio.sleep(0.01)


LINES = {"comments": b": keep-alive\n\n", "empty deltas": b""}


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_keep_alives_every_ten_milliseconds_are_no_first_token(line: bytes) -> None:
    async def story() -> None:
        async with two_providers(Policy(retries=0, first_token_s=0.2, idle_s=30)) as (host, a, _b):
            a.behave(Murmur(0, line))
            began = time.perf_counter()
            assert (await host.session("s").send(messages=ASK)).model == "b/large"
            assert 0.2 <= time.perf_counter() - began < 2

    asyncio.run(story())


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_keep_alives_every_ten_milliseconds_do_not_fill_a_gap(line: bytes) -> None:
    async def story() -> None:
        async with two_providers(Policy(retries=0, first_token_s=30, idle_s=0.2)) as (host, a, _b):
            a.behave(Murmur(3, line))
            got = []
            began = time.perf_counter()
            with pytest.raises(InterruptedTurnError, match="idle_s") as caught:
                async for piece in host.session("s").stream(messages=ASK):
                    got += [piece] if piece.has_content else []
            assert 0.2 <= time.perf_counter() - began < 2
            assert caught.value.outcome.reason == "timeout"
            assert len(got) == 3

    asyncio.run(story())


class Watched:
    """Speaks three words, then goes on being silent, and tells when its caller went away."""

    def __init__(self) -> None:
        self.spoken, self.left = asyncio.Event(), asyncio.Event()

    async def reply(self, exchange: Exchange) -> web.StreamResponse | None:
        try:
            async with exchange.open() as response:
                for word in ("one ", "two ", "three "):
                    await response.write(exchange.speech.chunk({"content": word}))
                self.spoken.set()
                await asyncio.Event().wait()
        finally:
            self.left.set()
        return None


@pytest.mark.parametrize("policy", [Policy(), Policy(stream="buffered")], ids=lambda policy: policy.stream)
def test_a_client_that_leaves_in_mid_answer_closes_the_upstream_connection_within_a_second(policy: Policy) -> None:
    async def story() -> None:
        async with two_providers(policy) as (host, a, _b):
            watched = Watched()
            a.behave(watched)
            session = host.session("s")

            async def client() -> None:
                async for _ in session.stream(messages=ASK):
                    pass

            turn = asyncio.create_task(client())
            await watched.spoken.wait()
            turn.cancel()
            with pytest.raises(asyncio.CancelledError):
                await turn
            await asyncio.wait_for(watched.left.wait(), 1)
            status = await session.status()
            assert (status.turns, status.cooling, status.state) == (0, {}, "primary")

    asyncio.run(story())


def test_a_limit_that_passes_closes_the_upstream_connection_within_a_second() -> None:
    async def story() -> None:
        async with two_providers(Policy(retries=0, stream="buffered", attempt_s=0.1)) as (host, a, _b):
            watched = Watched()
            a.behave(watched)
            assert (await host.session("s").send(messages=ASK)).model == "b/large"
            await asyncio.wait_for(watched.left.wait(), 1)

    asyncio.run(story())


class Feed:
    """Pieces of a client library: its iteration may break, and only its maker's `close` lets the connection go."""

    def __init__(self, *pieces: str, then: BaseException) -> None:
        self.pieces = list(pieces)
        self.then = then
        self.closed = 0

    def __aiter__(self) -> Feed:
        return self

    async def __anext__(self) -> str:
        if self.pieces:
            return self.pieces.pop(0)
        raise self.then

    async def close(self) -> None:
        self.closed += 1


@pytest.mark.parametrize("streamed", [True, False], ids=["live", "gathered"])
def test_a_connection_that_drops_in_mid_answer_is_a_broken_stream_and_closes_no_endpoint(streamed: bool) -> None:
    feed = Feed("half ", then=ConnectionResetError("peer went away"))

    async def call(attempt: Attempt) -> Any:
        return feed if attempt.model == "a/x" else "whole"

    async def story() -> None:
        session = controller("a/x", "a/y").session("s")
        with suppress(InterruptedTurnError):
            answer = await session.run(call, stream=streamed)
            _ = [piece async for piece in answer]
        assert feed.closed == 1
        assert list((await session.status()).cooling) == ["a/x"], "a/y is of the same provider, and is not condemned"
        assert "a/x: stream_interrupted" in "\n".join(session.why())

    in_virtual_time(story)


@pytest.mark.parametrize("streamed", [True, False], ids=["streamed", "whole"])
def test_a_hedge_closes_the_connection_of_the_one_that_was_called_off_within_a_second(streamed: bool) -> None:
    async def story() -> None:
        async with two_providers(Policy(retries=0, hedge_after_s=0.1)) as (host, a, _b):
            silent = Silent()
            a.behave(silent)
            session = host.session("s")
            if streamed:
                text = "".join([piece.text async for piece in session.stream(messages=ASK)])
            else:
                text = (await session.send(messages=ASK)).value.text
            assert text == "from b"
            await asyncio.wait_for(silent.left.wait(), 1)
            status = await session.status()
            assert (status.cooling, status.state, status.serving) == ({}, "primary", "a/large")

    asyncio.run(story())


class Silent:
    """Takes the request and never answers, and tells when its caller went away."""

    def __init__(self) -> None:
        self.left = asyncio.Event()

    async def reply(self, exchange: Exchange) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()
