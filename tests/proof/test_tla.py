"""The TLA+ spec: generated from the table, checked by tla-checker, and the same world as the one in Python."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from detent.fsm import SESSION
from detent.fsm.engine import Table
from detent.fsm.rows import Row
from detent.fsm.session import adopt, leave
from detent.specs.mutation.unguarded import UNGUARDED
from detent.specs.tla import Model, Verdict, check, committed, generate
from detent.specs.tla.checker import named, without

from .tables import acting, replaced, row_that, table_of

STATES = {2: 1320, 3: 5344, 4: 19000}
"""Distinct states by the number of models."""

TRIES_HOME = "home may be called again"


def checked(rows: tuple[Row, ...], package: Path, *, only: str = "") -> tuple[Verdict, str]:
    """The verdict on other rows with two models, for all promises or one, and what it tells."""
    table = table_of(rows)
    configuration = committed("Session2.cfg")
    if only:
        promises = (*named(configuration, "INVARIANT"), *named(configuration, "PROPERTY"))
        configuration = without(configuration, (name for name in promises if name != only))
    verdict = check(generate(table), configuration, package)
    return verdict, Model.of(2, table).tell(verdict)


def test_the_committed_spec_is_what_the_table_gives() -> None:
    same = committed() == generate()
    assert same, "specs/tla/Session.tla is out of date; write it anew with: python -m detent.specs.tla"


def test_another_table_gives_another_spec() -> None:
    text = generate(table_of(UNGUARDED.rows))
    assert text != generate()
    assert "\\* the desired primary is put back" in text
    assert "Strays(s, e) == s.pin = None /\\ s.serving # e.primary" in text


@pytest.mark.parametrize("count", STATES)
def test_python_finds_the_states_on_record(count: int) -> None:
    assert Model.of(count).explore().states == STATES[count]


@pytest.mark.parametrize("count", STATES)
def test_the_checker_finds_the_same_states_and_everything_holds(count: int, package: Path) -> None:
    verdict = check(generate(), committed(f"Session{count}.cfg"), package)
    assert verdict.holds, Model.of(count).tell(verdict)
    assert verdict.states == STATES[count]


def test_every_configuration_checks_the_same_promises() -> None:
    for keyword in ("INVARIANT", "PROPERTY"):
        lists = {named(committed(f"Session{count}.cfg"), keyword) for count in STATES}
        assert len(lists) == 1
        assert all(f"\n{name} ==" in committed() for names in lists for name in names)


def test_reconciliation_without_its_guard_undoes_a_failover(package: Path) -> None:
    _, told = checked(UNGUARDED.rows, package)
    assert told == "ConfigurationLeavesALiveFailover is broken: start, reconcile"


def test_reconciliation_without_its_guard_is_a_loop_of_failures(package: Path) -> None:
    verdict, told = checked(UNGUARDED.rows, package, only="FailoverHolds")
    assert told.startswith("FailoverHolds is broken: ")
    again = told.partition(", then for ever: ")[2].split(", ")
    assert [name for name in again if name not in ("start", "answer")] == ["fail", "reconcile"], told
    assert verdict.states == Model.of(2, table_of(UNGUARDED.rows)).explore().states
    served = [state.partition('serving |-> "')[2].partition('"')[0] for state in verdict.loop]
    assert set(served) == {"m1", "m2"}, "what serves swings between the two"


@pytest.mark.parametrize(
    ("rows", "promise"),
    [
        pytest.param(
            replaced(SESSION, TRIES_HOME, evolve(row_that(SESSION, TRIES_HOME), to=None)),
            "StateSaysWhatServes",
            id="a turn tries home and the session does not know",
        ),
        pytest.param(acting(SESSION, "the turn is over", leave), "TurnsAreCounted", id="a turn is never counted out"),
        pytest.param(
            acting(SESSION, "the desired configuration is adopted underneath", adopt),
            "PublishedIsAdopted",
            id="nothing is adopted underneath a pin",
        ),
        pytest.param(replaced(SESSION, TRIES_HOME), "HomeIsRegained", id="no turn ever goes back to home"),
    ],
)
def test_a_broken_table_breaks_its_promise(rows: tuple[Row, ...], promise: str, package: Path) -> None:
    verdict, told = checked(rows, package, only=promise)
    assert verdict.broken == promise, told


def test_a_trace_of_another_world_is_refused() -> None:
    model = Model.of(2)
    start = model.initial()
    with pytest.raises(ValueError, match="step 1 of the trace is no step of this world"):
        model.story((model.text(start), model.text(start._replace(calm=True, down="m2"))))


SILENT = {
    "the pin's provider has gone: the pin is kept and passed over": "every provider stays configured",
    "the pin's provider is back": "every provider stays configured",
    "the desired chain is adopted": "each revision has a primary of its own",
    "a turn plans from the new chain, which is thereby adopted": "each revision has a primary of its own",
    "the turn that tried home is gone: this one tries it": "one turn is in flight at a time, and ends its probe",
    "the turn that tried home is gone": "one turn is in flight at a time, and ends its probe",
    "another turn has already brought the session here": "one turn is in flight at a time",
    "home is being tried or serves": "the core says so in failover alone",
    "the turn no longer speaks for the session": "only the prober is said to have failed",
    "exhausted, as the user knows already": "notices are left out",
    "a notice with the end of a turn named what serves": "notices are left out",
}
"""The rows that the environment never fires, with what it leaves out."""


def test_the_environment_fires_all_rows_but_those_it_says() -> None:
    fired: set[str] = set()

    class Watched(Table[Any]):
        def fire(self, subject: Any, name: str, event: Any) -> Any:
            done = super().fire(subject, name, event)
            if done.row is not None:
                fired.add(done.row.why)
            return done

    Model.of(3, Watched("session", SESSION.states, SESSION.rows)).explore()
    assert {row.why for row in SESSION.rows} - fired == set(SILENT)
