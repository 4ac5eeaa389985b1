"""Taking a reply apart into layers: a gateway's wrapper is one, what it wraps is a deeper one.

What a user or a model wrote (``failed_generation``, ``input``, ``messages``) is never read, so that no
prompt can pose as an error; links are cut out, for their paths name billing and rate limits in replies
about neither.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from attrs import field, frozen

from .evidence import BODY_LIMIT
from .parse import embedded, page_in
from .words import words

MAX_LAYERS: Final = 24
MAX_TEXT: Final = 4096
_DEPTH: Final = 12

_CODE_KEYS: Final = words(
    "code type status reason name category error error_code errorcode error_type errortype error_name "
    "errorname err_code err_type status_code statuscode http_status http_code raw_status_code __type "
    "finishreason finish_reason blockreason block_reason error_status errno title"
)
_TEXT_KEYS: Final = words(
    "message msg detail details error error_message errormessage error_msg errormsg err_msg status_msg "
    "statusmessage description error_description title raw body reason cause errors failure"
)
_MERGED_KEYS: Final = words(
    "details violations metadata links ctx errorargs loc param params quotaid quotametric quotavalue "
    "retrydelay domain service quotaresetdelay quotadimensions model provider_name incomplete_details "
    "promptfeedback prompt_feedback content_filter_result"
)
_UNREAD_KEYS: Final = words(
    "failed_generation input messages choices output content candidates request prompt headers usage "
    "tools url request_url requestbodyvalues user_id id request_id content_block delta reasoning text"
)
_UPSTREAM_KEYS: Final = ("raw", "body", "error", "previous_errors", "upstream_error")
_DETAIL_CODES: Final = ("reason", "code", "type", "error_type", "blockreason")
_UNMERGED: Final = _UNREAD_KEYS | {"raw", "body", "@type", "error"}

_WORD: Final = re.compile(
    r"\b(?:[A-Za-z]+(?:_[A-Za-z0-9]+)+|[A-Z][A-Z0-9]{4,}"
    r"|(?:[A-Z][A-Za-z0-9]*)?(?:Error|Exception|Timeout|Throttling|Exceeded)|[A-Z][a-z]+[A-Z][A-Za-z]+)"
    r"(?:\.[A-Z][A-Za-z]+)*\b"
)
_DOTTED: Final = re.compile(r"[a-z][a-z_-]+(?:\.[a-z][a-z_-]+)+")
_URL: Final = re.compile(r"\b(?:https?|wss?)://[^\s\"'<>)\]]*", re.IGNORECASE)
_STATUS: Final = re.compile(
    r"(?:^\W*|\b(?:status(?:[ _]?code)?|http(?:/\d(?:\.\d)?)?|error|code|error[ _]code|returned"
    r"|(?:got|received) an?|\|)"
    r"[\s:=('\"]{1,4}|(?=[45]\d\d status code))([45]\d\d)\b",
    re.IGNORECASE,
)


@frozen
class Layer:
    """One error object of a reply.

    Attributes:
        codes: its machine words in lower case, its own fields before those found in its text.
        text: its human text.
        status: the HTTP status it states, if any.
        lowered: the text in lower case.
    """

    codes: tuple[str, ...] = ()
    text: str = ""
    status: int | None = None
    lowered: str = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "lowered", self.text.lower())


@frozen
class _Draft:
    """A layer in the making: the words and texts of one object, met in any order."""

    codes: list[str] = field(factory=list)
    texts: list[str] = field(factory=list)

    def done(self) -> Layer:
        text = _URL.sub("<url>", "\n".join(text.strip() for text in self.texts if text.strip())[:MAX_TEXT])
        stated_words = [code.strip().split("#")[-1].lower() for code in self.codes]
        stated = next((int(word) for word in stated_words if re.fullmatch(r"[45]\d\d", word)), None)
        found = (*stated_words, *(word.lower() for word in _WORD.findall(text)))
        return Layer(_with_parts(found), text, status_in(text) or stated)


def _with_parts(codes: Iterable[str]) -> tuple[str, ...]:
    """The codes, each dotted one (``FailedOperation.ResourcePackExhausted``) followed by its last part, the exact
    one."""
    whole: dict[str, None] = {}
    for code in filter(None, codes):
        whole[code] = None
        if _DOTTED.fullmatch(code):
            whole[code.rpartition(".")[2]] = None
    return tuple(whole)


def status_in(text: str) -> int | None:
    """The HTTP status that a text names near its beginning: ``402 Insufficient Balance``, ``status code:
    429``."""
    found = _STATUS.search(text[:600])
    return int(found.group(1)) if found else None


def layers_of_text(text: str, values: list[Any], depth: int = 0) -> Iterator[Layer]:
    """The layers of a text, the innermost first: those of the objects inside it, then its own.

    Args:
        text: a body, a message, a line of an exception.
        values: receives the parsed objects.
        depth: how deep in the reply the text lies.
    """
    page, text = page_in(text)
    if page:
        yield Layer(("shape:html",), page[:MAX_TEXT], status_in(page))
    inner, rest = embedded(text) if "{" in text and depth < _DEPTH else ([], text)
    values.extend(inner)
    for value in inner:
        yield from _walk(value, depth + 1, values)
    if rest.strip():
        yield _Draft(texts=[rest]).done()


def _walk(value: Any, depth: int, values: list[Any]) -> Iterator[Layer]:
    """The layers of a parsed value."""
    if depth > _DEPTH:
        return
    if isinstance(value, list):
        for item in value[:MAX_LAYERS]:
            if isinstance(item, dict | list):
                yield from _walk(item, depth + 1, values)
            else:
                yield from layers_of_text(str(item)[:MAX_TEXT], values, depth + 1)
    elif isinstance(value, dict):
        draft = _Draft()
        for key, child in list(value.items())[:100]:
            yield from _member(str(key).strip().lower(), child, draft, depth, values)
        if draft.codes or draft.texts:
            yield draft.done()


def _member(key: str, child: Any, draft: _Draft, depth: int, values: list[Any]) -> Iterator[Layer]:
    """What one member of an object adds to the object's own layer, and the layers inside it."""
    if key == "choices" and isinstance(child, list):
        yield from _walk([c["error"] for c in child if isinstance(c, dict) and c.get("error")], depth + 1, values)
    if key in _UNREAD_KEYS or child is None:
        return
    if not isinstance(child, dict | list):
        yield from _scalar(key, child, draft, depth, values)
        return
    if key.endswith("exception"):
        draft.codes.append(key)
    if key in _MERGED_KEYS:
        _merge(child, draft, 0)
        yield from _upstream(child, depth, values)
    else:
        yield from _walk(child, depth + 1, values)


def _upstream(child: Any, depth: int, values: list[Any]) -> Iterator[Layer]:
    """What a gateway keeps of the upstream's own words inside its details: ``metadata.raw``,
    ``previous_errors``."""
    if isinstance(child, list) and depth <= _DEPTH:
        for item in child[:MAX_LAYERS]:
            yield from _upstream(item, depth + 1, values)
    elif isinstance(child, dict) and depth <= _DEPTH:
        for key in ("metadata", "details"):
            yield from _upstream(child.get(key), depth + 1, values)
        for inner in map(child.get, _UPSTREAM_KEYS):
            if isinstance(inner, dict | list):
                yield from _walk(inner, depth + 1, values)
            elif isinstance(inner, str) and inner.strip():
                yield from layers_of_text(inner[:BODY_LIMIT], values, depth + 1)


def _scalar(key: str, child: Any, draft: _Draft, depth: int, values: list[Any]) -> Iterator[Layer]:
    word = str(child)[:BODY_LIMIT]
    is_word = len(word) <= 80 and not isinstance(child, bool) and not re.search(r"\s", word.strip())
    if key in _CODE_KEYS and is_word:
        draft.codes.append(word)
    elif isinstance(child, str) and key in _CODE_KEYS | _TEXT_KEYS:
        found, rest = embedded(word) if "{" in word else ([], word)
        values.extend(found)
        for value in found:
            yield from _walk(value, depth + 1, values)
        draft.texts.append(rest)
    elif key in _MERGED_KEYS:
        draft.texts.append(f"{key}={word[:200]}")


def _merge(value: Any, draft: _Draft, depth: int) -> None:
    """Take the words of a details object into the layer that owns it."""
    if depth > 4:
        return
    if isinstance(value, dict):
        for key, child in list(value.items())[:40]:
            _merge_member(str(key).strip().lower(), child, draft, depth)
    elif isinstance(value, list) and value and all(isinstance(item, str | int) for item in value):
        draft.texts.append("param=" + ".".join(str(item)[:80] for item in value[:10]))
    elif isinstance(value, list):
        for item in value[:20]:
            _merge(item, draft, depth + 1)


def _merge_member(name: str, child: Any, draft: _Draft, depth: int) -> None:
    if isinstance(child, dict | list):
        if name not in _UNREAD_KEYS:
            _merge(child, draft, depth + 1)
    elif name in _DETAIL_CODES and isinstance(child, str | int):
        draft.codes.append(str(child)[:80])
    elif isinstance(child, str) and name not in _UNMERGED:
        draft.texts.append(child[:600] if name in _TEXT_KEYS else f"{name}={child[:300]}")
