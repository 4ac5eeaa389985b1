"""Every small fault in a shipped table is noticed, or it is on record why it makes no difference."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from attrs import evolve

from detent.fsm import COOLDOWN, SESSION, TURN, Table, desk, walk
from detent.fsm.session import Desired, Session, adopt, is_idle
from detent.specs import PROPERTIES, explore, standard
from detent.specs.mutation import CHECKS, KINDS, BaselineError, Reason, Report, Verdict, every, grounds
from detent.specs.mutation.grounds import Ground, ground, unreached
from detent.specs.mutation.mutants import forgetting, negated
from detent.specs.mutation.tables import in_force

pytest.importorskip("z3")

SURVIVES = Verdict("session", "drop", "session / some row / dropped", None, "answers the same")
KILLED = evolve(SURVIVES, check="explorer", how="promise 1 is broken")
NAMED = Reason("equivalent", "It is.", (SURVIVES.mutant,))


def report(*verdicts: Verdict, reasons: tuple[Reason, ...] = ()) -> Report:
    return Report(verdicts, frozenset({"session"}), reasons)


def test_every_mutant_is_killed_or_its_survival_explained() -> None:
    command = [sys.executable, "-m", "detent.specs.mutation", "--json"]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ran.stdout, ran.stderr
    said: dict[str, Any] = json.loads(ran.stdout)
    assert said["problems"] == []
    assert ran.returncode == 0, ran.stderr
    names = [mutant.name for table in ("session", "turn", "cooldown") for mutant in every(table)]
    assert [verdict["mutant"] for verdict in said["verdicts"]] == names
    assert all(said["killed"][check] for check in CHECKS), "each check has something to kill"
    assert all(survivor["verdict"] != "not killed" for survivor in said["survivors"])


def test_a_survivor_that_nobody_explains_is_a_problem() -> None:
    found = report(SURVIVES)
    assert found.problems == (
        "no check notices, and no reason says why: session / some row / dropped (answers the same)",
    )
    assert report(SURVIVES, reasons=(NAMED,)).problems == ()


def test_a_reason_for_what_is_killed_or_is_no_mutant_is_stale() -> None:
    (killed,) = report(KILLED, reasons=(NAMED,)).problems
    assert killed.startswith("said to survive, but killed by explorer: session / some row / dropped")
    (gone,) = report(reasons=(NAMED,)).problems
    assert gone == "a reason is on record for what is no mutant: session / some row / dropped"
    elsewhere = Report((), frozenset({"turn"}), (NAMED,))
    assert elsewhere.problems == (), "a run over other tables says nothing of this one"


BLIND = """
from importlib import import_module
from detent.specs.mutation.__main__ import main
from detent.specs.worlds import standard
grounds = import_module("detent.specs.mutation.grounds")
grounds.standard, grounds.rare, grounds.unreached = lambda size: standard(size)[:3], tuple, lambda found: ()
judge = import_module("detent.specs.mutation.judge")
judge._refuted = lambda mutant: None
judge._broken = lambda table, env: None
main(["--table", "cooldown"])
"""


def test_the_command_fails_where_the_checks_are_blind() -> None:
    ran = subprocess.run([sys.executable, "-c", BLIND], capture_output=True, text=True, check=False)
    assert ran.returncode == 1, ran.stderr
    assert "no check notices, and no reason says why: cooldown / " in ran.stdout


def test_nothing_is_learnt_where_the_shipped_tables_break_a_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    lie = evolve(PROPERTIES[0], holds=lambda _moment: False)
    monkeypatch.setattr(grounds, "search", lambda env: explore(env, [lie]))
    with pytest.raises(BaselineError, match="the shipped tables break a promise"):
        ground(standard(2)[0])


def test_a_row_that_no_world_reaches_is_named() -> None:
    reached = unreached([Ground(standard(2)[0], 0.0, {}, frozenset())])
    assert ("session", "unpin: user_pinned -> primary") in reached
    assert ("cooldown", "tapped: available -> stay") not in reached, "it is dead, and need not be reached"


def test_mutants_are_of_every_kind_and_have_names_of_their_own() -> None:
    found = [(table, mutant) for table in (SESSION, TURN, COOLDOWN) for mutant in every(table.name)]
    assert {mutant.kind for _, mutant in found} == set(KINDS)
    assert len({mutant.name for _, mutant in found}) == len(found)
    assert all(mutant.rows != table.rows for table, mutant in found)


def test_a_turned_guard_and_a_forgotten_assignment_are_what_they_say() -> None:
    session, desired = Session("s", "a/x", "a/x"), Desired("b/y", 7)
    assert is_idle(session, desired)
    assert negated(is_idle)(session, desired) is False
    assert forgetting(adopt, "adopted")(session, desired) == {"revision": 7}


def test_another_table_is_in_force_wherever_the_core_knows_it_and_only_for_a_while() -> None:
    other = Table("cooldown", COOLDOWN.states, COOLDOWN.rows)
    with in_force(other):
        assert desk.COOLDOWN is walk.COOLDOWN is other
    assert desk.COOLDOWN is walk.COOLDOWN is COOLDOWN
