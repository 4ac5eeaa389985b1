"""Answers in the form of OpenAI's Responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from attrs import define, field

from detent.adapters.wire import Completion, Form, Piece, ToolCall, Usage, joined

from .answer import AnswerWriter, event, events_in
from .chat_answer import ChatAnswer
from .trouble import Trouble

_INCOMPLETE: Final[Mapping[str, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}
_LAST: Final = ("response.completed", "response.incomplete", "response.failed")


@define
class ResponsesAnswer(AnswerWriter):
    """A ``response`` and the events that build one."""

    form: ClassVar[Form] = "responses"

    _said: list[Piece] = field(factory=list)
    _items: list[dict[str, Any]] = field(factory=list)
    _open: str = ""
    _number: int = 0

    def whole(self, pieces: Sequence[Piece]) -> dict[str, Any]:
        """A ``response``."""
        if self.verbatim:
            for piece in reversed(pieces):
                if isinstance(piece, Completion):
                    return dict(piece.raw)
                for said in events_in(piece.event):
                    if said.get("type") in _LAST:
                        return dict(said["response"])
        answer = joined(pieces, self.model)
        items = []
        if answer.reasoning:
            items.append(_reasoning(f"rs_{self.id}", answer.reasoning))
        if answer.text or answer.refusal:
            items.append(_message(f"msg_{self.id}", answer.text, answer.refusal, "completed"))
        items += [_function_call(call, f"fc_{self.id}_{call.index}", "completed") for call in answer.tool_calls]
        return self._response(items, answer.finish_reason or "stop", answer.usage)

    def begin(self) -> bytes:
        """``response.created`` and ``response.in_progress``."""
        if self.verbatim:
            return b""
        response = self._response([], None, None)
        return self._event("response.created", response=response) + self._event(
            "response.in_progress", response=response
        )

    def piece(self, piece: Piece) -> bytes:
        """Deltas, each in the item of its kind."""
        if self.verbatim and piece.event:
            return piece.event
        self._said.append(piece)
        sent = b""
        if piece.reasoning:
            sent += self._in("reasoning", _reasoning(f"rs_{self.id}", ""))
            sent += self._in_item("response.reasoning_summary_text.delta", summary_index=0, delta=piece.reasoning)
        for kind, said in (("output_text", piece.text), ("refusal", piece.refusal)):
            if said:
                sent += self._in("message", _message(f"msg_{self.id}", "", "", "in_progress"))
                logprobs = {"logprobs": []} if kind == "output_text" else {}
                sent += self._in_item(f"response.{kind}.delta", content_index=0, delta=said, **logprobs)
        for call in piece.tool_calls:
            item = _function_call(call, f"fc_{self.id}_{call.index}", "in_progress") | {"arguments": ""}
            sent += self._in(f"tool {call.index}", item)
            sent += self._in_item("response.function_call_arguments.delta", delta=call.arguments)
        return sent

    def end(self) -> bytes:
        """``response.completed``, or ``response.incomplete`` with the reason."""
        if self.verbatim:
            return b""
        closed = self._close()
        response = self.whole(self._said)
        return closed + self._event(f"response.{response['status']}", response=response)

    def broken(self, trouble: Trouble) -> bytes:
        """``response.failed`` in place of ``response.completed``."""
        failed = {"code": "server_error", "message": trouble.message}
        response = self._response(self._items, None, None) | {"status": "failed", "error": failed}
        return self._event("response.failed", response=response)

    @staticmethod
    def error(trouble: Trouble) -> dict[str, Any]:
        """OpenAI's one envelope."""
        return ChatAnswer.error(trouble)

    def _response(self, items: list[dict[str, Any]], finish_reason: str | None, usage: Usage | None) -> dict[str, Any]:
        cut = _INCOMPLETE.get(finish_reason or "")
        status = "in_progress" if finish_reason is None else "incomplete" if cut else "completed"
        asked = self.fields
        return {
            "id": f"resp_{self.id}",
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": cut} if cut else None,
            "instructions": asked.get("instructions"),
            "metadata": asked.get("metadata") or {},
            "model": self.model,
            "output": items,
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "temperature": asked.get("temperature"),
            "tool_choice": asked.get("tool_choice", "auto"),
            "tools": asked.get("tools") or [],
            "top_p": asked.get("top_p"),
            "usage": None if usage is None else _account(usage),
        }

    def _in(self, kind: str, item: dict[str, Any]) -> bytes:
        """Be in an item of this kind: the events that close another and open this one."""
        if self._open == kind:
            return b""
        closed = self._close()
        self._open = kind
        self._items.append(item)
        opened = self._event("response.output_item.added", output_index=self._place, item=item)
        if kind == "message":
            part = {"type": "output_text", "text": "", "annotations": [], "logprobs": []}
            opened += self._in_item("response.content_part.added", content_index=0, part=part)
        if kind == "reasoning":
            part = {"type": "summary_text", "text": ""}
            opened += self._in_item("response.reasoning_summary_part.added", summary_index=0, part=part)
        return closed + opened

    def _close(self) -> bytes:
        """The events that end the open item, which tell it whole."""
        kind, self._open = self._open, ""
        if not kind:
            return b""
        answer = joined(self._said, self.model)
        if kind == "reasoning":
            item = _reasoning(f"rs_{self.id}", answer.reasoning)
            ended = self._in_item("response.reasoning_summary_text.done", summary_index=0, text=answer.reasoning)
            part = item["summary"][0]
            ended += self._in_item("response.reasoning_summary_part.done", summary_index=0, part=part)
        elif kind == "message":
            item = _message(f"msg_{self.id}", answer.text, answer.refusal, "completed")
            part = item["content"][0]
            if answer.refusal:
                ended = self._in_item("response.refusal.done", content_index=0, refusal=answer.refusal)
            else:
                ended = self._in_item("response.output_text.done", content_index=0, text=answer.text, logprobs=[])
            ended += self._in_item("response.content_part.done", content_index=0, part=part)
        else:
            call = next(call for call in answer.tool_calls if kind == f"tool {call.index}")
            item = _function_call(call, f"fc_{self.id}_{call.index}", "completed")
            ended = self._in_item("response.function_call_arguments.done", arguments=call.arguments, name=call.name)
        self._items[-1] = item
        return ended + self._event("response.output_item.done", output_index=self._place, item=item)

    @property
    def _place(self) -> int:
        return len(self._items) - 1

    def _in_item(self, kind: str, **told: Any) -> bytes:
        return self._event(kind, item_id=self._items[-1]["id"], output_index=self._place, **told)

    def _event(self, kind: str, **told: Any) -> bytes:
        number, self._number = self._number, self._number + 1
        return event({"type": kind, "sequence_number": number, **told}, kind)


def _message(item_id: str, text: str, refusal: str, status: str) -> dict[str, Any]:
    part: dict[str, Any] = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    if refusal:
        part = {"type": "refusal", "refusal": refusal}
    content = [part] if text or refusal else []
    return {"id": item_id, "type": "message", "role": "assistant", "status": status, "content": content}


def _reasoning(item_id: str, text: str) -> dict[str, Any]:
    return {"id": item_id, "type": "reasoning", "summary": [{"type": "summary_text", "text": text}] if text else []}


def _function_call(call: ToolCall, item_id: str, status: str) -> dict[str, Any]:
    named = {"call_id": call.id or f"call_{call.index}", "name": call.name, "arguments": call.arguments or "{}"}
    return {"id": item_id, "type": "function_call", "status": status, **named}


def _account(usage: Usage) -> dict[str, Any]:
    prompt, answer = usage.input_tokens, usage.output_tokens
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": answer,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + answer,
    }
