"""The grounds on which mutants are tried: small worlds, and what the shipped tables are asked in each.

A mutant that answers all that is asked in a world as the shipped table does, plays the same runs there, and breaks
nothing that the shipped table keeps. So a mutant is explored only where some answer differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from operator import attrgetter
from typing import Any, Final

from attrs import fields, frozen

from detent.fsm import Cooldown, Session, Turn
from detent.fsm.engine import Fired, Table
from detent.fsm.turn_events import Beside

from ..dead import DEAD
from ..environment import Environment
from ..explorer import Exploration, explore
from ..story import told
from ..witnesses import Cell, cells
from ..worlds import rare, standard
from .tables import SHIPPED, in_force

LIMIT: Final = 600
"""How many states of a world are looked at; the smaller worlds have fewer, and are searched to their end."""

Answer = tuple[Any, ...]
"""What a table makes of an event, as far as anybody can see it: what came of it, the notice, and the subject."""


class BaselineError(Exception):
    """The shipped tables themselves break a promise on these grounds, or do not reach a row that lives."""


@frozen
class Question:
    """One event that the core sent to a table, and what the shipped table makes of it."""

    table: str
    event: str
    subject: Any
    content: Any
    answer: Answer

    def differs(self, table: Table[Any]) -> bool:
        """The other table answers otherwise; that it fails to answer is another answer too."""
        try:
            return answer(table, self.event, self.subject, self.content) != self.answer
        except Exception:  # whatever a broken table raises
            return True


@frozen
class Ground:
    """One world, as the shipped tables play it."""

    env: Environment
    seconds: float
    questions: Mapping[tuple[str, str], tuple[Question, ...]]
    fired: frozenset[Cell]

    def differs(self, table: Table[Any], event: str) -> bool:
        """The table answers something that is asked in this world otherwise than the shipped one."""
        return any(question.differs(table) for question in self.questions.get((table.name, event), ()))


_FIELDS: Final[Mapping[type, Callable[[Any], tuple[Any, ...]]]] = {
    cls: attrgetter(*(field.name for field in fields(cls))) for cls in (Session, Turn, Cooldown)
}


def answer(table: Table[Any], event: str, subject: Any, content: Any) -> Answer:
    """What a table makes of an event."""
    return _answer(table.fire(subject, event, content))


def _answer(fired: Fired[Any]) -> Answer:
    tell = None if fired.row is None else fired.row.tell
    return fired.row is None, fired.kind, tell, _FIELDS[type(fired.after)](fired.after)


class _Asked(Table[Any]):
    """A shipped table that remembers what it is asked, each question once."""

    def __init__(self, table: Table[Any]) -> None:
        super().__init__(table.name, table.states, table.rows)
        self.questions: dict[object, Question] = {}
        self.fired: set[Cell] = set()

    def fire(self, subject: Any, name: str, event: Any) -> Fired[Any]:
        fired = super().fire(subject, name, event)
        key = (name, *_frozen(subject), *_frozen(event))
        if key not in self.questions:
            self.questions[key] = Question(self.name, name, subject, event, _answer(fired))
            if fired.row is not None:
                self.fired.add((self.name, fired.before, fired.row.name))
        return fired


def _frozen(value: Any) -> Iterator[object]:
    """The fields of a value in a form that can be hashed; configurations are told apart by which they are."""
    for field in fields(type(value)):
        found = getattr(value, field.name)
        if field.name == "config":
            yield id(found)
        elif isinstance(found, Beside):
            yield tuple(_frozen(found))
        else:
            yield tuple(sorted(found.items())) if isinstance(found, Mapping) else found


def ground(env: Environment) -> Ground:
    """Play one world on the shipped tables.

    Raises:
        BaselineError: they break a promise there.
    """
    asked = [_Asked(table) for table in SHIPPED.values()]
    with in_force(*asked):
        found = search(env)
    if found.broken:
        raise BaselineError(f"the shipped tables break a promise, so nothing is learnt:\n{told(found.broken[0])}")
    questions: dict[tuple[str, str], tuple[Question, ...]] = {}
    for table in asked:
        for question in table.questions.values():
            place = table.name, question.event
            questions[place] = (*questions.get(place, ()), question)
    return Ground(env, found.seconds, questions, frozenset(cell for table in asked for cell in table.fired))


def search(env: Environment) -> Exploration:
    """Explore a world as far as mutants are tried in it."""
    return explore(env, limit=LIMIT)


@cache
def grounds() -> tuple[Ground, ...]:
    """Every ground, the quickest first.

    Raises:
        BaselineError: the shipped tables break a promise, or some living row is not reached.
    """
    found = sorted(map(ground, (*standard(2), *rare())), key=lambda one: one.seconds)
    missed = unreached(found)
    if missed:
        rows = "; ".join(f"{machine}: {row}" for machine, row in missed)
        raise BaselineError(f"no world reaches, within {LIMIT} states: {rows}")
    return tuple(found)


def unreached(found: Iterable[Ground]) -> tuple[tuple[str, str], ...]:
    """The rows (machine, name) that live in some state and yet fire on none of these grounds."""
    fired = {(machine, row) for one in found for machine, _, row in one.fired}
    living = {(machine, row) for machine, state, row in cells() if (machine, state, row) not in DEAD}
    return tuple(sorted(living - fired))
