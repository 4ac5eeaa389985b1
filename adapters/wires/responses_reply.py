"""Reading OpenAI's Responses: bodies and events in, pieces and completions out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from attrs import asdict, define, evolve, field

from detent.adapters.wire import Completion, Piece, ToolCall, Usage

from .format import EventReader, Fail, count_in, reply_in, table_in, tables_in, text_in
from .sse import ServerSentEvent

_ANSWERED: Final = ("completed", "incomplete", "")
_INCOMPLETE: Final = {"max_output_tokens": "length"}
_FOR_THE_CLIENT: Final = frozenset(
    (
        *("image_generation_call", "custom_tool_call", "computer_call", "local_shell_call", "shell_call"),
        *("apply_patch_call", "mcp_approval_request"),
    )
)
"""Items, beside words and calls of functions, that a client sees or has to act on; the rest the vendor does itself."""

_DELTAS: Final = {
    "response.output_text.delta": "text",
    "response.refusal.delta": "refusal",
    "response.reasoning_summary_text.delta": "reasoning",
    "response.reasoning_text.delta": "reasoning",
}
_ERRORS: Final = ("error", "response.failed", "response.cancelled")
_WORDS: Final = ("text", "refusal", "reasoning")
_ENDS: Final = ("response.completed", "response.incomplete")


@define
class _Call:
    """A call of a function in a stream.

    Attributes:
        index: its number among the calls.
        place: the ``output_index`` of its item, if there is one.
        item: the id of its item.
        argued: its arguments have come.
    """

    index: int
    place: int | None
    item: object
    argued: bool = False


@define
class ResponsesReader(EventReader):
    """The events of a response, up to the one that completes it.

    A server may leave out deltas and send whole items, or nothing but the whole response: what has not been told by
    then is told then, once.
    """

    _calls: list[_Call] = field(factory=list, init=False)
    _told: set[tuple[str, int | None]] = field(factory=set, init=False)
    _items: list[dict[str, Any]] = field(factory=list, init=False)

    def piece_of(self, event: ServerSentEvent) -> Piece | None:
        """What an event brings."""
        if event.data == "[DONE]":
            return None
        if event.event == "error":
            raise self.refused(event)
        chunk = self.chunk_of(event)
        kind, response = text_in(chunk.get("type")) or event.event, table_in(chunk.get("response"))
        if kind in _ERRORS or chunk.get("error") or _failed(response):
            raise self.refused(event)
        if kind in _ENDS:
            return self._ended(response, kind)
        if kind in _DELTAS:
            self._told.add((_DELTAS[kind], _place(chunk)))
            return _of_words({_DELTAS[kind]: text_in(chunk.get("delta"))})
        if kind == "response.reasoning_summary_part.added" and count_in(chunk.get("summary_index")) > 0:
            return Piece(reasoning="\n\n")
        return self._of_item(kind, chunk)

    def _event(self, event: ServerSentEvent) -> Iterator[Piece]:
        yield from super()._event(event)
        # Nothing follows the event that completes a response; some servers leave the connection open behind it.
        if self.finished and not self.done:
            self._complete()

    def _of_item(self, kind: str, chunk: dict[str, Any]) -> Piece:
        item, place = table_in(chunk.get("item")), _place(chunk)
        if kind == "response.output_item.added" and item.get("type") == "function_call":
            return Piece(tool_calls=(self._begun(item, place),))
        if kind == "response.function_call_arguments.delta":
            return self._argued(self._call_at(place, chunk.get("item_id")), chunk.get("delta"), whole=False)
        if kind == "response.function_call_arguments.done":
            return self._argued(self._call_at(place, chunk.get("item_id")), chunk.get("arguments"))
        if kind == "response.output_item.done":
            return self._done(item, place)
        return Piece()

    def _done(self, item: dict[str, Any], place: int | None) -> Piece:
        """What a whole item brings beyond what its deltas have told."""
        if item.get("type") == "function_call":
            call = self._call_at(place, item.get("id"))
            if call is not None:
                return self._argued(call, item.get("arguments"))
            self._begun(item, place)
            self._calls[-1].argued = True
            return Piece(tool_calls=(_call(item, self._calls[-1].index),))
        piece = _piece([item])
        if piece.media:
            self._items.append(item)
            return Piece(media={"items": [item]})
        new = {kind: getattr(piece, kind) for kind in _WORDS if not self._has_told(kind, place)}
        self._told |= {(kind, place) for kind, words in new.items() if words}
        return _of_words(new)

    def _has_told(self, kind: str, place: int | None) -> bool:
        """Whether words of this kind have come for the item at this place; a delta without a place is of any."""
        return any(kind == told and (at is None or place in (at, None)) for told, at in self._told)

    def _ended(self, response: dict[str, Any], kind: str) -> Piece:
        """The end, with whatever of the whole response has not been told."""
        whole = _piece(tables_in(response.get("output")))
        calls: list[ToolCall] = []
        for call in whole.tool_calls:
            if call.index >= len(self._calls):
                self._calls.append(_Call(call.index, None, None, argued=True))
                calls.append(call)
            elif not self._calls[call.index].argued:
                calls.append(ToolCall(call.index, "", "", call.arguments))
        acts = bool(self._calls) or _acts(self._items) or _acts(whole.media.get("items", ()))
        return evolve(
            _of_words({kind: getattr(whole, kind) for kind in _WORDS if not self._has_told(kind, None)}),
            tool_calls=tuple(calls),
            media={} if self._items else whole.media,
            usage=_usage(response.get("usage")),
            finish_reason=_reason(response, acts, incomplete=kind == "response.incomplete"),
        )

    def _begun(self, item: dict[str, Any], place: int | None) -> ToolCall:
        index = len(self._calls)
        self._calls.append(_Call(index, place, item.get("id")))
        return evolve(_call(item, index), arguments="")

    def _call_at(self, place: int | None, item: object) -> _Call | None:
        known = (c for c in self._calls if (place is not None and c.place == place) or (item and c.item == item))
        return next(known, None)

    def _argued(self, call: _Call | None, arguments: object, *, whole: bool = True) -> Piece:
        """A part of a call's arguments; all of them (``whole``) only where no part has come."""
        text = _json_text(arguments)
        if call is None or not text or (whole and call.argued):
            return Piece()
        call.argued = True
        return Piece(tool_calls=(ToolCall(call.index, "", "", text),))


def completion_of(body: str, model: str, fail: Fail) -> Completion:
    """A whole answer from a reply's body; what is no answer is raised as ``fail`` makes it."""
    reply = reply_in(body, fail)
    if _failed(reply):
        raise fail("body200", body=body, exception="error in the body of a success")
    if text_in(reply.get("status")) not in _ANSWERED:
        raise fail("body200", body=body, exception=f"response is {text_in(reply.get('status'))}")
    piece = _piece(tables_in(reply.get("output")))
    if not piece.has_content:
        raise fail("body200", body=body, exception="empty answer")
    acts = bool(piece.tool_calls) or _acts(piece.media.get("items", ()))
    piece = evolve(piece, usage=_usage(reply.get("usage")), finish_reason=_reason(reply, acts))
    return Completion(model=text_in(reply.get("model")) or model, raw=reply, **asdict(piece, recurse=False))


def _failed(response: dict[str, Any]) -> bool:
    return bool(response.get("error")) or response.get("status") in ("failed", "cancelled")


def _place(chunk: dict[str, Any]) -> int | None:
    place = chunk.get("output_index")
    return place if isinstance(place, int) else None


def _of_words(words: dict[str, str]) -> Piece:
    return Piece(text=words.get("text", ""), refusal=words.get("refusal", ""), reasoning=words.get("reasoning", ""))


def _piece(items: list[dict[str, Any]]) -> Piece:
    """What items of an output hold."""
    parts = [part for item in items if item.get("type") == "message" for part in tables_in(item.get("content"))]
    thoughts = [item for item in items if item.get("type") == "reasoning"]
    calls = [item for item in items if item.get("type") == "function_call"]
    others = [item for item in items if _is_for_the_client(item)]
    return Piece(
        text="".join(text_in(part.get("text")) for part in parts),
        refusal="".join(text_in(part.get("refusal")) for part in parts),
        reasoning="".join(_thought(item) for item in thoughts),
        tool_calls=tuple(_call(item, index) for index, item in enumerate(calls)),
        media={"items": others} if others else {},
    )


def _thought(item: dict[str, Any]) -> str:
    summary = "\n\n".join(text_in(part.get("text")) for part in tables_in(item.get("summary")))
    return summary + "".join(text_in(part.get("text")) for part in tables_in(item.get("content")))


def _is_for_the_client(item: dict[str, Any]) -> bool:
    kind = text_in(item.get("type"))
    return kind in _FOR_THE_CLIENT and (kind != "image_generation_call" or bool(item.get("result")))


def _acts(items: list[dict[str, Any]]) -> bool:
    """Whether an item wants the client to do something."""
    return any(item.get("type") != "image_generation_call" for item in items)


def _call(item: dict[str, Any], index: int) -> ToolCall:
    called = text_in(item.get("call_id")) or text_in(item.get("id"))
    return ToolCall(index, called, text_in(item.get("name")), _json_text(item.get("arguments")))


def _json_text(arguments: object) -> str:
    return json.dumps(arguments) if isinstance(arguments, dict) else text_in(arguments)


def _reason(response: dict[str, Any], acts: bool, *, incomplete: bool = False) -> str:
    if incomplete or response.get("status") == "incomplete":
        reason = text_in(table_in(response.get("incomplete_details")).get("reason"))
        return _INCOMPLETE.get(reason, reason) or "incomplete"
    return "tool_calls" if acts else "stop"


def _usage(account: object) -> Usage | None:
    if not isinstance(account, dict) or not account:
        return None
    return Usage(count_in(account.get("input_tokens")), count_in(account.get("output_tokens")), account)
