"""A machine's picture lit for one session shows where it stands, and what brought it there."""

from __future__ import annotations

import re

import pytest

from detent.diagrams import TimelineError, UnknownPictureError, lit
from detent.fsm import Chain, Config, Decision, Failure, Policy, core

CONFIG = Config(Chain.of("a/x", "b/y"), Policy(retries=0))


def story() -> list[Decision]:
    """The primary fails, the fallback is called, and a second turn begins."""
    first = core.start(core.fresh("s", CONFIG), CONFIG, {}, 0.0, core.Request("t1"))
    assert first.turn is not None
    failed = core.failed(first.session, first.turn, {}, 1.0, 1, Failure("overloaded"))
    second = core.start(failed.session, CONFIG, failed.cooldowns, 2.0, core.Request("t2"))
    return [*first.decisions, *failed.decisions, *second.decisions]


def edges(picture: str) -> list[str]:
    return re.findall(r'class="edge last" id="([^"]+)"', picture)


def test_the_state_is_lit_and_the_move_that_led_there_though_rows_that_stay_came_after() -> None:
    picture = lit("session", story())
    assert re.findall(r' current" id="([^"]+)"', picture) == ["session-state-failover_active"]
    assert edges(picture) == ["session-edge-primary-failover_active"]


def test_of_the_turn_machine_the_latest_turn_is_shown_alone() -> None:
    decisions = story()
    assert edges(lit("turn", decisions)) == ["turn-edge-planned-attempting"]
    called = next(d for d in reversed(decisions) if d.event == "called")
    assert edges(lit("turn", [d for d in decisions if d.subject != called.subject] + [called])) == []


def test_the_text_ends_with_what_led_there() -> None:
    page = lit("session", story(), "text")
    assert "●  failover_active" in page
    assert page.splitlines()[-1].startswith("session s: failed_over (b/y): primary -> failover_active")


def test_a_machine_of_which_nothing_is_on_record_is_refused() -> None:
    with pytest.raises(TimelineError, match="no decision of this session is of the turn machine"):
        lit("turn", [d for d in story() if d.machine != "turn"])


def test_the_cooldowns_that_sessions_share_are_no_picture_of_one() -> None:
    with pytest.raises(
        UnknownPictureError, match="sessions share cooldowns, and have several; there are session, turn"
    ):
        lit("cooldown", story())
