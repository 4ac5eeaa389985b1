"""What is wrong with a file: mistakes, which refuse it, and warnings, which do not; collected, and told together."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

from attrs import define, field

from detent.fsm.errors import BadDataError, DetentError
from detent.fsm.plain import from_plain

T = TypeVar("T")


class SettingsError(DetentError, ValueError):
    """``detent.toml`` cannot be used.

    Attributes:
        path: the file.
        problems: one sentence a mistake, each beginning with the dotted path of the key or the line.
    """

    def __init__(self, path: Path, problems: tuple[str, ...]) -> None:
        self.path = path
        self.problems = problems
        count = "1 mistake" if len(problems) == 1 else f"{len(problems)} mistakes"
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"{path}: {count}:{lines}")


@define
class Problems:
    """The mistakes and warnings found so far.

    Attributes:
        refused: what was refused as a secret, by its path; no further mistake of that key is told.
        warnings: what is odd, but can be used.
    """

    refused: dict[str, str] = field(factory=dict)
    warnings: list[str] = field(factory=list)
    _wrong: list[str] = field(factory=list, init=False)

    def add(self, path: str, says: str) -> None:
        """A mistake at this path."""
        self._wrong.append(f"{path}: {says}")

    def warn(self, path: str, says: str) -> None:
        """A warning about this path."""
        self.warnings.append(f"{path}: {says}")

    def read(self, cls: type[T], data: object, at: str) -> T | None:
        """The value that the table describes, None: it describes none, and the mistakes are noted."""
        try:
            return from_plain(cls, data, at=at)
        except BadDataError as error:
            self._wrong += error.problems
            return None

    def read_key_by_key(self, cls: type[T], data: Mapping[str, object], at: str) -> T:
        """What is good of a table that may be without any of its keys; the mistakes of the others are noted."""
        good = {key: value for key, value in data.items() if self.read(cls, {key: value}, at) is not None}
        return from_plain(cls, good, at=at)

    @property
    def wrong(self) -> tuple[str, ...]:
        """Every mistake, secrets first, each once."""
        secrets = [f"{path}: {says}" for path, says in self.refused.items()]
        rest = [p for p in self._wrong if not any(p.startswith((f"{path}:", f"{path}.")) for path in self.refused)]
        return tuple(dict.fromkeys(secrets + rest))
