"""Every row of the three tables fires, over the scenarios and the odd stories told here; the picture shows which do."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from itertools import product
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from attrs import evolve

from detent.adapters.scenario import load
from detent.adapters.scenario.clock import VirtualLoop
from detent.adapters.scenario.runner import Stage
from detent.diagrams import Coverage, cells, paint, pictures
from detent.fsm import COOLDOWN, SESSION, Chain, Config, Cooldown, Decision, Failure, Policy, Session, Step, Turn, core
from detent.fsm.rows import Row

SCENARIOS = Path(str(files("detent.specs"))) / "scenarios"

UNREACHABLE = {
    "failed_over: primary|failover_active|user_pinned|cooldown_probe -> stay": "the core tells of a failover only "
    "where another model serves, so a row before it fires",
    "home_reached: primary|user_pinned|cooldown_probe -> stay": "the core tells of home only in failover_active",
    "probe_failed: primary|failover_active|user_pinned|cooldown_probe -> stay": "the core tells of a failed probe "
    "only where the session's prober is this turn",
    "claimed: probing -> stay": "a scope is claimed in the very step that found it due",
    "claimed: cooling -> stay": "a scope is claimed in the very step that found it due",
    "claimed: available -> stay": "a scope is claimed in the very step that found it due",
    "tapped: available -> stay": "only what rests is tapped",
    "released: available|cooling|probing -> stay": "an attempt gives back only what it still holds",
}
"""Rows that no decision log can show, each with the reason."""


class Story:
    """Events told one by one to the core, in any order, late ones too; what was decided is kept."""

    def __init__(self, *models: str, **policy: Any) -> None:
        options = {"retries": 0, "backoff_s": 0.0, **policy}
        self.config = Config(Chain.of(*(models or ("a/x", "b/y"))), Policy(**options))
        self.now = 0.0
        self.sessions: dict[str, Session] = {}
        self.health: dict[str, Cooldown] = {}
        self.turns: dict[str, Turn] = {}
        self.decisions: list[Decision] = []

    def _take(self, name: str, step: Step) -> Step:
        self.sessions[name] = step.session
        self.health.update(step.cooldowns)
        if step.turn is not None:
            self.turns[step.turn.id] = step.turn
        self.decisions += step.decisions
        return step

    def session(self, name: str = "s") -> Session:
        return self.sessions.setdefault(name, core.fresh(name, self.config))

    def user(self, step: Callable[..., Step], name: str = "s", **more: Any) -> None:
        self._take(name, step(self.session(name), self.config, self.health, self.now, **more))

    def start(self, turn: str, name: str = "s", **request: Any) -> None:
        wanted = core.Request(turn, **request)
        self._take(name, core.start(self.session(name), self.config, self.health, self.now, wanted))

    def late(self, step: Callable[..., Step], turn: Turn, *more: Any) -> None:
        self._take(turn.session, step(self.session(turn.session), turn, self.health, self.now, *more))

    def tell(self, turn: str, step: Callable[..., Step], *more: Any) -> None:
        here = self.turns[turn]
        self.late(step, here, here.attempt, *more)

    def fails(self, turn: str, reason: Any, wait_s: float | None = None) -> None:
        self.tell(turn, core.failed, Failure(reason, wait_s=wait_s))

    def answers(self, turn: str) -> None:
        self.tell(turn, core.succeeded)

    def asked(self, turn: str, name: str = "s") -> None:
        self.start(turn, name)
        self.answers(turn)

    def outage(self, name: str = "other") -> None:
        """Another session finds the primary overloaded, and a fallback answers it."""
        self.start(f"outage of {name}", name)
        self.fails(f"outage of {name}", "overloaded")
        self.answers(f"outage of {name}")


def users_in_odd_states() -> Iterator[Story]:
    story = Story()
    for step in (core.unpin, core.published):
        story.user(step)
    story.config = story.config.next(Chain.of("a/x", "c/z"))
    story.user(core.reconcile)
    story.user(core.pin, model="c/z")
    story.config = story.config.next(Chain.of("a/x", "b/y"))
    story.user(core.reconcile)
    story.user(core.reset)
    story.user(core.restored, lost=())
    yield story
    for pinned, let_go in (("a/x", core.unpin), ("b/y", core.unpin), ("b/y", core.reset)):
        story = Story(*("b/y", "a/x") if pinned == "b/y" else ("a/x", "b/y"))
        story.user(core.pin, model=pinned)
        story.outage("s")
        story.now = 100.0
        story.start("probe")
        story.user(let_go)
        yield story
    story = Story()
    story.user(core.pin, model="a/x")
    story.outage()
    story.now = 100.0
    story.start("probe of what serves")
    story.user(core.unpin)
    yield story


def pin_that_fails_its_probe() -> Iterator[Story]:
    story = Story()
    story.user(core.pin, model="a/x")
    story.asked("first")
    story.outage()
    story.now = 100.0
    story.start("probe")
    story.fails("probe", "unsupported")
    story.answers("probe")
    yield story


def process_that_was_not_dead() -> Iterator[Story]:
    for lease_is_over in (True, False):
        story = Story("a/x", "b/y", "c/z")
        story.outage("s")
        story.start("zombie")
        story.user(core.restored, lost=("zombie",))
        story.now = 100.0
        story.fails("zombie", "overloaded")
        story.now += story.config.policy.lease_s * lease_is_over
        story.start("next")
        yield story


def fallback_that_became_home() -> Iterator[Story]:
    story = Story()
    story.outage("s")
    story.config = story.config.next(Chain.of("b/y", "c/z"))
    story.start("probe")
    story.fails("probe", "overloaded")
    yield story


def turns_that_end_early() -> Iterator[Story]:
    story = Story(on_all_cooling="fail_fast")
    for reason in ("overloaded", "invalid_request"):
        story.start(reason)
        story.fails(reason, reason)
    story.fails("overloaded", "overloaded")
    story.start("nobody")
    yield story
    story = Story("a/x")
    story.config = Config(story.config.chain, story.config.policy, windows={"a/x": 100})
    story.start("too long", tokens=200)
    story.start("longer than it seemed")
    story.fails("longer than it seemed", "context_overflow")
    story.start("called off")
    story.late(core.aborted, story.turns["called off"])
    yield story


def waits_that_were_for_nothing() -> Iterator[Story]:
    for models, strict in ((("a/x", "b/y"), False), (("a/x", "b/y"), True), (("a/x",), False)):
        story = Story(*models, retries=1, backoff_s=2.0)
        if strict:
            story.user(core.pin, model="a/x", strict=True)
        story.start("waits")
        story.fails("waits", "overloaded")
        for step in (core.content, core.succeeded):
            story.tell("waits", step)
        story.fails("waits", "overloaded")
        story.late(core.waited, story.turns["waits"], 0)
        story.health["model a/x"] = Cooldown("model a/x", "cooling", until=500.0, generation=1)
        story.tell("waits", core.waited)
        yield story


def what_comes_too_late() -> Iterator[Story]:
    story = Story()
    story.start("turn")
    for step in (core.content, core.succeeded, core.waited):
        story.late(step, story.turns["turn"], 0)
    story.late(core.failed, story.turns["turn"], 0, Failure("overloaded"))
    story.answers("turn")
    for step in (core.content, core.succeeded, core.waited):
        story.tell("turn", step)
    story.fails("turn", "overloaded")
    for cut in (core.deadline, core.aborted):
        story.late(cut, story.turns["turn"])
    yield story


def attempts_older_than_the_rest() -> Iterator[Story]:
    story = Story()
    for turn in ("first", "second", "third", "fourth"):
        story.start(turn, turn)
    story.fails("first", "rate_limit")
    story.fails("second", "rate_limit")
    story.fails("third", "rate_limit", wait_s=900.0)
    story.answers("fourth")
    yield story


def key_that_was_changed() -> Iterator[Story]:
    story = Story()
    story.start("first")
    step = core.renew(story.health, story.now, "a", "")
    story.health.update(step.cooldowns)
    story.decisions.extend(step.decisions)
    story.fails("first", "auth")
    yield story


def words_of_others_during_a_probe() -> Iterator[Story]:
    story = Story()
    for turn in ("first", "slow"):
        story.start(turn, turn)
    story.fails("first", "rate_limit")
    story.now = 100.0
    story.start("probe", "third")
    story.fails("slow", "rate_limit", 500.0)
    yield story
    story = Story()
    story.outage()
    story.now = 100.0
    story.start("probe", "third")
    story.user(core.pin, model="a/x")
    story.start("licensed")
    story.fails("licensed", "overloaded")
    yield story


def probes_that_speak_slowly() -> Iterator[Story]:
    for live in (True, False):
        story = Story()
        story.outage("s")
        story.now = 100.0
        story.start("probe", live=live)
        for _ in range(2):
            story.tell("probe", core.content)
        story.now = 100.0 + story.config.policy.lease_s
        story.start("another probe", "other")
        story.tell("probe", core.content)
        story.late(core.aborted, story.turns["probe"])
        story.answers("another probe")
        story.now += 10.0
        story.asked("well again", "other")
        yield story


def hedges() -> Iterator[Story]:
    """A slow attempt, and who is started beside it: each of the two speaks, fails or is cut first."""
    for step, beside in product((core.content, core.succeeded, core.failed), (False, True)):
        story = Story("a/x", "b/y", "c/z", hedge_after_s=1.0)
        story.start("turn")
        for attempt in (0, 1, 1):
            story.late(core.slow, story.turns["turn"], attempt)
        more = (Failure("overloaded"),) if step is core.failed else ()
        for attempt in (0, 1 + beside):
            story.late(step, story.turns["turn"], attempt, *more)
        story.tell("turn", core.slow)
        story.answers("turn")
        story.tell("turn", core.slow)
        yield story
    story = Story("a/x", "b/y", retries=1, backoff_s=2.0)
    story.user(core.pin, model="a/x", strict=True)
    story.start("strict")
    story.tell("strict", core.slow)
    story.fails("strict", "overloaded")
    story.tell("strict", core.slow)
    yield story
    story = Story("b/y", "a/x")
    story.outage("s")
    story.user(core.pin, model="a/x")
    story.now = 100.0
    story.start("beside a rest that is over")
    for _ in range(2):
        story.tell("beside a rest that is over", core.slow)
    yield story
    story = Story("a/x")
    story.start("alone")
    story.tell("alone", core.slow)
    yield story


STORIES = (
    users_in_odd_states,
    pin_that_fails_its_probe,
    process_that_was_not_dead,
    fallback_that_became_home,
    turns_that_end_early,
    waits_that_were_for_nothing,
    what_comes_too_late,
    attempts_older_than_the_rest,
    key_that_was_changed,
    words_of_others_during_a_probe,
    probes_that_speak_slowly,
    hedges,
)


@cache
def over_the_scenarios() -> Coverage:
    coverage = Coverage()
    for path in sorted(SCENARIOS.glob("*.toml")):
        coverage.add(decisions_of(path))
    return coverage


def decisions_of(path: Path) -> list[Decision]:
    async def play(loop: VirtualLoop) -> list[Decision]:
        story = load(path)
        stage = Stage(story, loop)
        seen = [await stage.play(step) for step in story.steps]
        return [decision for step in seen if step is not None for decision in step.decisions]

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(play(loop))


@cache
def over_everything() -> Coverage:
    told = Coverage(decision for tell in STORIES for story in tell() for decision in story.decisions)
    return over_the_scenarios() | told


def test_every_row_of_the_tables_is_exercised_but_for_those_that_no_log_can_show() -> None:
    never = {row.name for table in pictures.values() for row in over_everything().rows_never_fired(table)}
    assert never == set(UNREACHABLE)


def test_a_row_that_is_called_unreachable_is_one_of_a_table() -> None:
    assert set(UNREACHABLE) <= {row.name for table in pictures.values() for row in table.rows}


def test_what_fired_is_of_the_tables_that_stand() -> None:
    assert [over_everything().strangers(table) for table in pictures.values()] == [(), (), ()]
    decision = next(decision for story in users_in_odd_states() for decision in story.decisions)
    from_elsewhere = evolve(decision, row="unpin: nowhere -> primary")
    assert [cell.row for cell in Coverage([from_elsewhere]).strangers(SESSION)] == ["unpin: nowhere -> primary"]


def one_outage() -> Coverage:
    story = Story()
    story.outage("s")
    return Coverage(story.decisions)


def row(event: str, to: str | None) -> Row:
    return next(row for row in SESSION.rows if (row.event, row.to) == (event, to))


def test_a_row_with_several_sources_counts_in_each_of_them() -> None:
    failed_over = row("failed_over", "failover_active")
    coverage = one_outage()
    assert coverage.times(SESSION, failed_over) == coverage.times(SESSION, failed_over, "primary") == 1
    assert failed_over not in coverage.rows_never_fired(SESSION)
    missing = [cell.state for cell in coverage.cells_never_fired(SESSION) if cell.row == failed_over.name]
    assert missing == ["user_pinned"]


def test_collections_add_up_and_stay_as_they_were() -> None:
    one, other = one_outage(), one_outage()
    failed_over = row("failed_over", "failover_active")
    assert (one | other).times(SESSION, failed_over) == 2
    assert one.times(SESSION, failed_over) == 1


def test_every_cell_of_a_table_is_told_in_words() -> None:
    every = list(cells(COOLDOWN))
    assert len(every) == sum(len(row.source) for row in COOLDOWN.rows)
    assert str(every[-1]) == "cooldown: in available: tapped: available -> stay"


def shaded(picture: str, shade: str) -> set[str]:
    root = ElementTree.fromstring(picture)  # noqa: S314  our own text
    marked = [element for element in root.iter() if shade in element.get("class", "").split()]
    return {name for element in marked for name in element.get("data-rows", "").split("; ") if name}


@pytest.mark.parametrize("machine", pictures)
def test_the_picture_shows_every_row_that_never_fired_in_red(machine: str) -> None:
    table = pictures[machine]
    coverage = over_the_scenarios()
    never = {row.name for row in coverage.rows_never_fired(table)}
    picture = paint(table, coverage)
    assert never <= shaded(picture, "unseen")
    every = {row.name for row in table.rows}
    assert every <= shaded(paint(table, Coverage()), "unseen"), "without a run everything is red"


def test_a_row_fired_from_one_state_only_is_amber_where_it_may_leave_others() -> None:
    pin = row("pin", "user_pinned").name
    story = Story()
    story.user(core.pin, model="b/y")
    picture = paint(SESSION, Coverage(story.decisions))
    assert pin in shaded(picture, "partly")
    assert pin not in shaded(picture, "unseen")


def test_a_run_that_fired_everything_leaves_no_red_and_no_amber() -> None:
    everywhere = [
        Decision(0.0, "session", "s", "s", "", row.event, row.name, row.kind, state, row.to or state, row.why)
        for row in SESSION.rows
        for state in row.source
    ]
    picture = paint(SESSION, Coverage(everywhere))
    assert shaded(picture, "unseen") == shaded(picture, "partly") == set()
    assert f"{len(SESSION.rows)} of {len(SESSION.rows)} rows fired" in picture
    assert 'class="edge unseen"' not in picture


def test_pointing_at_a_label_tells_how_often_its_rows_fired_in_each_state() -> None:
    assert "a fallback serves (fired: 1 in primary)" in paint(SESSION, one_outage())


def test_among_events_that_share_a_line_only_the_one_that_never_fired_is_red() -> None:
    red = shaded(paint(SESSION, over_everything()), "unseen")
    assert "failed_over: primary|failover_active|user_pinned|cooldown_probe -> stay" in red
    assert "turn_started: primary|failover_active|user_pinned|cooldown_probe -> stay" not in red
