"""Induction with z3: every row keeps every promise, so a run of any length keeps them.

For each row and each promise one obligation: if all invariants hold of a subject, the row's guards hold and no earlier
row of the cell fires, then the promise holds of what the row makes of it. z3 looks for a subject and an event that
break it, among all there could be and not among those that a test thought of; where it finds none, the obligation is
proved. An event for which no row fires changes nothing; that too is held against the promises of what an event must
do. Needs the extra ``proof``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from detent.fsm.cooldown import COOLDOWN, Cooldown
from detent.fsm.engine import Table
from detent.fsm.rows import Row
from detent.fsm.session import SESSION, Session

from .induction_cooldown import COOLDOWN_PROMISES
from .induction_promises import Invariant, Promises, StepRule
from .induction_session import SESSION_PROMISES
from .induction_witness import UNKNOWN, Counterexample, witness
from .language import read_action, read_predicate
from .language_kinds import classes_of, kind_of
from .language_z3 import Frame, Names, Term, Translator, solver_library

Progress = Callable[[int, int], None]
"""Told how many obligations are done, and how many there are."""


@frozen
class Obligation:
    """One promise about one row.

    Attributes:
        table: the table's name.
        row: the row's name; ``begins`` for the subject as it is made.
        promise: the promise's name.
        sentence: the promise, for people.
        counterexample: what breaks it; None: it is proved.
    """

    table: str
    row: str
    promise: str
    sentence: str
    counterexample: Counterexample | None = None

    @property
    def holds(self) -> bool:
        """It is proved."""
        return self.counterexample is None

    def __str__(self) -> str:
        if self.counterexample is None:
            return f"{self.table} row '{self.row}' keeps: {self.sentence}"
        return f"{self.table} row '{self.row}' breaks: {self.sentence}\n{self.counterexample}"


@frozen
class Report:
    """What was proved.

    Attributes:
        obligations: every obligation, in the order of the rows.
        dead: the rows that can never fire, of which everything would be proved in vain.
        seconds: how long it took.
    """

    obligations: tuple[Obligation, ...]
    dead: tuple[str, ...]
    seconds: float

    @property
    def failures(self) -> tuple[Obligation, ...]:
        """The obligations that do not hold."""
        return tuple(obligation for obligation in self.obligations if not obligation.holds)

    @property
    def holds(self) -> bool:
        """Everything is proved, and of rows that can fire."""
        return not self.failures and not self.dead

    def __str__(self) -> str:
        count, apart = len(self.obligations), (BEGINS, NO_ROW)
        rows = len({(o.table, o.row) for o in self.obligations if not o.row.endswith(apart)})
        lines = [*(str(failure) for failure in self.failures), *(f"{row} can never fire" for row in self.dead)]
        if not lines:
            lines = [f"Proved for runs of every length: {promise}" for promise in self._sentences()]
        lines.append(
            f"{count - len(self.failures)} of {count} obligations over {rows} rows hold ({self.seconds:.1f} s)"
        )
        return "\n".join(lines)

    def _sentences(self) -> Iterator[str]:
        yield from dict.fromkeys(obligation.sentence for obligation in self.obligations)


BEGINS: Final = "begins"
"""Stands for a row in the obligations about a subject as it is made."""


NO_ROW: Final = "no row of the table fires"
"""Stands for a row in the obligations about events that change nothing."""


@frozen
class Subjects:
    """A table and what is to be proved of it.

    Attributes:
        table: the table.
        promises: its promises.
        begins: a subject as it is made.
    """

    table: Table[Any]
    promises: Promises
    begins: Any = field(eq=False)


SHIPPED: Final = (
    Subjects(SESSION, SESSION_PROMISES, Session("s", "p/a", "p/a", told="p/a")),
    Subjects(COOLDOWN, COOLDOWN_PROMISES, Cooldown("model:p/a")),
)
"""The tables that are proved."""


def prove(
    subjects: tuple[Subjects, ...] = SHIPPED, progress: Progress | None = None, *, event: str | None = None
) -> Report:
    """Prove every promise of every row.

    Args:
        subjects: the tables with their promises; by default those that Detent runs.
        progress: told after each row.
        event: prove the rows of this event alone, None: all. A row's obligations rest on its own event's rows only.

    Raises:
        ProofUnavailableError: z3 is not installed.
        UntranslatableError: a guard, an action or a promise is outside the language.
    """
    began = time.monotonic()
    total = sum(
        len(_promised(s.promises, row.event)) for s in subjects for row in (*_rows(s, event), *_silence(s, event))
    )
    total += sum(len(s.promises.invariants) for s in subjects)
    obligations: list[Obligation] = []
    dead: list[str] = []
    for subject in subjects:
        obligations.extend(_at_the_beginning(subject, rule) for rule in subject.promises.invariants)
        for row in _rows(subject, event):
            proof = _Proof(subject, row)
            if not proof.can_fire():
                dead.append(f"{subject.table.name} row '{row.name}'")
            obligations.extend(proof.obligations())
            if progress is not None:
                progress(len(obligations), total)
        for row in _silence(subject, event):
            obligations.extend(_Proof(subject, row).obligations())
    if progress is not None:
        progress(len(obligations), total)
    return Report(tuple(obligations), tuple(dead), time.monotonic() - began)


def altered(subject: Subjects, rows: tuple[Row, ...]) -> Subjects:
    """The same promises about other rows, to see that a broken table is caught."""
    return evolve(subject, table=Table(subject.table.name, subject.table.states, rows))


def sentence_of(function: Callable[..., Any]) -> str:
    """The first sentence of a promise's docstring."""
    return (function.__doc__ or function.__name__).partition("\n")[0]


def _promised(promises: Promises, event: str) -> tuple[Invariant | StepRule, ...]:
    return (*promises.invariants, *(rule for rule in promises.steps if rule.concerns(event)))


def _rows(subject: Subjects, event: str | None) -> tuple[Row, ...]:
    return tuple(row for row in subject.table.rows if event in (None, row.event))


def _silence(subject: Subjects, event: str | None) -> tuple[Row, ...]:
    """For each event a row that stands for what happens where no row fires: nothing."""
    expected = (name for rule in subject.promises.steps for name in rule.on)
    events = dict.fromkeys((*subject.table.events, *expected)) if event is None else (event,)
    return tuple(Row(name, tuple(subject.table.states), None, NO_ROW) for name in events)


def _at_the_beginning(subject: Subjects, rule: Invariant) -> Obligation:
    name, sentence = rule.holds.__name__, sentence_of(rule.holds)
    broken = None if rule.holds(subject.begins) else Counterexample(BEGINS, {}, {}, {})
    return Obligation(subject.table.name, BEGINS, name, sentence, broken)


class _Proof:
    """The obligations of one row: what is assumed is told to the solver once, each promise is then denied in turn."""

    def __init__(self, subject: Subjects, row: Row) -> None:
        self.subject, self.row = subject, row
        self.names = Names()
        self.before = Frame("before", (subject.promises.subject,))
        self.event = Frame("event", self._event_classes())
        self.look = {"before": self.before.read, "event": self.event.read}
        self.translator = Translator(self.names, self.look)
        self.changed = self._changed()
        self.after = {**self.look, "before": self._after, "after": self._after}
        self.assumed = [
            *self._assumptions(),
            *(self._term(rule.holds, self.look) for rule in subject.promises.invariants),
        ]
        self.denied = [(rule, self._denial(rule)) for rule in _promised(subject.promises, row.event)]

    def can_fire(self) -> bool:
        """Some subject and event fire the row."""
        z3 = solver_library()
        return bool(self._solver().check() == z3.sat)

    def obligations(self) -> Iterator[Obligation]:
        """Every promise about the row, proved or with what breaks it."""
        z3 = solver_library()
        solver = self._solver()
        for rule, denial in self.denied:
            solver.push()
            solver.add(denial)
            answer = solver.check()
            found = None
            if answer == z3.sat:
                found = witness(self.row.event, solver.model(), self.names, self.before, self.event, self._after)
            elif answer == z3.unknown:
                found = Counterexample(self.row.event, {}, {}, {UNKNOWN: solver.reason_unknown()})
            solver.pop()
            yield Obligation(self.subject.table.name, self._name, rule.holds.__name__, sentence_of(rule.holds), found)

    @property
    def _name(self) -> str:
        return f"{self.row.event}: {NO_ROW}" if self.row.why == NO_ROW else self.row.name

    def _solver(self) -> Any:
        solver = solver_library().Solver()
        solver.set("timeout", 10_000)
        solver.add(*self.assumed, *self.translator.facts)
        solver.add(*self.before.typed(self.names), *self.event.typed(self.names), self.names.distinct())
        return solver

    def _event_classes(self) -> tuple[type, ...]:
        promises = self.subject.promises
        functions: list[Callable[..., Any]] = [f for r in self._cell() for f in (*r.when, *r.do)]
        functions += [rule.holds for rule in promises.steps if rule.concerns(self.row.event)]
        functions += [contract.holds for contract in promises.contracts if self.row.event in contract.on]
        return tuple(dict.fromkeys(cls for function in functions for cls in classes_of(function, 1)))

    def _cell(self) -> tuple[Row, ...]:
        """The row and those before it that could have fired in its place."""
        rows = self.subject.table.rows
        earlier = rows if self.row.why == NO_ROW else rows[: rows.index(self.row)]
        return (*(r for r in earlier if r.event == self.row.event and set(r.source) & set(self.row.source)), self.row)

    def _assumptions(self) -> Iterator[Term]:
        z3 = solver_library()
        *earlier, row = self._cell()
        yield self._fires(row)
        for other in earlier:
            yield z3.Not(self._fires(other))
        for contract in self.subject.promises.contracts:
            if row.event in contract.on:
                yield self._term(contract.holds, self.look)

    def _fires(self, row: Row) -> Term:
        z3 = solver_library()
        state = self.before.read(("state",))
        here = z3.Or(*[state == self.names[source] for source in row.source])
        return z3.And(here, *[self._term(guard, self.look) for guard in row.when])

    def _changed(self) -> Mapping[str, Term]:
        changed = {} if self.row.to is None else {"state": self.names[self.row.to]}
        for action in self.row.do:
            for name, expr in read_action(action).items():
                whole = kind_of(self.subject.promises.subject, (name,)) == "real or none"
                changed[name] = self.translator.term(expr) if whole else self.translator.number(expr)
        return changed

    def _after(self, path: tuple[str, ...]) -> Term:
        return self.changed[path[0]] if path[0] in self.changed else self.before.read(path)

    def _term(self, function: Callable[..., Any], look: Mapping[str, Callable[[tuple[str, ...]], Term]]) -> Term:
        return Translator(self.names, look, self.translator.facts).term(read_predicate(function))

    def _denial(self, rule: Invariant | StepRule) -> Term:
        look = self.after if isinstance(rule, Invariant) else {**self.look, "after": self._after}
        return solver_library().Not(self._term(rule.holds, look))
