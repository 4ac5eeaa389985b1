"""A turn is reported once, as it was."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from detent.adapters import MemoryStore, TurnError
from detent.adapters.reports import TurnReport
from detent.fsm import Policy, Step

from ..controller.conftest import Provider, controller, in_virtual_time, text_of


class Kept:
    """An observer that keeps what it is told."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.turns: list[TurnReport] = []

    def step(self, step: Step) -> None:
        self.steps.append(step)

    def turn(self, report: TurnReport) -> None:
        self.turns.append(report)


def told(story: Any, *models: str, **options: Any) -> list[TurnReport]:
    """The reports of a story that is given a controller."""
    kept = Kept()

    async def main() -> None:
        async with controller(*models, **options) as detent:
            detent.observe(kept)
            await story(detent)

    in_virtual_time(main)
    return kept.turns


def test_a_failover_is_reported_with_each_attempt_and_how_long_it_took() -> None:
    class Slow(Provider):
        async def stream(self, attempt: Any) -> Any:
            await asyncio.sleep(2.0)
            self._fail(attempt)
            yield "first"
            await asyncio.sleep(1.0)
            yield "last"

    (report,) = told(lambda detent: text_of(detent.session("s"), Slow(a_x="overloaded")))
    assert (report.session, report.chain, report.outcome, report.model) == ("s", "default", "answered", "b/y")
    assert report.seconds == pytest.approx(5.0)
    first, second = report.attempts
    assert (first.model, first.result, first.first_content_s) == ("a/x", "overloaded", None)
    assert first.ended_at - first.began_at == pytest.approx(2.0)
    assert (second.model, second.result, second.first_content_s) == ("b/y", "answered", pytest.approx(2.0))
    assert second.ended_at - second.began_at == pytest.approx(3.0)


def test_a_retry_is_an_attempt_of_its_own() -> None:
    async def story(detent: Any) -> None:
        with pytest.raises(TurnError):
            await text_of(detent.session("s"), Provider(a_x="overloaded"))

    (report,) = told(story, "a/x", policy=Policy(retries=1))
    assert [attempt.result for attempt in report.attempts] == ["overloaded", "overloaded"]
    assert (report.outcome, report.reason) == ("exhausted", "overloaded")


def test_a_turn_that_its_caller_cancels_is_aborted_and_its_attempt_called_off() -> None:
    async def story(detent: Any) -> None:
        async def never(_: Any) -> str:
            await asyncio.sleep(3600)
            return ""

        task = asyncio.ensure_future(detent.session("s").run(never))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait([task])

    (report,) = told(story)
    assert (report.outcome, [each.result for each in report.attempts]) == ("aborted", ["called_off"])


def test_a_turn_whose_caller_goes_away_while_it_is_being_stored_is_reported_too() -> None:
    class Slow(MemoryStore):
        async def commit(self, session: Any, cooldowns: Any) -> None:
            await asyncio.sleep(1)
            await super().commit(session, cooldowns)

    async def story(detent: Any) -> None:
        task = asyncio.ensure_future(detent.session("s").run(Provider().whole))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.wait([task])

    (report,) = told(story, store=Slow())
    assert (report.outcome, report.attempts) == ("aborted", ())


def test_of_two_attempts_beside_each_other_the_loser_is_called_off_when_the_winner_speaks() -> None:
    class Race(Provider):
        async def stream(self, attempt: Any) -> Any:
            await asyncio.sleep(60 if attempt.model == "a/x" else 1)
            yield "first"
            await asyncio.sleep(5)
            yield "last"

    (report,) = told(lambda d: text_of(d.session("s"), Race()), policy=Policy(retries=0, hedge_after_s=2.0))
    slow, quick = report.attempts
    assert (slow.model, slow.result, slow.first_content_s) == ("a/x", "called_off", None)
    assert slow.ended_at - slow.began_at == pytest.approx(3.0)
    assert (quick.model, quick.result, quick.first_content_s) == ("b/y", "answered", pytest.approx(1.0))
    assert quick.ended_at - quick.began_at == pytest.approx(6.0)


def test_an_answer_that_comes_whole_or_empty_has_no_first_content() -> None:
    class Empty(Provider):
        async def stream(self, attempt: Any) -> Any:
            if attempt.model == "a/x":
                yield ""
            else:
                yield "content"

    (whole,) = told(lambda detent: detent.session("s").run(Provider().whole))
    assert whole.attempts[0].first_content_s is None
    (report,) = told(lambda detent: text_of(detent.session("s"), Empty()))
    assert [attempt.first_content_s is None for attempt in report.attempts] == [True, False]


def test_an_observer_that_fails_is_logged_and_disturbs_no_turn(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Kept):
        def step(self, step: Step) -> None:
            raise ValueError("no")

        turn = step  # type: ignore[assignment]

    async def story() -> None:
        kept = Kept()
        async with controller() as detent:
            detent.observe(Broken())
            detent.observe(kept)
            assert await text_of(detent.session("s"), Provider()) == "from a/x"
        assert len(kept.turns) == 1
        assert kept.steps

    in_virtual_time(story)
    assert {(record.levelno, record.message) for record in caplog.records} == {
        (logging.ERROR, "an observer failed; the session goes on")
    }
