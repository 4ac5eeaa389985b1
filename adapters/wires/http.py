"""One call to a provider over HTTP, whole or streamed, in whichever format it speaks.

Nothing a server sends can raise anything but `UpstreamError`, nor fill the memory: bodies, lines and events are
bounded. The formats themselves see no socket.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import partial
from typing import Final

import aiohttp
from aiohttp.http import HttpProcessingError
from attrs import frozen
from multidict import CIMultiDict, CIMultiDictProxy

from detent.adapters.pieces import PieceStream
from detent.adapters.wire import ERROR_BODY_BYTES, Completion, Endpoint, Piece, Request, UpstreamError, failure
from detent.fsm.errors import BadDataError

from .format import EventReader, Fail, Format, described
from .rendering import FORMATS, fields_for
from .sse import SseDecoder

_BROKEN: Final = (aiohttp.ClientError, HttpProcessingError, OSError, UnicodeError)
_DRAIN_S: Final = 0.1
_EVENT_STREAM: Final = "text/event-stream"


@frozen
class Limits:
    """How much of what a server sends is taken in.

    Attributes:
        answer_bytes: the longest whole answer.
        event_bytes: the longest line, and the most data, of one event in a stream.
    """

    answer_bytes: int = 32 * 1024 * 1024
    event_bytes: int = 1024 * 1024


class HttpWire:
    """The `Wire` of every provider; owns one connection pool, made when the first call needs it.

    Use it in one event loop, as an async context manager or with `aclose`. There is no limit on the time a
    call may take: the caller cancels. Cancelling a call, or closing its iterator, closes the connection.
    Of several choices (``n``) only the first is read.
    """

    def __init__(self, *, limits: Limits | None = None, connections: int = 100) -> None:
        """Make a wire.

        Args:
            limits: how much is read of what servers send.
            connections: calls in flight per provider host; more wait for their turn.
        """
        self._limits = limits or Limits()
        self._connections = connections
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> HttpWire:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections; calls in flight fail. A later call opens a new pool."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def answer(self, endpoint: Endpoint, model: str, request: Request) -> Completion:
        """Ask for a whole answer.

        Raises:
            UpstreamError: no connection, an HTTP error, or a 200 that holds no answer.
            ProviderError: the request cannot be rendered in the provider's format.
            BadDataError: the request cannot be written as JSON.
        """
        form = _format_of(endpoint)
        async with self._post(form, endpoint, model, request, stream=False) as (reply, fail):
            return form.completion(await self._whole(reply, fail), model, fail)

    def stream(self, endpoint: Endpoint, model: str, request: Request) -> PieceStream:
        """Ask for pieces; a server that answers whole all the same gives one, a `Completion`.

        Raises:
            UpstreamError: as for `answer`, or the stream broke off, carried an error, or held no content.
            ProviderError: the request cannot be rendered in the provider's format.
            BadDataError: the request cannot be written as JSON.
        """
        return PieceStream(self._batches(endpoint, model, request))

    async def _batches(self, endpoint: Endpoint, model: str, request: Request) -> AsyncGenerator[list[Piece], None]:
        """The pieces of a stream, those that came together together."""
        form = _format_of(endpoint)
        async with self._post(form, endpoint, model, request, stream=True) as (reply, fail):
            if reply.content_type != _EVENT_STREAM:
                yield [form.completion(await self._whole(reply, fail), model, fail)]
                return
            reader = form.reader(fail, SseDecoder(self._limits.event_bytes))
            reader.verbatim = request.verbatim and request.form == form.name
            while not reader.done:
                try:
                    data, broken = await _read(reply.content), None
                except _BROKEN as error:
                    data, broken = _left(reply.content), error
                pieces, wrong = _pieces_of(reader, data, broken)
                if pieces:
                    yield pieces
                if wrong is not None:
                    raise wrong
            # The end of the body often comes in a packet of its own; taking it in saves the connection.
            with suppress(*_BROKEN):
                async with asyncio.timeout(_DRAIN_S):
                    await _read(reply.content)

    @asynccontextmanager
    async def _post(
        self, form: Format, endpoint: Endpoint, model: str, request: Request, *, stream: bool
    ) -> AsyncIterator[tuple[aiohttp.ClientResponse, Fail]]:
        ask = form.ask(endpoint, model, fields_for(form, request), stream=stream)
        try:
            body = json.dumps({**ask.defaults, **endpoint.extra_body, **ask.fields}, allow_nan=False).encode()
        except (TypeError, ValueError, RecursionError) as error:
            raise BadDataError((f"request to {endpoint.name}: cannot be written as JSON: {error}",)) from error
        headers = CIMultiDict({"Content-Type": "application/json"})
        headers["Accept"] = _EVENT_STREAM if stream else "application/json"
        headers.update(ask.headers)
        if request.form == form.name:
            headers.update(request.headers)
        headers.update(endpoint.headers)
        try:
            reply = await self._pool().post(
                endpoint.url(ask.path),
                data=io.BytesIO(body),
                headers=headers,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=endpoint.connect_s),
            )
        except _BROKEN as error:
            raise failure(endpoint, "socket", exception=described(error)) from _without_request(error)
        fail = partial(failure, endpoint, status=reply.status, headers=reply.headers)
        try:
            with _told_of_damage(reply):
                if not 200 <= reply.status < 300:
                    raise await self._refusal(reply, fail)
                yield reply, fail
        finally:
            reply.close()

    def _pool(self) -> aiohttp.ClientSession:
        if self._session is None:
            # One credential's cookies are none of another's business.
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, limit_per_host=self._connections),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    async def _refusal(self, reply: aiohttp.ClientResponse, fail: Fail) -> UpstreamError:
        exception = None
        if 300 <= reply.status < 400:
            exception = f"redirect to {reply.headers.get('Location')!r} not followed; correct base_url"
        body = bytearray()
        try:
            while len(body) < ERROR_BODY_BYTES and (data := await _read(reply.content)):
                body += data
        except _BROKEN as error:
            exception = described(error)
            body += _left(reply.content)
        return fail("http", body=body[:ERROR_BODY_BYTES].decode("utf-8", "replace"), exception=exception)

    async def _whole(self, reply: aiohttp.ClientResponse, fail: Fail) -> str:
        body = bytearray()
        try:
            while data := await _read(reply.content):
                body += data
                if len(body) > self._limits.answer_bytes:
                    too_long = f"answer longer than {self._limits.answer_bytes} bytes; raise Limits.answer_bytes"
                    raise fail("body200", body=body[:ERROR_BODY_BYTES].decode("utf-8", "replace"), exception=too_long)
        except _BROKEN as error:
            text = body.decode("utf-8", "replace")
            raise fail("socket", body=text, exception=described(error)) from _without_request(error)
        return body.decode("utf-8", "replace")


def _format_of(endpoint: Endpoint) -> Format:
    try:
        return FORMATS[endpoint.api]
    except KeyError:
        known = ", ".join(sorted(FORMATS))
        raise BadDataError((f"endpoint {endpoint.name!r}: api is {endpoint.api!r}, must be one of {known}",)) from None


@contextmanager
def _told_of_damage(reply: aiohttp.ClientResponse) -> Iterator[None]:
    """Wake the reader of a malformed body: aiohttp 3.14 closes the connection and lets the reader wait."""
    protocol = reply.connection.protocol if reply.connection else None
    if protocol is None:
        yield
        return

    def tell(_: object) -> None:
        cause = protocol.exception()
        if isinstance(cause, HttpProcessingError) and not reply.content.is_eof():
            reply.content.set_exception(aiohttp.ClientPayloadError(f"malformed body: {cause.message}"))

    # Before 3.12 there is no such future, and only the caller's own time limit ends the wait.
    closed: asyncio.Future[None] | None = getattr(protocol, "closed", None)
    if closed is None:
        tell(None)
        yield
        return
    # On a connection that is kept the future outlives this call; one callback stays, to take its exception.
    closed.remove_done_callback(_taken)
    closed.add_done_callback(_taken)
    closed.add_done_callback(tell)
    try:
        yield
    finally:
        closed.remove_done_callback(tell)


def _taken(closed: asyncio.Future[None]) -> None:
    if not closed.cancelled():
        closed.exception()


def _pieces_of(reader: EventReader, data: bytes, broken: Exception | None) -> tuple[list[Piece], UpstreamError | None]:
    """The pieces that some bytes complete, or the end of the body does, and what is wrong after them."""
    pieces: list[Piece] = []
    try:
        for piece in reader.feed(data):
            pieces.append(piece)  # noqa: PERF402 - those before an error count
        if not reader.done and (broken or not data):
            for piece in reader.end(broken):
                pieces.append(piece)  # noqa: PERF402
    except UpstreamError as error:
        return pieces, error
    return pieces, None


async def _read(content: aiohttp.StreamReader) -> bytes:
    try:
        return await content.readany()
    except RuntimeError as error:
        # So aiohttp answers a reader who comes after the connection has gone.
        raise aiohttp.ClientPayloadError(str(error)) from error


def _left(content: aiohttp.StreamReader) -> bytes:
    """What came before the break: aiohttp drops it, and with it the end of answers that were complete."""
    content.set_exception(None)  # type: ignore[arg-type]
    return content.read_nowait()


def _without_request(error: Exception) -> Exception:
    """The same error; aiohttp's response errors show the request's URL and headers, hence its secrets."""
    if isinstance(error, aiohttp.ClientResponseError):
        url = error.request_info.url.with_query(None)
        bare = aiohttp.RequestInfo(url, "POST", CIMultiDictProxy(CIMultiDict()))
        error.request_info, error.args = bare, (bare, ())
    return error
