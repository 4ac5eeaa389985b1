"""Rows in words: what stands at an arrow and inside a state, the same for every format.

A guard is its name with spaces. A row without guards that stands behind others of its cell reads *otherwise*, because
the order of a cell is its priority.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any, Literal

from attrs import frozen

from detent.fsm.engine import Table
from detent.fsm.rows import Row

Mark = Literal["move", "stay", "again", "blocked", "stale"]
"""``again``: the row leads back to the state it leaves; the others are a row's kind."""


@frozen
class Phrase:
    """One condition in words (empty: always), and the rows that it stands for."""

    text: str
    rows: tuple[Row, ...]


@frozen
class Label:
    """What one event may do at one place of a picture.

    Attributes:
        events: the event, or several that read alike.
        phrases: the conditions, in order of priority.
        mark: what kind of thing happens.
    """

    events: tuple[str, ...]
    phrases: tuple[Phrase, ...]
    mark: Mark

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row that the label stands for."""
        return tuple(row for phrase in self.phrases for row in phrase.rows)

    @property
    def text(self) -> str:
        """The label in one line, ``event [condition · condition]``."""
        conditions = " · ".join(phrase.text for phrase in self.phrases if phrase.text)
        return ", ".join(self.events) + (f" [{conditions}]" if conditions else "")


def in_words(name: str) -> str:
    """``home_is_due`` as *home is due*."""
    return name.replace("_", " ")


def is_inner(row: Row, state: str) -> bool:
    """The row leaves the state as it is."""
    return row.to is None or row.to == state


def mark(row: Row, state: str) -> Mark:
    """What kind of thing the row is in this state."""
    if row.kind in ("blocked", "stale"):
        return "blocked" if row.kind == "blocked" else "stale"
    if row.to is None:
        return "stay"
    return "again" if row.to == state else "move"


def labels(table: Table[Any], state: str, wanted: Callable[[Row], bool]) -> tuple[Label, ...]:
    """The wanted rows of one state as labels, an event each, in the order of the table."""
    found: list[Label] = []
    for event in table.events:
        cell = table.cell(state, event)
        rows = [row for row in cell if wanted(row)]
        for kind, alike in groupby(rows, key=lambda row: mark(row, state)):
            found.append(Label((event,), _phrases(cell, tuple(alike)), kind))
    return tuple(found)


def edges(table: Table[Any]) -> dict[tuple[str, str], tuple[Label, ...]]:
    """Every pair of states that rows lead between, with the labels of its arrow; parallel rows share one arrow."""
    found: dict[tuple[str, str], tuple[Label, ...]] = {}
    for source in table.states:
        for to in table.states:

            def leads_there(row: Row, source: str = source, to: str = to) -> bool:
                return row.to == to != source

            parallel = labels(table, source, leads_there)
            if parallel:
                found[source, to] = parallel
    return found


def inner(table: Table[Any], state: str) -> tuple[Label, ...]:
    """The rows that leave the state as it is."""
    return merged(labels(table, state, lambda row: is_inner(row, state)))


def merged(found: Iterable[Label]) -> tuple[Label, ...]:
    """Labels that read alike but for their event as one; first what stays, then returns, lateness, blocks."""
    kept: dict[tuple[object, ...], Label] = {}
    for label in found:
        alone = label.events if label.mark == "blocked" else ()
        key = (label.mark, alone, tuple(phrase.text for phrase in label.phrases))
        kept[key] = _together(kept[key], label) if key in kept else label
    order: tuple[Mark, ...] = ("stay", "again", "stale", "blocked")
    return tuple(sorted(kept.values(), key=lambda label: order.index(label.mark)))


def united(found: Iterable[Label]) -> tuple[Label, ...]:
    """The labels of several states at one arrow: those that read alike stand there once."""
    kept: dict[tuple[object, ...], Label] = {}
    for label in found:
        key = (label.events, tuple(phrase.text for phrase in label.phrases))
        kept[key] = _together(kept[key], label) if key in kept else label
    return tuple(kept.values())


def _together(a: Label, b: Label) -> Label:
    pairs = zip(a.phrases, b.phrases, strict=True)
    return Label(
        tuple(dict.fromkeys((*a.events, *b.events))),
        tuple(Phrase(p.text, tuple(dict.fromkeys((*p.rows, *q.rows)))) for p, q in pairs),
        a.mark,
    )


def blocked_words(table: Table[Any], state: str, label: Label) -> str:
    """How a blocked event is put: flatly where nothing else can happen, else as what is left over."""
    event = label.events[0]
    alone = all(row.kind == "blocked" for row in table.cell(state, event))
    words = ", ".join(phrase.text for phrase in label.phrases if phrase.text not in ("", "otherwise"))
    if words:
        return f"is blocked here: {words}"
    return "is blocked here" if alone else "is otherwise blocked"


def _phrases(cell: tuple[Row, ...], rows: tuple[Row, ...]) -> tuple[Phrase, ...]:
    phrases: list[Phrase] = []
    for row in rows:
        if row.when:
            phrases.append(Phrase(", ".join(in_words(guard.__name__) for guard in row.when), (row,)))
            continue
        alike = _run_before(cell, row) if row.to is not None else 0
        kept = phrases[: len(phrases) - alike]
        swallowed = tuple(r for phrase in phrases[len(phrases) - alike :] for r in phrase.rows)
        first = cell.index(row) - alike == 0
        phrases = [*kept, Phrase("" if first else "otherwise", (*swallowed, row))]
    return tuple(phrases)


def _run_before(cell: tuple[Row, ...], row: Row) -> int:
    """How many rows right before this unguarded one lead to the same state: with it, their guards decide nothing."""
    at = cell.index(row)
    start = at
    while start and cell[start - 1].to == row.to:
        start -= 1
    return at - start
