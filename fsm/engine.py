"""The engine: one shared `transitions.Machine` per table, flattened once, and the questions one may ask of it.

The `transitions` machine is the oracle: built from the rows, it is what is introspected, drawn and compared against.
What runs is the same table flattened from that machine into one dict, which is some twenty times faster and leaves the
subject untouched when a guard or an action raises. `disagreements` proves the two equal by exhausting every cell under
every truth assignment of its guards.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from typing import Any, Generic, TypeVar

from attrs import frozen
from transitions import Machine, Transition

from .rows import Guard, Kind, Row, check

S = TypeVar("S")
"""A subject: an object with an attribute ``state`` and slots for what the actions assign."""


class RowTransition(Transition):
    """A transition of the oracle that remembers the row it was built from."""

    def __init__(self, *args: Any, row: Row, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.row = row


class Oracle(Machine):
    """The shared `transitions` machine of one table; sessions are passed to it and never registered."""

    transition_cls = RowTransition

    def fire(self, subject: Any, event: str, *args: Any) -> bool:
        """Let the library itself decide and move ``subject.state``; True when a row fired."""
        return event in self.events and bool(self.events[event].trigger(subject, *args))


@frozen
class Fired(Generic[S]):
    """What one event did to one subject.

    Attributes:
        event: the event's name.
        row: the row that fired, or None where no row of the cell applies.
        before: the state before.
        after: the subject afterwards; the very object that came in where nothing changed.
    """

    event: str
    row: Row | None
    before: str
    after: S

    @property
    def kind(self) -> Kind:
        """What came of the event; an event without a row is blocked: the table is a closed world."""
        return "blocked" if self.row is None else self.row.kind


@frozen
class Judged:
    """One row of a cell under one subject and event, for people who ask why.

    Attributes:
        row: the row.
        guards: each guard's name with what it said, in order.
        fires: every guard holds, and no row before it fires.
    """

    row: Row
    guards: tuple[tuple[str, bool], ...]
    fires: bool

    def __str__(self) -> str:
        said = ", ".join(f"{name} is {'true' if held else 'false'}" for name, held in self.guards) or "no guard"
        verdict = "fires" if self.fires else "does not fire"
        return f"{self.row.name}: {verdict} ({said})"


@frozen
class Explanation:
    """Why an event in a state did what it did.

    Attributes:
        state: the state.
        event: the event's name.
        rows: every row of the cell in order of priority, judged.
    """

    state: str
    event: str
    rows: tuple[Judged, ...]

    @property
    def row(self) -> Row | None:
        """The row that fires, or None."""
        return next((judged.row for judged in self.rows if judged.fires), None)

    def __str__(self) -> str:
        if not self.rows:
            return (
                f"{self.event} in {self.state}: no row of the table leaves this state on this event, so it is blocked"
            )
        lines = "".join(f"\n  {judged}" for judged in self.rows)
        ending = "" if self.row else "\n  no row fires, so the event is blocked"
        return f"{self.event} in {self.state}:{lines}{ending}"


_Cell = tuple[tuple[tuple[Guard, ...], Row], ...]


class Table(Generic[S]):
    """A state machine: its states, its rows, its oracle, and the flattened table that runs.

    Args:
        name: the machine's name.
        states: each state with one sentence on what it means, the initial one first.
        rows: the rows; the order of the rows of a cell is their priority.

    Raises:
        BadTableError: the rows break a law; every broken law is listed.
    """

    def __init__(self, name: str, states: Mapping[str, str], rows: tuple[Row, ...]) -> None:
        self.name = name
        self.states = dict(states)
        self.initial = next(iter(states), "")
        self.rows = rows
        check(name, self.states, self.initial, rows)
        self.oracle = oracle(self.states, self.initial, rows)
        self._cells = flatten(self.oracle)

    @property
    def events(self) -> tuple[str, ...]:
        """The names of the events, in the order of the rows."""
        return tuple(dict.fromkeys(row.event for row in self.rows))

    def cell(self, state: str, event: str) -> tuple[Row, ...]:
        """The rows of one cell, in order of priority."""
        return tuple(row for _, row in self._cells.get((state, event), ()))

    def fire(self, subject: S, name: str, event: Any) -> Fired[S]:
        """Decide one event. The subject is not changed: what it becomes is in the answer.

        Args:
            subject: the machine's subject, with an attribute ``state``.
            name: the event's name.
            event: what guards and actions read of the event.
        """
        state: str = subject.state  # type: ignore[attr-defined]
        for guards, row in self._cells.get((state, name), ()):
            for guard in guards:
                if not guard(subject, event):
                    break
            else:
                return Fired(name, row, state, _moved(subject, row, event))
        return Fired(name, None, state, subject)

    def explain(self, subject: S, name: str, event: Any) -> Explanation:
        """Which row the event would fire, or why none does, guard by guard. Changes nothing."""
        state: str = subject.state  # type: ignore[attr-defined]
        judged: list[Judged] = []
        fired = False
        for guards, row in self._cells.get((state, name), ()):
            said = tuple((guard.__name__, guard(subject, event)) for guard in guards)
            fires = not fired and all(held for _, held in said)
            fired = fired or fires
            judged.append(Judged(row, said, fires))
        return Explanation(state, name, tuple(judged))


def _moved(subject: S, row: Row, event: Any) -> S:
    if row.to is None and not row.do:
        return subject
    assigned = [item for action in row.do for item in action(subject, event).items()]
    after = copy.copy(subject)
    for attribute, value in assigned:
        setattr(after, attribute, value)
    if row.to is not None:
        after.state = row.to  # type: ignore[attr-defined]
    return after


def oracle(
    states: Mapping[str, str],
    initial: str,
    rows: tuple[Row, ...],
    guard_as: Callable[[Guard], Guard] = lambda guard: guard,
) -> Oracle:
    """The `transitions` machine of these rows.

    Args:
        states: the states.
        initial: the initial one.
        rows: the rows, in order of priority.
        guard_as: what stands in for each guard; the guard itself by default.
    """
    machine = Oracle(
        model=None,
        states=list(states),
        initial=initial,
        auto_transitions=False,
        ignore_invalid_triggers=True,
    )
    for row in rows:
        conditions: list[Any] = [guard_as(guard) for guard in row.when]
        for source in row.source:
            machine.add_transition(row.event, source, row.to, conditions=conditions, row=row)
    return machine


def flatten(machine: Oracle) -> dict[tuple[str, str], _Cell]:
    """The machine's transitions as one dict from (state, event) to its guarded rows, in order of priority."""
    cells: dict[tuple[str, str], _Cell] = {}
    for name, event in machine.events.items():
        for state, transitions in event.transitions.items():
            cells[state, name] = tuple(_guarded(transition) for transition in transitions)
    return cells


def _guarded(transition: Any) -> tuple[tuple[Guard, ...], Row]:
    return tuple(condition.func for condition in transition.conditions), transition.row


class _Bare:
    """A subject with nothing but a state, for the proof."""

    def __init__(self, state: str) -> None:
        self.state = state


def disagreements(table: Table[Any]) -> Iterator[str]:
    """Every cell and truth assignment under which the flattened table and the oracle differ; none, if all is well.

    A cell with k guards is tried under all 2**k assignments, so the comparison is exhaustive, not sampled.
    """
    truth: dict[Guard, bool] = {}

    def stand_in(guard: Guard) -> Guard:
        return lambda _subject, _event: truth[guard]

    machine = oracle(table.states, table.initial, table.rows, stand_in)
    for state, event in product(table.states, table.events):
        cell = table.cell(state, event)
        guards = list(dict.fromkeys(guard for row in cell for guard in row.when))
        for values in product((False, True), repeat=len(guards)):
            truth.clear()
            truth.update(zip(guards, values, strict=True))
            row = next((row for row in cell if all(truth[guard] for guard in row.when)), None)
            subject = _Bare(state)
            moved = machine.fire(subject, event, subject, None)
            expected = state if row is None or row.to is None else row.to
            if moved != (row is not None) or subject.state != expected:
                said = {guard.__name__: value for guard, value in truth.items()}
                yield f"{event} in {state} with {said}: the table says {expected}, transitions says {subject.state}"
