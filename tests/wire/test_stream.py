"""Streams over real sockets: what arrives, and which failures end it."""

import asyncio
from collections.abc import Callable

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp.http import HttpProcessingError
from attrs import field, frozen

from detent.adapters.local import (
    Behaviour,
    Cut,
    EndEarly,
    Exchange,
    FailInStream,
    Garbage,
    Hang,
    Huge,
    MalformedChunk,
    Reset,
    Said,
    Say,
    Slow,
    Stall,
    Trickle,
    UseTool,
    empty,
    rate_limited,
)
from detent.adapters.local.speech import Speech
from detent.adapters.wire import Completion, joined
from detent.adapters.wires import Limits

from .replies import OnePacket, Raw, answer_of, chunks, opened_by


def test_an_answer_arrives_token_by_token_and_ends_with_its_reason(run):
    async def body(line):
        pieces = await line.pieces(Say("One two  three\n"))
        assert [piece.text for piece in pieces if piece.has_content] == ["One", " two", "  three", "\n"]
        assert [piece.finish_reason for piece in pieces if piece.finish_reason] == ["stop"]

    run(body)


def test_a_tool_call_arrives_in_fragments_that_make_its_arguments(run):
    async def body(line):
        answer = joined(await line.pieces(UseTool()), "large")
        (call,) = answer.tool_calls
        assert (call.index, call.name, call.arguments) == (0, "look_up", '{"city": "Oslo"}')
        assert call.id
        assert answer.finish_reason == "tool_calls"

    run(body)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_characters_cut_by_the_network_are_whole_again(run, size):
    async def body(line):
        await line.pieces(Trickle("Grüße, 世界 🌍", size))
        assert line.text == "Grüße, 世界 🌍"

    run(body)


@pytest.mark.parametrize("behaviour", [Cut(2), MalformedChunk(2)])
def test_a_broken_connection_ends_the_stream_early_and_names_the_cause(run, behaviour):
    async def body(line):
        error = await line.failed_stream(behaviour)
        assert line.text == "Once upon"
        assert (error.transport, error.status) == ("sse", 200)
        assert error.exception.startswith(f"stream ended early ({type(error.__cause__).__name__}: ")
        assert isinstance(error.__cause__, ClientPayloadError | HttpProcessingError)

    run(body)


def test_a_stream_that_ends_in_good_order_but_unfinished_ended_early(run):
    async def body(line):
        error = await line.failed_stream(EndEarly(3))
        assert line.text == "Once upon a"
        assert (error.transport, error.exception) == ("sse", "stream ended early")
        assert "Once" not in error.body, "the model's own words are no evidence of an error"

    run(body)


def test_a_complete_answer_survives_the_connection_breaking_behind_it(run):
    async def body(line):
        await line.pieces(OnePacket())
        assert line.text == "Hello"

    run(body)


@frozen
class InTwoParts:
    """Send one word; when told to, send the rest and break the connection off."""

    go: asyncio.Event = field(factory=asyncio.Event)

    async def reply(self, exchange: Exchange) -> None:
        async with exchange.open() as response:
            await response.write(opened_by(exchange.speech, "One"))
            await self.go.wait()
            await response.write(exchange.speech.text(" more") + exchange.speech.end(Said("One more")))
            exchange.close()


def test_a_slow_reader_still_gets_what_came_before_the_break(run):
    async def body(line):
        parts = InTwoParts()
        async with line.streaming(parts) as words:
            assert await anext(words) == "One"
            parts.go.set()
            await asyncio.sleep(0.05)
            assert [word async for word in words] == [" more"]

    run(body)


@frozen
class InPart:
    """Behave as this does with a part of the vendor's own events."""

    how: Callable[[bytes], Behaviour]
    part: Callable[[Speech], bytes]

    async def reply(self, exchange: Exchange) -> web.StreamResponse | None:
        return await self.how(self.part(exchange.speech)).reply(exchange)


def test_what_came_before_a_break_is_passed_on(run):
    async def body(line):
        error = await line.failed_stream(InPart(OnePacket, opened_by))
        assert (line.text, error.transport) == ("Hello", "sse")

    run(body)


def test_a_stream_may_lack_the_last_line_end(run):
    async def body(line):
        await line.pieces(InPart(Raw, lambda speech: answer_of(speech).rstrip()))
        assert line.text == "Hello"

    run(body)


def test_the_local_provider_can_fail_in_its_stream(run):
    async def body(line):
        error = await line.failed_stream(FailInStream(1))
        assert (line.text, error.transport) == ("Once", "sse")
        assert "The server is overloaded." in str(error)

    run(body)


@pytest.mark.parametrize("behaviour", [Garbage(), chunks("[1, 2]"), chunks("[" * 100_000)])
def test_an_event_that_is_no_json_object_is_an_error(run, behaviour):
    async def body(line):
        error = await line.failed_stream(behaviour)
        assert (error.transport, error.exception) == ("sse", "event is no JSON object")

    run(body)


def test_the_local_provider_can_answer_with_nothing(run):
    async def body(line):
        for error in (await line.failed_stream(empty()), await line.failed_whole(empty())):
            assert (error.transport, error.status, error.exception) == ("body200", 200, "empty answer")

    run(body)


@frozen
class Whole:
    """Answer whole, whatever was asked for."""

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        return web.json_response(exchange.speech.whole(Said("Hello")))


def test_a_whole_answer_to_a_streaming_request_is_one_piece(run):
    async def body(line):
        (piece,) = await line.pieces(Whole())
        assert isinstance(piece, Completion)
        assert (piece.text, piece.finish_reason) == ("Hello", "stop")

    run(body)


def test_a_page_instead_of_a_stream_is_no_answer(run):
    async def body(line):
        error = await line.failed_stream(Raw(b"<html>Just a moment...</html>", "text/html"))
        assert (error.transport, error.status) == ("body200", 200)
        assert "Just a moment" in str(error)

    run(body)


def test_an_endless_line_is_cut_off_at_the_limit(run):
    async def body(line):
        error = await line.failed_stream(Huge(64))
        assert error.transport == "sse"
        assert "Limits.event_bytes" in error.exception

    run(body)


def test_an_event_of_endless_lines_is_cut_off_at_the_limit(run):
    async def body(line):
        error = await line.failed_stream(Raw(b"data: abcdef\n" * 1000))
        assert "the limit is 1000" in error.exception

    run(body, Limits(event_bytes=1000))


def test_failures_before_the_stream_are_those_of_a_whole_answer(run):
    async def body(line):
        error = await line.failed_stream(rate_limited(7))
        assert (error.transport, error.status, error.headers["retry-after"]) == ("http", 429, "7")
        error = await line.failed_stream(Reset())
        assert (error.transport, error.status) == ("socket", None)

    run(body)


@frozen
class Watched:
    """Behave as another does, and note when the reply is over."""

    inner: object
    begun: asyncio.Event = field(factory=asyncio.Event)
    over: asyncio.Event = field(factory=asyncio.Event)

    async def reply(self, exchange: Exchange) -> web.StreamResponse | None:
        self.begun.set()
        try:
            return await self.inner.reply(exchange)
        finally:
            self.over.set()


def test_closing_the_iterator_ends_the_upstream_call(run):
    async def body(line):
        watched = Watched(Stall(1))
        async with line.streaming(watched) as words:
            assert await anext(words) == "Once"
            assert not watched.over.is_set()
        await watched.over.wait()

    run(body)


@pytest.mark.parametrize("inner", [Hang(), Stall(1)])
@pytest.mark.parametrize("ask", ["pieces", "whole"])
def test_cancelling_a_call_ends_it_upstream(run, inner, ask):
    async def body(line):
        watched = Watched(inner)
        task = asyncio.create_task(getattr(line, ask)(watched))
        await watched.begun.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await watched.over.wait()

    run(body)


def test_a_slow_answer_is_waited_for(run):
    async def body(line):
        await line.pieces(Slow(0.05, Say("At last")))
        assert line.text == "At last"

    run(body)


def test_a_read_stream_leaves_its_connection_to_the_next_call(run):
    async def body(line):
        @frozen
        class Ports:
            seen: list = field(factory=list)

            async def reply(self, exchange):
                self.seen.append(exchange.http.transport.get_extra_info("peername"))
                async with exchange.open() as response:
                    await response.write(answer_of(exchange.speech))
                    # The end of the HTTP body comes after that of the answer, in a packet of its own.
                    await asyncio.sleep(0.02)
                return response

        ports = Ports()
        await line.pieces(ports)
        await line.pieces(ports)
        assert len(set(ports.seen)) == 1

    run(body)
