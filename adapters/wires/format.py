"""What a vendor's format must know, and what all of them do alike when they read a stream."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, Final, Protocol

import aiohttp
from aiohttp.http import HttpProcessingError
from attrs import define, field, frozen

from detent.adapters.wire import Completion, Endpoint, Piece, UpstreamError
from detent.fsm.errors import BadDataError

from .conversation import Conversation
from .sse import ServerSentEvent, SseDecoder

_NOTHING: Final = Piece()

Fail = Callable[..., UpstreamError]
"""``fail(transport, body=…, exception=…)``: the error of this call, with its status, headers and secrets seen to."""


@frozen
class Ask:
    """One HTTP request, but for what the endpoint adds.

    Attributes:
        path: below the base URL.
        headers: the key's own, and the vendor's.
        fields: the body.
        defaults: fields that the endpoint's ``extra_body`` and the request may change.
    """

    path: str
    headers: Mapping[str, str] = field(repr=False)
    fields: Mapping[str, Any] = field(repr=False)
    defaults: Mapping[str, Any] = field(factory=dict)


class Format(Protocol):
    """One vendor's format, without a socket."""

    name: ClassVar[str]
    """As ``api`` in the settings, and as the form of a request that needs no rendering."""

    def write(self, conversation: Conversation) -> dict[str, Any]:
        """A conversation as the body of a request, without model and stream.

        Raises:
            ProviderError: something in it cannot be rendered: ``unsupported``, with the reason.
        """
        ...

    def ask(self, endpoint: Endpoint, model: str, fields: Mapping[str, Any], *, stream: bool) -> Ask:
        """The HTTP request that carries a body to a model."""
        ...

    def completion(self, body: str, model: str, fail: Fail) -> Completion:
        """The whole answer that a body holds; what is none is raised as ``fail`` makes it."""
        ...

    def reader(self, fail: Fail, decoder: SseDecoder) -> EventReader:
        """What makes pieces of a stream."""
        ...


@define
class EventReader(ABC):
    """The bytes of one stream as pieces, and the knowledge whether the answer is complete.

    Attributes:
        fail: makes the error of a stream that is no answer.
        decoder: cuts bytes into events.
        done: nothing further is to come.
        finished: the model has said that its answer is complete.
        has_content: there was something that a client would see.
        last: the last event before the answer was complete, as evidence.
        verbatim: pieces carry the event they came in.
    """

    fail: Fail
    decoder: SseDecoder
    done: bool = False
    finished: bool = False
    has_content: bool = False
    last: str = ""
    verbatim: bool = False

    @abstractmethod
    def piece_of(self, event: ServerSentEvent) -> Piece | None:
        """What an event brings; None: the stream is at its end. Raises what ``fail`` makes of an error event."""

    def feed(self, data: bytes) -> Iterator[Piece]:
        """The pieces that these bytes complete."""
        try:
            for event in self.decoder.feed(data):
                yield from self._event(event)
                if self.done:
                    return
        except BadDataError as error:
            raise self.fail("sse", exception=f"{error}; raise Limits.event_bytes") from error

    def end(self, broken: Exception | None) -> Iterator[Piece]:
        """The last pieces; raises unless the answer is complete."""
        event = self.decoder.finish()
        if event is not None and (event.data == "[DONE]" or object_in(event.data) is not None):
            yield from self._event(event)
        if not (self.done or self.finished):
            why = f" ({described(broken)})" if broken else ""
            raise self.fail("sse", exception=f"stream ended early{why}") from broken
        self._complete()

    def chunk_of(self, event: ServerSentEvent) -> dict[str, Any]:
        """The object that an event's data is."""
        chunk = object_in(event.data)
        if chunk is None:
            raise self.fail("sse", body=event.data, exception="event is no JSON object")
        return chunk

    def refused(self, event: ServerSentEvent) -> UpstreamError:
        """The error that an event carries."""
        return self.fail("sse", body=event.data, exception="error event")

    def _event(self, event: ServerSentEvent) -> Iterator[Piece]:
        if not event.data:
            return
        piece = self.piece_of(event)
        if piece is None:
            self._complete()
            if self.verbatim:
                yield Piece(event=bytes(event))
            return
        if self.verbatim:
            piece = piece.carrying(bytes(event))
        if not self.finished:
            self.last = event.data
        self.finished |= piece.finish_reason is not None
        self.has_content |= piece.has_content
        if self.verbatim or piece != _NOTHING:
            yield piece

    def _complete(self) -> None:
        if not self.has_content:
            raise self.fail("body200", body=self.last, exception="empty answer")
        self.done = True


def reply_in(body: str, fail: Fail) -> dict[str, Any]:
    """The object that the body of a whole answer is."""
    reply = object_in(body)
    if reply is None:
        raise fail("body200", body=body, exception="body is no JSON object" if body.strip() else "empty answer")
    return reply


def object_in(text: str) -> dict[str, Any] | None:
    """The JSON object that a text is, None: it is none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def table_in(value: object) -> dict[str, Any]:
    """A value from a reply, if it is an object; else an empty one."""
    return value if isinstance(value, dict) else {}


def tables_in(value: object) -> list[dict[str, Any]]:
    """The objects in a list from a reply."""
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def text_in(value: object) -> str:
    """A value from a reply, if it is text."""
    return value if isinstance(value, str) else ""


def count_in(value: object) -> int:
    """A value from a reply, if it is a whole number; else 0."""
    return value if isinstance(value, int) else 0


def described(error: BaseException) -> str:
    """The exception's type and what it says, for the evidence."""
    # For aiohttp a reply it cannot read is a "400", which no server has said.
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        return f"{type(error).__name__}: {error.message}"
    return f"{type(error).__name__}: {error}"
