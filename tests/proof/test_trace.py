"""What the controller decided over real sockets is a behaviour of the spec, and a forged step of it is not."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from detent.adapters import Controller, Endpoint, ExhaustedError, Upstreams
from detent.adapters.local import Hang, LocalProvider, Say, bad_gateway, rate_limited
from detent.fsm import SESSION, Chain, Config, Policy
from detent.fsm.decision import Decision
from detent.fsm.session import Answered, Desired, Pin, TurnEvent
from detent.specs.tla.trace import Accepted, Rejected, validate

from .tables import row_that

ASK = [{"role": "user", "content": "hello"}]
QUICK = Policy(retries=0, cooldown_s=0.2, first_token_s=0.3, idle_s=0.3)
REST_S = 0.21
TWO, THREE = ("a/large", "b/large"), ("a/large", "b/large", "c/large")

Log = list[Decision]
Story = Callable[[Controller, dict[str, LocalProvider]], Awaitable[None]]


@asynccontextmanager
async def providers(models: tuple[str, ...]) -> AsyncIterator[tuple[Controller, dict[str, LocalProvider]]]:
    async with AsyncExitStack() as stack:
        names = [model.partition("/")[0] for model in models]
        where = {name: await stack.enter_async_context(LocalProvider(name)) for name in names}
        for name, provider in where.items():
            provider.behave(Say(f"from {name}"))
        upstreams = Upstreams(lambda provider, _: Endpoint(provider, where[provider].base_url, "sk-test-0123456789"))
        config = Config(Chain.of(*models), QUICK)
        yield await stack.enter_async_context(Controller(config, upstreams=upstreams)), where


def logged(story: Story, models: tuple[str, ...] = TWO) -> Log:
    """The session machine's decisions of a story."""

    async def run() -> Log:
        async with providers(models) as (host, where):
            subscription = host.subscribe("s")
            await story(host, where)
            assert subscription.dropped == 0
            said = [item for item in subscription.waiting() if isinstance(item, Decision)]
            return [decision for decision in said if decision.machine == "session"]

    return asyncio.run(run())


async def away_and_home(host: Controller, where: dict[str, LocalProvider]) -> None:
    """A failover, its reconciliation blocked, a recovery by probe, a pin and its end, and a new primary."""
    session = host.session("s")
    where["a"].behave(bad_gateway())
    assert (await session.send(messages=ASK)).model == "b/large"
    assert await session.reconcile() is False
    where["a"].behave(Say("well again"))
    await asyncio.sleep(REST_S)
    assert (await session.send(messages=ASK)).model == "a/large"
    await session.pin("b/large")
    assert (await session.send(messages=ASK)).model == "b/large"
    await session.reconcile()
    await session.unpin()
    assert (await session.send(messages=ASK)).model == "a/large"
    await host.publish(Config(Chain.of("b/large", "a/large"), QUICK))
    await session.reconcile()
    assert (await session.send(messages=ASK)).model == "b/large"


async def nobody_answers(host: Controller, where: dict[str, LocalProvider]) -> None:
    """Exhaustion, a failed probe as the last resort, a turn with nobody to call, a pin, and a fresh start."""
    session = host.session("s")
    for provider in where.values():
        provider.behave(rate_limited(retry_after_s=60))
    where["a"].behave(bad_gateway())
    for _ in range(2):
        with pytest.raises(ExhaustedError):
            await session.send(messages=ASK)
    await asyncio.sleep(REST_S)
    with pytest.raises(ExhaustedError):
        await session.send(messages=ASK)
    await session.pin("b/large")
    where["b"].behave(Say("from b"))
    await session.send(messages=ASK)
    await host.publish(Config(Chain.of("b/large", "a/large", "c/large"), QUICK))
    await session.reset()
    await session.send(messages=ASK)


async def overtaken(host: Controller, where: dict[str, LocalProvider]) -> None:
    """A failover, a probe that is slow and is overtaken, and a recovery, on a chain that hedges."""
    await host.publish(Config(Chain.of(*TWO), evolve(QUICK, first_token_s=5.0, hedge_after_s=0.05)))
    session = host.session("s")
    where["a"].behave(bad_gateway())
    assert (await session.send(messages=ASK)).model == "b/large"
    await asyncio.sleep(REST_S)
    where["a"].behave(Hang())
    assert (await session.send(messages=ASK)).model == "b/large"
    assert (await session.status()).state == "failover_active"
    where["a"].behave(Say("well again"))
    assert (await session.send(messages=ASK)).model == "a/large"


@pytest.fixture(scope="module")
def log() -> Log:
    return logged(away_and_home)


def place(log: Log, event: str, before: str, after: str = "") -> int:
    """Where a decision is: the first of an event in a state."""
    found = (event, before, after or before)
    return next(n for n, one in enumerate(log) if (one.event, one.before, one.after) == found)


def test_a_log_of_the_controller_is_a_behaviour_of_the_spec(log: Log, package: Path) -> None:
    said = validate(log, chain=TWO, package=package)
    assert isinstance(said, Accepted), said
    assert said.steps == len(log)
    assert f"i = {len(log)}" in said.behaviour[-1]
    moves = {(one.event, one.before, one.after) for one in log}
    assert ("failed_over", "primary", "failover_active") in moves
    assert ("reconcile", "failover_active", "failover_active") in moves
    assert ("answered", "cooldown_probe", "primary") in moves
    assert ("unpin", "user_pinned", "primary") in moves


def test_what_the_session_does_not_hear_happens_in_between(package: Path) -> None:
    log = logged(nobody_answers, THREE)
    said = validate(log, chain=THREE, package=package)
    assert isinstance(said, Accepted), f"{said}\n" + "\n".join(map(str, log))


def test_a_chain_that_hedges_is_a_behaviour_of_the_spec(package: Path) -> None:
    log = logged(overtaken)
    said = validate(log, chain=TWO, package=package)
    assert isinstance(said, Accepted), f"{said}\n" + "\n".join(map(str, log))
    assert ("probe_failed", "cooldown_probe", "failover_active") in {(one.event, one.before, one.after) for one in log}


def named(why: str) -> str:
    """The name of the row with this reason."""
    return row_that(SESSION, why).name


ADOPTS = "the desired primary is adopted"
LETS_GO = "the user let go: the desired primary serves"

FORGED: dict[str, tuple[tuple[str, ...], dict[str, Any]]] = {
    "reconciliation moves a live failover to the primary": (
        ("reconcile", "failover_active"),
        {"row": named(ADOPTS), "after": "primary", "kind": "move"},
    ),
    "reconciliation changes what serves and nothing else": (
        ("reconcile", "failover_active"),
        {"row": named(ADOPTS)},
    ),
    "the state comes home and what serves does not": (("reconcile", "failover_active"), {"after": "primary"}),
    "a recovery without a probe": (
        ("answered", "failover_active"),
        {"row": named("the primary answered: the session is home"), "after": "primary"},
    ),
    "a recovery by the end of a turn": (("turn_ended", "failover_active"), {"after": "primary"}),
    "a recovery by the answer of another model": (
        ("answered", "cooldown_probe", "primary"),
        {"data": Answered("", "b/large", Desired("a/large", 0))},
    ),
    "a probe of a home that rests": (("turn_started", "failover_active", "cooldown_probe"), {"home_free": False}),
    "a pin that vanishes with its state": (
        ("reconcile", "user_pinned"),
        {"row": named(LETS_GO), "after": "primary"},
    ),
    "a pin that vanishes under its state": (
        ("reconcile", "user_pinned"),
        {"row": named("the user let go: home is the desired primary, once it is well")},
    ),
    "a pin of another model than is kept": (("pin", "primary", "user_pinned"), {"row": "", "data": Pin("a/large")}),
    "a failover to where it came from": (
        ("failed_over", "primary", "failover_active"),
        {"data": TurnEvent("", "a/large")},
    ),
    "a state out of the blue": (("turn_started", "user_pinned"), {"before": "failover_active"}),
    "an event that there is not": (("unpin", "user_pinned", "primary"), {"event": "let_go"}),
    "an event that is another": (("pin", "primary", "user_pinned"), {"data": Desired("a/large", 0)}),
}


def forge(decision: Decision, change: dict[str, Any]) -> Decision:
    """The decision with some of it changed; events keep their turn."""
    change = dict(change)
    if "home_free" in change:
        change["data"] = evolve(decision.data, home_free=change.pop("home_free"), home_due=False)
    elif hasattr(change.get("data"), "turn"):
        change["data"] = evolve(change["data"], turn=decision.data.turn)
    return evolve(decision, **change)


@pytest.mark.parametrize(("which", "change"), FORGED.values(), ids=FORGED)
def test_a_forged_step_is_rejected_there(
    which: tuple[str, ...], change: dict[str, Any], log: Log, package: Path
) -> None:
    at = place(log, *which)
    forged = forge(log[at], change)
    said = validate([*log[:at], forged, *log[at + 1 : at + 3]], chain=TWO, package=package)
    assert isinstance(said, Rejected)
    assert (said.step, said.decision) == (at + 1, forged), said.why
    assert said.why.startswith(f"no behaviour of the spec has {forged.event}")


def test_an_adoption_that_does_not_come_is_rejected(log: Log, package: Path) -> None:
    at = next(n for n, one in enumerate(log) if one.row == named(ADOPTS))
    idle = evolve(log[at], row=named("the session agrees with its configuration"))
    said = validate([*log[:at], idle], chain=TWO, package=package)
    assert isinstance(said, Rejected)
    assert said.step == at + 1


@pytest.mark.parametrize(
    ("which", "later"),
    [
        (("answered", "cooldown_probe", "primary"), 1),
        (("failed_over", "primary", "failover_active"), 1),
        (("turn_started", "user_pinned"), 1),
        (("turn_ended", "user_pinned"), 1),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_a_step_left_out_is_missed_as_soon_as_it_matters(
    which: tuple[str, ...], later: int, log: Log, package: Path
) -> None:
    at = place(log, *which)
    said = validate([*log[:at], *log[at + 1 : at + 4]], chain=TWO, package=package)
    assert isinstance(said, Rejected)
    assert said.step == at + later, said.why


def test_a_failover_between_turns_is_rejected(log: Log, package: Path) -> None:
    moved, at = place(log, "failed_over", "primary", "failover_active"), place(log, "turn_started", "user_pinned")
    said = validate([log[moved], *log[:at]], chain=TWO, package=package)
    assert isinstance(said, Rejected)
    assert said.step == 1


def test_an_empty_log_is_a_behaviour(package: Path) -> None:
    said = validate([], chain=TWO, package=package)
    assert isinstance(said, Accepted)
    assert (said.steps, len(said.behaviour)) == (0, 1)


def test_a_log_that_breaks_off_anywhere_is_a_behaviour(log: Log, package: Path) -> None:
    for end in sorted({one.event: number for number, one in enumerate(log, 1)}.values()):
        assert isinstance(validate(log[:end], chain=TWO, package=package), Accepted), log[end - 1]


def test_what_the_spec_cannot_name_is_refused(log: Log, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="several sessions"):
        validate([*log, evolve(log[0], subject="other")], chain=TWO, package=tmp_path)
    third = evolve(log[place(log, "reconcile", "failover_active")], data=Desired("c/large", 7))
    with pytest.raises(ValueError, match="2 primaries, and the log 3"):
        validate([*log, third], chain=TWO, package=tmp_path)
