"""Evidence from the exceptions that real SDKs raise."""

from __future__ import annotations

import asyncio
import importlib
import json
import ssl
from http.client import IncompleteRead
from typing import Any

import aiohttp
import anthropic
import botocore.exceptions
import httpx
import openai
import pytest
from google.genai import errors as genai
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from detent.adapters.classify import classify, evidence_from, failure_of

REQUEST: Any = httpx.Request("POST", "https://api.example.com/v1/chat")


def response(status: int, body: object, headers: dict[str, str] | None = None) -> Any:
    return httpx.Response(status, request=REQUEST, json=body, headers=headers or {})


def reason(exc: BaseException, provider: str | None = None) -> str:
    return classify(evidence_from(exc, provider)).reason


def spoken_by(sdk: Any) -> Any:
    """The HTTP library that this SDK was built on: httpx, or a descendant of it."""
    return importlib.import_module(sdk.DefaultHttpxClient.__mro__[1].__module__.split(".")[0])


def failing(sdk: Any, client: Any, status: int, body: object, headers: dict[str, str] | None = None) -> Any:
    """A client whose every call is answered by this reply."""
    http = spoken_by(sdk)
    transport = http.MockTransport(lambda _: http.Response(status, json=body, headers=headers or {}))
    return client(api_key="k", max_retries=0, http_client=http.Client(transport=transport))


def raised(outer: BaseException, cause: BaseException) -> BaseException:
    outer.__cause__ = cause
    return outer


def test_an_openai_status_error_gives_status_headers_and_the_whole_body() -> None:
    reply = response(
        429, {"error": {"message": "Rate limit reached", "code": "rate_limit_exceeded"}}, {"retry-after": "3"}
    )
    seen = evidence_from(openai.RateLimitError("Rate limit reached", response=reply, body=None), "openai")
    assert (seen.status, seen.headers["retry-after"], seen.transport) == (429, "3", "http")
    assert json.loads(seen.body or "")["error"]["code"] == "rate_limit_exceeded"
    assert classify(seen).retry_after_s == 3.0


def test_what_a_live_openai_client_raises_is_read_whole() -> None:
    fault = {"error": {"message": "x", "code": "insufficient_quota"}}
    client = failing(openai, openai.OpenAI, 429, fault, {"retry-after": "3"})
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="m", messages=[])
    seen = evidence_from(caught.value, "openai")
    assert json.loads(seen.body or "") == fault
    assert (seen.status, classify(seen).reason, classify(seen).retry_after_s) == (429, "quota_exhausted", 3.0)


def test_what_a_live_anthropic_client_raises_is_read_whole() -> None:
    fault = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}
    client = failing(anthropic, anthropic.Anthropic, 529, fault)
    with pytest.raises(anthropic.APIStatusError) as caught:
        client.messages.create(model="m", max_tokens=1, messages=[])
    assert json.loads(evidence_from(caught.value).body or "") == fault
    assert reason(caught.value, "anthropic") == "overloaded"


def test_a_refused_connection_of_a_live_client_is_a_connection() -> None:
    http = spoken_by(openai)

    def refuse(_: Any) -> Any:
        raise http.ConnectError("[Errno 111] Connection refused")

    client = openai.OpenAI(api_key="k", max_retries=0, http_client=http.Client(transport=http.MockTransport(refuse)))
    with pytest.raises(openai.APIConnectionError) as caught:
        client.models.list()
    assert reason(caught.value) == "connection"


def test_an_openai_body_decides_over_the_class() -> None:
    reply = response(429, {"error": {"message": "x", "code": "insufficient_quota"}})
    assert reason(openai.RateLimitError("x", response=reply, body=None), "openai") == "quota_exhausted"


def test_an_openai_stream_error_is_read_from_its_parsed_body() -> None:
    seen = evidence_from(openai.APIError("failed", REQUEST, body={"type": "overloaded_error", "message": "Overloaded"}))
    assert (seen.transport, classify(seen).reason) == ("sse", "overloaded")


def test_openai_timeouts_and_connections_differ() -> None:
    assert reason(openai.APITimeoutError(request=REQUEST)) == "timeout"
    assert reason(openai.APIConnectionError(request=REQUEST)) == "connection"


def test_the_innermost_cause_decides() -> None:
    certificate = httpx.ConnectError("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    verdict = classify(evidence_from(raised(openai.APIConnectionError(request=REQUEST), certificate)))
    assert (verdict.reason, verdict.retry_same) == ("connection", False)


def test_an_anthropic_overload_is_an_overload() -> None:
    reply = response(529, {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}})
    assert reason(anthropic.InternalServerError("Overloaded", response=reply, body=None), "anthropic") == "overloaded"


def test_a_503_without_words_is_an_overload_whatever_the_sdk_calls_it() -> None:
    assert reason(openai.InternalServerError("", response=response(503, {}), body=None)) == "overloaded"


@pytest.mark.parametrize(
    ("exc", "expected"),
    [
        (httpx.ReadTimeout(""), "timeout"),
        (httpx.ConnectTimeout(""), "timeout"),
        (httpx.ConnectError("[Errno -2] Name or service not known"), "connection"),
        (httpx.ReadError(""), "connection"),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), "connection"),
        (
            httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
            "stream_interrupted",
        ),
        (aiohttp.ServerDisconnectedError(), "connection"),
        (aiohttp.ServerTimeoutError("x"), "timeout"),
        (aiohttp.ClientPayloadError("Response payload is not completed"), "stream_interrupted"),
        (botocore.exceptions.NoCredentialsError(), "auth"),
        (botocore.exceptions.ReadTimeoutError(endpoint_url="https://x"), "timeout"),
        (botocore.exceptions.EndpointConnectionError(endpoint_url="https://x"), "connection"),
        (TimeoutError(), "timeout"),
        (ConnectionResetError(104, "Connection reset by peer"), "connection"),
        (ConnectionRefusedError(111, "Connection refused"), "connection"),
        (ssl.SSLCertVerificationError(1, "certificate verify failed"), "connection"),
        (IncompleteRead(b"abc"), "stream_interrupted"),
        (asyncio.CancelledError(), "aborted"),
        (json.JSONDecodeError("Expecting value", "", 0), "server_error"),
        (ValueError("boom"), "unknown"),
    ],
)
def test_transport_exceptions_are_understood(exc: BaseException, expected: str) -> None:
    assert reason(exc) == expected


def test_an_httpx_status_error_gives_what_was_read() -> None:
    with pytest.raises(httpx.HTTPStatusError) as caught:
        response(401, {"error": {"message": "Invalid API key"}}).raise_for_status()
    assert reason(caught.value) == "auth"


def test_a_body_that_was_not_read_stays_unread() -> None:
    class Stream(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            pytest.fail("the body was read")

    reply = httpx.Response(503, request=REQUEST, stream=Stream())
    with pytest.raises(httpx.HTTPStatusError) as caught:
        reply.raise_for_status()
    seen = evidence_from(caught.value)
    assert (seen.status, seen.body) == (503, None)
    assert classify(seen).reason == "overloaded"


def test_an_aiohttp_response_error_keeps_status_and_headers() -> None:
    url = URL("https://api.example.com")
    info = aiohttp.RequestInfo(url, "POST", CIMultiDictProxy(CIMultiDict()), url)
    headers: Any = {"Retry-After": "7"}
    seen = evidence_from(
        aiohttp.ClientResponseError(info, (), status=429, message="Too Many Requests", headers=headers)
    )
    assert (classify(seen).reason, classify(seen).retry_after_s) == ("rate_limit", 7.0)


def test_a_botocore_client_error_is_read_from_its_response() -> None:
    reply: Any = {
        "Error": {"Code": "ThrottlingException", "Message": "Too many requests"},
        "ResponseMetadata": {"HTTPStatusCode": 429, "HTTPHeaders": {"retry-after": "4"}},
    }
    verdict = classify(evidence_from(botocore.exceptions.ClientError(reply, "Converse"), "aws-bedrock"))
    assert (verdict.reason, verdict.retry_after_s) == ("rate_limit", 4.0)


def test_a_google_error_keeps_its_details() -> None:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}]
    body = {
        "error": {
            "code": 429,
            "message": "Quota exceeded",
            "status": "RESOURCE_EXHAUSTED",
            "details": details,
        }
    }
    verdict = classify(evidence_from(genai.ClientError(429, body), "google-gemini"))
    assert (verdict.reason, verdict.retry_after_s) == ("rate_limit", 34.4)


def test_a_cancelled_timeout_is_a_timeout() -> None:
    assert reason(raised(TimeoutError(), asyncio.CancelledError())) == "timeout"


def test_a_group_is_read_through_its_members() -> None:
    denied = openai.AuthenticationError(
        "x", response=response(401, {"error": {"message": "Invalid API key"}}), body=None
    )
    assert reason(ExceptionGroup("many", [ValueError("x"), denied])) == "auth"


def test_a_circle_of_causes_ends() -> None:
    first, second = ValueError("a"), TimeoutError("b")
    first.__cause__, second.__cause__ = second, first
    assert reason(first) == "timeout"


def test_a_hostile_exception_raises_nothing() -> None:
    class HostileError(Exception):
        def __str__(self) -> str:
            raise RuntimeError

        def __getattr__(self, name: str) -> Any:
            raise RuntimeError(name)

        @property
        def body(self) -> str:
            raise RuntimeError

        @property
        def response(self) -> Any:
            raise RuntimeError

    assert reason(HostileError()) == "unknown"


@pytest.mark.parametrize(
    "body", [object(), 7, {"error": {object(): object()}}, [float("nan")], b"\xff\xfe{", {1: {2: 3}}]
)
def test_a_body_of_any_kind_raises_nothing(body: object) -> None:
    class OddError(Exception):
        status_code = "nonsense"
        headers = 3

    exc = OddError("odd")
    exc.body = body  # type: ignore[attr-defined]
    assert failure_of(evidence_from(exc)).reason
