"""A row of a transition table, and the laws that a table must keep.

A machine of Detent *is* its table: a tuple of frozen rows. The rows of one cell (a state and an event) are tried in
their order, the first whose guards all hold fires; where none does, the event changes nothing and the decision says
"blocked". The laws are checked when the module that holds the table is imported, because the state-machine library
underneath accepts a misspelt state, imports a dotted string as a guard, and compares a guard's result with ``==``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Literal

from attrs import field, frozen

from .errors import BadTableError

Guard = Callable[[Any, Any], bool]
"""``guard(subject, event)``: a named function of one expression over the subject and the event; returns a real bool."""

Action = Callable[[Any, Any], Mapping[str, Any]]
"""``action(subject, event)``: the fields to assign. All right-hand sides are evaluated before anything is assigned."""

Kind = Literal["move", "blocked", "stale"]


def _states(value: str | Iterable[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


@frozen
class Row:
    """One transition: on `event` in `source`, if every guard of `when` holds, assign what `do` says and go `to`.

    Attributes:
        event: the event's name.
        source: the state or the states it leaves.
        to: the state it leads to; None: the state stays (an internal row).
        why: one sentence for people: what this row means.
        when: guards, all of which must hold.
        do: actions, whose assignments are made together with the change of state.
        tell: the kind of the notice this row makes, or None.
        kind: ``blocked``: the row exists to hold the state against the event and to say so;
            ``stale``: it exists to ignore an event that came too late.
    """

    event: str
    source: tuple[str, ...] = field(converter=_states)
    to: str | None
    why: str
    when: tuple[Guard, ...] = ()
    do: tuple[Action, ...] = ()
    tell: str | None = None
    kind: Kind = "move"

    @property
    def name(self) -> str:
        """``event: source, source [guard, guard] -> to``, unique in its table."""
        guards = f" [{', '.join(g.__name__ for g in self.when)}]" if self.when else ""
        return f"{self.event}: {'|'.join(self.source)}{guards} -> {self.to or 'stay'}"


def block(event: str, source: str | Iterable[str], why: str, when: tuple[Guard, ...] = ()) -> Row:
    """A row that holds the state against the event, with the cause on record."""
    return Row(event, source, None, why, when, kind="blocked")


def stale(event: str, source: str | Iterable[str], why: str, when: tuple[Guard, ...] = ()) -> Row:
    """A row that ignores an event that came too late."""
    return Row(event, source, None, why, when, kind="stale")


def faults(states: Mapping[str, str], initial: str, rows: tuple[Row, ...]) -> tuple[str, ...]:
    """Every law that a table breaks, a sentence each; empty for a good table."""
    return (
        *_unknown_states(states, initial, rows),
        *(fault for row in rows for fault in _bad_callables(row)),
        *(fault for row in rows for fault in _bad_kind(row)),
        *_duplicates(rows),
        *_dead_rows(rows),
        *_unreachable(states, initial, rows),
    )


def check(name: str, states: Mapping[str, str], initial: str, rows: tuple[Row, ...]) -> None:
    """Refuse a table that breaks a law.

    Raises:
        BadTableError: with every broken law.
    """
    found = faults(states, initial, rows)
    if found:
        raise BadTableError(name, found)


def _unknown_states(states: Mapping[str, str], initial: str, rows: tuple[Row, ...]) -> Iterator[str]:
    known = ", ".join(states)
    if initial not in states:
        yield f"initial state {initial!r} is none of {known}"
    for state in states:
        if not state.isidentifier() or state != state.lower():
            yield f"state {state!r} is no lower-case word"
    for row in rows:
        for state in (*row.source, *(() if row.to is None else (row.to,))):
            if state not in states:
                yield f"row '{row.name}' names the state {state!r}, which is none of {known}"
        if not row.source:
            yield f"row '{row.name}' leaves no state"
        if not row.why:
            yield f"row '{row.name}' does not say why"


def _bad_callables(row: Row) -> Iterator[str]:
    for word, functions in (("guard", row.when), ("action", row.do)):
        for function in functions:
            if not callable(function):
                yield f"row of '{row.event}' has the {word} {function!r}, which is no function; pass it itself"
                continue
            if getattr(function, "__name__", "<lambda>") == "<lambda>":
                yield f"row of '{row.event}' has a nameless {word}; define it, so that decisions can name it"
            elif len(inspect.signature(function).parameters) != 2:
                yield f"{word} '{function.__name__}' of '{row.event}' must take two arguments: subject and event"


def _bad_kind(row: Row) -> Iterator[str]:
    if row.kind in ("blocked", "stale") and (row.to is not None or row.do or row.tell):
        yield f"row '{row.name}' is {row.kind}, so it may change and tell nothing"


def _duplicates(rows: tuple[Row, ...]) -> Iterator[str]:
    seen: set[tuple[str, str, tuple[Guard, ...]]] = set()
    for row in rows:
        for state in row.source:
            key = (row.event, state, row.when)
            if key in seen:
                guards = ", ".join(g.__name__ for g in row.when) or "none"
                yield f"two rows of '{row.event}' in {state!r} have the same guards ({guards}); the second is dead"
            seen.add(key)


def _dead_rows(rows: tuple[Row, ...]) -> Iterator[str]:
    closed: set[tuple[str, str]] = set()
    for row in rows:
        for state in row.source:
            if (row.event, state) in closed:
                yield f"row '{row.name}' stands behind a row of {state!r} without guards, so it can never fire there"
            if not row.when:
                closed.add((row.event, state))


def _unreachable(states: Mapping[str, str], initial: str, rows: tuple[Row, ...]) -> Iterator[str]:
    reached, front = {initial}, [initial]
    while front:
        here = front.pop()
        for row in rows:
            if here in row.source and row.to is not None and row.to not in reached:
                reached.add(row.to)
                front.append(row.to)
    for state in states:
        if state not in reached:
            yield f"no row leads to the state {state!r}"
