"""Reconciliation without its guard: each of the four ways of proof reports it, on the same broken table."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from detent.fsm import SESSION, Table
from detent.fsm.session import Session
from detent.specs import explore, standard, told
from detent.specs.induction import SHIPPED, altered, prove
from detent.specs.machine import BrokenPromiseError, SessionMachine
from detent.specs.mutation import UNGUARDED, judge
from detent.specs.mutation.tables import in_force
from detent.specs.mutation.unguarded import livelock
from detent.specs.tla import Model, check, committed, generate
from detent.specs.tla.checker import named, without

README = Path(__file__).parents[2] / "README.md"
BROKEN: Table[Session] = Table("session", SESSION.states, UNGUARDED.rows)
UNTIL_BROKEN = settings(
    max_examples=400,
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def by_explorer() -> str:
    with in_force(BROKEN):
        found = explore(standard(2)[0])
        return told(found.broken[0])


def by_induction() -> str:
    pytest.importorskip("z3")
    report = prove((altered(SHIPPED[0], UNGUARDED.rows),), event="reconcile")
    return str(report.failures[0])


def by_tla(package: Path) -> str:
    configuration = committed("Session2.cfg")
    promises = (*named(configuration, "INVARIANT"), *named(configuration, "PROPERTY"))
    alone = without(configuration, (name for name in promises if name != "FailoverHolds"))
    return Model.of(2, BROKEN).tell(check(generate(BROKEN), alone, package))


def by_hypothesis() -> str:
    with in_force(BROKEN), pytest.raises(BrokenPromiseError) as caught:
        run_state_machine_as_test(SessionMachine, settings=UNTIL_BROKEN)
    return str(caught.value)


def test_the_explorer_reports_it() -> None:
    message = by_explorer()
    print(message)
    assert message.startswith("promise 1 (")
    assert "3. the reconciliation loop visits" in message


def test_induction_reports_it() -> None:
    message = by_induction()
    print(message)
    assert "session row 'reconcile: failover_active|cooldown_probe [strays] -> primary' breaks: Neither" in message


def test_tla_reports_it(package: Path) -> None:
    message = by_tla(package)
    print(message)
    assert message.startswith("FailoverHolds is broken: ")
    loop = message.partition(", then for ever: ")[2].split(", ")
    readme = re.search(
        r"TLA\+ tells the loop that never ends: \*(.*?)\*, and again", README.read_text(encoding="utf-8")
    )
    assert readme is not None
    assert readme[1].split(", ") in [loop[place:] + loop[:place] for place in range(len(loop))], "it may begin anywhere"


def test_hypothesis_reports_it() -> None:
    message = by_hypothesis()
    print(message)
    assert "reconciliation moved a session in failover_active from" in message


def test_a_mutation_run_kills_it() -> None:
    assert judge(UNGUARDED).check == "induction"


def test_the_readme_tells_the_loop_as_the_explorer_prints_it() -> None:
    with in_force(BROKEN):
        printed = told(livelock())
    readme = README.read_text(encoding="utf-8")
    block = readme.partition("<!-- livelock -->")[2].partition("<!-- end -->")[0]
    assert block.strip().removeprefix("```text").removesuffix("```").strip() == printed.partition("\n")[2].strip()
