"""One hierarchy for everything that can go wrong; every message names the thing, the value and the way out."""

from __future__ import annotations


class DetentError(Exception):
    """The root: ``except DetentError`` catches whatever Detent itself raises."""


class BadReferenceError(DetentError, ValueError):
    """A model reference is not ``provider/model``."""


class BadChainError(DetentError, ValueError):
    """A chain cannot be walked: it has no primary, or names something that is no model."""


class BadPolicyError(DetentError, ValueError):
    """A policy value lies outside what it may be."""


class BadDataError(DetentError, ValueError):
    """Plain data does not describe the value it should; ``problems`` lists every mistake with its path.

    Attributes:
        problems: one sentence a mistake, each beginning with the path of the offending key.
    """

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


class UnknownModelError(DetentError, LookupError):
    """A model was named whose provider no configuration knows."""


class BadTableError(DetentError):
    """A transition table breaks a law of the engine; raised while the module that holds it is imported.

    Attributes:
        problems: one sentence a mistake, each naming the row.
    """

    def __init__(self, table: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"table {table!r} cannot be built:{lines}")
