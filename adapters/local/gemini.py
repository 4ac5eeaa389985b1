"""Google's ``generateContent``, as the local provider speaks it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from aiohttp import web
from attrs import define

from .speech import Said, Speech, Wrong, event

_STATUSES: Final = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


@define
class GeminiSpeech(Speech):
    """``GenerateContentResponse``, whole or in chunks. A call of a tool is never cut: it comes with the first chunk."""

    api: ClassVar[str] = "gemini"

    @staticmethod
    def routes() -> tuple[str, ...]:
        """Where both methods of a model are, at the Gemini API and at Vertex AI."""
        return ("/{version:.+}/models/{model}:{method:generateContent|streamGenerateContent}",)

    @staticmethod
    def asked(http: web.Request, body: Mapping[str, Any]) -> tuple[str, bool]:
        """The path names both.

        Raises:
            KeyError: the body has no contents.
        """
        _ = body["contents"]
        return http.match_info["model"], http.match_info["method"] == "streamGenerateContent"

    def whole(self, said: Said) -> dict[str, Any]:
        """A ``GenerateContentResponse``."""
        return self._chunk([_part(said)], "STOP") | {"usageMetadata": self._usage(said)}

    def begin(self, said: Said) -> bytes:
        """Nothing: the first chunk brings words; or a whole call of a tool."""
        return event(self._chunk([_part(said)])) if said.tool else b""

    def text(self, token: str) -> bytes:
        """A chunk with some words."""
        return event(self._chunk([{"text": token}]))

    def arguments(self, part: str) -> bytes:  # noqa: ARG002 - they came whole, with the call
        """Nothing."""
        return b""

    def end(self, said: Said) -> bytes:
        """A chunk with the finish reason and the usage."""
        return event(self._chunk([{"text": ""}], "STOP") | {"usageMetadata": self._usage(said)})

    def wrong(self, wrong: Wrong, status: int) -> dict[str, Any]:
        """A ``google.rpc.Status``."""
        return {"error": {"code": status, "message": wrong.message, "status": _STATUSES.get(status, "UNKNOWN")}}

    def failing(self, error: Mapping[str, Any]) -> bytes:
        """A chunk that is an error."""
        return event(error)

    def _chunk(self, parts: list[dict[str, Any]], finish_reason: str | None = None) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish_reason:
            candidate["finishReason"] = finish_reason
        return {"candidates": [candidate], "modelVersion": self.call.model, "responseId": self.id}

    def _usage(self, said: Said) -> dict[str, int]:
        prompt, answer = self.tokens(said)
        return {"promptTokenCount": prompt, "candidatesTokenCount": answer, "totalTokenCount": prompt + answer}


def _part(said: Said) -> dict[str, Any]:
    if not said.tool:
        return {"text": said.text}
    return {"functionCall": {"name": said.tool, "args": json.loads(said.arguments)}}
