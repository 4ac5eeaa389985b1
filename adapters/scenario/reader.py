"""Reading strictly: whatever breaks the format is refused with file, key and reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from detent.fsm.chain import checked_reference
from detent.fsm.errors import DetentError


class ScenarioError(DetentError):
    """A scenario file cannot be read; the message names file, key and reason."""


class Reader:
    """Refuses what breaks the format, naming file, key and reason."""

    def __init__(self, file: str) -> None:
        self._file = file

    def refuse(self, key: str, reason: str) -> NoReturn:
        """Refuse the file for what stands at a key."""
        raise ScenarioError(f"{self._file}: {key}: {reason}")

    def kind(self, key: str, value: Any, kinds: tuple[type, ...]) -> None:
        """A value must be of one of these kinds; true is no number."""
        fits = isinstance(value, kinds) and (bool in kinds or not isinstance(value, bool))
        if not fits:
            words = " or ".join(_KIND_WORDS[kind] for kind in kinds)
            self.refuse(key, f"is {value!r}, but must be {words}")

    def keys(self, path: str, table: Any, allowed: Mapping[str, tuple[type, ...]]) -> None:
        """A table must have no other keys than these, each of its kind."""
        self.kind(path or "the file", table, (dict,))
        for key, value in table.items():
            where = f"{path}.{key}" if path else key
            if key not in allowed:
                self.refuse(where, f"is no key of the format; keys here are {', '.join(allowed)}")
            self.kind(where, value, allowed[key])

    def reference(self, key: str, value: Any) -> None:
        """A value must be a model reference."""
        self.made(key, lambda: checked_reference(value))

    def made(self, key: str, make: Callable[[], Any]) -> Any:
        """What can be made of a value, or a refusal with the reason."""
        try:
            return make()
        except (DetentError, ValueError, TypeError) as error:
            raise ScenarioError(f"{self._file}: {key}: {error}") from None


_KIND_WORDS: Final[Mapping[type, str]] = {
    int: "a whole number",
    float: "a number",
    str: "a text",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}
