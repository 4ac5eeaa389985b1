"""A hedge in a session's history: each of the two candidates has its own lane, and its own end there."""

from __future__ import annotations

from detent.diagrams.timeline_facts import chronicle
from detent.fsm import Failure, core

from .test_coverage import Story

Marks = list[tuple[str, str, str]]


def marks(story: Story) -> Marks:
    return [(mark.lane, mark.sign, mark.label) for _, mark in chronicle(story.decisions, "s").marks if "/" in mark.lane]


def slow_turn() -> Story:
    story = Story("a/x", "b/y", hedge_after_s=1.0)
    story.start("turn")
    story.tell("turn", core.slow)
    return story


def test_the_one_beside_answers_and_the_slow_one_was_called_off() -> None:
    story = slow_turn()
    story.late(core.succeeded, story.turns["turn"], 2)
    assert marks(story) == [("a/x", "cut", "slow"), ("b/y", "answered", "")]


def test_the_first_one_answers_and_the_one_beside_was_called_off() -> None:
    story = slow_turn()
    story.answers("turn")
    assert marks(story) == [("b/y", "cut", "overtaken"), ("a/x", "answered", "")]


def test_a_failure_of_the_one_beside_is_its_own() -> None:
    story = slow_turn()
    story.late(core.failed, story.turns["turn"], 2, Failure("overloaded"))
    story.answers("turn")
    assert marks(story) == [("b/y", "failed", "overloaded"), ("a/x", "answered", "")]


def test_the_one_beside_goes_on_where_the_first_failed() -> None:
    story = slow_turn()
    story.fails("turn", "overloaded")
    story.answers("turn")
    assert marks(story) == [("a/x", "failed", "overloaded"), ("b/y", "answered", "")]
