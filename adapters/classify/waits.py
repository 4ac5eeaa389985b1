"""How long a failed reply says to wait: every notation in use, in the order of trust.

1. machine fields of the body (Google ``RetryInfo``, Codex ``resets_in_seconds``, Cloudflare ``retry_after``);
2. ``retry-after-ms`` and ``retry-after`` (RFC 9110, 10.2.3), of failed responses only: providers send them
with
   a 200 as well; 3. the reset headers of a bucket with nothing left; 4. a delay written in prose. A clock
   time
without a zone (Z.ai writes Beijing time) is no wait. All results are seconds.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final

from .facts import Facts

_UNIT: Final[dict[str, float]] = {
    **dict.fromkeys(("ns", "nanosecond", "nanoseconds"), 1e-9),
    **dict.fromkeys(("us", "µs", "microsecond", "microseconds"), 1e-6),
    **dict.fromkeys(("ms", "msec", "millisecond", "milliseconds", "毫秒"), 1e-3),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds", "秒", "秒钟"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes", "分", "分钟"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours", "小时", "个小时", "时"), 3600.0),
    **dict.fromkeys(("d", "day", "days", "天", "日"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}
_UNITS: Final = "|".join(sorted(map(re.escape, _UNIT), key=len, reverse=True))
_PART: Final = re.compile(rf"(\d{{1,12}}(?:\.\d{{1,12}})?)\s*({_UNITS})(?![a-z])", re.IGNORECASE)
_SPAN: Final = rf"\d{{1,12}}(?:\.\d{{1,12}})?\s*(?:{_UNITS})(?![a-z])"
_DURATION: Final = rf"{_SPAN}(?:(?:\s|,|and\b){{0,4}}{_SPAN}){{0,4}}"
_BETWEEN: Final = (
    r"(?:\W{0,3}(?:again|after|in|for|about|approximately|around|at least|your|the|limit|limits|quota"
    r"|usage|rate|will|to|be|is|of|"
    r"available|window|resets?|reset|until|within|another|next)\b){0,7}\W{0,3}"
)
_PROSE: Final = (
    re.compile(
        rf"\b(?:try again|retry|retrying|retried|wait|resets?|available(?: again)?|back off|retry-after"
        rf"|retryDelay){_BETWEEN}({_DURATION})",
        re.IGNORECASE,
    ),
    re.compile(rf"({_DURATION})\s*(?:之?后|以后|后再|内)"),
    re.compile(rf"(?:等待|请在|请于|重试时间)\s*[:：]?\s*({_DURATION})"),
    re.compile(rf"\bin ({_DURATION})\W{{0,3}}(?:try again|retry)", re.IGNORECASE),
)
_AN: Final = re.compile(
    r"\b(?:again|retry|reset|resets)\s+(?:in|after)\s+(?:about\s+)?an?\s+(second|minute|hour|day)\b",
    re.IGNORECASE,
)
_BARE: Final = re.compile(
    r"\bretry[-_ ]?after[\"']?\s{0,2}[:=]?\s{0,2}[\"']?(\d{1,7}(?:\.\d{1,9})?)(?![\d.-]*[A-Za-z:])",
    re.IGNORECASE,
)
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)\b", re.IGNORECASE)
_AT: Final = re.compile(
    rf"\b(?:resets?|again|available|until|retry|access)\b[^.\n]{{0,40}}?({_RFC3339.pattern})", re.IGNORECASE
)
_BODY_FIELDS: Final = (
    *("retrydelay", "resets_in_seconds", "reset_after_seconds", "retry_after_ms", "retry_after"),
    *("retry_after_seconds", "retryafter", "retry-after", "retry_after_s", "quotaresetdelay"),
    *("quotaresettimestamp", "resets_at", "reset_at"),
)
_EMBEDDED_HEADERS: Final = ("headers", "responseheaders", "response_headers")


def duration_s(text: str) -> float | None:
    """Seconds of a duration with units: ``34.4s``, ``9m38.016s``, ``1h2m3s``, ``120ms``, ``5 days 22
    hours``, ``30秒``.

    None for anything else, a bare number included.
    """
    trimmed = text.strip().lower()
    if not trimmed or re.sub(r"[\s,]|and", "", _PART.sub("", trimmed)):
        return None
    return sum(float(number) * _UNIT[unit.lower()] for number, unit in _PART.findall(trimmed))


def moment_s(text: str) -> float | None:
    """Epoch seconds of a point in time: RFC 3339 with a zone, an HTTP date, epoch seconds or
    milliseconds; else None."""
    trimmed = text.strip()
    if re.fullmatch(r"\d{9,17}(?:\.\d+)?", trimmed):
        number = float(trimmed)
        if number >= 1e11:
            number /= 1000.0
        return number if number >= 1e9 else None
    try:
        if _RFC3339.fullmatch(trimmed):
            return datetime.fromisoformat(trimmed.upper().replace("Z", "+00:00")).timestamp()
        if re.match(r"[A-Za-z]{3}[a-z]*, ", trimmed):
            return parsedate_to_datetime(trimmed).astimezone(UTC).timestamp()
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return None


def wait_s(facts: Facts, now: float | None = None) -> float | None:
    """The wait in seconds that a failed reply states, by the order of trust above; None if it states none.

    Args:
        facts: of the reply.
        now: epoch seconds at which the reply came, for absolute times; the reply's own ``Date`` is preferred,
            and without either absolute times are passed over.
    """
    date = moment_s(facts.headers.get("date", ""))
    reference = date if date is not None else now
    failed = facts.status is None or facts.status >= 300
    trusted = facts.headers if failed else {}
    inside = _embedded_headers(facts.values)
    for found in (
        _from_body(facts.values, reference),
        _from_retry_after(trusted, reference),
        _from_retry_after(inside, reference),
        _from_resets(trusted, reference, facts.status == 429),
        _from_resets(inside, reference, limited=True),
        prose_s(facts.text, reference),
    ):
        if found is not None and math.isfinite(found):
            return max(0.0, found)
    return None


def prose_s(text: str, now: float | None = None) -> float | None:
    """The wait in seconds written in a sentence, English or Chinese; a clock time needs a zone and
    ``now``."""
    for pattern in _PROSE:
        found = pattern.search(text)
        if found:
            return sum(float(number) * _UNIT[unit.lower()] for number, unit in _PART.findall(found.group(1)))
    if found := _AN.search(text):
        return _UNIT[found.group(1).lower()]
    if found := _BARE.search(text):
        return float(found.group(1))
    if now is not None and (found := _AT.search(text)):
        at = moment_s(found.group(1))
        return None if at is None else at - now
    return None


def _fields(values: Iterable[Any], depth: int = 0) -> Iterator[tuple[str, Any]]:
    for value in list(values)[:200]:
        if isinstance(value, dict) and depth <= 10:
            for key, child in list(value.items())[:200]:
                yield str(key).strip().lower(), child
                if isinstance(child, dict | list):
                    yield from _fields((child,), depth + 1)
        elif isinstance(value, list) and depth <= 10:
            yield from _fields(value, depth + 1)


def _from_body(values: tuple[Any, ...], now: float | None) -> float | None:
    found: dict[str, float] = {}
    for name, child in _fields(values):
        if name in _BODY_FIELDS and name not in found:
            seconds = _field_s(name, child, now)
            if seconds is not None:
                found[name] = seconds
    return next((found[name] for name in _BODY_FIELDS if name in found), None)


def _field_s(name: str, child: Any, now: float | None) -> float | None:
    if isinstance(child, bool) or not isinstance(child, int | float | str):
        return None
    text = str(child)[:60]
    if name in ("resets_at", "reset_at", "quotaresettimestamp"):
        at = moment_s(text)
        return at - now if at is not None and now is not None else None
    seconds = _seconds(text, now)
    return seconds / 1000.0 if seconds is not None and name == "retry_after_ms" else seconds


def _number(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,12}(?:\.\d{1,12})?", text.strip()) else None


def _seconds(text: str, now: float | None) -> float | None:
    """Seconds of a bare number, a duration, or a point in time still to come."""
    at = moment_s(text)
    if at is not None:
        return at - now if now is not None else None
    number = _number(text)
    return number if number is not None else duration_s(text)


def _from_retry_after(headers: Mapping[str, str], now: float | None) -> float | None:
    """``retry-after-ms`` unless it is zero, then ``retry-after``: Azure sends 0 ms next to 1 s, no call
    to hammer it."""
    milliseconds = _number(headers.get("retry-after-ms", ""))
    seconds = _seconds(headers.get("retry-after", ""), now)
    if milliseconds is not None and (milliseconds > 0 or seconds is None):
        return milliseconds / 1000.0
    return seconds


def _from_resets(headers: Mapping[str, str], now: float | None, limited: bool) -> float | None:
    """The longest reset among the spent buckets, for the next call needs them all."""
    waits = [_seconds(reset, now) for reset in _spent_buckets(headers, limited)]
    known = [wait for wait in waits if wait is not None and wait >= 0]
    return max(known, default=None)


def _spent_buckets(headers: Mapping[str, str], limited: bool) -> Iterator[str]:
    """The resets of the buckets with nothing ``remaining``; where the call was refused for its rate (``limited``),
    also of those that tell no ``remaining``."""
    unknown = "0" if limited else ""
    for name, value in headers.items():
        if "ratelimit-reset" in name or (name.startswith("anthropic-ratelimit-") and name.endswith("-reset")):
            if name.startswith("anthropic-ratelimit-unified"):
                if headers.get(name.removesuffix("-reset") + "-status") == "rejected":
                    yield value
            elif headers.get(_remaining_of(name), unknown).strip() in ("0", "0.0"):
                yield value
        elif name == "ratelimit":
            found = re.search(r"\br=0\b.*?\bt=(\d{1,9})", value)
            if found:
                yield found.group(1)
        elif name.startswith("x-codex-") and name.endswith("-reset-after-seconds"):
            used = headers.get(name.replace("-reset-after-seconds", "-used-percent"), "")
            if used.strip().split(".")[0] == "100":
                yield value


def _remaining_of(name: str) -> str:
    if name.startswith("anthropic-"):
        return name.removesuffix("-reset") + "-remaining"
    return name.replace("ratelimit-reset", "ratelimit-remaining").removesuffix("-after")


def _embedded_headers(values: tuple[Any, ...]) -> dict[str, str]:
    """The upstream's headers that a gateway or an event keeps inside the JSON (OpenRouter, Codex)."""
    found: dict[str, str] = {}
    for name, child in _fields(values):
        if name in _EMBEDDED_HEADERS and isinstance(child, dict):
            for key, value in list(child.items())[:100]:
                found.setdefault(str(key).lower(), str(value)[:200])
    return found
