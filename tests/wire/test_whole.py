"""Whole answers, HTTP failures and broken connections over real sockets."""

import asyncio
import json
import socket

import pytest
from aiohttp import web
from attrs import evolve, field, frozen

from detent.adapters.local import (
    Cut,
    Exchange,
    Fail,
    FailInStream,
    Garbage,
    Huge,
    Reset,
    Say,
    UseTool,
    bad_gateway,
    empty,
    overloaded,
    rate_limited,
    server_error,
    unauthorized,
)
from detent.adapters.wire import ERROR_BODY_BYTES, Endpoint, Request, UpstreamError
from detent.adapters.wires import HttpWire, Limits
from detent.fsm.errors import BadDataError

from .replies import Json

ASKED = Request({"messages": [{"role": "user", "content": "Hello?"}]})


def test_a_whole_answer_has_text_reason_usage_and_the_reply_itself(run):
    async def body(line):
        got = await line.whole(Say("Fine, thanks."))
        assert (got.text, got.finish_reason, got.model) == ("Fine, thanks.", "stop", "large")
        assert min(got.usage.input_tokens, got.usage.output_tokens) > 0
        assert got.usage.raw in got.raw.values()

    run(body)


def test_a_whole_answer_may_be_a_tool_call(run):
    async def body(line):
        (call,) = (await line.whole(UseTool())).tool_calls
        assert (call.index, call.name, call.arguments) == (0, "look_up", '{"city": "Oslo"}')

    run(body)


def test_a_request_of_many_megabytes_is_sent(run):
    async def body(line):
        asked = Request({"messages": [{"role": "user", "content": "x" * 2**22}]})
        await line.wire.answer(line.endpoint, "small", asked)
        assert "x" * 2**22 in json.dumps(line.provider.calls[0].body)

    run(body)


@pytest.mark.parametrize("value", [object(), float("nan")])
def test_a_request_that_is_no_json_is_the_callers_mistake(run, value):
    async def body(line):
        with pytest.raises(BadDataError, match="request to local"):
            await line.wire.answer(evolve(line.endpoint, extra_body={"seed": value}), "small", ASKED)

    run(body)


@pytest.mark.parametrize(
    ("behaviour", "status", "words"),
    [
        (rate_limited(), 429, "Rate limit reached"),
        (server_error(), 500, "The server had an error"),
        (bad_gateway(), 502, "502 Bad Gateway"),
        (overloaded(), 503, "overloaded"),
        (unauthorized(), 401, "Incorrect API key"),
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
        (Json({}), "empty answer"),
        (empty(), "empty answer"),
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
        endpoint = evolve(line.endpoint, base_url=line.endpoint.base_url.replace("http:", "https:"))
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
