"""A chain that hedges: the next candidate is started beside a slow one, and the first content wins."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextvars import ContextVar
from typing import Any

import pytest

from detent.adapters import (
    Attempt,
    Controller,
    ExhaustedError,
    InterruptedTurnError,
    LiveSession,
    ProviderError,
    SurfacedError,
)
from detent.fsm import Chain, Config, Failure, Policy

from .conftest import controller, in_virtual_time

HEDGED = Policy(retries=0, hedge_after_s=2.0)


class Providers:
    """Calls that take so many seconds to their first word, then answer or fail; what becomes of each is kept."""

    def __init__(self, **takes: float) -> None:
        self.takes = {name.replace("_", "/"): seconds for name, seconds in takes.items()}
        self.fails: dict[str, str] = {}
        self.breaks: set[str] = set()
        self.began: list[tuple[str, float]] = []
        self.ended: dict[str, str] = {}

    async def stream(self, attempt: Attempt) -> AsyncIterator[str]:
        model = attempt.model
        self.began.append((model, now()))
        self.ended[model] = "stopped"
        await asyncio.sleep(self.takes.get(model, 0.0))
        self._fail(model)
        yield f"{model} "
        await asyncio.sleep(0.1)
        if model in self.breaks:
            self.ended[model] = "broke"
            raise ProviderError(Failure("stream_interrupted"))
        yield "answers"
        self.ended[model] = "answered"

    async def whole(self, attempt: Attempt) -> str:
        model = attempt.model
        self.began.append((model, now()))
        self.ended[model] = "stopped"
        await asyncio.sleep(self.takes.get(model, 0.0))
        self._fail(model)
        self.ended[model] = "answered"
        return f"{model} answers"

    def _fail(self, model: str) -> None:
        if model in self.fails:
            self.ended[model] = "failed"
            raise ProviderError(Failure(self.fails[model]))  # type: ignore[arg-type]


def now() -> float:
    return asyncio.get_running_loop().time()


async def turn(session: LiveSession, providers: Providers, how: str) -> tuple[str, Any]:
    """One turn, read to its end: its text and its outcome."""
    if how == "whole":
        answer = await session.run(providers.whole)
        return answer.value, answer
    async with await session.run(providers.stream, stream=how == "live") as answer:
        return "".join([piece async for piece in answer]), answer


def played(story: Callable[[], Awaitable[None]]) -> None:
    """Play a story in virtual time; afterwards no task is left behind."""

    async def watched() -> None:
        await story()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    in_virtual_time(watched)


WAYS = pytest.mark.parametrize("how", ["live", "gathered", "whole"])


@WAYS
def test_a_slow_one_is_overtaken_by_the_next_and_nothing_is_held_against_it(how: str) -> None:
    async def story() -> None:
        providers = Providers(a_x=30.0, b_y=1.0)
        session = controller(policy=HEDGED).session("s")
        text, answer = await turn(session, providers, how)
        assert (text, answer.model) == ("b/y answers", "b/y")
        assert providers.began == [("a/x", 0.0), ("b/y", 2.0)]
        assert providers.ended == {"a/x": "stopped", "b/y": "answered"}
        status = await session.status()
        assert (status.cooling, status.state, status.serving, status.turns) == ({}, "primary", "a/x", 0)
        assert [(f.candidate.model, f.why, f.is_detour) for f in answer.outcome.fates] == [("a/x", "slow", True)]
        (notice,) = answer.notices
        assert (notice.kind, notice.served) == ("detour", "a/x")
        assert notice.because == "b/y answered this turn alone: a/x was slow"
        assert (answer.attempts, answer.outcome.attempts) == (("a/x", "b/y"), 2)

    played(story)


@WAYS
def test_the_first_one_may_still_win_and_the_other_is_called_off_without_a_word(how: str) -> None:
    async def story() -> None:
        providers = Providers(a_x=3.0, b_y=30.0)
        session = controller(policy=HEDGED).session("s")
        text, answer = await turn(session, providers, how)
        assert (text, answer.model, answer.notices) == ("a/x answers", "a/x", ())
        assert providers.ended == {"a/x": "answered", "b/y": "stopped"}
        assert [(f.candidate.model, f.why) for f in answer.outcome.fates] == [("b/y", "overtaken")]
        assert (await session.status()).cooling == {}

    played(story)


@WAYS
def test_nobody_is_started_beside_one_that_has_content_in_time(how: str) -> None:
    async def story() -> None:
        providers = Providers(a_x=1.9)
        _, answer = await turn(controller(policy=HEDGED).session("s"), providers, how)
        assert (answer.model, [model for model, _ in providers.began]) == ("a/x", ["a/x"])

    played(story)


@WAYS
def test_where_the_slow_one_fails_the_other_goes_on_and_is_not_called_again(how: str) -> None:
    async def story() -> None:
        providers = Providers(a_x=4.0, b_y=5.0)
        providers.fails = {"a/x": "overloaded"}
        session = controller(policy=Policy(retries=2, hedge_after_s=2.0)).session("s")
        text, answer = await turn(session, providers, how)
        assert text == "b/y answers"
        assert providers.began == [("a/x", 0.0), ("b/y", 2.0)]
        assert now() == pytest.approx(7.0 if how == "whole" else 7.1)
        status = await session.status()
        assert (list(status.cooling), status.state, status.serving) == (["a/x"], "failover_active", "b/y")
        assert [notice.kind for notice in answer.notices] == ["failover"]

    played(story)


@WAYS
def test_where_the_one_beside_fails_it_alone_is_blamed_and_the_first_goes_on(how: str) -> None:
    async def story() -> None:
        providers = Providers(a_x=10.0, b_y=1.0)
        providers.fails = {"b/y": "invalid_request" if how == "whole" else "rate_limit"}
        session = controller("a/x", "b/y", "c/z", policy=HEDGED).session("s")
        text, _answer = await turn(session, providers, how)
        assert text == "a/x answers"
        assert [model for model, _ in providers.began] == ["a/x", "b/y"]
        status = await session.status()
        assert list(status.cooling) == ([] if how == "whole" else ["b/y"])
        assert (status.state, status.serving) == ("primary", "a/x")

    played(story)


def test_both_may_fail_and_the_walk_goes_on_behind_them() -> None:
    async def story() -> None:
        providers = Providers(a_x=5.0, b_y=1.0)
        providers.fails = {"a/x": "overloaded", "b/y": "overloaded"}
        session = controller("a/x", "b/y", "c/z", policy=HEDGED).session("s")
        text, answer = await turn(session, providers, "live")
        assert text == "c/z answers"
        assert [model for model, _ in providers.began] == ["a/x", "b/y", "c/z"]
        assert [(f.candidate.model, f.why) for f in answer.outcome.fates] == [
            ("b/y", "overloaded"),
            ("a/x", "overloaded"),
        ]

    played(story)


def test_exhausted_says_who_was_called_off() -> None:
    async def story() -> None:
        providers = Providers(a_x=30.0)
        providers.breaks = {"b/y"}
        session = controller(policy=Policy(retries=0, hedge_after_s=2.0, stream="buffered")).session("s")
        with pytest.raises(ExhaustedError, match="a/x: called off, slow; b/y: failed, stream_interrupted"):
            await turn(session, providers, "live")

    played(story)


def test_a_failure_of_the_request_ends_the_turn_and_calls_the_other_off() -> None:
    async def story() -> None:
        providers = Providers(a_x=4.0, b_y=30.0)
        providers.fails = {"a/x": "invalid_request"}
        session = controller(policy=HEDGED).session("s")
        with pytest.raises(SurfacedError, match="invalid") as caught:
            await turn(session, providers, "live")
        assert providers.ended["b/y"] == "stopped"
        assert [(f.candidate.model, f.why) for f in caught.value.outcome.fates] == [
            ("a/x", "invalid_request"),
            ("b/y", "overtaken"),
        ]
        assert (await session.status()).cooling == {}

    played(story)


def test_an_answer_that_breaks_after_it_won_is_interrupted_and_blames_the_winner() -> None:
    async def story() -> None:
        providers = Providers(a_x=30.0)
        providers.breaks = {"b/y"}
        session = controller(policy=HEDGED).session("s")
        with pytest.raises(InterruptedTurnError, match="b/y broke off"):
            await turn(session, providers, "live")
        assert list((await session.status()).cooling) == ["b/y"]

    played(story)


@pytest.mark.parametrize("after", [1.0, 2.0, 3.0, 5.05])
def test_a_client_that_leaves_stops_both(after: float) -> None:
    async def story() -> None:
        providers = Providers(a_x=30.0, b_y=3.0)
        session = controller(policy=HEDGED).session("s")
        task = asyncio.create_task(turn(session, providers, "gathered"))
        await asyncio.sleep(after)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert set(providers.ended.values()) == {"stopped"}
        status = await session.status()
        assert (status.turns, status.cooling, status.state) == (0, {}, "primary")

    played(story)


def test_the_deadline_of_the_turn_stops_both_and_blames_nobody() -> None:
    async def story() -> None:
        providers = Providers(a_x=30.0, b_y=30.0)
        session = controller(policy=HEDGED).session("s")
        with pytest.raises(SurfacedError, match="longer deadline") as caught:
            await session.run(providers.stream, deadline_s=5)
        assert now() == 5
        assert caught.value.outcome.attempts == 2
        assert set(providers.ended.values()) == {"stopped"}
        status = await session.status()
        assert (status.turns, status.cooling) == (0, {})

    played(story)


def test_each_of_the_two_has_its_own_limits() -> None:
    async def story() -> None:
        providers = Providers(a_x=30.0, b_y=30.0, c_z=0.5)
        policy = Policy(retries=0, hedge_after_s=2.0, first_token_s=5.0)
        session = controller("a/x", "b/y", "c/z", policy=policy).session("s")
        text, _answer = await turn(session, providers, "live")
        assert providers.began == [("a/x", 0.0), ("b/y", 2.0), ("c/z", 5.0)]
        assert text == "c/z answers"
        assert list((await session.status()).cooling) == ["a/x"], "b/y was slow, and is not to blame"

    played(story)


def test_a_probe_of_home_that_is_overtaken_gives_its_lease_back_and_home_is_tried_again() -> None:
    async def story() -> None:
        providers = Providers(b_y=1.0)
        providers.fails = {"a/x": "overloaded"}
        session = controller(policy=HEDGED).session("s")
        await turn(session, providers, "live")
        await asyncio.sleep(61)
        providers.fails, providers.takes["a/x"] = {}, 30.0
        text, answer = await turn(session, providers, "live")
        assert (text, answer.notices) == ("b/y answers", ())
        status = await session.status()
        assert (status.state, status.serving) == ("failover_active", "b/y")
        providers.takes["a/x"] = 0.0
        text, answer = await turn(session, providers, "live")
        assert (text, [notice.kind for notice in answer.notices]) == ("a/x answers", ["recovered"])

    played(story)


def test_nobody_is_started_beside_a_strict_pin_or_the_last_of_the_chain_and_the_log_says_why() -> None:
    async def story() -> None:
        providers = Providers(a_x=5.0)
        session = controller(policy=HEDGED).session("s")
        await session.pin("a/x", strict=True)
        assert (await turn(session, providers, "live"))[0] == "a/x answers"
        assert "only the strict pin may be called" in "\n".join(session.why())
        alone = controller("a/x", policy=HEDGED).session("s")
        assert (await turn(alone, providers, "live"))[0] == "a/x answers"
        assert "nobody is left to start beside it" in "\n".join(alone.why())

    played(story)


def test_without_hedging_the_call_runs_in_the_callers_task() -> None:
    tasks: list[Any] = []
    asked: ContextVar[str] = ContextVar("asked", default="")

    async def call(attempt: Attempt) -> AsyncIterator[str]:
        tasks.append((asyncio.current_task(), asked.get()))
        yield "well"
        tasks.append((asyncio.current_task(), asked.get()))

    async def story(policy: Policy) -> set[tuple[bool, str]]:
        tasks.clear()
        asked.set("by the client")
        async with await controller(policy=policy).session("s").run(call) as answer:
            assert [piece async for piece in answer] == ["well"]
        assert len({task for task, _ in tasks}) == 1, "a call begins and ends in one task, hedged or not"
        return {(task is asyncio.current_task(), said) for task, said in tasks}

    assert in_virtual_time(lambda: story(Policy())) == {(True, "by the client")}
    assert in_virtual_time(lambda: story(HEDGED)) == {(False, "by the client")}


def test_a_hedged_call_is_at_most_one_piece_ahead_of_its_reader() -> None:
    made: list[int] = []

    async def call(attempt: Attempt) -> AsyncIterator[str]:
        for number in range(100):
            made.append(number)
            yield str(number)

    async def story() -> None:
        async with await controller(policy=HEDGED).session("s").run(call) as answer:
            read = 0
            async for _ in answer:
                read += 1
                await asyncio.sleep(1)
                assert len(made) <= read + 2
        assert read == 100

    played(story)


def test_a_hedged_call_that_raises_what_a_client_raises_is_understood() -> None:
    async def call(attempt: Attempt) -> str:
        if attempt.model == "a/x":
            raise asyncio.CancelledError
        if attempt.model == "b/y":
            raise ConnectionResetError("peer went away")
        return "well"

    async def story() -> None:
        answer = await controller("a/x", "b/y", "c/z", policy=HEDGED).session("s").run(call)
        assert [(f.candidate.model, f.why) for f in answer.outcome.fates] == [  # type: ignore[union-attr]
            ("a/x", "unknown"),
            ("b/y", "connection"),
        ]

    played(story)


def test_a_late_word_of_the_one_that_was_called_off_is_never_heard() -> None:
    async def stubborn(attempt: Attempt) -> str:
        if attempt.model == "a/x":
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                return "too late"
        return "in time"

    async def story() -> None:
        session = controller(policy=HEDGED).session("s")
        assert (await session.run(stubborn)).value == "in time"
        assert (await session.status()).serving == "a/x"

    played(story)


def test_turns_that_hedge_at_once_do_not_disturb_each_other() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        config = Config(Chain.of("a/x", "b/y"), HEDGED)
        host = Controller(config, now=loop.now, sleep=loop.sleep, dice=lambda: 1.0)  # type: ignore[attr-defined]
        providers = Providers(a_x=30.0, b_y=1.0)
        turns = (turn(host.session(f"s{n % 3}"), providers, "live") for n in range(12))
        assert {text for text, _ in await asyncio.gather(*turns)} == {"b/y answers"}
        assert len(providers.began) == 24
        assert (await host.status("s0")).cooling == {}

    played(story)


def test_where_both_speak_at_one_moment_one_answers_and_the_other_is_stopped() -> None:
    async def story() -> None:
        providers = Providers(a_x=3.0, b_y=1.0)
        session = controller(policy=HEDGED).session("s")
        text, answer = await turn(session, providers, "live")
        assert text == f"{answer.model} answers"
        assert sorted(providers.ended.values()) == ["answered", "stopped"]
        assert (await session.status()).cooling == {}

    played(story)


def test_no_two_attempts_of_a_turn_have_the_same_number() -> None:
    numbers: list[tuple[str, int]] = []

    async def call(attempt: Attempt) -> str:
        numbers.append((attempt.model, attempt.number))
        await asyncio.sleep({"a/x": 5.0, "b/y": 1.0}.get(attempt.model, 0.0))
        if attempt.model != "c/z":
            raise ProviderError(Failure("overloaded"))
        return "well"

    async def story() -> None:
        answer = await controller("a/x", "b/y", "c/z", policy=HEDGED).session("s").run(call)
        assert numbers == [("a/x", 1), ("b/y", 2), ("c/z", 3)]
        assert answer.outcome is not None
        assert answer.outcome.attempts == 3

    played(story)


@pytest.mark.parametrize("policy", [Policy(), HEDGED], ids=["alone", "hedged"])
def test_an_answer_that_is_left_unread_is_stopped(policy: Policy) -> None:
    async def story() -> None:
        providers = Providers()
        session = controller(policy=policy).session("s")
        answer = await session.run(providers.stream)
        await answer.aclose()
        assert providers.ended == {"a/x": "stopped"}
        assert answer.outcome is not None
        assert answer.outcome.kind == "aborted"

    played(story)
