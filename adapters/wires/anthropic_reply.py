"""Reading Anthropic's Messages: bodies and events in, pieces and completions out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from attrs import define, evolve, field

from detent.adapters.wire import Completion, Piece, ToolCall, Usage, joined

from .format import EventReader, Fail, count_in, reply_in, table_in, tables_in, text_in
from .sse import ServerSentEvent

_FINISH: Final[Mapping[str, str]] = {
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "model_context_window_exceeded": "length",
    "tool_use": "tool_calls",
    "refusal": "content_filter",
}
"""``pause_turn`` stays as it is: a turn of Anthropic's own tools that the client is to send back, and to go on with."""

_INPUT: Final = ("input_tokens", "cache_creation_input_tokens", "cache_read_input_tokens")


@define
class _Blocks:
    """The content blocks of one answer as they come.

    Attributes:
        calls: which of the answer's tool calls a block is, by the block's index.
        bare: the blocks of tool calls whose arguments have not begun.
    """

    calls: dict[int, int] = field(factory=dict)
    bare: set[int] = field(factory=set)

    def begin(self, place: int, block: Mapping[str, Any]) -> Piece:
        """What a block brings at its beginning, which of a whole answer is all of it."""
        kind = text_in(block.get("type"))
        if kind == "text":
            return Piece(text=text_in(block.get("text")))
        if kind == "thinking":
            return Piece(reasoning=text_in(block.get("thinking")))
        if kind == "tool_use":
            arguments = table_in(block.get("input"))
            if not arguments:
                self.bare.add(place)
            call = self.calls[place] = len(self.calls)
            said = json.dumps(arguments) if arguments else ""
            return Piece(tool_calls=(ToolCall(call, text_in(block.get("id")), text_in(block.get("name")), said),))
        if kind in ("redacted_thinking", ""):
            return Piece()
        return Piece(media={kind: block})

    def more(self, place: int, delta: Mapping[str, Any]) -> Piece:
        """What a delta adds; signatures and citations add nothing that is read here."""
        kind = delta.get("type")
        if kind == "text_delta":
            return Piece(text=text_in(delta.get("text")))
        if kind == "thinking_delta":
            return Piece(reasoning=text_in(delta.get("thinking")))
        part = text_in(delta.get("partial_json"))
        if kind == "input_json_delta" and part and place in self.calls:
            self.bare.discard(place)
            return Piece(tool_calls=(ToolCall(self.calls[place], "", "", part),))
        return Piece()

    def end(self, place: int) -> Piece:
        """Of a tool call without arguments, the empty object that it is called with."""
        if place not in self.bare:
            return Piece()
        self.bare.discard(place)
        return Piece(tool_calls=(ToolCall(self.calls[place], "", "", "{}"),))


@define
class MessagesReader(EventReader):
    """The events of a message, up to ``message_stop``; types it does not know are left alone, as ``ping`` is.

    Blocks that only Anthropic has (its own tools and what they found) are ``media``, by their type.
    """

    blocks: _Blocks = field(factory=_Blocks)
    account: dict[str, Any] = field(factory=dict)

    def piece_of(self, event: ServerSentEvent) -> Piece | None:
        """What an event brings."""
        if event.event == "error":
            raise self.refused(event)
        chunk = self.chunk_of(event)
        kind, place = chunk.get("type"), count_in(chunk.get("index"))
        if kind == "error":
            raise self.refused(event)
        if kind == "message_stop":
            return None
        if kind == "message_start":
            return self._counted(table_in(chunk.get("message")))
        if kind == "content_block_start":
            return self.blocks.begin(place, table_in(chunk.get("content_block")))
        if kind == "content_block_delta":
            return self.blocks.more(place, table_in(chunk.get("delta")))
        if kind == "content_block_stop":
            return self.blocks.end(place)
        if kind == "message_delta":
            return self._counted(chunk, _finish(table_in(chunk.get("delta"))))
        return Piece()

    def _counted(self, holder: Mapping[str, Any], finish_reason: str | None = None) -> Piece:
        """The tokens so far: later events tell anew what they know better."""
        told = {name: value for name, value in table_in(holder.get("usage")).items() if value is not None}
        self.account = {**self.account, **told}
        return Piece(usage=_usage(self.account) if told else None, finish_reason=finish_reason)


def message_of(body: str, model: str, fail: Fail) -> Completion:
    """A whole answer from a reply's body; what is no answer is raised as ``fail`` makes it."""
    reply = reply_in(body, fail)
    if reply.get("type") == "error" or reply.get("error"):
        raise fail("body200", body=body, exception="error in the body of a success")
    blocks, pieces = _Blocks(), []
    for place, block in enumerate(tables_in(reply.get("content"))):
        pieces += [blocks.begin(place, block), blocks.end(place)]
    said = joined(pieces, text_in(reply.get("model")) or model)
    if not said.has_content:
        raise fail("body200", body=body, exception="empty answer")
    return evolve(said, usage=_usage(table_in(reply.get("usage"))), finish_reason=_finish(reply), raw=reply)


def _finish(holder: Mapping[str, Any]) -> str | None:
    reason = text_in(holder.get("stop_reason"))
    return _FINISH.get(reason, reason) or None


def _usage(account: Mapping[str, Any]) -> Usage | None:
    if not account:
        return None
    return Usage(sum(count_in(account.get(name)) for name in _INPUT), count_in(account.get("output_tokens")), account)
