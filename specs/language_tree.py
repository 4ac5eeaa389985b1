"""The expressions in which guards, actions and promises are written, as a small tree.

A tree says nothing of Python, z3 or TLA+; `language` reads it from source, `language_z3` and `language_tla` write it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, TypeAlias

from attrs import fields, frozen

Comparison = Literal["==", "!=", "<", "<=", ">", ">=", "in", "not in"]
"""How two values may be compared; ``is None`` and ``is not None`` are read as ``==`` and ``!=``."""


@frozen
class Const:
    """A literal, or a constant of the module: text, a number, a truth value, None, or a tuple of them."""

    value: object


@frozen
class Read:
    """A field of the subject, of the event, or of the element at hand; an empty path is the thing itself."""

    who: str
    path: tuple[str, ...] = ()


@frozen
class Item:
    """One element of a sequence, and a field of it."""

    source: Expr
    index: int
    path: tuple[str, ...] = ()


@frozen
class Not:
    """The contrary."""

    part: Expr


@frozen
class Logic:
    """All of the parts (``and``), or one of them (``or``)."""

    op: Literal["and", "or"]
    parts: tuple[Expr, ...]


@frozen
class Compare:
    """Two values compared."""

    op: Comparison
    left: Expr
    right: Expr


@frozen
class Arithmetic:
    """Two numbers combined; ``+`` joins sequences too."""

    op: Literal["+", "-", "*", "**"]
    left: Expr
    right: Expr


@frozen
class Extreme:
    """The least or the greatest of some numbers."""

    op: Literal["min", "max"]
    parts: tuple[Expr, ...]


@frozen
class Choice:
    """One value or another."""

    test: Expr
    then: Expr
    otherwise: Expr


@frozen
class Default:
    """A number that may be missing, or what stands in for it: ``wait_s or 0.0``."""

    part: Expr
    fallback: Expr


@frozen
class Rounded:
    """A number rounded to so many decimal places."""

    part: Expr
    digits: int


@frozen
class Spread:
    """A sequence put into another: ``*turns``."""

    part: Expr


@frozen
class Join:
    """A sequence of elements and of sequences put into it."""

    parts: tuple[Expr, ...]


@frozen
class Where:
    """The elements of a sequence that pass a test, in their order."""

    name: str
    source: Expr
    test: Expr


@frozen
class Size:
    """How many elements a sequence has."""

    part: Expr


@frozen
class Every:
    """All elements of a sequence pass a test."""

    name: str
    source: Expr
    test: Expr


Expr: TypeAlias = (
    Const
    | Read
    | Item
    | Not
    | Logic
    | Compare
    | Arithmetic
    | Extreme
    | Choice
    | Default
    | Rounded
    | Spread
    | Join
    | Where
    | Every
    | Size
)
"""Any expression."""


def parts_of(expr: Expr) -> Iterator[Expr]:
    """The expression and everything inside it."""
    yield expr
    for attribute in fields(type(expr)):
        value = getattr(expr, attribute.name)
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, Expr.__args__):
                yield from parts_of(part)


def reads(expr: Expr, who: str) -> tuple[str, ...]:
    """The fields of the subject, or of the event, that an expression looks at, as dotted names, each once."""
    found = (".".join(part.path) for part in parts_of(expr) if isinstance(part, Read) and part.who == who and part.path)
    return tuple(dict.fromkeys(found))
