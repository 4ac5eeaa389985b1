"""What a table keeps for ever: the forms that promises take.

Promises are plain functions of the translatable language, so the same words are run, proved and tested. An invariant is
assumed before a row fires and proved after it; a step rule is proved of the row; a contract, what the core promises of
an event that it sends, is assumed, and a test holds every event of real runs against it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen


@frozen
class Invariant:
    """True of the subject at every moment: ``holds(subject)``."""

    holds: Callable[[Any], bool]


@frozen
class StepRule:
    """True of every event's effect: ``holds(before, event, after)``, for the events of `on` but for those of `but`.

    Attributes:
        holds: the predicate.
        on: the events it speaks of; empty: all.
        but: the events it does not speak of.
    """

    holds: Callable[[Any, Any, Any], bool]
    on: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def concerns(self, event: str) -> bool:
        """The rule speaks of this event."""
        return event not in self.but and (not self.on or event in self.on)


@frozen
class Contract:
    """What the core promises of the events of `on`: ``holds(subject, event)``."""

    holds: Callable[[Any, Any], bool]
    on: tuple[str, ...]


@frozen
class Promises:
    """Everything that is proved of one table, and what is assumed for it."""

    subject: type
    invariants: tuple[Invariant, ...]
    steps: tuple[StepRule, ...]
    contracts: tuple[Contract, ...]
