"""Answers in Anthropic's form."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from attrs import define

from detent.adapters.wire import Completion, Form, Piece, ToolCall, Usage, joined

from .answer import AnswerWriter, event, events_in
from .trouble import Trouble

_STOP_REASON_OF: Final[Mapping[str, str]] = {
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
}
_TYPE_OF: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
}
"""Anthropic's error types; clients retry on ``overloaded_error``."""


@define
class AnthropicAnswer(AnswerWriter):
    """A ``message`` and the events that build one."""

    form: ClassVar[Form] = "anthropic"

    _usage: Usage | None = None
    _stop: str = "end_turn"
    _blocks: int = 0
    _open: str = ""

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """A ``message``."""
        if self.verbatim:
            for piece in pieces:
                if isinstance(piece, Completion):
                    return dict(piece.raw)
            return _gathered(pieces)
        answer = joined(pieces, self.model)
        content: list[dict[str, Any]] = []
        if answer.reasoning:
            content.append({"type": "thinking", "thinking": answer.reasoning, "signature": ""})
        if answer.text or answer.refusal:
            content.append({"type": "text", "text": answer.text or answer.refusal})
        content += [{**_tool_use(call), "input": _input(call.arguments)} for call in answer.tool_calls]
        stop = _STOP_REASON_OF.get(answer.finish_reason or "stop", "end_turn")
        return self._message(content, stop, answer.usage)

    def begin(self) -> bytes:
        """``message_start``."""
        if self.verbatim:
            return b""
        return event({"type": "message_start", "message": self._message([], None, None)}, "message_start")

    def written(self, piece: Piece) -> bytes:
        """Deltas, each in the block of its kind."""
        self._usage = piece.usage or self._usage
        if piece.finish_reason is not None:
            self._stop = _STOP_REASON_OF.get(piece.finish_reason, "end_turn")
        said = b""
        if piece.reasoning:
            said += self._in("thinking", {"type": "thinking", "thinking": "", "signature": ""})
            said += self._delta({"type": "thinking_delta", "thinking": piece.reasoning})
        if piece.text or piece.refusal:
            said += self._in("text", {"type": "text", "text": ""})
            said += self._delta({"type": "text_delta", "text": piece.text + piece.refusal})
        for call in piece.tool_calls:
            said += self._in(f"tool {call.index}", {**_tool_use(call), "input": {}})
            if call.arguments:
                said += self._delta({"type": "input_json_delta", "partial_json": call.arguments})
        return said

    def end(self) -> bytes:
        """The stop reason, the usage, and ``message_stop``."""
        if self.verbatim:
            return b""
        delta = {"stop_reason": self._stop, "stop_sequence": None}
        last = event({"type": "message_delta", "delta": delta, "usage": _account(self._usage)}, "message_delta")
        return self._close() + last + event({"type": "message_stop"}, "message_stop")

    def broken(self, trouble: Trouble) -> bytes:
        """An ``error`` event in place of ``message_stop``."""
        return event(self.error(trouble), "error")

    @staticmethod
    def error(trouble: Trouble) -> dict[str, Any]:
        """``{"type": "error", …}``."""
        kind = _TYPE_OF.get(trouble.status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": trouble.message, "reason": trouble.reason}}

    def _message(self, content: list[dict[str, Any]], stop: str | None, usage: Usage | None) -> dict[str, Any]:
        head = {"id": self.id, "type": "message", "role": "assistant", "model": self.model, "content": content}
        return {**head, "stop_reason": stop, "stop_sequence": None, "usage": _account(usage)}

    def _in(self, kind: str, block: Mapping[str, Any]) -> bytes:
        """Be in a block of this kind: the events that close another and open this one."""
        if self._open == kind:
            return b""
        closed = self._close()
        self._open = kind
        start = {"type": "content_block_start", "index": self._blocks, "content_block": block}
        return closed + event(start, "content_block_start")

    def _delta(self, delta: Mapping[str, Any]) -> bytes:
        return event({"type": "content_block_delta", "index": self._blocks, "delta": delta}, "content_block_delta")

    def _close(self) -> bytes:
        if not self._open:
            return b""
        stop = event({"type": "content_block_stop", "index": self._blocks}, "content_block_stop")
        self._open, self._blocks = "", self._blocks + 1
        return stop


def _tool_use(call: ToolCall) -> dict[str, Any]:
    return {"type": "tool_use", "id": call.id or f"toolu_{call.index}", "name": call.name}


def _input(arguments: str) -> Any:
    return json.loads(arguments) if arguments.strip() else {}


def _account(usage: Usage | None) -> dict[str, int]:
    if usage is None:
        return {"input_tokens": 0, "output_tokens": 0}
    return {"input_tokens": usage.input_tokens, "output_tokens": usage.output_tokens}


def _gathered(pieces: Sequence[Piece]) -> dict[str, Any]:
    """The events of a stream as the message they build, with fields that only their provider knows."""
    message: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    inputs: dict[int, str] = {}
    for said in (said for piece in pieces for said in events_in(piece.event)):
        kind, index = said.get("type"), said.get("index", 0)
        if kind == "message_start":
            message = dict(said["message"])
        elif kind == "content_block_start":
            blocks[index] = dict(said["content_block"])
        elif kind == "content_block_delta":
            _grow(blocks[index], said["delta"], inputs, index)
        elif kind == "message_delta":
            message |= said["delta"]
            message["usage"] = {**message.get("usage", {}), **(said.get("usage") or {})}
    for index, text in inputs.items():
        blocks[index]["input"] = _input(text)
    return {**message, "content": [blocks[index] for index in sorted(blocks)]}


def _grow(block: dict[str, Any], delta: Mapping[str, Any], inputs: dict[int, str], index: int) -> None:
    if delta.get("type") == "input_json_delta":
        inputs[index] = inputs.get(index, "") + delta["partial_json"]
    elif delta.get("type") == "citations_delta":
        block["citations"] = [*(block.get("citations") or ()), delta["citation"]]
    else:
        for name, value in delta.items():
            if name != "type" and isinstance(value, str):
                block[name] = (block.get(name) or "") + value
