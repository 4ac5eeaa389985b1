"""OpenAI's chat completions in the shapes in which servers send them."""

import asyncio
import json
from contextlib import suppress

import pytest
from aiohttp import web
from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from detent.adapters.local import Exchange, LocalProvider, Say, UseTool
from detent.adapters.wire import Endpoint, Request, UpstreamError
from detent.adapters.wires import HttpWire

from .replies import Json, OnePacket, Raw, chunks

ASKED = Request({"messages": [{"role": "user", "content": "Hello?"}]})
HELLO = '{"choices": [{"index": 0, "delta": {"content": "Hello"}}]}'
USAGE = '{"choices": [], "usage": {"prompt_tokens": 3, "completion_tokens": 0}}'
STOP = '{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}'


@pytest.fixture
def api():
    return "openai"


@frozen
class Either:
    """A 200 with this JSON, whole or as the one event of a stream."""

    value: object

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        if not exchange.call.stream:
            return web.json_response(self.value)
        events = f"data: {json.dumps(self.value)}\n\ndata: [DONE]\n\n"
        return web.Response(text=events, content_type="text/event-stream")


def message(**fields: object) -> Json:
    return Json({"choices": [{"message": fields, "finish_reason": "stop"}]})


def test_the_first_fragment_of_a_tool_call_names_it(run):
    async def body(line):
        calls = [call for piece in await line.pieces(UseTool()) for call in piece.tool_calls]
        assert [call.name for call in calls] == ["look_up", "", ""]
        assert {call.index for call in calls} == {0}

    run(body)


@pytest.mark.parametrize("data", [(HELLO, "[DONE]"), (HELLO, STOP)])
def test_an_answer_is_complete_with_a_reason_or_with_done(run, data):
    async def body(line):
        await line.pieces(OnePacket(chunks(*data).body))
        assert line.text == "Hello"
        await line.pieces(Raw(chunks(*data).body.rstrip()))
        assert line.text == "Hello"

    run(body)


@pytest.mark.parametrize("data", [("[DONE]",), (STOP, "[DONE]"), (STOP,), ('{"choices": []}', "[DONE]")])
def test_a_complete_stream_without_content_is_an_empty_answer(run, data):
    async def body(line):
        error = await line.failed_stream(chunks(*data))
        assert (error.transport, error.exception) == ("body200", "empty answer")

    run(body)


def test_usage_comes_after_the_finish_reason_when_asked_for(run):
    async def body(line):
        pieces = await line.pieces(Say(), stream_options={"include_usage": True})
        assert pieces[-2].finish_reason == "stop"
        assert pieces[-1].usage.input_tokens > 0
        assert not pieces[-1].has_content

    run(body)


@pytest.mark.parametrize("name", ["reasoning", "reasoning_content"])
def test_thinking_is_content_apart_from_the_text(run, name):
    async def body(line):
        first, *_ = await line.pieces(chunks(f'{{"choices": [{{"delta": {{"{name}": "Hm"}}}}]}}', STOP, "[DONE]"))
        assert (first.reasoning, first.text, first.has_content) == ("Hm", "", True)

    run(body)


@pytest.mark.parametrize("tail", [(STOP,), (STOP, '{"choices": [], "usa')])
def test_a_finish_reason_makes_up_for_a_missing_done(run, tail):
    async def body(line):
        raw = chunks(HELLO, *tail)
        pieces = await line.pieces(Raw(raw.body.rstrip()))
        assert [piece.finish_reason for piece in pieces] == [None, "stop"]

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


def test_an_empty_answer_shows_why_it_finished(run):
    async def body(line):
        error = await line.failed_stream(chunks(STOP.replace('"stop"', '"content_filter"'), USAGE, "[DONE]"))
        assert "content_filter" in error.body

    run(body)


@pytest.mark.parametrize(
    ("fields", "part", "value"),
    [
        ({"content": [{"type": "text", "text": "Hel"}, {"type": "text", "text": "lo"}]}, "text", "Hello"),
        ({"content": [{"type": "thinking", "thinking": [{"text": "Hm"}]}]}, "reasoning", "Hm"),
        ({"content": None, "refusal": "No."}, "refusal", "No."),
        ({"content": None, "audio": {"id": "a"}}, "media", {"audio": {"id": "a"}}),
    ],
)
def test_content_comes_in_more_shapes_than_text(run, fields, part, value):
    async def body(line):
        assert getattr(await line.whole(message(**fields)), part) == value

    run(body)


@pytest.mark.parametrize("behaviour", [Json({"choices": []}), message(content="")])
def test_a_whole_answer_without_content_is_empty(run, behaviour):
    async def body(line):
        assert (await line.failed_whole(behaviour)).exception == "empty answer"

    run(body)


def test_tool_arguments_given_as_an_object_become_json_text(run):
    async def body(line):
        got = await line.whole(message(tool_calls=[{"function": {"name": "f", "arguments": {"a": 1}}}]))
        assert got.tool_calls[0].arguments == '{"a": 1}'

    run(body)


def test_the_request_reaches_the_provider_with_parameters_above_the_endpoints(run):
    async def body(line):
        endpoint = Endpoint("local", line.provider.base_url, extra_body={"seed": 1, "top_p": 0.5, "model": "no"})
        asked = Request({**ASKED.fields, "seed": 2, "stream_options": {"include_usage": True}})
        await line.wire.answer(endpoint, "small", asked)
        (call,) = line.provider.calls
        assert dict(call.body) == {
            "model": "small",
            "messages": [{"role": "user", "content": "Hello?"}],
            "stream": False,
            "seed": 2,
            "top_p": 0.5,
        }

    run(body)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "choices",
                        "message",
                        "delta",
                        "content",
                        "text",
                        "thinking",
                        "tool_calls",
                        "function_call",
                        "function",
                        "arguments",
                        "index",
                        "usage",
                        "prompt_tokens",
                        "error",
                        "finish_reason",
                        "reasoning",
                        "refusal",
                        "audio",
                        "model",
                        "type",
                    ]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_whatever_json_comes_it_is_an_answer_or_an_upstream_error(value):
    async def answered(pieces):
        return [piece async for piece in pieces]

    async def main():
        async with LocalProvider("local") as provider, HttpWire() as wire:
            endpoint = Endpoint("local", provider.base_url)
            part = {"message": value, "delta": value}
            for reply in (value, {"choices": [part], "usage": value}, {"choices": [value]}):
                provider.behave(Either(reply))
                with suppress(UpstreamError):
                    assert (await wire.answer(endpoint, "m", ASKED)).has_content
                with suppress(UpstreamError):
                    assert any(p.has_content for p in await answered(wire.stream(endpoint, "m", ASKED)))

    asyncio.run(main())
