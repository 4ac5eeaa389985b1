"""Answers in OpenAI's chat form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from attrs import define

from detent.adapters.wire import Completion, Form, Piece, Usage, joined

from .answer import AnswerWriter, event, events_in
from .trouble import Trouble

_DONE: Final = b"data: [DONE]\n\n"
_TYPE_OF: Final[Mapping[int, str]] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "invalid_request_error",
    429: "rate_limit_error",
}
_CODE_OF: Final[Mapping[str, str]] = {
    "context_overflow": "context_length_exceeded",
    "rate_limit": "rate_limit_exceeded",
    "quota_exhausted": "insufficient_quota",
}
"""OpenAI's own words for what it has a word for."""


@define
class ChatAnswer(AnswerWriter):
    """``chat.completion`` and its chunks."""

    form: ClassVar[Form] = "openai"

    _usage: Usage | None = None
    _done: bool = False

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """A ``chat.completion``."""
        if self.verbatim:
            for piece in pieces:
                if isinstance(piece, Completion):
                    return dict(piece.raw)
            return _gathered(pieces)
        answer = joined(pieces, self.model)
        message: dict[str, Any] = {"role": "assistant", "content": answer.text or None}
        message |= _extras(answer)
        if answer.tool_calls:
            message["tool_calls"] = [_tool_call(call.id, call.name, call.arguments) for call in answer.tool_calls]
        choice = {"index": 0, "message": message, "finish_reason": answer.finish_reason or "stop"}
        body = self._frame("chat.completion", [choice])
        return body if answer.usage is None else body | {"usage": _account(answer.usage)}

    def begin(self) -> bytes:
        """The role."""
        return b"" if self.verbatim else self._chunk({"role": "assistant", "content": ""})

    def passed_on(self, piece: Piece) -> bytes:
        """The chunk; one that is there for the usage only where that was asked for."""
        self._done |= piece.event == _DONE
        silent = piece.usage is not None and piece.finish_reason is None and not piece.has_content
        return b"" if silent and not self._wants_usage else piece.event

    def written(self, piece: Piece) -> bytes:
        """A delta."""
        self._usage = piece.usage or self._usage
        delta: dict[str, Any] = {"content": piece.text} if piece.text else {}
        delta |= _extras(piece)
        if piece.tool_calls:
            delta["tool_calls"] = [
                {"index": call.index, **_fragment(call.id, call.name, call.arguments)} for call in piece.tool_calls
            ]
        if not delta and piece.finish_reason is None:
            return b""
        return self._chunk(delta, piece.finish_reason)

    def end(self) -> bytes:
        """The usage, if it was asked for, and ``[DONE]``."""
        last = b""
        if self._wants_usage and self._usage is not None:
            last = event(self._frame("chat.completion.chunk", []) | {"usage": _account(self._usage)})
        return last if self._done else last + _DONE

    def broken(self, trouble: Trouble) -> bytes:
        """An error in place of ``[DONE]``."""
        return event(self.error(trouble))

    @staticmethod
    def error(trouble: Trouble) -> dict[str, Any]:
        """``{"error": …}``."""
        kind = _TYPE_OF.get(trouble.status, "server_error")
        code = _CODE_OF.get(trouble.reason, trouble.reason)
        return {"error": {"message": trouble.message, "type": kind, "param": None, "code": code}}

    @property
    def _wants_usage(self) -> bool:
        asked = self.fields.get("stream_options")
        return isinstance(asked, Mapping) and asked.get("include_usage") is True

    def _chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return event(self._frame("chat.completion.chunk", [choice]))

    def _frame(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {"id": self.id, "object": kind, "created": self.created, "model": self.model, "choices": choices}


def _extras(piece: Piece) -> dict[str, Any]:
    extras: dict[str, Any] = dict(piece.media)
    if piece.reasoning:
        extras["reasoning_content"] = piece.reasoning
    if piece.refusal:
        extras["refusal"] = piece.refusal
    return extras


def _tool_call(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments or "{}"}}


def _fragment(call_id: str, name: str, arguments: str) -> dict[str, Any]:
    """A tool call's first fragment names it; the others bring arguments alone."""
    if not call_id and not name:
        return {"function": {"arguments": arguments}}
    return {"id": call_id, "type": "function", "function": {"name": name, "arguments": arguments}}


def _account(usage: Usage) -> dict[str, int]:
    prompt, answer = usage.input_tokens, usage.output_tokens
    return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _gathered(pieces: Sequence[Piece]) -> dict[str, Any]:
    """The chunks of a stream as the body of a whole answer, with fields that only their provider knows."""
    body: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for piece in pieces:
        for chunk in events_in(piece.event):
            for place, choice in enumerate(chunk.pop("choices", None) or ()):
                known = choices.setdefault(choice.get("index", place), {})
                message = choice.pop("delta", None) or {}
                known["message"] = _grown(known.get("message", {}), message)
                known |= {name: value for name, value in choice.items() if value is not None or name not in known}
            body |= {name: value for name, value in chunk.items() if value is not None or name not in body}
    body["object"] = "chat.completion"
    body["choices"] = [choices[index] for index in sorted(choices)]
    for choice in body["choices"]:
        choice["message"].setdefault("content", None)
        for call in choice["message"].get("tool_calls", ()):
            call.pop("index", None)
    return body


def _grown(known: Any, more: Any) -> Any:
    """What a delta makes of what is known: text grows, lists grow by index, objects key by key."""
    if isinstance(known, dict) and isinstance(more, dict):
        fixed = ("role", "id", "type", "index", "name")
        return known | {
            name: value if name not in known or (name in fixed and value) else _grown(known[name], value)
            for name, value in more.items()
        }
    if isinstance(known, list) and isinstance(more, list):
        grown = list(known)
        for item in more:
            index = item.get("index") if isinstance(item, dict) else None
            twin = next((i for i, k in enumerate(grown) if isinstance(k, dict) and k.get("index") == index), None)
            if index is None or twin is None:
                grown.append(item)
            else:
                grown[twin] = _grown(grown[twin], item)
        return grown
    if isinstance(known, str) and isinstance(more, str):
        return known + more
    return known if more is None else more
