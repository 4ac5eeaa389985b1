"""Reading the OpenAI chat format: bodies and events in, pieces and completions out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from attrs import asdict, define

from detent.adapters.wire import Completion, Piece, ToolCall, Usage

from .format import EventReader, Fail, count_in, reply_in, table_in, tables_in, text_in
from .sse import ServerSentEvent


@define
class ChatReader(EventReader):
    """The chunks of ``chat.completion.chunk``, up to ``[DONE]``."""

    def piece_of(self, event: ServerSentEvent) -> Piece | None:
        """What a chunk brings."""
        if event.data == "[DONE]":
            return None
        if event.event == "error":
            raise self.refused(event)
        chunk = self.chunk_of(event)
        if _is_error(chunk):
            raise self.refused(event)
        return _piece(chunk, "delta")


def completion_of(body: str, model: str, fail: Fail) -> Completion:
    """A whole answer from a reply's body; what is no answer is raised as ``fail`` makes it."""
    reply = reply_in(body, fail)
    if _is_error(reply):
        raise fail("body200", body=body, exception="error in the body of a success")
    piece = _piece(reply, "message")
    if not piece.has_content:
        raise fail("body200", body=body, exception="empty answer")
    return Completion(model=text_in(reply.get("model")) or model, raw=reply, **asdict(piece, recurse=False))


def _choice(chunk: dict[str, Any]) -> dict[str, Any]:
    return next((c for c in tables_in(chunk.get("choices")) if c.get("index") in (0, None)), {})


def _is_error(chunk: dict[str, Any]) -> bool:
    choice = _choice(chunk)
    named = "error" in (chunk.get("object"), chunk.get("type"), choice.get("finish_reason"))
    return named or bool(chunk.get("error") or choice.get("error"))


def _piece(chunk: dict[str, Any], part: str) -> Piece:
    choice = _choice(chunk)
    said = table_in(choice.get(part))
    content = said.get("content")
    thinking = [item.get("thinking") for item in tables_in(content)]
    return Piece(
        text=_text(content),
        reasoning=_text(said.get("reasoning_content")) or _text(said.get("reasoning")) or _text(thinking),
        refusal=_text(said.get("refusal")),
        tool_calls=tuple(_tool_calls(said)),
        media={name: said[name] for name in ("audio", "images") if said.get(name)},
        usage=_usage(chunk.get("usage")),
        finish_reason=text_in(choice.get("finish_reason")) or None,
    )


def _text(value: object) -> str:
    """Text is a string, or (Mistral's way) a list of parts of which some are text."""
    if isinstance(value, list):
        return "".join(_text(item.get("text")) if isinstance(item, dict) else _text(item) for item in value)
    return text_in(value)


def _tool_calls(said: dict[str, Any]) -> Iterator[ToolCall]:
    calls = tables_in(said.get("tool_calls"))
    if isinstance(said.get("function_call"), dict):
        calls.append({"function": said["function_call"]})
    for place, call in enumerate(calls):
        function = table_in(call.get("function"))
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
    return Usage(count_in(account.get("prompt_tokens")), count_in(account.get("completion_tokens")), account)
