"""What the fields of subjects and events hold, by their annotations: the proofs give each kind a sort."""

from __future__ import annotations

import types
import typing
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from attrs import has

from .language import UntranslatableError


@cache
def kind_of(owner: type, path: tuple[str, ...]) -> str:
    """What a field holds: ``name``, ``names``, ``truth``, ``whole`` or ``real``, or one of them ``or none``.

    Raises:
        UntranslatableError: the proofs know no such kind.
    """
    hint = typing.get_type_hints(owner).get(path[0]) if path else None
    if len(path) > 1 and isinstance(hint, type) and has(hint):
        return kind_of(hint, path[1:])
    kind = None if len(path) > 1 else _KINDS.get(hint)
    if kind is None:
        raise UntranslatableError(f"the proofs have no sort for {owner.__name__}.{'.'.join(path)}, a {hint}")
    return kind


_KINDS: Final[Mapping[Any, str]] = {
    str: "name",
    str | None: "name or none",
    bool | None: "truth or none",
    bool: "truth",
    int: "whole",
    float: "real",
    float | None: "real or none",
    tuple[str, ...]: "names",
    frozenset[str]: "names",
}


def has_field(owner: type, name: str) -> bool:
    """The class has a field of that name."""
    return name in typing.get_type_hints(owner)


def classes_of(function: Callable[..., Any], place: int) -> tuple[type, ...]:
    """The classes that a function's parameter may be of, by its annotation; none where it takes anything."""
    names = list(function.__code__.co_varnames[: function.__code__.co_argcount])
    hint = typing.get_type_hints(function).get(names[place]) if place < len(names) else None
    options = typing.get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    return tuple(option for option in options if isinstance(option, type) and has(option))
