"""Anthropic's Messages, as the local provider speaks them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from aiohttp import web
from attrs import define

from .speech import Said, Speech, Wrong, event

_KINDS: Final = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}


@define
class MessagesSpeech(Speech):
    """A ``message`` of one block, and its events."""

    api: ClassVar[str] = "anthropic"

    @staticmethod
    def routes() -> tuple[str, ...]:
        """Where messages are asked for."""
        return ("/v1/messages",)

    @staticmethod
    def asked(http: web.Request, body: Mapping[str, Any]) -> tuple[str, bool]:
        """The body names both; like Anthropic it wants the version of the API and a limit on the answer as well."""
        if "anthropic-version" not in http.headers or "max_tokens" not in body:
            raise KeyError
        return str(body["model"]), bool(body.get("stream"))

    def whole(self, said: Said) -> dict[str, Any]:
        """A ``message``."""
        block = {"type": "text", "text": said.text}
        if said.tool:
            block = self._tool(said, json.loads(said.arguments))
        content = [block] if said.text or said.tool else []
        return self._message(content, _reason(said)) | {"usage": self._usage(said)}

    def begin(self, said: Said) -> bytes:
        """The message without content, the beginning of its block, and a ping, as Anthropic intersperses them."""
        usage = {**self._usage(said), "output_tokens": 1}
        block = self._tool(said, {}) if said.tool else {"type": "text", "text": ""}
        return (
            _event("message_start", message=self._message([], None) | {"usage": usage})
            + _event("content_block_start", index=0, content_block=block)
            + _event("ping")
        )

    def text(self, token: str) -> bytes:
        """A ``text_delta``."""
        return _delta({"type": "text_delta", "text": token})

    def arguments(self, part: str) -> bytes:
        """An ``input_json_delta``."""
        return _delta({"type": "input_json_delta", "partial_json": part})

    def end(self, said: Said) -> bytes:
        """The end of the block, the stop reason with the usage, the end of the message."""
        why = {"stop_reason": _reason(said), "stop_sequence": None}
        used = {"output_tokens": self._usage(said)["output_tokens"]}
        return (
            _event("content_block_stop", index=0)
            + _event("message_delta", delta=why, usage=used)
            + _event("message_stop")
        )

    def wrong(self, wrong: Wrong, status: int) -> dict[str, Any]:
        """``{"type": "error", …}``, of the type that goes with the status."""
        error = {"type": _KINDS.get(status, "api_error"), "message": wrong.message}
        return {"type": "error", "error": error, "request_id": f"req_{self.id}"}

    def failing(self, error: Mapping[str, Any]) -> bytes:
        """An ``error`` event."""
        return event(error, "error")

    def _tool(self, said: Said, arguments: Mapping[str, Any]) -> dict[str, Any]:
        return {"type": "tool_use", "id": f"toolu_{self.id}", "name": said.tool, "input": arguments}

    def _message(self, content: list[dict[str, Any]], reason: str | None) -> dict[str, Any]:
        head = {"id": f"msg_{self.id}", "type": "message", "role": "assistant", "model": self.call.model}
        return {**head, "content": content, "stop_reason": reason, "stop_sequence": None}

    def _usage(self, said: Said) -> dict[str, int]:
        prompt, answer = self.tokens(said)
        cached = {"cache_creation_input_tokens": 0, "cache_read_input_tokens": 0}
        return {"input_tokens": prompt, **cached, "output_tokens": answer}


def _event(kind: str, **data: Any) -> bytes:
    return event({"type": kind, **data}, kind)


def _delta(delta: Mapping[str, str]) -> bytes:
    return _event("content_block_delta", index=0, delta=delta)


def _reason(said: Said) -> str:
    return "tool_use" if said.tool else "end_turn"
