"""Requests that no client sends: each is answered in the form of its API, and nothing of it is logged."""

import asyncio
import json
import logging
from contextlib import contextmanager

import aiohttp
import jsonschema_rs
import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detent.adapters.local import Fail, Say, Wrong

from .conftest import CHAIN, scene

TURNS = "turn_"
SECRET = "what-only-the-client-knows"

KEYS = ("model", "stream", "messages", "input", "tools", "tool_choice", "stream_options", "max_tokens", "temperature")
SESSION_KEYS = ("user", "metadata", "prompt_cache_key", "n", "system", "response_format", "x", "")
TEXTS = st.one_of(
    st.text(),
    st.sampled_from(["default", "alpha/large", "beta/small", "\ud800", "\x00", SECRET, "x" * 100_000]),
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS, st.just(10**400)),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(TEXTS, inner, max_size=4)),
    max_leaves=12,
)
BODIES = st.dictionaries(st.sampled_from([*KEYS, *SESSION_KEYS]), VALUES, max_size=6)


class Stage:
    """A gateway that lives as long as the module, in a loop that runs while somebody asks it something."""

    def __init__(self, runner, scene, described):
        self.runner, self.scene, self.described = runner, scene, described

    @property
    def turns(self):
        paths = self.described["paths"]
        return [path for path in paths if paths[path].get("post", {}).get("operationId", "").startswith(TURNS)]

    def upstreams_are(self, behaviour):
        self.scene.alpha.behave(behaviour)
        self.scene.beta.behave(behaviour)

    def ask(self, path, data, headers=None, method="POST"):
        async def asking():
            async with (
                asyncio.timeout(10),
                aiohttp.ClientSession() as http,
                http.request(method, f"{self.scene.gateway.address}{path}", data=data, headers=headers) as reply,
            ):
                return reply.status, reply.content_type, await reply.read()

        return self.runner.run(asking())

    def send(self, data):
        """Send bytes as they are; all that comes back until the connection is closed, or nothing more does."""

        async def sending():
            port = int(self.scene.gateway.address.rpartition(":")[2])
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(data)
            came = b""
            try:
                async with asyncio.timeout(1):
                    while more := await reader.read(65536):
                        came += more
            except (TimeoutError, ConnectionResetError):
                pass
            writer.close()
            return came

        return self.runner.run(sending())


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    chain = CHAIN.replace("cooldown_s = 30", "cooldown_s = 0").replace("[gateway]\n", "[gateway]\nclient_s = 0.5\n")
    set_up = scene(tmp_path_factory.mktemp("fuzz"), chain + "max_body_bytes = 300000\n")
    with asyncio.Runner() as runner:
        opened = runner.run(set_up.__aenter__())
        made = Stage(runner, opened, {})
        made.described = json.loads(made.ask("/openapi.json", None, method="GET")[2])
        yield made
        runner.run(set_up.__aexit__(None, None, None))


@pytest.fixture(autouse=True)
def _well_again(stage):
    yield
    stage.upstreams_are(Say())


@contextmanager
def quiet(caplog):
    """Nothing is logged that holds a traceback or anything of a request."""
    caplog.clear()
    with caplog.at_level(logging.INFO):
        yield
    for record in caplog.records:
        assert record.exc_info is None, caplog.text
        assert SECRET not in record.getMessage()


def ended_well(stage, path, status, kind, body):
    """The answer is one that the description has, and an error comes in its API's own envelope."""
    responses = stage.described["paths"][path]["post"]["responses"]
    assert str(status) in responses or f"{status // 100}XX" in responses, (status, body[:300])
    assert b"Traceback" not in body
    if status == 200:
        assert kind in responses["200"]["content"]
        return
    answered = responses[str(status) if str(status) in responses else "4XX"]
    schema = answered["content"]["application/json"]["schema"]
    whole = {**schema, "components": stage.described["components"]}
    jsonschema_rs.Draft202012Validator(whole).validate(json.loads(body))


@pytest.mark.parametrize("upstream", ["answers", "fails"])
@given(body=BODIES, place=st.integers(0, 7))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_object_is_answered_in_the_form_of_its_api(stage, caplog, upstream, body, place):
    stage.upstreams_are(Say() if upstream == "answers" else Fail(500, Wrong(SECRET, "server_error")))
    path = stage.turns[place % len(stage.turns)]
    with quiet(caplog):
        ended_well(stage, path, *stage.ask(path, json.dumps(body).encode("utf-8", "surrogatepass")))


@given(body=st.one_of(st.binary(max_size=200), VALUES.map(lambda v: json.dumps(v).encode("utf-8", "surrogatepass"))))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_answered_in_the_form_of_their_api(stage, caplog, body):
    for path in stage.turns:
        with quiet(caplog):
            ended_well(stage, path, *stage.ask(path, body))


NESTED = b'{"messages": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b'{"model": "\xff\xfe"}', {}, 400),
        (NESTED, {}, 400),
        (b"x" * 300_001, {}, 413),
        (b"{}", {"Content-Type": "text/plain"}, 200),
        (b"{}", {"Content-Type": "multipart/form-data"}, 200),
        (b"{}", {"Content-Type": "application/json; charset=utf-16"}, 200),
        (b"no gzip", {"Content-Encoding": "gzip"}, 400),
        (b'{"model": null, "stream": null}', {}, 200),
        (b"{}", {"X-Detent-Session": "x" * 201}, 400),
        (b"{}", {"X-Detent-Session": " "}, 400),
        (b"{}", {"X-Detent-Pin": "nobody"}, 400),
        (b"{}", {"X-Detent-Pin": "nobody/knows"}, 400),
        (b"{}", {"Authorization": "Bearer " + SECRET * 50}, 200),
    ],
)
def test_what_is_wrong_with_a_request_is_said_with_its_status(stage, caplog, body, headers, status):
    for path in stage.turns:
        with quiet(caplog):
            answer = stage.ask(path, body, headers)
            ended_well(stage, path, *answer)
        if status != 200:
            assert answer[0] == status
        assert SECRET.encode() not in answer[2]


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/chat/completions"), ("POST", "/v1/nothing"), ("GET", "/x")])
def test_what_is_not_served_is_an_error_in_an_envelope(stage, caplog, method, path):
    with quiet(caplog):
        status, kind, body = stage.ask(path, None, method=method)
    assert status in (404, 405)
    assert kind == "application/json"
    assert json.loads(body)["error"]["message"]


def request_of(path, body, *headers):
    lines = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def test_a_body_in_chunks_and_two_requests_in_one_packet_are_answered_each(stage, caplog):
    path, body = "/v1/chat/completions", b'{"messages": []}'
    chunked = request_of(
        path, b"3\r\n" + body[:3] + b"\r\nd\r\n" + body[3:] + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"
    )
    whole = request_of(path, body, f"Content-Length: {len(body)}")
    with quiet(caplog):
        came = stage.send(chunked + whole)
    assert came.count(b"HTTP/1.1 200") == 2


@pytest.mark.parametrize(
    "request_",
    [
        b"\x16\x03\x01 not HTTP at all\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 100_000 + b"\r\n\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n" + b"X-Y: z\r\n" * 100_000 + b"\r\n",
        b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\n{}",
    ],
)
def test_what_is_no_http_is_turned_away_without_a_traceback(stage, caplog, request_):
    with quiet(caplog):
        came = stage.send(request_)
    assert came.startswith((b"HTTP/1.1 4", b"HTTP/1.0 4"))
    assert b"Traceback" not in came
    assert stage.ask("/v1/chat/completions", b"{}")[0] == 200


def test_every_endpoint_of_a_vendor_is_described(stage):
    described = {(method.upper(), path) for path, item in stage.described["paths"].items() for method in item}
    assert {("POST", "/v1/chat/completions"), ("GET", "/v1/models"), ("GET", "/openapi.json")} <= described


def test_a_request_of_a_byte_a_second_is_cut_off_in_time(stage, caplog):
    async def dripping(data):
        port = int(stage.scene.gateway.address.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        came, began = asyncio.create_task(reader.read()), asyncio.get_running_loop().time()
        for place in range(len(data)):
            if came.done() or asyncio.get_running_loop().time() > began + 4:
                break
            writer.write(data[place : place + 1])
            await asyncio.wait([came], timeout=0.05)
        writer.close()
        return asyncio.get_running_loop().time() - began, came.result() if came.done() else None

    head = request_of("/v1/chat/completions", b"", "Content-Length: 1000", "X: " + "x" * 2000)
    with quiet(caplog):
        took_s, came = stage.runner.run(dripping(head))
        assert came == b""
        assert took_s < 2
        took_s, came = stage.runner.run(dripping(request_of("/healthz", b"", "Content-Length: 9000") + b" " * 9000))
        assert took_s < 2


def test_a_body_that_never_ends_is_a_408(stage, caplog):
    begun = request_of("/v1/chat/completions", b'{"messages": [', "Content-Length: 1000")
    with quiet(caplog):
        came = stage.send(begun)
    assert came.startswith(b"HTTP/1.1 408")
    assert b"gateway.client_s" in came


@pytest.mark.parametrize("stream", [False, True])
def test_a_client_that_reads_nothing_is_left_in_time_and_so_is_the_upstream_call(stage, caplog, stream):
    body = json.dumps({"messages": [], "stream": stream}).encode()

    async def asking():
        port = int(stage.scene.gateway.address.rpartition(":")[2])
        _, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.transport.pause_reading()
        writer.write(request_of("/v1/chat/completions", body, f"Content-Length: {len(body)}"))
        guard = stage.scene.gateway._turns.guard
        async with asyncio.timeout(8):
            while not guard.turns:  # noqa: ASYNC110 - a number, which nobody tells of
                await asyncio.sleep(0.01)
            while guard.turns:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        for connection in stage.scene.gateway._runner.server.connections:
            assert connection.transport.get_write_buffer_size() == 0
        writer.transport.abort()

    stage.upstreams_are(Say(("x" * 60_000 + " ") * 300))
    with quiet(caplog):
        stage.runner.run(asking())


def test_no_header_of_a_client_reaches_a_provider(stage):
    class Telling:
        async def reply(self, exchange):
            seen.append(dict(exchange.http.headers))
            return await Say().reply(exchange)

    seen = []
    stage.upstreams_are(Telling())
    told = {
        "Authorization": f"Bearer {SECRET}",
        "Cookie": SECRET,
        "X-Api-Key": SECRET,
        "X-Forwarded-For": "203.0.113.9",
    }
    own = {"X-Detent-Session": "s", "X-Own": SECRET, "User-Agent": SECRET, "OpenAI-Organization": SECRET}
    said = {"messages": [{"role": "user", "content": "Hello?"}]}
    for path in stage.turns:
        body = {"input": "Hello?"} if path.endswith("responses") else said
        more = {"max_tokens": 9} if path.endswith("messages") else {}
        assert stage.ask(path, json.dumps(body | more).encode(), told | own)[0] == 200
    assert seen
    for headers in seen:
        assert SECRET not in str(headers)
        assert not {"cookie", "x-forwarded-for", "x-detent-session", "x-own"} & {name.lower() for name in headers}


def test_a_redirect_to_another_host_is_not_followed(stage):
    class Elsewhere:
        async def reply(self, exchange):
            return web.json_response(
                {}, status=307, headers={"Location": f"{stage.scene.beta.base_url}/chat/completions"}
            )

    stage.scene.beta.behave(Say("from the other host"))
    stage.scene.alpha.behave(Elsewhere())
    before = len(stage.scene.beta.calls)
    answer = stage.ask("/v1/chat/completions", b'{"messages": []}', {"X-Detent-Session": "redirected"})
    assert answer[0] == 200
    assert [call.model for call in stage.scene.beta.calls[before:]] == ["small"]


@given(data=st.data())
@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
def test_the_gateway_does_what_its_description_says(stage, data):
    described = schemathesis.openapi.from_dict(stage.described)
    operations = [found.ok() for found in described.get_all_operations()]
    case = data.draw(data.draw(st.sampled_from(operations)).as_strategy())
    asked = case.as_transport_kwargs(base_url=stage.scene.gateway.address)

    async def asking():
        async with aiohttp.ClientSession() as http:
            sent = {"params": asked.get("params"), "headers": asked["headers"], "cookies": asked.get("cookies")}
            body = asked.get("data", json.dumps(asked["json"]) if "json" in asked else None)
            async with http.request(asked["method"], asked["url"], data=body, **sent) as reply:
                return reply.status, reply.content_type, await reply.read()

    status, kind, body = stage.runner.run(asking())
    if case.method == "POST":
        ended_well(stage, case.operation.path, status, kind, body)
    else:
        assert status == 200
