"""Reading the OpenAI chat format: bodies and events in, pieces and completions out, without a socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import aiohttp
from aiohttp.http import HttpProcessingError
from attrs import asdict, define

from detent.fsm.errors import BadDataError

from .sse import ServerSentEvent, SseDecoder
from .wire import (
    Completion,
    Piece,
    ToolCall,
    UpstreamError,
    Usage,
)

_Fail = Callable[..., UpstreamError]


@define
class ChatStream:
    """The bytes of one stream as pieces, and the knowledge whether the answer is complete."""

    fail: _Fail
    decoder: SseDecoder
    done: bool = False
    finished: bool = False
    has_content: bool = False
    last: str = ""

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
        if event is not None and (event.data == "[DONE]" or _object(event.data) is not None):
            yield from self._event(event)
        if not (self.done or self.finished):
            why = f" ({described(broken)})" if broken else ""
            raise self.fail("sse", exception=f"stream ended early{why}") from broken
        self._complete()

    def _event(self, event: ServerSentEvent) -> Iterator[Piece]:
        if event.data == "[DONE]":
            self._complete()
        elif event.data:
            chunk = _object(event.data)
            if event.event == "error" or (chunk is not None and _is_error(chunk)):
                raise self.fail("sse", body=event.data, exception="error event")
            if chunk is None:
                raise self.fail("sse", body=event.data, exception="event is no JSON object")
            piece = _piece(chunk, "delta")
            if not self.finished:
                self.last = event.data
            self.finished |= piece.finish_reason is not None
            self.has_content |= piece.has_content
            if piece != Piece():
                yield piece

    def _complete(self) -> None:
        if not self.has_content:
            raise self.fail("body200", body=self.last, exception="empty answer")
        self.done = True


def completion_of(body: str, model: str, fail: _Fail) -> Completion:
    """A whole answer from a reply's body; what is no answer is raised as ``fail`` makes it."""
    reply = _object(body)
    if reply is None:
        raise fail("body200", body=body, exception="body is no JSON object" if body.strip() else "empty answer")
    if _is_error(reply):
        raise fail("body200", body=body, exception="error in the body of a success")
    piece = _piece(reply, "message")
    if not piece.has_content:
        raise fail("body200", body=body, exception="empty answer")
    return Completion(model=_text(reply.get("model")) or model, raw=reply, **asdict(piece, recurse=False))


def _object(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _choice(chunk: dict[str, Any]) -> dict[str, Any]:
    return next((c for c in _dicts(chunk.get("choices")) if c.get("index") in (0, None)), {})


def _is_error(chunk: dict[str, Any]) -> bool:
    choice = _choice(chunk)
    named = "error" in (chunk.get("object"), chunk.get("type"), choice.get("finish_reason"))
    return named or bool(chunk.get("error") or choice.get("error"))


def _piece(chunk: dict[str, Any], part: str) -> Piece:
    choice = _choice(chunk)
    said = choice.get(part)
    said = said if isinstance(said, dict) else {}
    content = said.get("content")
    thinking = [item.get("thinking") for item in _dicts(content)]
    return Piece(
        text=_text(content),
        reasoning=_text(said.get("reasoning_content")) or _text(said.get("reasoning")) or _text(thinking),
        refusal=_text(said.get("refusal")),
        tool_calls=tuple(_tool_calls(said)),
        media={name: said[name] for name in ("audio", "images") if said.get(name)},
        usage=_usage(chunk.get("usage")),
        finish_reason=_text(choice.get("finish_reason")) or None,
    )


def _text(value: object) -> str:
    """Text is a string, or (Mistral's way) a list of parts of which some are text."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return "".join(_text(item.get("text")) if isinstance(item, dict) else _text(item) for item in value)
    return ""


def _tool_calls(said: dict[str, Any]) -> Iterator[ToolCall]:
    calls = _dicts(said.get("tool_calls"))
    if isinstance(said.get("function_call"), dict):
        calls.append({"function": said["function_call"]})
    for place, call in enumerate(calls):
        function = call.get("function")
        function = function if isinstance(function, dict) else {}
        index, arguments = call.get("index"), function.get("arguments")
        yield ToolCall(
            index=index if isinstance(index, int) else place,
            id=_text(call.get("id")),
            name=_text(function.get("name")),
            arguments=json.dumps(arguments) if isinstance(arguments, dict) else _text(arguments),
        )


def _usage(account: object) -> Usage | None:
    if not isinstance(account, dict) or not account:
        return None
    return Usage(_count(account.get("prompt_tokens")), _count(account.get("completion_tokens")), account)


def _count(value: object) -> int:
    return value if isinstance(value, int) else 0


def described(error: BaseException) -> str:
    """The exception's type and what it says, for the evidence."""
    # For aiohttp a reply it cannot read is a "400", which no server has said.
    if isinstance(error, aiohttp.ClientResponseError | HttpProcessingError):
        return f"{type(error).__name__}: {error.message}"
    return f"{type(error).__name__}: {error}"
