"""Whole answers, HTTP failures and broken connections over real sockets."""

import asyncio
import json
import socket
from contextlib import suppress

import pytest
from aiohttp import web
from attrs import field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from detent.adapters.local import (
    Cut,
    Exchange,
    Fail,
    FailInStream,
    Garbage,
    Huge,
    LocalProvider,
    Reset,
    Say,
    UseTool,
    bad_gateway,
    overloaded,
    rate_limited,
    server_error,
    unauthorized,
)
from detent.adapters.wire import ERROR_BODY_BYTES, Endpoint, Request, UpstreamError
from detent.adapters.wires import HttpWire, Limits
from detent.fsm.errors import BadDataError

ASKED = Request({"messages": [{"role": "user", "content": "Hello?"}]})


@frozen
class Json:
    """A 200 with this JSON."""

    value: object

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        return web.json_response(self.value)


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


def test_a_whole_answer_has_text_reason_usage_and_the_reply_itself(run):
    async def body(line):
        got = await line.whole(Say("Fine, thanks."))
        assert (got.text, got.finish_reason, got.model) == ("Fine, thanks.", "stop", "large")
        assert got.usage.output_tokens == got.raw["usage"]["completion_tokens"] > 0

    run(body)


def test_a_whole_answer_may_be_a_tool_call(run):
    async def body(line):
        (call,) = (await line.whole(UseTool())).tool_calls
        assert (call.index, call.name, call.arguments) == (0, "look_up", '{"city": "Oslo"}')

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


def test_a_request_of_many_megabytes_is_sent(run):
    async def body(line):
        await line.wire.answer(
            line.endpoint, "small", Request({"messages": [{"role": "user", "content": "x" * 2**22}]})
        )
        assert len(line.provider.calls[0].body["messages"][0]["content"]) == 2**22

    run(body)


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_a_request_that_is_no_json_is_the_callers_mistake(run, value):
    async def body(line):
        with pytest.raises(BadDataError, match="request to local"):
            await line.wire.answer(line.endpoint, "small", Request({"messages": [], "seed": value}))

    run(body)


@pytest.mark.parametrize(
    ("behaviour", "status", "words"),
    [
        (rate_limited(), 429, "Rate limit reached"),
        (server_error(), 500, "The server had an error"),
        (bad_gateway(), 502, "502 Bad Gateway"),
        (overloaded(), 503, "overloaded"),
        (unauthorized(), 401, "invalid_api_key"),
        (Fail(404, {"detail": "Not Found"}), 404, "Not Found"),
    ],
)
def test_an_http_error_carries_status_headers_and_body(run, behaviour, status, words):
    async def body(line):
        error = await line.failed_whole(behaviour)
        assert (error.transport, error.status, error.exception) == ("http", status, None)
        assert words in error.body
        assert error.headers["content-type"]
        assert f"local: HTTP {status}" in str(error)

    run(body)


def test_a_redirect_is_not_followed(run):
    async def body(line):
        away = Fail(307, "", {"Location": line.provider.base_url + "/chat/completions"})
        error = await line.failed_whole(away)
        assert (error.transport, error.status, len(line.provider.calls)) == ("http", 307, 1)
        assert "not followed" in error.exception

    run(body)


@pytest.mark.parametrize(
    ("behaviour", "exception"),
    [
        (Garbage(), "body is no JSON object"),
        (Garbage("[" * 100_000), "body is no JSON object"),
        (Garbage("  "), "empty answer"),
        (Json({"choices": []}), "empty answer"),
        (message(content=""), "empty answer"),
        (Json([]), "body is no JSON object"),
        (FailInStream(), "error in the body of a success"),
        (Fail(200, "<html>Sign in</html>"), "body is no JSON object"),
        (Fail(204, ""), "empty answer"),
    ],
)
def test_a_success_without_an_answer_is_a_failure(run, behaviour, exception):
    async def body(line):
        error = await line.failed_whole(behaviour)
        assert (error.transport, error.exception) == ("body200", exception)

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


@frozen
class Flood:
    """Send blocks for as long as the client takes them, and count."""

    status: int
    sent: list[int] = field(factory=list)
    over: asyncio.Event = field(factory=asyncio.Event)

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        response = web.StreamResponse(status=self.status)
        await response.prepare(exchange.http)
        try:
            for _ in range(1600):
                await response.write(b"x" * 65536)
                self.sent.append(65536)
        finally:
            self.over.set()
        return response


def test_a_hundred_megabytes_of_error_are_not_read(run):
    async def body(line):
        flood = Flood(500)
        error = await line.failed_whole(flood)
        await flood.over.wait()
        assert len(error.body) == ERROR_BODY_BYTES
        assert sum(flood.sent) < 50 * 2**20, "the rest was never taken off the socket"

    run(body)


def test_an_answer_beyond_the_limit_is_given_up(run):
    async def body(line):
        error = await line.failed_whole(Huge(8))
        assert (error.transport, error.status) == ("body200", 200)
        assert "answer longer than 1000000 bytes; raise Limits.answer_bytes" in error.exception

    run(body, Limits(answer_bytes=1_000_000))


def test_an_answer_cut_off_is_no_answer(run):
    async def body(line):
        error = await line.failed_whole(Cut())
        assert (error.transport, error.status) == ("socket", 200)
        assert error.exception.startswith("ClientPayloadError")

    run(body)


def test_a_reset_before_the_headers_names_the_original(run):
    async def body(line):
        error = await line.failed_whole(Reset())
        assert (error.transport, error.status, error.body) == ("socket", None, "")
        assert error.exception.startswith(type(error.__cause__).__name__)
        assert "no response" in str(error)

    run(body)


def unreachable(base_url: str, connect_s: float = 10.0) -> UpstreamError:
    async def main():
        async with HttpWire() as wire:
            with pytest.raises(UpstreamError) as caught:
                await wire.answer(Endpoint("away", base_url, connect_s=connect_s), "m", ASKED)
        return caught.value

    return asyncio.run(main())


def test_a_closed_port_refuses():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        error = unreachable(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
    assert (error.transport, error.status, error.provider) == ("socket", None, "away")
    assert error.exception.startswith("ClientConnectorError")


@pytest.mark.parametrize("host", ["nowhere.invalid", "x" * 64 + ".example", "a..b"])
def test_a_name_that_leads_nowhere_is_a_socket_failure(host):
    error = unreachable(f"http://{host}/v1")
    assert (error.transport, error.status) == ("socket", None)


def test_a_server_without_tls_fails_the_handshake(run):
    async def body(line):
        endpoint = Endpoint("local", line.provider.base_url.replace("http:", "https:"))
        with pytest.raises(UpstreamError) as caught:
            await line.wire.answer(endpoint, "m", ASKED)
        assert caught.value.transport == "socket"
        assert "SSL" in caught.value.exception

    run(body)


def test_connecting_takes_no_longer_than_the_endpoint_allows():
    with socket.socket() as deaf:
        # A listener whose queue is full leaves further connections without an answer.
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(deaf.getsockname())
        error = unreachable(f"http://127.0.0.1:{deaf.getsockname()[1]}/v1", connect_s=0.1)
        for each in waiting:
            each.close()
    assert error.exception.startswith("ConnectionTimeoutError")


def test_a_wire_that_was_closed_opens_again(run):
    async def body(line):
        await line.whole(Say("one"))
        await line.wire.aclose()
        await line.wire.aclose()
        assert (await line.whole(Say("two"))).text == "two"

    run(body)
