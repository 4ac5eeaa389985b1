"""How a local provider may behave: every way in which real servers answer, fail, stall and break off."""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from aiohttp import web
from attrs import field, frozen

from .speech import Call, Said, Speech, Wrong

_BLOCK: Final = b"x" * 65536
_APART_S: Final = 0.01


@frozen
class Exchange:
    """One request and the means to reply to it; what a `Behaviour` is given.

    Attributes:
        http: the request.
        call: what it asks.
        speech: the wording of the format it came in.
    """

    http: web.Request
    call: Call
    speech: Speech

    @asynccontextmanager
    async def open(self) -> AsyncIterator[web.StreamResponse]:
        """Begin an event stream; leaving the block ends it in good order, unless the connection is closed."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
        await response.prepare(self.http)
        yield response
        if self.http.transport is not None and not self.http.transport.is_closing():
            await response.write_eof()

    def close(self) -> None:
        """Close the connection once what was written is sent, as a dying server does."""
        if self.http.transport is not None:
            self.http.transport.close()

    def reset(self) -> None:
        """Break the connection with a TCP RST."""
        if self.http.transport is not None:
            raw = self.http.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.http.transport.abort()


class Behaviour(Protocol):
    """How the provider meets one call."""

    async def reply(self, exchange: Exchange) -> web.StreamResponse | None:
        """Reply to the call; None: the connection has been seen to, there is nothing left to send."""
        ...


def _tokens(text: str) -> list[str]:
    return re.findall(r"\s*\S+|\s+$", text)


@frozen
class Say:
    """Answer with this text; a stream brings it token by token.

    Attributes:
        text: the text.
        pause_s: seconds before each token.
        first_s: seconds before the first of them, the stream being open.
    """

    text: str = "Hello from the local provider."
    pause_s: float = 0.0
    first_s: float = 0.0

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer."""
        said, speech = Said(self.text), exchange.speech
        if not exchange.call.stream:
            await asyncio.sleep(self.first_s + self.pause_s * len(_tokens(self.text)))
            return web.json_response(speech.whole(said))
        async with exchange.open() as response:
            await response.write(speech.begin(said))
            await asyncio.sleep(self.first_s)
            for token in _tokens(self.text):
                await asyncio.sleep(self.pause_s)
                await response.write(speech.text(token))
            await response.write(speech.end(said))
        return response


def empty() -> Say:
    """A success in good order with nothing in it."""
    return Say("")


@frozen
class UseTool:
    """Answer with one tool call; a stream brings the name first and the arguments in two parts."""

    name: str = "look_up"
    arguments: str = '{"city": "Oslo"}'

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer."""
        said, speech = Said("", self.name, self.arguments), exchange.speech
        if not exchange.call.stream:
            return web.json_response(speech.whole(said))
        half = len(self.arguments) // 2
        async with exchange.open() as response:
            await response.write(speech.begin(said))
            for part in (self.arguments[:half], self.arguments[half:]):
                await response.write(speech.arguments(part))
            await response.write(speech.end(said))
        return response


@frozen
class Fail:
    """Answer with this status, body and headers; text goes as HTML, a mapping as JSON, `Wrong` as the vendor does."""

    status: int
    body: str | Mapping[str, Any] | Wrong
    headers: Mapping[str, str] = field(factory=dict)

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Fail."""
        body = self.body
        if isinstance(body, str):
            return web.Response(status=self.status, text=body, headers=self.headers, content_type="text/html")
        if isinstance(body, Wrong):
            body = exchange.speech.wrong(body, self.status)
        return web.json_response(body, status=self.status, headers=self.headers)


def rate_limited(retry_after_s: int = 20) -> Fail:
    """A 429 that says how many seconds to wait."""
    said = f"Rate limit reached for requests per min: Limit 3, Used 3. Please try again in {retry_after_s}s."
    headers = {"Retry-After": str(retry_after_s), "x-ratelimit-remaining-requests": "0"}
    return Fail(429, Wrong(said, "requests", "rate_limit_exceeded"), headers)


def server_error() -> Fail:
    """A 500."""
    said = "The server had an error while processing your request. Sorry about that!"
    return Fail(500, Wrong(said, "server_error"))


def bad_gateway() -> Fail:
    """A 502 in the HTML of a proxy before the provider."""
    page = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1>"
    return Fail(502, page + "</center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n")


def overloaded() -> Fail:
    """A 503: the engine has too much to do."""
    return Fail(503, Wrong("The engine is currently overloaded, please try again later", "server_error"))


def unauthorized() -> Fail:
    """A 401: the key is wrong."""
    return Fail(401, Wrong("Incorrect API key provided.", "invalid_request_error", "invalid_api_key"))


@frozen
class Hang:
    """Take the request and never answer."""

    async def reply(self, exchange: Exchange) -> None:  # noqa: ARG002 - nobody gets anything
        """Wait until the client goes away or the provider is closed."""
        await asyncio.Event().wait()


@frozen
class Slow:
    """Wait some seconds, then behave as ``then`` says."""

    seconds: float
    then: Behaviour = field(factory=Say)

    async def reply(self, exchange: Exchange) -> web.StreamResponse | None:
        """Wait, then answer."""
        await asyncio.sleep(self.seconds)
        return await self.then.reply(exchange)


@frozen
class Reset:
    """Break the connection with a TCP RST before any header."""

    async def reply(self, exchange: Exchange) -> None:
        """Break the connection."""
        exchange.reset()


async def _begin(exchange: Exchange, response: web.StreamResponse, after: int, text: str) -> None:
    await response.write(exchange.speech.begin(Said(text)))
    for token in _tokens(text)[:after]:
        await response.write(exchange.speech.text(token))


@frozen
class Cut:
    """Close the socket after some tokens of a stream, or in the middle of a whole answer."""

    after: int = 2
    text: str = "Once upon a time there was"

    async def reply(self, exchange: Exchange) -> None:
        """Answer in part."""
        if exchange.call.stream:
            async with exchange.open() as response:
                await _begin(exchange, response, self.after, self.text)
                exchange.close()
        else:
            half = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "500"})
            await half.prepare(exchange.http)
            await half.write(b'{"id": "')
            exchange.close()


@frozen
class EndEarly:
    """End a stream after some tokens as if all were well, but without a finish reason or ``[DONE]``."""

    after: int = 2
    text: str = "Once upon a time there was"

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer in part."""
        async with exchange.open() as response:
            await _begin(exchange, response, self.after, self.text)
        return response


@frozen
class Stall:
    """Fall silent after some tokens of a stream, with the connection open; a whole answer never begins."""

    after: int = 2
    text: str = "Once upon a time there was"

    async def reply(self, exchange: Exchange) -> None:
        """Answer in part, then wait until the client goes away."""
        if not exchange.call.stream:
            await asyncio.Event().wait()
        async with exchange.open() as response:
            await _begin(exchange, response, self.after, self.text)
            await asyncio.Event().wait()


@frozen
class FailInStream:
    """Send an error event after some tokens; without a stream, the error is the body of a 200."""

    after: int = 2
    error: Mapping[str, Any] | Wrong = field(factory=lambda: Wrong("The server is overloaded.", "server_error"))
    text: str = "Once upon a time there was"

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer in part, then fail."""
        error, speech = self.error, exchange.speech
        if isinstance(error, Wrong):
            error = speech.wrong(error, 503)
        if not exchange.call.stream:
            return web.json_response(error)
        async with exchange.open() as response:
            await _begin(exchange, response, self.after, self.text)
            await response.write(speech.failing(error))
        return response


@frozen
class MalformedChunk:
    """Break the chunked encoding of HTTP after some tokens of a stream."""

    after: int = 2
    text: str = "Once upon a time there was"

    async def reply(self, exchange: Exchange) -> None:
        """Answer in part, then send what is no chunk."""
        async with exchange.open() as response:
            await _begin(exchange, response, self.after, self.text)
            # Clients drop what comes in one packet with the damage; the tokens are to arrive.
            await asyncio.sleep(_APART_S)
            if exchange.http.transport is not None:
                exchange.http.transport.write(b"not-a-length\r\n")
            exchange.close()


@frozen
class Garbled:
    """Stream a whole answer, but for one event that is no JSON, in place of a token."""

    at: int = 2
    text: str = "Once upon a time there was"

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer with a hole."""
        said, speech = Said(self.text), exchange.speech
        async with exchange.open() as response:
            await response.write(speech.begin(said))
            for place, token in enumerate(_tokens(self.text), 1):
                event = speech.text(token)
                await response.write(event if place != self.at else event[: len(event) // 2].rstrip() + b"\n\n")
            await response.write(speech.end(said))
        return response


@frozen
class Unended:
    """Stream a whole answer, finish reason and usage included, without the event that ends a stream."""

    text: str = "Once upon a time there was"

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer, and end in good order as far as HTTP goes."""
        said, speech = Said(self.text), exchange.speech
        end = speech.end(said).split(b"\n\n")[:-2]
        async with exchange.open() as response:
            await response.write(speech.begin(said) + b"".join(map(speech.text, _tokens(self.text))))
            await response.write(b"".join(event + b"\n\n" for event in end))
        return response


@frozen
class NoPrefill:
    """Refuse a conversation that ends with words of the assistant's own; behave as ``then`` says else."""

    then: Behaviour = field(factory=Say)

    async def reply(self, exchange: Exchange) -> web.StreamResponse | None:
        """Look at the last message, then answer."""
        messages = exchange.call.body.get("messages") or [{}]
        if messages[-1].get("role") == "assistant":
            said = (
                "This model does not support assistant message prefill. The conversation must end with a user message."
            )
            return await Fail(400, Wrong(said, "invalid_request_error")).reply(exchange)
        return await self.then.reply(exchange)


@frozen
class Garbage:
    """Send a 200 whose JSON cannot be read; in a stream, one such event."""

    text: str = '{"choices": [{"message": {"content": "Hel'

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer with garbage."""
        if not exchange.call.stream:
            return web.Response(text=self.text, content_type="application/json")
        async with exchange.open() as response:
            await response.write(f"data: {self.text}\n\n".encode())
        return response


@frozen
class Huge:
    """Send a body of this many mebibytes (one line, no meaning) with this status."""

    mebibytes: int
    status: int = 200

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer at length."""
        kind = "text/event-stream" if exchange.call.stream and self.status == 200 else "application/json"
        response = web.StreamResponse(status=self.status, headers={"Content-Type": kind})
        await response.prepare(exchange.http)
        for _ in range(self.mebibytes * 2**20 // len(_BLOCK)):
            await response.write(_BLOCK)
        await response.write_eof()
        return response


@frozen
class Trickle:
    """Stream the text in writes of so many bytes: events, and characters of UTF-8, are cut anywhere."""

    text: str = "Grüße, 世界 🌍"
    size: int = 1

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        """Answer drop by drop."""
        said, speech = Said(self.text), exchange.speech
        tokens = b"".join(speech.text(token) for token in _tokens(self.text))
        body = speech.begin(said) + tokens + speech.end(said)
        async with exchange.open() as response:
            for start in range(0, len(body), self.size):
                await response.write(body[start : start + self.size])
                await asyncio.sleep(0)
        return response
