"""What a promise is: a number, a sentence, the incidents behind it, and one predicate that a run may break."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Literal

from attrs import frozen

from .world import Moment, World

ANY: Final[frozenset[str]] = frozenset()
"""A step property with these moves is checked at every move."""


@frozen
class Property:
    """One checked promise.

    Attributes:
        number: the promise of the design it belongs to, with a letter where one promise takes several predicates.
        says: the promise in one sentence.
        incidents: the ids of the incident families' table (I01 to I39) that it answers.
        kind: ``state``: holds in every state; ``step``: holds of every move; ``liveness``: nothing goes on for ever
            without it.
        holds: the predicate, of a `World`, of a `Moment`, or, for liveness, of a world and its configuration: the
            session is where it should be.
        moves: the kinds of moves a step property speaks of; empty: all.
        expect: what a scenario must expect so that it fails where the promise is broken, None: cannot be said there.
    """

    number: str
    says: str
    incidents: tuple[str, ...]
    kind: Literal["state", "step", "liveness"]
    holds: Callable[..., bool]
    moves: frozenset[str] = ANY
    expect: Callable[[Moment], Mapping[str, Any]] | None = None

    def __str__(self) -> str:
        return f"promise {self.number} ({', '.join(self.incidents) or 'design'}): {self.says}"


def step(
    number: str,
    says: str,
    incidents: str,
    holds: Callable[[Moment], bool],
    moves: str = "",
    expect: Callable[[Moment], Mapping[str, Any]] | None = None,
) -> Property:
    """A property of every move, or of the named kinds of moves."""
    return Property(number, says, tuple(incidents.split()), "step", holds, frozenset(moves.split()), expect)


def state(number: str, says: str, incidents: str, holds: Callable[[World], bool]) -> Property:
    """A property of every state."""
    return Property(number, says, tuple(incidents.split()), "state", holds)


@frozen
class Unstated:
    """A line of the incident table that this system's core cannot state, and why.

    Attributes:
        incident: its id.
        name: its name.
        because: the reason, and where it is held instead.
    """

    incident: str
    name: str
    because: str
