"""How mistakes in plain data are told: dotted paths, quoted values, near names, and all of them at once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, Final, TypeVar

from .errors import BadDataError

T = TypeVar("T")

_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_LONGEST_SHOWN: Final = 60


def dotted(path: str, step: str | int) -> str:
    """The path one step further: ``policy.retries``, ``fallbacks[1]``, ``models."openai/gpt-5"``."""
    if isinstance(step, int):
        return f"{path}[{step}]"
    key = step if _BARE_KEY.fullmatch(step) else json.dumps(step, ensure_ascii=False)
    return f"{path}.{key}" if path else key


def shown(value: object) -> str:
    """A value as a message quotes it: JSON, shortened."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):
        text = f"a {type(value).__name__}"
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 3] + "..."


def suggestion(word: object, known: Iterable[str]) -> str:
    """``; did you mean "retries"?`` where a known word is near, else nothing."""
    near = get_close_matches(word, list(known), 1) if isinstance(word, str) else []
    return f"; did you mean {shown(near[0])}?" if near else ""


class WrongError(Exception):
    """Mistakes on their way up, each with its path so far."""

    def __init__(self, *found: tuple[str, str]) -> None:
        self.found = found
        super().__init__(found)

    def under(self, step: str | int) -> list[tuple[str, str]]:
        """The mistakes, seen from one step further up."""
        start = dotted("", step)
        return [(_joined(start, path), says) for path, says in self.found]

    def told(self, name: str, at: str = "") -> BadDataError:
        """The mistakes as sentences."""
        return BadDataError(tuple(f"{_joined(at, path) or name}: {says}" for path, says in self.found))


def _joined(start: str, path: str) -> str:
    return f"{start}{path}" if not start or not path or path.startswith("[") else f"{start}.{path}"


def each(read: Callable[[Any], T], items: Iterable[tuple[str | int, Any]]) -> list[T]:
    """Convert every item, each given with its step, and only then complain.

    Raises:
        WrongError: some of them are refused.
    """
    values: list[T] = []
    wrong: list[tuple[str, str]] = []
    for step, item in items:
        try:
            values.append(read(item))
        except WrongError as error:
            wrong += error.under(step)
    if wrong:
        raise WrongError(*wrong)
    return values
