"""OpenAI's chat completions, as the local provider speaks them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web
from attrs import define

from .speech import Said, Speech, Wrong, event


@define
class ChatSpeech(Speech):
    """``chat.completion`` and its chunks."""

    api: ClassVar[str] = "openai"

    @staticmethod
    def routes() -> tuple[str, ...]:
        """Where chat completions are asked for."""
        return ("/v1/chat/completions",)

    @staticmethod
    def asked(http: web.Request, body: Mapping[str, Any]) -> tuple[str, bool]:  # noqa: ARG004 - all is in the body
        """The body names both."""
        return str(body["model"]), bool(body.get("stream"))

    def whole(self, said: Said) -> dict[str, Any]:
        """A ``chat.completion``."""
        message: dict[str, Any] = {"role": "assistant", "content": said.text}
        if said.tool:
            message = {"role": "assistant", "content": None, "tool_calls": [self._tool(said, said.arguments)]}
        choice = {"index": 0, "message": message, "finish_reason": _reason(said)}
        return self._frame("chat.completion", [choice]) | {"usage": self._usage(said)}

    def begin(self, said: Said) -> bytes:
        """The role, and the tool's name."""
        if said.tool:
            first = {"index": 0, **self._tool(said, "")}
            return self.chunk({"role": "assistant", "content": None, "tool_calls": [first]})
        return self.chunk({"role": "assistant", "content": ""})

    def text(self, token: str) -> bytes:
        """A delta of content."""
        return self.chunk({"content": token})

    def arguments(self, part: str) -> bytes:
        """A delta of arguments."""
        return self.chunk({"tool_calls": [{"index": 0, "function": {"arguments": part}}]})

    def end(self, said: Said) -> bytes:
        """The finish reason, the usage if it was asked for, ``[DONE]``."""
        end = self.chunk({}, _reason(said))
        options = self.call.body.get("stream_options")
        if isinstance(options, Mapping) and options.get("include_usage"):
            end += event(self._frame("chat.completion.chunk", []) | {"usage": self._usage(said)})
        return end + b"data: [DONE]\n\n"

    def wrong(self, wrong: Wrong, status: int) -> dict[str, Any]:  # noqa: ARG002 - OpenAI's body does not repeat it
        """``{"error": …}``."""
        return {"error": {"message": wrong.message, "type": wrong.kind, "param": None, "code": wrong.code}}

    def failing(self, error: Mapping[str, Any]) -> bytes:
        """A chunk that is an error."""
        return event(error)

    def chunk(self, delta: Mapping[str, Any], finish_reason: str | None = None) -> bytes:
        """A ``chat.completion.chunk``."""
        choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
        return event(self._frame("chat.completion.chunk", [choice]))

    def _tool(self, said: Said, arguments: str) -> dict[str, Any]:
        function = {"name": said.tool, "arguments": arguments}
        return {"id": f"call_{self.id}", "type": "function", "function": function}

    def _frame(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        frame = {"id": self.id, "object": kind, "created": int(self.call.at), "model": self.call.model}
        return {**frame, "choices": choices}

    def _usage(self, said: Said) -> dict[str, int]:
        prompt, answer = self.tokens(said)
        return {"prompt_tokens": prompt, "completion_tokens": answer, "total_tokens": prompt + answer}


def _reason(said: Said) -> str:
    return "tool_calls" if said.tool else "stop"
