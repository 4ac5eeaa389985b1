"""Each promise of the design is broken once, on purpose, and the explorer says so with the shortest story."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from detent.adapters.scenario.runner import run_file
from detent.fsm import (
    COOLDOWN,
    SESSION,
    TURN,
    Config,
    Cooldown,
    Failure,
    Row,
    Table,
    calling,
    cooldown,
    core,
    desk,
    walk,
)
from detent.fsm import session as ss
from detent.fsm import turn as tt
from detent.specs import PROPERTIES, Environment, NotTellableError, explore, scenario, standard, told

Break = Callable[[pytest.MonkeyPatch], None]


def table_with(patch: pytest.MonkeyPatch, table: Table[Any], change: Callable[[Row], Row | None], *first: Row) -> None:
    rows = (*first, *(new for row in table.rows if (new := change(row)) is not None))
    patch.setattr(desk, table.name.upper(), Table(table.name, table.states, rows))


def keep(row: Row) -> Row:
    return row


def reconcile_unguarded(patch: pytest.MonkeyPatch) -> None:
    table_with(
        patch,
        SESSION,
        lambda row: None if row.event == "reconcile" else row,
        Row("reconcile", ss.ALL, ss.PRIMARY, "as if nothing had failed", (), (ss.serve_primary, ss.adopt)),
    )


def ends_at_home(session: ss.Session, _event: Any) -> dict[str, Any]:
    return {"serving": session.adopted}


def turn_end_moves_serving(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, SESSION, lambda r: evolve(r, do=(*r.do, ends_at_home)) if r.event == "turn_ended" else r)


def failover_is_silent(patch: pytest.MonkeyPatch) -> None:
    tell = desk.Desk.tell
    patch.setattr(desk.Desk, "tell", lambda self, kind, *rest: None if kind == "failover" else tell(self, kind, *rest))


def walk_begins_again(turn: tt.Turn, event: Any) -> dict[str, Any]:
    return {**tt.call_next(turn, event), "at": 0}


def never_forward(patch: pytest.MonkeyPatch) -> None:
    def change(row: Row) -> Row:
        do = tuple(walk_begins_again if action is tt.call_next else action for action in row.do)
        return evolve(row, do=do, when=row.when)

    table_with(patch, TURN, change)


def failure_without_record(turn: tt.Turn, event: Any) -> dict[str, Any]:
    return {**tt.note_failure(turn, event), "fates": turn.fates}


def retries_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(walk, "retry_wait", lambda *_: 0.0)


def fates_forgotten(patch: pytest.MonkeyPatch) -> None:
    def change(row: Row) -> Row:
        return evolve(row, do=tuple(failure_without_record if a is tt.note_failure else a for a in row.do))

    table_with(patch, TURN, change)


def chain_shrinks(patch: pytest.MonkeyPatch) -> None:
    whole = Config._walk
    patch.setattr(Config, "_walk", lambda self, pin, serving, *rest: whole(self, pin, serving, *rest)[:1])


def lose_pin(_session: ss.Session, _event: Any) -> dict[str, Any]:
    return {"pin": None}


def failover_drops_the_pin(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, SESSION, lambda r: evolve(r, do=(*r.do, lose_pin)) if r.event == "failed_over" else r)


def cooldown_too_wide(patch: pytest.MonkeyPatch) -> None:
    narrow = desk.Desk.to_cooldown

    def wide(self: desk.Desk, key: str, name: str, event: Any, **options: Any) -> None:
        narrow(self, key, name, event, **options)
        if name == "failed":
            narrow(self, key.replace("model ", "endpoint ").partition("/")[0], name, event, **options)

    patch.setattr(desk.Desk, "to_cooldown", wide)


def everybody_probes(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Cooldown, "open", lambda self, now: not self.rests(now))
    patch.setattr(Cooldown, "due", lambda self, now: self.state != "available" and not self.rests(now))


def late_counts(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, TURN, lambda row: None if row.kind == "stale" and tt.is_superseded in row.when else row)


def restart_goes_home(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, SESSION, lambda r: evolve(r, do=(*r.do, ends_at_home)) if r.event == "restored" else r)


def output_twice(patch: pytest.MonkeyPatch) -> None:
    do = (tt.note_failure, tt.call_next)
    again = Row("failed", tt.STREAMING, tt.ATTEMPTING, "somebody else begins anew", (tt.somebody_is_free,), do)
    table_with(patch, TURN, keep, again)


def home_is_forgotten(patch: pytest.MonkeyPatch) -> None:
    def change(row: Row) -> Row | None:
        return None if row.to == ss.COOLDOWN_PROBE and ss.FAILOVER_ACTIVE in row.source else row

    table_with(patch, SESSION, change)


def home_unadopted(session: ss.Session, event: Any) -> dict[str, Any]:
    return {**ss.come_home(session, event), "adopted": session.adopted, "revision": session.revision}


def nothing_is_adopted(patch: pytest.MonkeyPatch) -> None:
    def change(row: Row) -> Row | None:
        do = tuple(home_unadopted if action is ss.come_home else action for action in row.do)
        return None if ss.adopt in row.do and row.event in ("reconcile", "planned") else evolve(row, do=do)

    table_with(patch, SESSION, change)


def abort_cools(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, COOLDOWN, lambda r: evolve(r, do=(punish,)) if r.event == "released" and r.kind == "move" else r)


def punish(_record: Cooldown, _event: Any) -> dict[str, Any]:
    return {"until": 60.0, "holder": "", "lease_until": 0.0}


def kept_is_ignored(patch: pytest.MonkeyPatch) -> None:
    in_order = Config.candidates
    patch.setattr(Config, "candidates", lambda self, model, _kept=(): in_order(self, model))


def answers_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    def change(row: Row) -> Row:
        return evolve(row, do=tuple(action for action in row.do if action is not ss.keep_credential))

    table_with(patch, SESSION, change)


def a_reset_keeps_the_credential(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, SESSION, lambda r: evolve(r, do=tuple(a for a in r.do if a is not ss.start_afresh)))


def new_key_changes_nothing(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, COOLDOWN, lambda row: evolve(row, to=None, do=()) if row.event == "renewed" else row)


def old_key_counts(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, COOLDOWN, lambda row: None if cooldown.key_is_new in row.when else row)


def ghost_stays_beside(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, TURN, lambda r: evolve(r, do=tuple(a for a in r.do if a is not tt.leave_beside)))


def slow_one_stays(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, TURN, lambda r: None if r.event == "spoke_first" and tt.comes_from_beside in r.when else r)


def both_go_on(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, TURN, lambda r: None if r.event == "spoke_first" else r)


def slow_one_is_booked(patch: pytest.MonkeyPatch) -> None:
    decide = core._decide_race

    def booked(on: desk.Desk, attempt: int) -> None:
        turn = on.open_turn
        decide(on, attempt)
        if turn.beside is not None and turn.beside.attempt == attempt and turn.current is not None:
            calling.book(on, turn, turn.current, Failure("timeout"), turn.attempt, turn.seen)

    patch.setattr(core, "_decide_race", booked)


def hedge_goes_nowhere(turn: tt.Turn, event: Any) -> dict[str, Any]:
    return {**tt.call_beside(turn, event), "at": turn.at}


def hedge_without_progress(patch: pytest.MonkeyPatch) -> None:
    def change(row: Row) -> Row:
        return evolve(row, do=tuple(hedge_goes_nowhere if a is tt.call_beside else a for a in row.do))

    table_with(patch, TURN, change)


def hedged_is_retried(turn: tt.Turn, event: Any) -> dict[str, Any]:
    return {**tt.call_beside(turn, event), "alone": turn.alone}


def hedge_is_retried(patch: pytest.MonkeyPatch) -> None:
    def change(row: Row) -> Row:
        return evolve(row, do=tuple(hedged_is_retried if a is tt.call_beside else a for a in row.do))

    table_with(patch, TURN, change)


def calling_off_is_silent(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, TURN, lambda r: evolve(r, do=tuple(a for a in r.do if a is not tt.note_called_off)))


def without(name: str, action: Callable[[Any, Any], Any]) -> Callable[[Any, Any], dict[str, Any]]:
    def forgets(turn: Any, event: Any) -> dict[str, Any]:
        return {key: value for key, value in action(turn, event).items() if key != name}

    return forgets


def forgetful(patch: pytest.MonkeyPatch, name: str, action: Callable[[Any, Any], Any]) -> None:
    forgets = without(name, action)
    table_with(patch, TURN, lambda r: evolve(r, do=tuple(forgets if a is action else a for a in r.do)))


def who_takes_over_keeps_the_number(patch: pytest.MonkeyPatch) -> None:
    forgetful(patch, "attempt", tt.take_over)


def who_takes_over_keeps_the_rests(patch: pytest.MonkeyPatch) -> None:
    forgetful(patch, "seen", tt.take_over)


def who_takes_over_stays_single(patch: pytest.MonkeyPatch) -> None:
    forgetful(patch, "alone", tt.take_over)


def who_takes_over_keeps_the_lease(patch: pytest.MonkeyPatch) -> None:
    forgetful(patch, "leases", tt.take_over)


def nobody_is_started_beside(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, TURN, lambda r: None if tt.call_beside in r.do else r)


def own_failure_is_left_to_the_other(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, TURN, lambda r: None if tt.ends_the_walk in r.when else r)


def late_waits_are_blocked(patch: pytest.MonkeyPatch) -> None:
    table_with(patch, TURN, lambda r: None if (r.event, r.source) == ("waited", (tt.ATTEMPTING, tt.STREAMING)) else r)


def lease_is_kept(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(calling, "end_probe", lambda *_: None)


BREAKS: tuple[tuple[str, str, Break], ...] = (
    ("1", "content, cuts and detours", reconcile_unguarded),
    ("2", "one user, one turn at a time", turn_end_moves_serving),
    ("2b", "content, cuts and detours", failover_is_silent),
    ("3", "content, cuts and detours", retries_for_ever),
    ("4", "content, cuts and detours", fates_forgotten),
    ("5", "content, cuts and detours", chain_shrinks),
    ("6", "one user, one turn at a time", failover_drops_the_pin),
    ("7", "content, cuts and detours", cooldown_too_wide),
    ("7d", "content, cuts and detours", abort_cools),
    ("8", "two sessions", everybody_probes),
    ("9", "content, cuts and detours", late_counts),
    ("10", "one user, one turn at a time", restart_goes_home),
    ("11", "content, cuts and detours", output_twice),
    ("12", "content, cuts and detours", never_forward),
    ("13", "content, cuts and detours", home_is_forgotten),
    ("13a", "content, cuts and detours", home_is_forgotten),
    ("13", "one user, one turn at a time", reconcile_unguarded),
    ("14", "a new primary is published", nothing_is_adopted),
    ("5", "two keys of one model", kept_is_ignored),
    ("24", "two keys of one model", answers_are_forgotten),
    ("24", "two keys of one model", a_reset_keeps_the_credential),
    ("7j", "a key is changed", new_key_changes_nothing),
    ("7k", "a key is changed", old_key_counts),
    ("17", "one user, one turn at a time", reconcile_unguarded),
    ("26", "a chain that hedges", ghost_stays_beside),
    ("26b", "a chain that hedges", slow_one_stays),
    ("26b", "a chain that hedges", both_go_on),
    ("26c", "a chain that hedges", slow_one_is_booked),
    ("12", "a chain that hedges", hedge_without_progress),
    ("3", "a chain that hedges", hedge_is_retried),
    ("8c", "a chain that hedges", lease_is_kept),
    ("9", "a chain that hedges", late_counts),
    ("4c", "a chain that hedges", calling_off_is_silent),
    ("9d", "a chain that hedges", who_takes_over_keeps_the_number),
    ("9e", "a chain that hedges, and a key is changed", who_takes_over_keeps_the_rests),
    ("3c", "a chain that hedges", who_takes_over_stays_single),
    ("3c", "a chain that hedges", hedge_is_retried),
    ("8b", "a chain that hedges", who_takes_over_keeps_the_lease),
    ("11e", "a chain that hedges", own_failure_is_left_to_the_other),
    ("26d", "a chain that hedges", nobody_is_started_beside),
    ("9c", "retries and stated waits", late_waits_are_blocked),
    ("25", "retries and stated waits", late_waits_are_blocked),
)


def world_named(name: str) -> Environment:
    return next(env for env in standard(2) if env.name == name)


IDS = [f"{number}-{spoil.__name__}" for number, _, spoil in BREAKS]


@pytest.mark.parametrize(("number", "world", "spoil"), BREAKS, ids=IDS)
def test_a_broken_promise_is_found_and_told(
    number: str, world: str, spoil: Break, monkeypatch: pytest.MonkeyPatch
) -> None:
    promise = next(promise for promise in PROPERTIES if promise.number == number)
    assert not explore(world_named(world), [promise]).broken
    spoil(monkeypatch)
    found = explore(world_named(world), [promise], limit=20_000)
    assert [c.promise.number for c in found.broken] == [number]
    story = told(found.broken[0])
    print(story)
    assert story.startswith(f"promise {number} ")
    assert "\n  1. " in story


def test_the_livelock_of_the_unguarded_reconcile_is_three_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    reconcile_unguarded(monkeypatch)
    found = explore(
        world_named("content, cuts and detours"), [promise for promise in PROPERTIES if promise.number == "1"]
    )
    assert [move.kind for move in found.broken[0].moves] == ["start", "fail", "reconcile"]


TOLD: tuple[tuple[str, str, Break], ...] = (
    ("1", "content, cuts and detours", reconcile_unguarded),
    ("2", "one user, one turn at a time", turn_end_moves_serving),
    ("2b", "content, cuts and detours", failover_is_silent),
    ("6", "one user, one turn at a time", failover_drops_the_pin),
    ("10", "one user, one turn at a time", restart_goes_home),
    ("13", "content, cuts and detours", home_is_forgotten),
)


@pytest.mark.parametrize(("number", "world", "spoil"), TOLD, ids=[number for number, _, _ in TOLD])
def test_a_counterexample_is_a_scenario_that_fails_until_the_fault_is_mended(
    number: str, world: str, spoil: Break, tmp_path: Path
) -> None:
    promise = next(promise for promise in PROPERTIES if promise.number == number)
    file = tmp_path / "broken-promise.toml"
    with pytest.MonkeyPatch.context() as patch:
        spoil(patch)
        found = explore(world_named(world), [promise], limit=20_000)
        file.write_text(scenario(found.broken[0], file.stem), encoding="utf-8")
        assert not run_file(file).passed
    assert run_file(file).passed


def test_what_the_format_cannot_tell_is_refused_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    everybody_probes(monkeypatch)
    found = explore(world_named("two sessions"), [promise for promise in PROPERTIES if promise.number == "8"])
    with pytest.raises(NotTellableError, match="two sessions"):
        scenario(found.broken[0], "herd")
