"""Induction: every row keeps every promise, and a row that does not is named with what breaks it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from attrs import evolve

from detent.fsm import COOLDOWN, SESSION, Chain, Config, Cooldown, Failure, Session
from detent.fsm.cooldown import Failed, is_late, strike
from detent.fsm.decision import Call
from detent.fsm.engine import Fired, Table
from detent.fsm.rows import Row
from detent.fsm.session import Answered, Desired, Pin, TurnEvent, choose, come_home, probes, stop_trying
from detent.specs.induction import BEGINS, NO_ROW, SHIPPED, Obligation, Report, Subjects, altered, prove
from detent.specs.mutation.unguarded import PUT_BACK, UNGUARDED

from ..fsm.outage import World
from .tables import acting, replaced, row_that

OF_SESSION, OF_COOLDOWN = SHIPPED


pytest.importorskip("z3")


def broken(subject: Subjects, rows: tuple[Row, ...]) -> Report:
    return prove((altered(subject, rows),))


def failing(report: Report) -> set[tuple[str, str]]:
    return {(failure.row, failure.promise) for failure in report.failures}


def test_every_row_keeps_every_promise() -> None:
    seen: list[tuple[int, int]] = []
    report = prove(progress=lambda done, total: seen.append((done, total)))
    assert report.holds, str(report)
    assert seen[-1] == (len(report.obligations), len(report.obligations))
    rows, events = (*SESSION.rows, *COOLDOWN.rows), (*SESSION.events, *COOLDOWN.events)
    names = {BEGINS, *(row.name for row in rows), *(f"{event}: {NO_ROW}" for event in events)}
    assert {obligation.row for obligation in report.obligations} == names
    total = len(report.obligations)
    assert str(report).splitlines()[-1].startswith(f"{total} of {total} obligations over ")


def test_without_its_guard_reconciliation_is_named_with_a_counterexample() -> None:
    report = broken(OF_SESSION, UNGUARDED.rows)
    found = [f for f in report.failures if f.promise == "configuration_leaves_a_live_failover"]
    assert {failure.row for failure in report.failures} == {PUT_BACK.name}
    (failure,) = found
    seen = failure.counterexample
    assert seen is not None
    assert seen.before["state"] in ("'failover_active'", "'cooldown_probe'")
    assert seen.after["state"] == "'primary'"
    assert seen.before["serving"] != seen.event["primary"] == seen.after["serving"]
    assert f"session row '{PUT_BACK.name}' breaks: Neither reconciliation nor a published" in str(report)
    assert "\n  before: state=" in str(failure)
    assert "\n  reconcile: " in str(failure)


def test_without_the_row_that_blocks_it_the_closed_world_still_does() -> None:
    assert broken(OF_SESSION, replaced(SESSION, "a failover is live")).holds


@pytest.mark.parametrize(
    ("says", "event", "promise"),
    [
        ("the user chose a model", "pin", "a_pin_serves_at_once"),
        ("the turn goes on with what serves", "turn_started", "a_turn_that_began_is_counted"),
        ("what serves cannot be called: a fallback serves", "failed_over", "a_failover_serves_its_fallback"),
    ],
)
def test_a_row_that_is_missing_is_found_where_something_else_happens(says: str, event: str, promise: str) -> None:
    report = broken(OF_SESSION, replaced(SESSION, says))
    assert any(failure.promise == promise for failure in report.failures), str(report)
    assert {failure.row.partition(":")[0] for failure in report.failures} == {event}


def come_home_and_go_on_trying(s: Session, e: Answered) -> Mapping[str, Any]:
    """The dropped assignment: the prober stays."""
    return {"serving": e.model, "epoch": s.epoch + 1, "adopted": e.adopts.primary, "revision": e.adopts.revision}


def does_not_probe(s: Session, e: TurnEvent) -> bool:
    """The negated guard."""
    return not probes(s, e)


def let_the_pin_go(_s: Session, _e: Desired) -> Mapping[str, Any]:
    """What no configuration may do."""
    return {"pin": None}


def test_a_dropped_assignment_is_found_in_its_row() -> None:
    row = row_that(SESSION, "the primary answered")
    report = broken(OF_SESSION, acting(SESSION, row.why, come_home, come_home_and_go_on_trying))
    assert (row.name, "a_probe_has_its_turn") in failing(report)
    assert {failure.row for failure in report.failures} == {row.name}


@pytest.mark.parametrize("row", [row for row in SESSION.rows if stop_trying in row.do], ids=lambda row: row.why[:40])
def test_a_probe_that_is_not_ended_is_found_in_each_row(row: Row) -> None:
    report = broken(OF_SESSION, acting(SESSION, row.why, stop_trying))
    assert (row.name, "a_probe_has_its_turn") in failing(report)
    assert {failure.row for failure in report.failures} == {row.name}


def test_a_negated_guard_is_found_in_its_row() -> None:
    row = row_that(SESSION, "what serves became home and did not answer")
    negated = evolve(row, when=(does_not_probe,))
    report = broken(OF_SESSION, replaced(SESSION, row.why, negated))
    assert (negated.name, "others_failures_end_no_probe") in failing(report)


def test_a_configuration_that_drops_the_pin_is_found() -> None:
    row = row_that(SESSION, "the pin's provider has gone")
    report = broken(OF_SESSION, replaced(SESSION, row.why, evolve(row, do=(*row.do, let_the_pin_go))))
    assert (row.name, "only_the_user_writes_the_pin") in failing(report)


def test_a_row_that_cannot_fire_is_named_because_all_would_be_proved_of_it() -> None:
    dead = Row("probe_failed", "cooldown_probe", "primary", "never", (probes, does_not_probe), (stop_trying,))
    report = broken(OF_SESSION, (dead, *SESSION.rows))
    assert report.dead == (f"session row '{dead.name}'",)
    assert not report.holds
    assert "can never fire" in str(report)


def strike_without_a_cap(c: Cooldown, e: Failed) -> Mapping[str, Any]:
    """The rest is the base doubled by each further strike, and nothing bounds it."""
    return {
        "strikes": c.strikes + 1,
        "until": e.now + e.base_s * 2.0 ** (c.strikes + 1),
        "generation": c.generation + 1,
    }


def test_a_rest_without_a_cap_is_found() -> None:
    row = row_that(COOLDOWN, "the scope is condemned")
    report = broken(OF_COOLDOWN, acting(COOLDOWN, row.why, strike, strike_without_a_cap))
    assert (row.name, "no_rest_outlives_its_cap") in failing(report)
    assert {failure.row for failure in report.failures} == {row.name}


def test_a_late_failure_that_counts_is_found() -> None:
    row = next(row for row in COOLDOWN.rows if row.event == "failed" and row.when == (is_late,))
    rows = tuple(other for other in COOLDOWN.rows if other is not row)
    report = broken(OF_COOLDOWN, rows)
    assert "a_late_failure_counts_for_nothing" in {failure.promise for failure in report.failures}


def test_a_row_that_leaves_a_lease_behind_is_found() -> None:
    row = row_that(COOLDOWN, "a late failure states a longer wait; the probe goes on")
    report = broken(OF_COOLDOWN, replaced(COOLDOWN, row.why, evolve(row, to="cooling")))
    assert (f"{row.name.removesuffix('stay')}cooling", "a_lease_is_held_in_a_probe_alone") in failing(report)


def test_the_contracts_are_needed() -> None:
    for contract in OF_SESSION.promises.contracts:
        others = tuple(other for other in OF_SESSION.promises.contracts if other is not contract)
        report = prove((evolve(OF_SESSION, promises=evolve(OF_SESSION.promises, contracts=others)),))
        assert not report.holds, f"nothing rests on {contract.holds.__name__}"


def test_a_subject_that_begins_badly_is_found() -> None:
    report = prove((evolve(OF_SESSION, begins=Session("s", "p/b", "p/a")),))
    assert failing(report) == {(BEGINS, "primary_serves_what_it_adopted")}


def test_a_pin_that_forgets_its_epoch_is_found() -> None:
    def pin_quietly(_s: Session, e: Pin) -> Mapping[str, Any]:
        return {"pin": e.model, "serving": e.model, "prober": None}

    row = row_that(SESSION, "the user chose a model")
    report = broken(OF_SESSION, acting(SESSION, row.why, choose, pin_quietly))
    assert (row.name, "a_new_pin_is_a_new_epoch") in failing(report)


class Listener:
    """Hears every event that the core sends to the tables, and holds it against contracts, invariants and rules."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.heard: dict[str, int] = {}
        self.promised = {subject.table.name: subject.promises for subject in SHIPPED}
        fire = Table.fire

        def listening(table: Table[Any], subject: Any, name: str, event: Any) -> Fired[Any]:
            fired = fire(table, subject, name, event)
            if table.name in self.promised:
                self.judge(table.name, subject, name, event, fired.after)
            return fired

        monkeypatch.setattr(Table, "fire", listening)

    def judge(self, table: str, before: Any, name: str, event: Any, after: Any) -> None:
        promises = self.promised[table]
        for contract in promises.contracts:
            if name in contract.on:
                self.heard[contract.holds.__name__] = self.heard.get(contract.holds.__name__, 0) + 1
                assert contract.holds(before, event), f"{name} to {before}: {contract.holds.__doc__}"
        for invariant in promises.invariants:
            assert invariant.holds(before), f"before {name}, {before}: {invariant.holds.__doc__}"
            assert invariant.holds(after), f"after {name}, {after}: {invariant.holds.__doc__}"
        for rule in promises.steps:
            if rule.concerns(name):
                assert rule.holds(before, event, after), f"{name} to {before}: {rule.holds.__doc__}"


def play(world: World, chance: random.Random) -> None:
    """One thing that may happen."""
    calls = [flight for flight in world.flights.values() if isinstance(flight.order, Call)]
    match chance.randrange(12):
        case 0 | 1 if len(world.flights) < 3:
            world.start(chance.choice(["s1", "s2"]))
        case 2 | 3 | 4 if calls:
            reason = chance.choice(["overloaded", "rate_limit", "auth", "unsupported", "connection"])
            world.fail(chance.choice(calls), Failure(reason, wait_s=chance.choice([None, 0.0, 500.0])))
        case 5 | 6 if calls:
            world.succeed(chance.choice(calls))
        case 7:
            world.user(chance.choice(["s1", "s2"]), chance.choice(["unpin", "reset", "reconcile"]))
        case 8 if chance.random() < 0.3:
            world.pin(chance.choice(["s1", "s2"]), chance.choice(["a/x", "b/x", "c/x"]))
        case 9 if chance.random() < 0.3:
            models = chance.sample(["a/x", "b/x", "c/x"], 3)
            world.publish(world.config.next(Chain.of(*models)))
        case 10:
            world.now += chance.choice([1.0, 30.0, 700.0])
        case 11 if calls:
            world.cut(chance.choice(list(world.flights.values())), "aborted")
    for flight in [f for f in world.flights.values() if f.order is not None and not isinstance(f.order, Call)]:
        world.wake(flight)


def test_the_core_keeps_its_contracts_in_real_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    listener = Listener(monkeypatch)
    for seed in range(40):
        chance = random.Random(seed)  # noqa: S311 - a game, told again by its seed
        world = World(Config(Chain.of("a/x", "b/x", "c/x")))
        for _ in range(120):
            play(world, chance)
    every = {contract.holds.__name__ for subject in SHIPPED for contract in subject.promises.contracts}
    assert set(listener.heard) >= every - {"a_claim_has_a_name"}, "some contract was never put to the test"


def test_an_obligation_reads_as_a_sentence() -> None:
    done = Obligation("session", "pin: primary -> user_pinned", "p", "The pin serves.")
    assert str(done) == "session row 'pin: primary -> user_pinned' keeps: The pin serves."
