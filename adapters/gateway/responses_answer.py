"""Answers in the form of OpenAI's Responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Final

from attrs import define, evolve, field

from detent.adapters.wire import Completion, Form, Piece, Usage, joined

from .answer import AnswerWriter, event, events_in
from .chat_answer import ChatAnswer
from .trouble import Trouble

_INCOMPLETE: Final[Mapping[str, str]] = {"length": "max_output_tokens", "content_filter": "content_filter"}
_LAST: Final = ("response.completed", "response.incomplete", "response.failed")


@define
class ResponsesAnswer(AnswerWriter):
    """A ``response`` and the events that build one."""

    form: ClassVar[Form] = "responses"

    _finish: str = ""
    _usage: Usage | None = None
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
        for piece in pieces:
            self.written(piece)
        self._close()
        return self._response(self._items, self._finish or "stop", self._usage)

    def begin(self) -> bytes:
        """``response.created`` and ``response.in_progress``."""
        if self.verbatim:
            return b""
        response = self._response([], None, None)
        return self._event("response.created", response=response) + self._event(
            "response.in_progress", response=response
        )

    def written(self, piece: Piece) -> bytes:
        """Deltas, each in the item of its kind."""
        self._usage, self._finish = piece.usage or self._usage, piece.finish_reason or self._finish
        sent = b""
        if piece.reasoning:
            sent += self._in("reasoning", Piece(reasoning=piece.reasoning))
            sent += self._of_item("response.reasoning_summary_text.delta", summary_index=0, delta=piece.reasoning)
        if piece.text:
            sent += self._in("message", Piece(text=piece.text))
            sent += self._of_item("response.output_text.delta", content_index=0, delta=piece.text, logprobs=[])
        if piece.refusal:
            sent += self._in("message", Piece(refusal=piece.refusal))
            sent += self._of_item("response.refusal.delta", content_index=0, delta=piece.refusal)
        for call in piece.tool_calls:
            sent += self._in(f"tool {call.index}", Piece(tool_calls=(call,)))
            sent += self._of_item("response.function_call_arguments.delta", delta=call.arguments)
        return sent

    def end(self) -> bytes:
        """``response.completed``, or ``response.incomplete`` with the reason."""
        if self.verbatim:
            return b""
        closed = self._close()
        response = self._response(self._items, self._finish or "stop", self._usage)
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

    def _in(self, kind: str, piece: Piece) -> bytes:
        """Put a piece into an item of its kind: the events that close another item, and open this one."""
        if self._open == kind:
            self._said.append(piece)
            return b""
        closed = self._close()
        self._open, self._said = kind, [piece]
        named = Piece(tool_calls=tuple(evolve(call, arguments="") for call in piece.tool_calls))
        item = self._item(len(self._items), "in_progress", named)
        self._items.append(item)
        opened = self._event("response.output_item.added", output_index=self._place, item=item)
        if kind == "message":
            opened += self._of_item("response.content_part.added", content_index=0, part=_spoken(piece.refusal, ""))
        if kind == "reasoning":
            part = {"type": "summary_text", "text": ""}
            opened += self._of_item("response.reasoning_summary_part.added", summary_index=0, part=part)
        return closed + opened

    def _close(self) -> bytes:
        """The events that end the open item, and tell it whole."""
        if not self._open:
            return b""
        whole = joined(self._said, self.model)
        self._items[-1] = item = self._item(self._place, "completed", whole)
        if self._open == "reasoning":
            part = item["summary"][0]
            ended = self._of_item("response.reasoning_summary_text.done", summary_index=0, text=whole.reasoning)
            ended += self._of_item("response.reasoning_summary_part.done", summary_index=0, part=part)
        elif self._open == "message":
            said = {"refusal": whole.refusal} if whole.refusal else {"text": whole.text, "logprobs": []}
            kind = "refusal" if whole.refusal else "output_text"
            ended = self._of_item(f"response.{kind}.done", content_index=0, **said)
            ended += self._of_item("response.content_part.done", content_index=0, part=item["content"][0])
        else:
            told = {"arguments": item["arguments"], "name": item["name"]}
            ended = self._of_item("response.function_call_arguments.done", **told)
        self._open = ""
        return ended + self._event("response.output_item.done", output_index=self._place, item=item)

    def _item(self, place: int, status: str, piece: Piece) -> dict[str, Any]:
        """The open item, with what it holds."""
        number = f"{self.id}_{place}"
        if self._open == "reasoning":
            summary = [{"type": "summary_text", "text": piece.reasoning}] if piece.reasoning else []
            return {"id": f"rs_{number}", "type": "reasoning", "summary": summary}
        if self._open == "message":
            content = [_spoken(piece.refusal, piece.text)] if piece.text or piece.refusal else []
            head = {"id": f"msg_{number}", "type": "message", "role": "assistant", "status": status}
            return {**head, "content": content}
        call = piece.tool_calls[0]
        arguments = call.arguments or ("{}" if status == "completed" else "")
        named = {"call_id": call.id or f"call_{number}", "name": call.name, "arguments": arguments}
        return {"id": f"fc_{number}", "type": "function_call", "status": status, **named}

    @property
    def _place(self) -> int:
        return len(self._items) - 1

    def _of_item(self, kind: str, **told: Any) -> bytes:
        return self._event(kind, item_id=self._items[-1]["id"], output_index=self._place, **told)

    def _event(self, kind: str, **told: Any) -> bytes:
        number, self._number = self._number, self._number + 1
        return event({"type": kind, "sequence_number": number, **told}, kind)


def _spoken(refusal: str, text: str) -> dict[str, Any]:
    if refusal:
        return {"type": "refusal", "refusal": refusal}
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}


def _account(usage: Usage) -> dict[str, Any]:
    prompt, answer = usage.input_tokens, usage.output_tokens
    return {
        "input_tokens": prompt,
        "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
        "output_tokens": answer,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": prompt + answer,
    }
