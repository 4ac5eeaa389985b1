"""The translatable language: what it reads, what it refuses, and that z3 is told what Python does."""

from __future__ import annotations

import importlib
import random
import typing
from collections.abc import Callable
from typing import Any

import pytest
from attrs import evolve, fields

from detent.fsm import COOLDOWN, SESSION, Cooldown, Session
from detent.fsm.engine import Table
from detent.fsm.rows import Row
from detent.fsm.session import choose
from detent.fsm.turn import TURN
from detent.specs.language import UntranslatableError, lint, read_action, read_predicate
from detent.specs.language_kinds import classes_of, kind_of
from detent.specs.language_tla import expression, transitions
from detent.specs.language_tree import Rounded, parts_of, reads
from detent.specs.language_z3 import Frame, Maybe, Names, ProofUnavailableError, Translator, solver_library

from .tables import replaced, row_that, table_of

THRESHOLD = 3


def asks_the_clock(s: Session, _e: Any) -> bool:
    """It calls what the language does not know."""
    return bool(s.serving.startswith("p/"))


def counts_in_a_loop(s: Session, _e: Any) -> bool:
    """It has a statement too many."""
    for _turn in s.turns:
        return True
    return False


def looks_outside(s: Session, _e: Any) -> bool:
    """It reads something that is no constant."""
    return s.serving in pytest.__all__


def builds_its_answer(s: Session, _e: Any) -> dict[str, Any]:
    """It returns no literal."""
    return dict(serving=s.adopted)  # noqa: C408


def is_old_and_pinned(s: Session, e: Any) -> bool:
    """It names a constant, a local name and another function."""
    limit = THRESHOLD + 1
    return s.epoch >= limit and not is_bare(s, e)


def is_bare(s: Session, _e: Any) -> bool:
    """There is no pin."""
    return s.pin is None


@pytest.mark.parametrize("table", [SESSION, COOLDOWN, TURN], ids=lambda table: table.name)
def test_every_guard_and_action_of_the_tables_is_in_the_language(table: Table[Any]) -> None:
    assert lint(table) == ()


@pytest.mark.parametrize(
    ("guard", "complaint"),
    [
        (asks_the_clock, "guard of 'pin': 'asks_the_clock' at `bool(s.serving.startswith('p/'))`"),
        (counts_in_a_loop, "only assignments to local names may stand before the return"),
        (looks_outside, "only the subject, the event and elements have fields"),
    ],
)
def test_a_guard_outside_the_language_is_named_with_its_code(guard: Callable[..., bool], complaint: str) -> None:
    pin = row_that(SESSION, "the user chose a model")
    (problem,) = lint(table_of(replaced(SESSION, "the user chose a model", evolve(pin, when=(guard,)), pin)))
    assert complaint in problem or problem.endswith("is no parameter, no local name and no constant of the module")
    assert guard.__name__ in problem


def test_an_action_outside_the_language_is_named() -> None:
    pin = row_that(SESSION, "the user chose a model")
    (problem,) = lint(table_of(replaced(SESSION, "the user chose a model", evolve(pin, do=(builds_its_answer,)))))
    where = "'builds_its_answer' at `dict(serving=s.adopted)`"
    assert problem == f"action of 'pin': {where}: an action returns one dict literal"


def test_constants_local_names_and_other_functions_are_read_through() -> None:
    tree = read_predicate(is_old_and_pinned)
    assert expression(tree) == "s.epoch >= (3 + 1) /\\ ~(s.pin = None)"
    assert reads(tree, "before") == ("epoch", "pin")


def test_an_assignment_may_not_look_at_what_the_spec_leaves_out() -> None:
    with pytest.raises(UntranslatableError, match=r"guard 'is_pinned' looks at pin, which the spec does not model"):
        transitions(SESSION, ("state", "serving"))
    assert "licence" in read_action(choose)
    assert "licence" not in transitions(SESSION, tuple(f.name for f in fields(Session) if f.name != "licence"))


def test_the_order_of_a_cell_is_the_order_of_the_text() -> None:
    text = transitions(SESSION, tuple(field.name for field in fields(Session)))
    for event in SESSION.events:
        rows = [row.why for row in SESSION.rows if row.event == event]
        operator = "On" + "".join(word.capitalize() for word in event.split("_"))
        here = text.partition(f"{operator}(s, e) ==")[2].partition("(s, e) ==")[0]
        places = [here.index(f"\\* {why}\n") for why in rows]
        assert places == sorted(places)


def test_without_z3_the_way_to_get_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> Any:
        raise ImportError(name)

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(ProofUnavailableError, match=r"pip install 'detent\[proof\]'"):
        solver_library.__wrapped__()


NAMES = ["m1", "m2", "t1", "t2", "primary", "exhausted", "overloaded", ""]


def a_value(chance: random.Random, owner: type, name: str) -> Any:
    hint = typing.get_type_hints(owner)[name]
    if hint not in (str, str | None, bool, bool | None, int, float, float | None, tuple[str, ...], frozenset[str]):
        return a_subject(chance, hint)
    some = chance.sample(NAMES, chance.randint(0, 2))
    made: dict[str, Any] = {
        "name": chance.choice(NAMES),
        "names": tuple(some) if hint == tuple[str, ...] else frozenset(some),
        "truth": chance.random() < 0.5,
        "whole": chance.randint(0, 3),
        "real": float(chance.randint(0, 6)),
    }
    kind = kind_of(owner, (name,))
    return None if kind.endswith("or none") and chance.random() < 0.4 else made[kind.removesuffix(" or none")]


def a_subject(chance: random.Random, owner: Any) -> Any:
    made = {field.name: a_value(chance, owner, field.name) for field in fields(owner)}
    states = {Session: SESSION.states, Cooldown: COOLDOWN.states}.get(owner)
    return owner(**made | ({"state": chance.choice(list(states))} if states else {}))


class Concrete:
    """A proof's frames with every field fixed to what a Python object holds."""

    def __init__(self, z3: Any, subject: Any, event: Any) -> None:
        self.z3, self.names = z3, Names()
        self.frames = {"before": Frame("before", (type(subject),)), "event": Frame("event", (type(event),))}
        self.objects = {"before": subject, "event": event}
        self.translator = Translator(self.names, {who: frame.read for who, frame in self.frames.items()})

    def literal(self, value: Any) -> Any:
        if isinstance(value, tuple | frozenset):
            members = self.z3.EmptySet(self.names.sort)
            for one in value:
                members = self.z3.SetAdd(members, self.names[one])
            return members
        if isinstance(value, bool):
            return self.z3.BoolVal(value)
        return self.z3.RealVal(repr(value)) if isinstance(value, int | float) else self.names[value]

    def same(self, term: Any, value: Any) -> Any:
        if isinstance(term, Maybe):
            return self.z3.Not(term.given) if value is None else self.z3.And(term.given, term.value == value)
        if isinstance(value, bool) and term.sort() == self.names.sort:
            return term == self.names[str(value).lower()]
        return term == self.literal(value)

    def allows(self, *claims: Any) -> bool:
        solver = self.z3.Solver()
        for who, frame in self.frames.items():
            for path, term in frame.terms.items():
                value = self.objects[who]
                for name in path.split("."):
                    value = getattr(value, name)
                solver.add(self.same(term, value))
        solver.add(*claims, *self.translator.facts, self.names.distinct())
        return bool(solver.check() == self.z3.sat)


def uses() -> list[Any]:
    found = {}
    for subject, table in ((Session, SESSION), (Cooldown, COOLDOWN)):
        for row in table.rows:
            rows: list[Row] = [other for other in table.rows if other.event == row.event]
            known = [cls for other in rows for f in (*other.when, *other.do) for cls in classes_of(f, 1)]
            for function in (*row.when, *row.do):
                events = classes_of(function, 1) or tuple(known)
                found[function] = pytest.param(subject, events, function, function in row.do, id=function.__name__)
    return [param for param in found.values() if param.values[1]]


@pytest.mark.parametrize(("owner", "events", "function", "acts"), uses())
def test_z3_is_told_what_python_does(
    owner: type, events: tuple[type, ...], function: Callable[..., Any], acts: bool
) -> None:
    z3 = pytest.importorskip("z3")
    for seed in range(12):
        chance = random.Random(seed)  # noqa: S311 - samples, drawn again by their seed
        subject, event = a_subject(chance, owner), a_subject(chance, chance.choice(events))
        world = Concrete(z3, subject, event)
        said = function(subject, event)
        for name, tree in (read_action(function) if acts else {"": read_predicate(function)}).items():
            value = said[name] if acts else said
            term = world.translator.term(tree)
            term = term.value if isinstance(term, Maybe) and value is not None else term
            claim = world.same(term, value)
            assert world.allows(claim), f"seed {seed}: {function.__name__} {name} gives {value!r}, z3 excludes it"
            if not any(isinstance(part, Rounded) for part in parts_of(tree)):
                assert not world.allows(z3.Not(claim)), f"seed {seed}: {function.__name__} {name} may be another"
