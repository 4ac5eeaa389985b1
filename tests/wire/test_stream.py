"""Streams over real sockets: what arrives, and which failures end it."""

import asyncio
from contextlib import aclosing

import pytest
from aiohttp import ClientPayloadError, web
from aiohttp.http import HttpProcessingError
from attrs import field, frozen

from detent.adapters.local import (
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
from detent.adapters.wire import Completion, Request
from detent.adapters.wires import Limits

ASKED = Request({"messages": [{"role": "user", "content": "Hello?"}]})


@frozen
class Raw:
    """A 200 with exactly these bytes."""

    body: bytes
    kind: str = "text/event-stream"

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        return web.Response(body=self.body, headers={"Content-Type": self.kind})


def chunks(*data: str) -> Raw:
    return Raw("".join(f"data: {part}\n\n" for part in data).encode())


HELLO = '{"choices": [{"index": 0, "delta": {"content": "Hello"}}]}'
USAGE = '{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 0}}'
STOP = '{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'


def test_an_answer_arrives_token_by_token_and_ends_with_its_reason(run):
    async def body(line):
        pieces = await line.pieces(Say("One two  three\n"))
        assert [piece.text for piece in pieces if piece.has_content] == ["One", " two", "  three", "\n"]
        assert [piece.finish_reason for piece in pieces if piece.finish_reason] == ["stop"]

    run(body)


def test_usage_comes_after_the_finish_reason_when_asked_for(run):
    async def body(line):
        pieces = await line.pieces(Say(), stream_options={"include_usage": True})
        assert pieces[-2].finish_reason == "stop"
        assert pieces[-1].usage.input_tokens > 0
        assert not pieces[-1].has_content

    run(body)


def test_a_tool_call_arrives_in_fragments_that_make_its_arguments(run):
    async def body(line):
        calls = [call for piece in await line.pieces(UseTool()) for call in piece.tool_calls]
        assert [call.name for call in calls] == ["look_up", "", ""]
        assert "".join(call.arguments for call in calls) == '{"city": "Oslo"}'
        assert {call.index for call in calls} == {0}

    run(body)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_characters_cut_by_the_network_are_whole_again(run, size):
    async def body(line):
        await line.pieces(Trickle("Grüße, 世界 🌍", size))
        assert line.text == "Grüße, 世界 🌍"

    run(body)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_thinking_is_content_apart_from_the_text(run, name):
    async def body(line):
        first, *_ = await line.pieces(chunks(f'{{"choices": [{{"delta": {{"{name}": "Hm"}}}}]}}', STOP, "[DONE]"))
        assert (first.reasoning, first.text, first.has_content) == ("Hm", "", True)

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


@pytest.mark.parametrize("tail", [(STOP,), (STOP, '{"choices": [], "usa')])
def test_a_finish_reason_makes_up_for_a_missing_done(run, tail):
    async def body(line):
        raw = chunks(HELLO, *tail)
        pieces = await line.pieces(Raw(raw.body.rstrip()))
        assert [piece.finish_reason for piece in pieces] == [None, "stop"]

    run(body)


@frozen
class OnePacket:
    """Send the head and these events in one packet, then close without the last HTTP chunk."""

    events: bytes

    async def reply(self, exchange: Exchange) -> None:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        exchange.http.transport.write(head + b"%x\r\n%s\r\n" % (len(self.events), self.events))
        exchange.close()


@pytest.mark.parametrize("data", [(HELLO, STOP, "[DONE]"), (HELLO, "[DONE]"), (HELLO, STOP)])
def test_a_complete_answer_survives_the_connection_breaking_behind_it(run, data):
    async def body(line):
        await line.pieces(OnePacket(chunks(*data).body))
        assert line.text == "Hello"

    run(body)


@frozen
class InTwoParts:
    """Send one token; when told to, send the rest and break the connection off."""

    rest: bytes
    go: asyncio.Event = field(factory=asyncio.Event)

    async def reply(self, exchange: Exchange) -> None:
        async with exchange.open() as response:
            await response.write(exchange.speech.text("One"))
            await self.go.wait()
            await response.write(self.rest)
            exchange.close()


def test_a_slow_reader_still_gets_what_came_before_the_break(run):
    async def body(line):
        parts = InTwoParts(chunks(HELLO, STOP, "[DONE]").body)
        line.provider.behave(parts)
        async with aclosing(line.wire.stream(line.endpoint, "large", ASKED)) as pieces:
            assert (await anext(pieces)).text == "One"
            parts.go.set()
            await asyncio.sleep(0.05)
            assert [piece.text async for piece in pieces] == ["Hello", ""]

    run(body)


def test_what_came_before_a_break_is_passed_on(run):
    async def body(line):
        error = await line.failed_stream(OnePacket(chunks(HELLO).body))
        assert (line.text, error.transport) == ("Hello", "sse")

    run(body)


def test_a_stream_may_lack_the_last_line_end(run):
    async def body(line):
        await line.pieces(Raw(chunks(HELLO, "[DONE]").body.rstrip()))
        assert line.text == "Hello"

    run(body)


@pytest.mark.parametrize(
    "event",
    [
        'data: {"error": {"message": "overloaded", "code": 503}}',
        'data: {"error": "overloaded"}',
        "event: error\ndata: overloaded",
        'data: {"object": "error", "message": "overloaded"}',
        'data: {"choices": [{"delta": {}, "finish_reason": "error", "error": {"message": "overloaded"}}]}',
    ],
)
def test_an_error_inside_the_stream_is_raised_after_the_pieces_before_it(run, event):
    async def body(line):
        error = await line.failed_stream(Raw(f"data: {HELLO}\n\n{event}\n\n".encode()))
        assert line.text == "Hello"
        assert (error.transport, error.status, error.exception) == ("sse", 200, "error event")
        assert "overloaded" in error.body

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


@pytest.mark.parametrize("data", [("[DONE]",), (STOP, "[DONE]"), (STOP,), ('{"choices": []}', "[DONE]")])
def test_a_complete_stream_without_content_is_an_empty_answer(run, data):
    async def body(line):
        error = await line.failed_stream(chunks(*data))
        assert (error.transport, error.exception) == ("body200", "empty answer")

    run(body)


def test_the_local_provider_can_answer_with_nothing(run):
    async def body(line):
        for error in (await line.failed_stream(empty()), await line.failed_whole(empty())):
            assert (error.transport, error.status, error.exception) == ("body200", 200, "empty answer")

    run(body)


def test_an_empty_answer_shows_why_it_finished(run):
    async def body(line):
        error = await line.failed_stream(chunks(STOP.replace('"stop"', '"content_filter"'), USAGE, "[DONE]"))
        assert "content_filter" in error.body

    run(body)


def test_a_whole_answer_to_a_streaming_request_is_one_piece(run):
    async def body(line):
        reply = b'{"choices": [{"message": {"content": "Hello"}, "finish_reason": "stop"}], "usage": {}}'
        (piece,) = await line.pieces(Raw(reply, "application/json"))
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
        line.provider.behave(watched)
        async with aclosing(line.wire.stream(line.endpoint, "large", ASKED)) as pieces:
            assert (await anext(pieces)).text == "Once"
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
                    await response.write(exchange.speech.text("Hi") + exchange.speech.end(Said("Hi")))
                    # The end of the HTTP body comes after that of the answer, in a packet of its own.
                    await asyncio.sleep(0.02)
                return response

        ports = Ports()
        await line.pieces(ports)
        await line.pieces(ports)
        assert len(set(ports.seen)) == 1

    run(body)
