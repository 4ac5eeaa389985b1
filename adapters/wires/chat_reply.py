"""Reading the OpenAI chat format: bodies and events in, pieces and completions out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from attrs import asdict, define, evolve, field

from detent.adapters.wire import Completion, Piece, ToolCall, Usage

from .format import EventReader, Fail, count_in, reply_in, table_in, tables_in, text_in
from .sse import ServerSentEvent

_FINISHED: Final = {
    **dict.fromkeys(("eos", "eos_token", "end_turn", "stop_sequence"), "stop"),
    **dict.fromkeys(("max_tokens", "model_length"), "length"),
    **dict.fromkeys(("function_call", "tool_use"), "tool_calls"),
    "sensitive": "content_filter",
}
"""What servers say for OpenAI's finish reasons: Together, TGI, Mistral, Zhipu and proxies before other formats."""

_BROKE_OFF: Final = ("error", "insufficient_system_resource", "network_error")
"""Finish reasons that are failures: OpenRouter's and Mistral's, DeepSeek's, Zhipu's."""


_PLAIN_DELTA: Final = frozenset(("role", "content"))
_TELLING: Final = frozenset(("error", "type", "x_groq"))
"""What a chunk may have beside its choices that counts for something."""


@define
class _Begun:
    """A call that a stream has begun, by the server's own index and id."""

    index: int
    id: str
    number: int


@define
class ChatReader(EventReader):
    """The chunks of ``chat.completion.chunk``, up to ``[DONE]``."""

    _calls: list[_Begun] = field(factory=list, init=False)

    def piece_of(self, event: ServerSentEvent) -> Piece | None:
        """What a chunk brings."""
        if event.data == "[DONE]":
            return None
        if event.event == "error":
            raise self.refused(event)
        chunk = self.chunk_of(event)
        if (text := _text_alone(chunk)) is not None:
            return Piece(text=text)
        if _is_error(chunk):
            raise self.refused(event)
        piece = _piece(chunk, "delta")
        if not piece.tool_calls:
            return piece
        return evolve(piece, tool_calls=tuple(self._told(call, text_in(chunk.get("id"))) for call in piece.tool_calls))

    def _told(self, part: ToolCall, reply: str) -> ToolCall:
        """A fragment with the number of its call: some servers give several calls one index, or repeat id and name."""
        begun = next((call for call in reversed(self._calls) if call.index == part.index), None)
        if begun is None or (part.id != begun.id if part.id else part.name and not begun.id):
            begun = _Begun(part.index, part.id, len(self._calls))
            self._calls.append(begun)
            return evolve(part, index=begun.number, id=part.id or _made_id(reply, begun.number))
        return ToolCall(begun.number, "", "" if part.id else part.name, part.arguments)


def completion_of(body: str, model: str, fail: Fail) -> Completion:
    """A whole answer from a reply's body; what is no answer is raised as ``fail`` makes it."""
    reply = reply_in(body, fail)
    if _is_error(reply):
        raise fail("body200", body=body, exception="error in the body of a success")
    piece = _piece(reply, "message")
    answer = text_in(reply.get("id"))
    calls = [evolve(call, index=i, id=call.id or _made_id(answer, i)) for i, call in enumerate(piece.tool_calls)]
    piece = evolve(piece, tool_calls=tuple(calls))
    if not piece.has_content:
        raise fail("body200", body=body, exception="empty answer")
    return Completion(model=text_in(reply.get("model")) or model, raw=reply, **asdict(piece, recurse=False))


def _text_alone(chunk: dict[str, Any]) -> str | None:
    """The text of a chunk that brings nothing else, as nearly all of them; None: look more closely."""
    choices = chunk.get("choices")
    if type(choices) is not list or len(choices) != 1 or type(choice := choices[0]) is not dict:
        return None
    delta = choice.get("delta")
    if type(delta) is not dict or not delta.keys() <= _PLAIN_DELTA or type(text := delta.get("content")) is not str:
        return None
    plain = choice.get("index") == 0 and choice.get("finish_reason") is None and "error" not in choice
    silent = chunk.get("usage") is None and chunk.get("object") != "error" and not chunk.keys() & _TELLING
    return text if plain and silent else None


def _choice(chunk: dict[str, Any]) -> dict[str, Any]:
    return next((c for c in tables_in(chunk.get("choices")) if c.get("index") in (0, None)), {})


def _is_error(chunk: dict[str, Any]) -> bool:
    choice = _choice(chunk)
    named = "error" in (chunk.get("object"), chunk.get("type")) or choice.get("finish_reason") in _BROKE_OFF
    return named or bool(chunk.get("error") or choice.get("error") or table_in(chunk.get("x_groq")).get("error"))


def _piece(chunk: dict[str, Any], part: str) -> Piece:
    choice = _choice(chunk)
    said = table_in(choice.get(part))
    content = said.get("content")
    finished = text_in(choice.get("finish_reason"))
    return Piece(
        text=_text(content),
        reasoning=_reasoning(said),
        refusal=_text(said.get("refusal")),
        tool_calls=tuple(_tool_calls(said)),
        media={name: said[name] for name in ("audio", "images") if said.get(name)},
        usage=_usage(chunk.get("usage") or table_in(chunk.get("x_groq")).get("usage")),
        finish_reason=_FINISHED.get(finished, finished) or None,
    )


def _reasoning(said: dict[str, Any]) -> str:
    """Visible thinking, in the first of the places that servers have for it; several of them tell the same."""
    details = [item.get("text") or item.get("summary") for item in tables_in(said.get("reasoning_details"))]
    thinking = [item.get("thinking") for item in tables_in(said.get("content"))]
    places = (said.get("reasoning_content"), said.get("reasoning"), details, thinking)
    return next((text for text in map(_text, places) if text), "")


def _made_id(reply: str, number: int) -> str:
    """An id for a call that came without: its result has to name it, and other vendors want it."""
    return f"{reply}-{number}" if reply else ""


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
