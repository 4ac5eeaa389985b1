"""Reading what Google's ``generateContent`` replies: bodies and events in, pieces and completions out."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final
from uuid import uuid4

from attrs import asdict, define

from detent.adapters.wire import Completion, Piece, ToolCall, Usage

from .format import EventReader, Fail, count_in, reply_in, table_in, tables_in, text_in
from .sse import ServerSentEvent

_FILTERED: Final = (
    *("SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "MODEL_ARMOR", "ESCALATION"),
    *("IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION"),
)
_REASONS: Final = {"STOP": "stop", "MAX_TOKENS": "length", **dict.fromkeys(_FILTERED, "content_filter")}
_NO_ANSWER: Final = (
    *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"),
    "MISSING_THOUGHT_SIGNATURE",
)
"""Finish reasons of an answer that went wrong; what came of it is of no use."""


@define
class GeminiReader(EventReader):
    """The chunks of a stream, up to the end of the body: no event says that it is the last.

    Attributes:
        calls: how many function calls there were.
    """

    calls: int = 0

    def piece_of(self, event: ServerSentEvent) -> Piece:
        """What a chunk brings."""
        chunk = self.chunk_of(event)
        if chunk.get("error"):
            raise self.refused(event)
        if wrong := _wrong(chunk):
            raise self.fail("sse", body=event.data, exception=wrong)
        piece = _piece(chunk, self.calls)
        self.calls += len(piece.tool_calls)
        return piece


def completion_of(body: str, model: str, fail: Fail) -> Completion:
    """A whole answer from a reply's body; what is no answer is raised as ``fail`` makes it."""
    reply = reply_in(body, fail)
    if reply.get("error"):
        raise fail("body200", body=body, exception="error in the body of a success")
    if wrong := _wrong(reply):
        raise fail("body200", body=body, exception=wrong)
    piece = _piece(reply, 0)
    if not piece.has_content:
        raise fail("body200", body=body, exception="empty answer")
    return Completion(model=text_in(reply.get("modelVersion")) or model, raw=reply, **asdict(piece, recurse=False))


def _candidate(chunk: dict[str, Any]) -> dict[str, Any]:
    return next((c for c in tables_in(chunk.get("candidates")) if c.get("index") in (0, None)), {})


def _wrong(chunk: dict[str, Any]) -> str:
    """Why there will be no answer; empty: there may be."""
    if blocked := text_in(table_in(chunk.get("promptFeedback")).get("blockReason")):
        return f"prompt blocked: {blocked}"
    candidate = _candidate(chunk)
    if any("partialArgs" in call or call.get("willContinue") for call in _called(candidate)):
        return "function call in parts; leave streamFunctionCallArguments out of extra_body"
    reason = text_in(candidate.get("finishReason"))
    return "empty answer: what came is unusable" if reason in _NO_ANSWER else ""


def _parts(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    return tables_in(table_in(candidate.get("content")).get("parts"))


def _called(candidate: dict[str, Any]) -> list[dict[str, Any]]:
    return tables_in([part.get("functionCall") for part in _parts(candidate)])


def _piece(chunk: dict[str, Any], calls_before: int) -> Piece:
    candidate = _candidate(chunk)
    parts = _parts(candidate)
    calls = tuple(_calls(candidate, calls_before))
    return Piece(
        text="".join(text_in(part.get("text")) for part in parts if part.get("thought") is not True),
        reasoning="".join(text_in(part.get("text")) for part in parts if part.get("thought") is True),
        tool_calls=calls,
        media=_media(parts),
        usage=_usage(chunk.get("usageMetadata")),
        finish_reason=_finish_reason(candidate, called=bool(calls) or calls_before > 0),
    )


def _calls(candidate: dict[str, Any], before: int) -> Iterator[ToolCall]:
    for index, call in enumerate(_called(candidate), start=before):
        # Older models give their calls no id, and a result is to name the call it belongs to.
        given = text_in(call.get("id")) or f"call_{uuid4().hex}"
        yield ToolCall(index, given, text_in(call.get("name")), json.dumps(table_in(call.get("args"))))


def _media(parts: list[dict[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for part in parts:
        if blob := table_in(part.get("inlineData")):
            kind = "images" if text_in(blob.get("mimeType")).startswith("image/") else "audio"
            found.setdefault(kind, []).append(blob)
        for kind in ("executableCode", "codeExecutionResult"):
            if part.get(kind):
                found.setdefault(kind, []).append(part[kind])
    return found


def _finish_reason(candidate: dict[str, Any], *, called: bool) -> str | None:
    reason = text_in(candidate.get("finishReason"))
    if reason == "STOP" and called:
        return "tool_calls"
    return _REASONS.get(reason, reason) or None


def _usage(account: object) -> Usage | None:
    """Thinking is paid for as output; what Google's own tools have found goes in as a prompt."""
    if not isinstance(account, dict) or not account:
        return None
    asked = count_in(account.get("promptTokenCount")) + count_in(account.get("toolUsePromptTokenCount"))
    answered = count_in(account.get("candidatesTokenCount")) + count_in(account.get("thoughtsTokenCount"))
    return Usage(asked, answered, account)
