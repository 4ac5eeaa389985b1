"""The checks can fail: every row is broken in every small way, and each break must be noticed by some check.

A mutant is the shipped table with one change to one row: the row dropped, exchanged with the next one of its cell, led
to another state, one of its guards negated, or one of its assignments left out. It is put in the place of the shipped
table and shown to the checks in turn, cheapest first: the lint of the table itself, induction, and the exploration of
the small worlds. What survives them all is listed, so that somebody says why it makes no difference.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

from attrs import evolve, frozen

from detent.fsm import COOLDOWN, SESSION, TURN, BadTableError, Row, Table, cooldown, desk
from detent.fsm.rows import Action, Guard

from .environment import Environment
from .explorer import explore
from .worlds import rare, standard

TABLES: Final[tuple[Table[Any], ...]] = (SESSION, TURN, COOLDOWN)
Progress = Callable[[int, int], None]
"""Told how many mutants are judged, and of how many."""

Check = Callable[["Mutant"], str | None]
"""``check(mutant)``: what it noticed, in a few words; None: nothing."""


@frozen
class Mutant:
    """A table with one change.

    Attributes:
        table: the shipped table.
        row: the name of the row that was changed.
        change: what was done to it.
        rows: the rows with the change.
    """

    table: Table[Any]
    row: str
    change: str
    rows: tuple[Row, ...]

    def __str__(self) -> str:
        return f"{self.table.name}: '{self.row}' {self.change}"


@frozen
class Verdict:
    """What became of a mutant.

    Attributes:
        mutant: the mutant.
        check: the check that noticed it; empty: it survived.
        noticed: what the check said.
    """

    mutant: Mutant
    check: str
    noticed: str = ""

    @property
    def survived(self) -> bool:
        """No check noticed it."""
        return not self.check


def mutants(table: Table[Any]) -> Iterator[Mutant]:
    """Every mutant of a table, row by row."""
    rows = table.rows
    for index, row in enumerate(rows):
        yield Mutant(table, row.name, "dropped", (*rows[:index], *rows[index + 1 :]))
        below = next((i for i in range(index + 1, len(rows)) if _share_a_cell(row, rows[i])), None)
        if below is not None:
            swapped = list(rows)
            swapped[index], swapped[below] = rows[below], row
            yield Mutant(table, row.name, f"exchanged with '{rows[below].name}'", tuple(swapped))
        for change, other in _changes(table, row):
            yield Mutant(table, row.name, change, (*rows[:index], other, *rows[index + 1 :]))


def _share_a_cell(row: Row, other: Row) -> bool:
    return row.event == other.event and bool(set(row.source) & set(other.source))


def _changes(table: Table[Any], row: Row) -> Iterator[tuple[str, Row]]:
    if row.to is not None:
        for state in table.states:
            if state != row.to:
                yield f"led to {state}", evolve(row, to=state)
    for place, guard in enumerate(row.when):
        guards = (*row.when[:place], _negated(guard), *row.when[place + 1 :])
        yield f"with {guard.__name__} negated", evolve(row, when=guards)
    for place, action in enumerate(row.do):
        for name in _assigned(action):
            actions = (*row.do[:place], _without(action, name), *row.do[place + 1 :])
            yield f"without {name} of {action.__name__}", evolve(row, do=actions)


def _negated(guard: Guard) -> Guard:
    def negated(subject: Any, event: Any) -> bool:
        return not guard(subject, event)

    negated.__name__ = f"not_{guard.__name__}"
    return negated


def _without(action: Action, name: str) -> Action:
    def shortened(subject: Any, event: Any) -> Mapping[str, Any]:
        return {key: value for key, value in action(subject, event).items() if key != name}

    shortened.__name__ = f"{action.__name__}_without_{name}"
    return shortened


def _assigned(action: Action) -> tuple[str, ...]:
    """The fields that an action assigns, read from its source."""
    from .language import read_action

    return tuple(read_action(action))


@contextmanager
def in_place(mutant: Mutant) -> Iterator[Table[Any]]:
    """Let the core run on a mutant's table.

    Raises:
        BadTableError: the mutant breaks a law of the engine.
    """
    table: Table[Any] = Table(mutant.table.name, mutant.table.states, mutant.rows)
    name = mutant.table.name.upper()
    places = [module for module in (desk, cooldown) if getattr(module, name, None) is mutant.table]
    for module in places:
        setattr(module, name, table)
    try:
        yield table
    finally:
        for module in places:
            setattr(module, name, mutant.table)


def by_lint(mutant: Mutant) -> str | None:
    """The laws of the engine, when the table is built."""
    try:
        with in_place(mutant):
            return None
    except BadTableError as error:
        return error.problems[0]


def by_induction(mutant: Mutant) -> str | None:
    """Induction over the rows; not of the turn machine, whose promises are about whole walks."""
    from .induction import SHIPPED, altered, prove
    from .language import UntranslatableError

    for subject in SHIPPED:
        if subject.table is mutant.table:
            try:
                report = prove((altered(subject, mutant.rows),))
            except UntranslatableError:
                # A guard that is made on the spot has no source to translate; the explorer runs it all the same.
                return None
            if not report.holds:
                return str((*report.failures, *report.dead)[0]).splitlines()[0]
    return None


def by_exploration(mutant: Mutant, worlds: Iterable[Environment]) -> str | None:
    """The exploration of small worlds: a broken promise, or a step that cannot be taken."""
    with in_place(mutant):
        for world in worlds:
            try:
                broken = explore(world).broken
            except Exception as error:
                # Whatever a broken table makes the core raise, it is noticed.
                return f"{world.name}: {type(error).__name__}"
            if broken:
                return f"{world.name}: promise {broken[0].promise.number} is broken"
    return None


def small_worlds() -> tuple[Environment, ...]:
    """The worlds that mutants are shown, over two candidates: the quick ones first, for most breaks show at once."""
    worlds = (*standard(2), *rare())
    return tuple(sorted(worlds, key=lambda world: (world.concurrent * world.sessions * len(world.configs), world.name)))


def judge(mutant: Mutant) -> Verdict:
    """Show a mutant to every check, cheapest first, until one notices."""
    for name, check in _CHECKS:
        noticed = check(mutant)
        if noticed is not None:
            return Verdict(mutant, name, noticed)
    return Verdict(mutant, "")


_CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("lint", by_lint),
    ("induction", by_induction),
    ("exploration", lambda mutant: by_exploration(mutant, small_worlds())),
)


def run(tables: Iterable[Table[Any]] = TABLES, *, jobs: int = 2, progress: Progress | None = None) -> list[Verdict]:
    """Judge every mutant.

    Args:
        tables: the tables to break.
        jobs: how many processes share the work.
        progress: told after each mutant how many are judged, and of how many.
    """
    every = [mutant for table in tables for mutant in mutants(table)]
    verdicts: list[Verdict] = []
    with ProcessPoolExecutor(jobs) as pool:
        for mutant, (check, noticed) in zip(
            every, pool.map(_judge_numbered, _numbered(every), chunksize=4), strict=True
        ):
            verdicts.append(Verdict(mutant, check, noticed))
            if progress is not None:
                progress(len(verdicts), len(every))
    return verdicts


def _numbered(every: list[Mutant]) -> list[tuple[str, int]]:
    """Mutants as table and number: their guards are made on the spot, so they cannot be sent to a process."""
    seen: Counter[str] = Counter()
    numbered: list[tuple[str, int]] = []
    for mutant in every:
        numbered.append((mutant.table.name, seen[mutant.table.name]))
        seen[mutant.table.name] += 1
    return numbered


def _judge_numbered(place: tuple[str, int]) -> tuple[str, str]:
    name, number = place
    table = next(table for table in TABLES if table.name == name)
    verdict = judge(next(islice(mutants(table), number, None)))
    return verdict.check, verdict.noticed
