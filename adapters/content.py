"""What counts as content: the first piece that commits a turn to its candidate, and the piece that keeps it alive.

Keep-alive comments, role announcements and empty deltas are neither (LiteLLM #6957, #36267: a turn was committed by a
frame that carried nothing). The shapes of the common clients are recognised by their fields; a piece of any other shape
is taken for content, since only its application can know.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, Final

from .wire import Piece

_ABSENT: Final = object()
_DELTA_FIELDS: Final = (
    "content",
    "tool_calls",
    "function_call",
    "reasoning",
    "reasoning_content",
    "refusal",
    "audio",
)
_SILENT_EVENTS: Final = frozenset(
    (
        "message_start",
        "message_delta",
        "message_stop",
        "content_block_stop",
        "ping",
        "response.created",
        "response.in_progress",
        "response.completed",
        "response.output_item.added",
        "response.content_part.added",
    )
)


def has_content(piece: Any) -> bool:
    """Whether a piece of an answer, or a whole answer, carries text, a tool call, reasoning or the like.

    Args:
        piece: text, bytes, or an object or mapping of a client library (OpenAI chat and responses, Anthropic,
            Google), streamed or whole.
    """
    if piece is None:
        return False
    if isinstance(piece, Piece):
        return piece.has_content
    if isinstance(piece, (str, bytes, bytearray)):
        return len(piece) > 0
    choices = _get(piece, "choices")
    if choices is not _ABSENT:
        return any(_choice_speaks(choice) for choice in choices or ())
    kind = _get(piece, "type")
    if isinstance(kind, str) and kind in _SILENT_EVENTS:
        return False
    if kind == "content_block_start":
        return bool(_get(_get(piece, "content_block"), "type") == "tool_use")
    if kind == "message":
        return bool(_get(piece, "content"))
    candidates = _get(piece, "candidates")
    if candidates is not _ABSENT:
        return any(
            _get(_get(candidate, "content"), "parts") not in (_ABSENT, None, []) for candidate in candidates or ()
        )
    return True


def shows_life(piece: Any) -> bool:
    """Whether a piece proves that the provider is at work: it has content, or says itself that some was held back."""
    return _get(piece, "shows_life") is True or has_content(piece)


def is_in_tool_call(piece: Any, before: bool) -> bool:
    """Whether an answer stands in the middle of a tool call after this piece, in the shapes of the common clients.

    Args:
        piece: the piece.
        before: whether it did before.
    """
    kind = _get(piece, "type")
    if kind in ("content_block_start", "content_block_stop"):
        return bool(_get(_get(piece, "content_block"), "type") == "tool_use")
    choices = _get(piece, "choices")
    for choice in choices if isinstance(choices, (list, tuple)) else ():
        if _get(choice, "finish_reason") not in (_ABSENT, None):
            return False
        before = before or _get(_get(choice, "delta"), "tool_calls") not in (_ABSENT, None, [], ())
    return before


def characters_of(piece: Any) -> int:
    """How many characters of text a piece carries, as far as its shape is known."""
    if isinstance(piece, str):
        return len(piece)
    if isinstance(piece, Piece):
        return len(piece.text)
    texts = [_get(piece, "text"), _get(_get(piece, "delta"), "text")]
    choices = _get(piece, "choices")
    for choice in choices if isinstance(choices, (list, tuple)) else ():
        texts += [_get(_get(choice, "delta"), "content"), _get(choice, "text")]
    return sum(len(text) for text in texts if isinstance(text, str))


def _choice_speaks(choice: Any) -> bool:
    for part in ("delta", "message"):
        inner = _get(choice, part)
        if inner is not _ABSENT and inner is not None:
            return any(_get(inner, name) not in (_ABSENT, None, "", [], {}) for name in _DELTA_FIELDS)
    text = _get(choice, "text")
    return isinstance(text, str) and text != ""


@cache
def _is_mapping(kind: type) -> bool:
    return issubclass(kind, Mapping)


def _get(thing: Any, name: str) -> Any:
    if _is_mapping(type(thing)):  # type: ignore[arg-type]  # mypy takes no class for hashable
        return thing.get(name, _ABSENT)
    return getattr(thing, name, _ABSENT)
