"""Every limit, where it passes: whose failure it is, and what becomes of the turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from detent.adapters import (
    Attempt,
    Controller,
    Endpoint,
    InterruptedTurnError,
    ProviderError,
    SurfacedError,
    Upstreams,
)
from detent.adapters.wire import Piece, Request
from detent.fsm import Chain, Config, Failure, Limits, Policy

from .conftest import CALM, controller, in_virtual_time


async def slowly(attempt: Attempt) -> AsyncIterator[str]:
    """A word every four seconds, ten of them; everybody but a/x answers at once."""
    for number in range(10):
        await asyncio.sleep(4 if attempt.model == "a/x" else 0)
        yield f"{number} "


LIMITS = {
    "the first token": (Policy(retries=0, stream="buffered", first_token_s=3), 3, "first_token_s, 3 s"),
    "a gap": (Policy(retries=0, stream="buffered", idle_s=3), 7, "idle_s, 3 s"),
    "the whole attempt": (Policy(retries=0, stream="buffered", attempt_s=25), 25, "attempt_s, 25 s"),
}


@pytest.mark.parametrize(("policy", "after", "said"), LIMITS.values(), ids=LIMITS)
def test_a_limit_that_passes_is_a_timeout_of_its_provider_and_the_next_one_answers(
    policy: Policy, after: float, said: str
) -> None:
    async def story() -> None:
        session = controller(policy=policy).session("s")
        answer = await session.run(slowly)
        assert (answer.model, len(answer.value)) == ("b/y", 10)
        assert asyncio.get_running_loop().time() == after
        assert answer.outcome is not None
        assert [(fate.candidate.model, fate.why) for fate in answer.outcome.fates] == [("a/x", "timeout")]
        assert said in answer.outcome.fates[0].message
        assert list((await session.status()).cooling) == ["a/x"]

    in_virtual_time(story)


def test_a_model_with_a_limit_of_its_own_is_given_that_time() -> None:
    async def story() -> None:
        host = controller()
        patient = Config(Chain.of("a/x", "b/y"), Policy(first_token_s=3), limits={"a/x": Limits(first_token_s=5)})
        await host.publish(patient)
        assert (await host.session("s").run(slowly, stream=False)).model == "a/x"

    in_virtual_time(story)


def test_the_limit_of_the_attempt_interrupts_a_live_answer() -> None:
    async def story() -> None:
        session = controller(policy=Policy(attempt_s=10)).session("s")
        answer = await session.run(slowly)
        with pytest.raises(InterruptedTurnError, match="attempt_s, 10 s") as caught:
            _ = [piece async for piece in answer]
        assert asyncio.get_running_loop().time() == 10
        assert (caught.value.outcome.reason, caught.value.sent.pieces) == ("timeout", 2)
        assert list((await session.status()).cooling) == ["a/x"]

    in_virtual_time(story)


def test_each_attempt_has_the_whole_of_its_own_limit() -> None:
    ends: list[float] = []

    async def hangs(attempt: Attempt) -> str:
        try:
            await asyncio.sleep(1000)
        finally:
            ends.append(asyncio.get_running_loop().time())
        return "late"

    async def story() -> None:
        with pytest.raises(Exception, match="timeout"):
            await controller(policy=Policy(retries=0, attempt_s=10)).session("s").run(hangs)
        assert ends == [10, 20]

    in_virtual_time(story)


def test_the_deadline_of_the_turn_comes_before_a_limit_of_the_attempt_and_cools_nothing() -> None:
    async def hangs(attempt: Attempt) -> str:
        await asyncio.sleep(1000)
        return "late"

    async def story() -> None:
        session = controller(policy=Policy(turn_deadline_s=5, attempt_s=5, first_token_s=5)).session("s")
        with pytest.raises(SurfacedError, match="longer deadline"):
            await session.run(hangs)
        assert (await session.status()).cooling == {}

    in_virtual_time(story)


def test_a_turn_cut_by_its_deadline_carries_the_exception_of_the_attempt_before() -> None:
    async def call(attempt: Attempt) -> str:
        if attempt.model == "a/x":
            raise ProviderError(Failure("overloaded"))
        await asyncio.sleep(1000)
        return "late"

    async def story() -> None:
        with pytest.raises(SurfacedError) as caught:
            await controller().session("s").run(call, deadline_s=5)
        cause = caught.value.__cause__
        assert isinstance(cause, ProviderError)
        assert cause.failure.reason == "overloaded"

    in_virtual_time(story)


def test_a_call_is_told_its_limits() -> None:
    told: list[Attempt] = []

    async def call(attempt: Attempt) -> str:
        told.append(attempt)
        return "well"

    async def story() -> None:
        policy = Policy(connect_s=1, first_token_s=2, idle_s=3, attempt_s=4)
        await controller(policy=policy).session("s").run(call)
        (attempt,) = told
        assert (attempt.connect_s, attempt.first_token_s, attempt.idle_s, attempt.attempt_s) == (1, 2, 3, 4)

    in_virtual_time(story)


class Recording:
    """A wire that answers at once, and remembers how long a connection was allowed to take."""

    def __init__(self) -> None:
        self.connect_s: list[float] = []

    async def stream(self, endpoint: Endpoint, model: str, request: Request) -> AsyncIterator[Piece]:
        self.connect_s.append(endpoint.connect_s)
        yield Piece(text=model, finish_reason="stop")


@pytest.mark.parametrize(
    ("policy", "limits", "allowed"),
    [
        (CALM, {}, 7.0),
        (Policy(connect_s=2.0), {}, 2.0),
        (Policy(connect_s=2.0), {"a/x": Limits(connect_s=0.5)}, 0.5),
    ],
    ids=["the provider's", "the chain's", "the model's"],
)
def test_a_connection_may_take_as_long_as_the_model_or_the_chain_or_the_provider_says(
    policy: Policy, limits: dict[str, Limits], allowed: float
) -> None:
    async def story() -> None:
        wire = Recording()
        upstreams = Upstreams(lambda name, _: Endpoint(name, "http://127.0.0.1:9", connect_s=7.0), {"a": wire})
        async with Controller(Config(Chain.of("a/x"), policy, limits=limits), upstreams=upstreams) as host:
            await host.session("s").send(messages=[])
        assert wire.connect_s == [allowed]

    asyncio.run(story())
