"""What an application sees of one turn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from detent.adapters import (
    Attempt,
    ControllerClosedError,
    ExhaustedError,
    InterruptedTurnError,
    NoUpstreamsError,
    ProviderError,
    SurfacedError,
    TurnError,
)
from detent.fsm import BadChainError, BadReferenceError, Chain, Config, Failure, Policy, UnknownModelError

from .conftest import CALM, Provider, controller, in_virtual_time, text_of


def test_a_whole_answer_is_what_the_call_returned() -> None:
    async def story() -> None:
        answer = await controller().session("s").run(Provider().whole)
        assert answer.value == "from a/x"
        assert answer.model == "a/x"
        assert answer.outcome is not None
        assert answer.outcome.kind == "answered"
        assert answer.notices == ()

    in_virtual_time(story)


def test_a_failure_before_the_first_content_is_invisible() -> None:
    async def story() -> None:
        provider = Provider(a_x="overloaded")
        session = controller().session("s")
        assert await text_of(session, provider) == "from b/y"
        assert provider.calls == ["a/x", "b/y"]
        assert (await session.status()).state == "failover_active"

    in_virtual_time(story)


def test_a_failure_after_content_interrupts_and_nothing_is_repeated() -> None:
    async def breaks(attempt: Attempt) -> AsyncIterator[str]:
        yield "half an "
        raise ConnectionResetError("peer went away")

    async def story() -> None:
        session = controller().session("s")
        got: list[str] = []
        answer = await session.run(breaks)
        with pytest.raises(InterruptedTurnError, match="broke off") as caught:
            async for piece in answer:
                got.append(piece)
        assert got == ["half an "]
        assert isinstance(caught.value.__cause__, ConnectionResetError)
        status = await session.status()
        assert list(status.cooling) == ["a/x"]
        assert status.turns == 0

    in_virtual_time(story)


def test_a_buffered_chain_delivers_whole_answers_and_fails_over_at_any_point() -> None:
    async def call(attempt: Attempt) -> AsyncIterator[str]:
        yield "one "
        if attempt.model == "a/x":
            raise ProviderError(Failure("stream_interrupted"))
        yield "two"

    async def story() -> None:
        policy = Policy(retries=0, stream="buffered")
        answer = await controller(policy=policy).session("s").run(call)
        assert answer.value == ["one ", "two"]
        assert answer.model == "b/y"

    in_virtual_time(story)


def test_exhausted_names_everybody_and_the_time() -> None:
    async def story() -> None:
        session = controller().session("s")
        with pytest.raises(ExhaustedError) as caught:
            await session.run(Provider(a_x="overloaded", b_y="auth").whole)
        said = str(caught.value)
        assert "a/x: failed, overloaded" in said
        assert "b/y: failed, auth" in said
        assert "try again in 60 s" in said
        assert caught.value.retry_after_s == 60

    in_virtual_time(story)


def test_the_last_error_is_carried_as_it_was() -> None:
    class StrangeError(Exception):
        pass

    async def strange(attempt: Attempt) -> str:
        raise StrangeError("the quark is strange today")

    async def story() -> None:
        with pytest.raises(SurfacedError, match="nobody knows") as caught:
            await controller("a/x").session("s").run(strange)
        assert isinstance(caught.value.__cause__, StrangeError)

    in_virtual_time(story)


@pytest.mark.parametrize("nothing", [None, "", b"", {"choices": []}, {"choices": [{"message": {"content": ""}}]}])
def test_an_empty_answer_is_a_failure(nothing: Any) -> None:
    async def call(attempt: Attempt) -> Any:
        return nothing if attempt.model == "a/x" else "something"

    async def story() -> None:
        answer = await controller().session("s").run(call)
        assert answer.value == "something"
        assert answer.attempts == ("a/x", "b/y")

    in_virtual_time(story)


def test_a_stream_that_ends_without_content_is_a_failure() -> None:
    async def call(attempt: Attempt) -> AsyncIterator[Any]:
        if attempt.model == "a/x":
            yield {"choices": [{"delta": {"role": "assistant", "content": ""}}]}
            return
        yield "text"

    async def story() -> None:
        answer = await controller().session("s").run(call)
        assert answer.model == "b/y"
        assert [piece async for piece in answer] == ["text"]

    in_virtual_time(story)


def test_silence_is_a_timeout_and_keep_alives_are_silence() -> None:
    async def call(attempt: Attempt) -> AsyncIterator[str]:
        while attempt.model == "a/x":
            await asyncio.sleep(1)
            yield ""
        yield "awake"

    async def story() -> None:
        policy = Policy(retries=0, first_token_s=10)
        session = controller(policy=policy).session("s")
        answer = await session.run(call)
        assert answer.model == "b/y"
        assert asyncio.get_running_loop().time() == 10
        await answer.aclose()

    in_virtual_time(story)


def test_keep_alives_after_content_do_not_keep_a_stalled_stream_alive() -> None:
    async def call(attempt: Attempt) -> AsyncIterator[str]:
        yield "first"
        while True:
            await asyncio.sleep(1)
            yield ""

    async def story() -> None:
        session = controller(policy=Policy(idle_s=7)).session("s")
        answer = await session.run(call)
        with pytest.raises(InterruptedTurnError):
            _ = [piece async for piece in answer]
        assert asyncio.get_running_loop().time() == 7
        assert answer.outcome is not None
        assert answer.outcome.reason == "timeout"

    in_virtual_time(story)


def test_a_deadline_given_with_the_turn_cuts_it_and_blames_nobody() -> None:
    async def hangs(attempt: Attempt) -> str:
        await asyncio.sleep(1000)
        return "late"

    async def story() -> None:
        session = controller().session("s")
        with pytest.raises(SurfacedError, match="longer deadline"):
            await session.run(hangs, deadline_s=3)
        assert asyncio.get_running_loop().time() == 3
        assert (await session.status()).cooling == {}

    in_virtual_time(story)


def test_a_call_cancelled_from_within_is_a_failure_and_not_an_abort() -> None:
    async def call(attempt: Attempt) -> str:
        if attempt.model == "a/x":
            raise asyncio.CancelledError
        return "well"

    async def story() -> None:
        assert (await controller().session("s").run(call)).model == "b/y"

    in_virtual_time(story)


def test_a_broken_call_is_shown_at_once_and_held_against_nobody() -> None:
    async def call(attempt: Attempt) -> str:
        return undefined_name  # type: ignore[name-defined] # noqa: F821

    async def story() -> None:
        session = controller().session("s")
        with pytest.raises(SurfacedError, match="the call itself is broken") as caught:
            await session.run(call)
        assert isinstance(caught.value.__cause__, NameError)
        assert (await session.status()).cooling == {}

    in_virtual_time(story)


def test_an_answer_that_is_left_stops_its_stream_and_blames_nobody() -> None:
    closed: list[str] = []

    async def endless(attempt: Attempt) -> AsyncIterator[str]:
        try:
            while True:
                yield "more"
        finally:
            closed.append(attempt.model)

    async def story() -> None:
        session = controller().session("s")
        async with await session.run(endless) as answer:
            async for _ in answer:
                break
        assert closed == ["a/x"]
        assert answer.outcome is not None
        assert answer.outcome.kind == "aborted"
        status = await session.status()
        assert (status.turns, status.cooling, status.state) == (0, {}, "primary")

    in_virtual_time(story)


def test_windows_pass_over_models_that_are_too_small() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        session = controller().session("s")
        await session.status()
        wide = Config(Chain.of("a/x", "b/y"), CALM, windows={"a/x": 1000})
        host = controller()
        await host.publish(wide)
        answer = await host.session("s").run(Provider().whole, tokens=2000)
        assert answer.model == "b/y"
        assert [notice.kind for notice in answer.notices] == ["detour"]
        assert loop.time() == 0

    in_virtual_time(story)


@pytest.mark.parametrize("reference", ["gpt-5", "/gpt-5", "openai/", "open ai/gpt", ""])
def test_a_malformed_reference_is_refused_and_the_session_stays_usable(reference: str) -> None:
    async def story() -> None:
        session = controller().session("s")
        with pytest.raises(BadReferenceError, match="provider/model"):
            await session.pin(reference)
        assert (await session.run(Provider().whole)).model == "a/x"

    in_virtual_time(story)


def test_a_pin_of_an_unknown_provider_names_those_there_are() -> None:
    async def story() -> None:
        host = controller()
        await host.publish(Config(Chain.of("a/x", "b/y"), CALM, providers=frozenset(("a", "b"))))
        session = host.session("s")
        with pytest.raises(UnknownModelError, match="configured are a, b"):
            await session.pin("zzz/model")
        assert (await session.run(Provider().whole)).model == "a/x"

    in_virtual_time(story)


def test_an_empty_chain_is_refused() -> None:
    with pytest.raises(BadChainError, match="name a primary"):
        Chain.of()


def test_configurations_without_a_default_are_refused() -> None:
    async def story() -> None:
        with pytest.raises(BadChainError, match="fast"):
            await controller().publish({"fast": Config(Chain.of("a/x"))})

    in_virtual_time(story)


def test_a_configuration_that_no_longer_names_the_serving_model_leaves_the_session_usable() -> None:
    async def story() -> None:
        host = controller()
        session = host.session("s")
        await text_of(session, Provider(a_x="overloaded"))
        await host.publish(Config(Chain.of("a/x", "c/z"), CALM))
        provider = Provider()
        assert await text_of(session, provider) == "from c/z"
        assert provider.calls == ["c/z"]

    in_virtual_time(story)


def test_a_closed_controller_says_so() -> None:
    async def story() -> None:
        host = controller()
        await host.close()
        with pytest.raises(ControllerClosedError):
            await host.session("s").pin("a/x")

    in_virtual_time(story)


def test_sending_without_upstreams_says_what_to_give() -> None:
    async def story() -> None:
        with pytest.raises(NoUpstreamsError, match=r"Upstreams|run your own call"):
            await controller().session("s").send(messages=[])

    in_virtual_time(story)


def test_a_cancelled_turn_is_settled_once_wherever_it_is_cancelled() -> None:
    """Cancel after every number of loop steps: the turn is settled, nobody is blamed for it, and nothing hangs."""

    async def story(steps: int) -> tuple[str, int]:
        provider = Provider(a_x="server_error")
        host = controller(policy=Policy(retries=1, backoff_s=2.0))
        session = host.session("s")
        task = asyncio.create_task(text_of(session, provider))
        for _ in range(steps):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, TurnError)):
            await task
        status = await session.status()
        ends = [d for d in host._writer.history.of("s") if d.event == "turn_ended"]
        assert status.turns == 0
        assert len(ends) <= 1
        assert await text_of(session, Provider()) in ("from a/x", "from b/y")
        return status.state, len(ends)

    seen = {in_virtual_time(lambda steps=steps: story(steps)) for steps in range(4)}
    assert ("primary", 1) in seen


def test_concurrent_turns_of_one_session_each_have_their_own_end() -> None:
    async def story() -> None:
        provider = Provider(a_x="overloaded")
        session = controller().session("s")
        texts = await asyncio.gather(*(text_of(session, provider) for _ in range(20)))
        assert set(texts) == {"from b/y"}
        assert provider.calls.count("b/y") == 20
        assert (await session.status()).turns == 0

    in_virtual_time(story)


def test_why_says_what_was_blocked_and_who_was_passed_over() -> None:
    async def story() -> None:
        session = controller().session("s")
        await text_of(session, Provider(a_x="overloaded"))
        assert await session.reconcile() is False
        await text_of(session, Provider())
        said = "\n".join(session.why())
        assert "reconcile" in said
        assert "blocked: a failover is live" in said
        await session.pin("a/x")
        await session.unpin()
        await text_of(session, Provider())
        assert "a/x: skipped, cooldown" in "\n".join(session.why())

    in_virtual_time(story)


def test_subscribers_see_decisions_and_notices_and_never_slow_a_turn() -> None:
    async def story() -> None:
        host = controller()
        everything, mine, slow = host.subscribe(), host.subscribe("s"), host.subscribe(size=3)
        await text_of(host.session("s"), Provider(a_x="overloaded"))
        await text_of(host.session("other"), Provider())
        assert {item.session for item in mine.waiting()} == {"s"}
        assert {item.session for item in everything.waiting()} == {"s", "other"}
        assert slow.dropped > 0
        await host.close()
        assert [item async for item in mine] == []

    in_virtual_time(story)


def test_looking_changes_nothing() -> None:
    async def story() -> None:
        host = controller()
        assert (await host.status("nobody")).serving == "a/x"
        assert [s.id async for s in host._writer._store.sessions()] == []

    in_virtual_time(story)
