"""OpenAI's Responses, as the local provider speaks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web
from attrs import define, field

from .speech import Said, Speech, Wrong, event


@define
class ResponsesSpeech(Speech):
    """A ``response`` and its events."""

    api: ClassVar[str] = "responses"
    _told: int = field(default=0, init=False)

    @staticmethod
    def routes() -> tuple[str, ...]:
        """Where responses are asked for."""
        return ("/v1/responses",)

    @staticmethod
    def asked(http: web.Request, body: Mapping[str, Any]) -> tuple[str, bool]:  # noqa: ARG004 - all is in the body
        """The body names both."""
        return str(body["model"]), bool(body.get("stream"))

    def whole(self, said: Said) -> dict[str, Any]:
        """A ``response`` that is completed."""
        return self._response("completed", [self._item(said)], self._usage(said))

    def begin(self, said: Said) -> bytes:
        """The response, its item, and the part that the words go into."""
        opened = b"".join(
            self._event(name, response=self._response("in_progress"))
            for name in ("response.created", "response.in_progress")
        )
        item = self._item(Said("", said.tool, ""), "in_progress")
        if said.tool:
            return opened + self._event("response.output_item.added", output_index=0, item=item)
        item["content"] = []
        opened += self._event("response.output_item.added", output_index=0, item=item)
        return opened + self._in_text("response.content_part.added", part=_text(""))

    def text(self, token: str) -> bytes:
        """A delta of the text."""
        return self._in_text("response.output_text.delta", delta=token, logprobs=[])

    def arguments(self, part: str) -> bytes:
        """A delta of the arguments."""
        name = "response.function_call_arguments.delta"
        return self._event(name, item_id=self._item_id(tool=True), output_index=0, delta=part)

    def end(self, said: Said) -> bytes:
        """What was told in parts, told whole; then the completed response."""
        if said.tool:
            name, item = "response.function_call_arguments.done", self._item_id(tool=True)
            told = self._event(name, item_id=item, output_index=0, name=said.tool, arguments=said.arguments)
        else:
            told = self._in_text("response.output_text.done", text=said.text, logprobs=[])
            told += self._in_text("response.content_part.done", part=_text(said.text))
        told += self._event("response.output_item.done", output_index=0, item=self._item(said))
        return told + self._event("response.completed", response=self.whole(said))

    def wrong(self, wrong: Wrong, status: int) -> dict[str, Any]:  # noqa: ARG002 - OpenAI's body does not repeat it
        """``{"error": …}``."""
        return {"error": {"message": wrong.message, "type": wrong.kind, "param": None, "code": wrong.code}}

    def failing(self, error: Mapping[str, Any]) -> bytes:
        """An ``error`` event."""
        return self._event("error", **error)

    def _event(self, name: str, /, **fields: object) -> bytes:
        self._told += 1
        return event({"type": name, "sequence_number": self._told - 1, **fields}, name)

    def _in_text(self, name: str, /, **fields: object) -> bytes:
        return self._event(name, item_id=self._item_id(tool=False), output_index=0, content_index=0, **fields)

    def _response(
        self, status: str, output: list[dict[str, Any]] | None = None, usage: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        asked = self.call.body
        return {
            "id": f"resp_{self.id}",
            "object": "response",
            "created_at": int(self.call.at),
            "status": status,
            "error": None,
            "incomplete_details": None,
            "instructions": asked.get("instructions"),
            "metadata": {},
            "model": self.call.model,
            "output": output or [],
            "parallel_tool_calls": asked.get("parallel_tool_calls", True),
            "previous_response_id": asked.get("previous_response_id"),
            "store": asked.get("store", True),
            "temperature": asked.get("temperature", 1.0),
            "tool_choice": asked.get("tool_choice", "auto"),
            "tools": asked.get("tools", []),
            "top_p": asked.get("top_p", 1.0),
            "usage": usage,
        }

    def _item(self, said: Said, status: str = "completed") -> dict[str, Any]:
        item: dict[str, Any] = {"id": self._item_id(tool=bool(said.tool)), "status": status}
        if said.tool:
            called = {"call_id": f"call_{self.id}", "name": said.tool, "arguments": said.arguments}
            return {**item, "type": "function_call", **called}
        return {**item, "type": "message", "role": "assistant", "content": [_text(said.text)]}

    def _item_id(self, *, tool: bool) -> str:
        return f"{'fc' if tool else 'msg'}_{self.id}"

    def _usage(self, said: Said) -> dict[str, Any]:
        prompt, answer = self.tokens(said)
        return {
            "input_tokens": prompt,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": answer,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": prompt + answer,
        }


def _text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
