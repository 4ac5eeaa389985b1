"""Reading untidy bodies: tolerant JSON, JSON inside prose, server-sent events, HTML pages."""

from __future__ import annotations

import ast
import json
import re
from html import unescape
from typing import Any, Final

_DECODER: Final = json.JSONDecoder(strict=False)
_UNREADABLE: Final = (ValueError, SyntaxError, TypeError, RecursionError, MemoryError)
_TRIES: Final = 8
_LITERAL_LIMIT: Final = 16 * 1024
_ODD_ESCAPE: Final = re.compile(r"\\[^\\'\"nrtxu]")
_SALVAGE: Final = re.compile(
    r'"(error|message|msg|detail|code|type|status|reason|status_code|status_msg|error_type|error_code|quotaId'
    r'|retryDelay|__type)"\s*:\s*(?:"((?:[^"\\]|\\.)*)|(-?\d+))'
)
_TITLE: Final = re.compile(r"<(title|h1|h2)\b[^>]*>(.*?)</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG: Final = re.compile(r"<[^>]{0,400}>")
_HTML: Final = re.compile(
    r"^\s*(?:<!--.{0,400}?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL
)
_PAGE: Final = re.compile(r"<(?:!doctype html|html)\b", re.IGNORECASE)
_SSE: Final = re.compile(r"^(?:event|data):", re.MULTILINE)


def json_of(text: str) -> Any:
    """The value of a text that is JSON as a whole, stray commas and control characters forgiven; None
    otherwise."""
    trimmed = text.strip().strip(",").strip()
    if not trimmed or trimmed[0] not in "{[":
        return None
    try:
        return _DECODER.decode(trimmed)
    except _UNREADABLE:
        return None


def embedded(text: str) -> tuple[list[Any], str]:
    """The JSON objects (or Python literals of them) inside a text, in their order, and the text without
    them."""
    whole = json_of(text)
    if whole is not None:
        return [whole], ""
    values: list[Any] = []
    rest: list[str] = []
    at, tries = 0, 0
    while tries < _TRIES:
        start = text.find("{", at)
        if start < 0:
            break
        tries += 1
        value, end = _object_at(text, start)
        if value is None:
            rest.append(text[at : start + 1])
            at = start + 1
        else:
            values.append(value)
            rest.append(text[at:start])
            at = end
    rest.append(text[at:])
    if not values and '\\"' in text:
        inner, _ = embedded(text.replace('\\\\"', '\\"').replace('\\"', '"').replace("\\n", "\n"))
        if inner:
            return inner, text[: text.find("{")]
    if not values:
        salvaged = _salvage(text)
        if salvaged:
            return [salvaged], text[: text.find("{")]
    return values, "".join(rest)


def _object_at(text: str, start: int) -> tuple[Any, int]:
    """The non-empty object that begins at ``start`` and the index behind it; None where there is none."""
    try:
        value, end = _DECODER.raw_decode(text, start)
        if value:
            return value, end
    except _UNREADABLE:
        pass
    return _literal_at(text, start)


def _literal_at(text: str, start: int) -> tuple[Any, int]:
    if not re.match(r"\{\s*['\"]", text[start : start + 40]):
        return None, start
    end = _closing(text, start)
    piece = text[start:end]
    if end == start or _ODD_ESCAPE.search(piece):
        return None, start
    try:
        value = ast.literal_eval(piece)
    except _UNREADABLE:
        return None, start
    return (value, end) if isinstance(value, dict) and value else (None, start)


def _closing(text: str, start: int) -> int:
    """The index behind the brace that closes the one at ``start``; ``start`` itself if none or nested
    too deep."""
    depth, quote, i = 0, "", start
    limit = min(len(text), start + _LITERAL_LIMIT)
    while i < limit:
        char = text[i]
        if quote:
            if char == "\\":
                i += 1
            elif char == quote:
                quote = ""
        elif char in "'\"":
            quote = char
        elif char in "{[(":
            depth += 1
            if depth > 20:
                return start
        elif char in "}])":
            depth -= 1
            if depth == 0:
                return i + 1
        i += 1
    return start


def _salvage(text: str) -> dict[str, Any]:
    """The telling fields of a JSON object that breaks off in the middle."""
    if not text.lstrip()[:1] or '"' not in text or "{" not in text:
        return {}
    found: dict[str, Any] = {}
    for name, word, number in _SALVAGE.findall(text):
        found.setdefault(name, int(number[:18]) if number else word.replace('\\"', '"').replace("\\n", "\n"))
    return found


def is_events(text: str) -> bool:
    """Whether a text is a stream of server-sent events."""
    return _SSE.search(text[:4096]) is not None


def events_of(text: str) -> list[tuple[str, str]]:
    """The ``(event name, data)`` pairs of a server-sent event stream (WHATWG HTML, section 9.2)."""
    events: list[tuple[str, str]] = []
    name = ""
    data: list[str] = []
    for line in [*text.splitlines(), ""]:
        if not line.strip():
            if name or data:
                events.append((name, "\n".join(data)))
            name, data = "", []
        elif line.startswith("event:"):
            name = line[6:].strip()
        elif line.startswith("data:"):
            data.append(line[5:].strip())
        elif not line.startswith((":", "id:", "retry:")) and line.lstrip().startswith("{"):
            data.append(line.strip())
    return events


def is_html(text: str) -> bool:
    """Whether a text is a web page rather than an API's answer."""
    return _HTML.match(text) is not None


def page_in(text: str) -> tuple[str, str]:
    """The headings of a web page inside a text, and the text before it; empty headings where there is none."""
    found = _PAGE.search(text)
    if found is None:
        return "", text
    return html_headings(text[found.start() :]), text[: found.start()]


def html_headings(text: str) -> str:
    """The title and the headings of a page: what it says of itself, without its paragraphs and scripts."""
    lines = (" ".join(unescape(_TAG.sub(" ", inner)).split()) for _, inner in _TITLE.findall(text))
    return "\n".join(line for line in lines if line)
