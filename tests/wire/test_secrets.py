"""A key is shown by nothing: no repr, no message, no evidence, no cause."""

import asyncio
import traceback

import pytest
from aiohttp import web
from attrs import evolve, frozen

from detent.adapters.local import Exchange, Fail, LocalProvider, Say
from detent.adapters.wire import Endpoint, Request, UpstreamError
from detent.adapters.wires import HttpWire
from detent.fsm.errors import BadDataError

from .conftest import KEY, endpoint_of

ASKED = Request({"messages": [{"role": "user", "content": "Hello?"}]})


def shown(value: object) -> str:
    return repr(value) + str(value)


def everything(error: BaseException) -> str:
    parts = [shown(error), repr(getattr(error, "__dict__", {})), "".join(traceback.format_exception(error))]
    cause = error.__cause__
    return "".join(parts) + (shown(cause) + repr(cause.args) + repr(cause.__dict__) if cause else "")


def test_an_endpoint_shows_no_place_where_people_put_secrets():
    endpoint = Endpoint(
        "p", f"https://h.example/v1?key={KEY}", KEY, headers={"api-key": KEY}, extra_body={"token": KEY}
    )
    assert KEY not in shown(endpoint)
    assert "'api-key'" in repr(endpoint)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"base_url": f"https://me:{KEY}@h.example"}, "user or a password"),
        ({"base_url": KEY}, "base_url"),
        ({"base_url": f"https://[{KEY}"}, "base_url"),
        ({"base_url": f"https://h.example:{KEY}"}, "base_url"),
        ({"key": KEY + "\n"}, "key is empty or holds"),
        ({"key": ""}, "key is empty"),
        ({"headers": {"x-key": KEY + "\r\nHost: x"}}, "headers.'x-key'"),
        ({"connect_s": 0}, "connect_s is 0"),
        ({"connect_s": float("nan")}, "connect_s is nan"),
    ],
)
def test_an_unusable_endpoint_names_the_field_and_no_secret(values, words):
    with pytest.raises(BadDataError) as caught:
        Endpoint(**{"name": "p", "base_url": "https://h.example/v1", **values})
    assert "endpoint 'p': " in str(caught.value)
    assert words in str(caught.value)
    assert KEY not in everything(caught.value)


@frozen
class Echo:
    """Send the key back in the body and a header, as careless proxies do."""

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        sent = next(value for value in exchange.http.headers.values() if KEY in value)
        headers = {"X-Sent": sent, "Set-Cookie": "session=abc"}
        return web.json_response({"error": f"bad key: {sent}"}, status=401, headers=headers)


@frozen
class BrokenHead:
    """Send what is no HTTP; aiohttp's error for it carries the request's headers."""

    async def reply(self, exchange: Exchange) -> None:
        exchange.http.transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: twelve\r\n\r\n")
        exchange.close()


@pytest.mark.parametrize(
    "behaviour", [Echo(), BrokenHead(), Fail(302, "", {"Location": f"https://h.example/?key={KEY}"})]
)
def test_no_failure_shows_the_key(api, behaviour):
    async def main():
        async with LocalProvider("local") as provider, HttpWire() as wire:
            provider.behave(behaviour)
            with pytest.raises(UpstreamError) as caught:
                await wire.answer(endpoint_of(provider, api), "m", ASKED)
            return caught.value, wire, provider

    error, wire, provider = asyncio.run(main())
    assert KEY not in everything(error)
    assert KEY not in shown(wire) + shown(provider) + shown(provider.calls)
    assert "set-cookie" not in error.headers


def test_the_provider_notes_only_whether_there_was_a_key(api):
    async def main():
        async with LocalProvider("local") as provider, HttpWire() as wire:
            provider.behave(Say())
            await wire.answer(endpoint_of(provider, api), "m", ASKED)
            await wire.answer(evolve(endpoint_of(provider, api), key=None), "m", ASKED)
            return provider.calls

    calls = asyncio.run(main())
    assert [call.authorized for call in calls] == [True, False]
    assert KEY not in repr([call.body for call in calls])


def test_an_error_is_told_in_one_short_line():
    error = UpstreamError("p", "http", status=500, body="a\r\n\x1b[31mb" + "c" * 500_000)
    assert str(error).startswith("p: HTTP 500: a [31mbccc")
    assert len(str(error)) < 250
    assert len(error.body) == 65536
