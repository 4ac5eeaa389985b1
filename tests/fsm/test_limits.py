"""The limits that a call carries: the chain's, or the model's own; and a probe's lease that outlives them."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve

from detent.fsm import BadPolicyError, Call, Chain, Config, Cooldown, Limits, Policy, core

POLICY = Policy(connect_s=2.0, first_token_s=10.0, idle_s=5.0, attempt_s=100.0)


def ordered(config: Config, **health: Cooldown) -> tuple[Call, Any]:
    session = core.fresh("s", config)
    records = {record.key: record for record in health.values()}
    step = core.start(session, config, records, 100.0, core.Request("t"))
    assert isinstance(step.command, Call)
    return step.command, step


def limits_of(call: Call) -> tuple[float | None, float, float, float | None]:
    return call.connect_s, call.first_token_s, call.idle_s, call.attempt_s


def test_a_call_carries_the_limits_of_its_chain() -> None:
    assert limits_of(ordered(Config(Chain.of("a/x"), POLICY))[0]) == (2.0, 10.0, 5.0, 100.0)
    assert limits_of(ordered(Config(Chain.of("a/x")))[0]) == (None, 60.0, 60.0, None)


def test_a_model_has_limits_of_its_own_and_the_chains_where_it_has_none() -> None:
    config = Config(Chain.of("a/x", "b/y"), POLICY, limits={"a/x": Limits(first_token_s=90.0, attempt_s=300.0)})
    assert limits_of(ordered(config)[0]) == (2.0, 90.0, 5.0, 300.0)
    assert config.policy_of("b/y") == POLICY


@pytest.mark.parametrize("own", [Limits(), Limits(first_token_s=500.0), Limits(idle_s=700.0)])
def test_a_probe_holds_its_lease_for_longer_than_its_own_limits(own: Limits) -> None:
    config = Config(Chain.of("a/x"), POLICY, limits={"a/x": own})
    call, step = ordered(config, a=Cooldown("model a/x", "cooling", until=50.0, generation=1))
    record = step.cooldowns["model a/x"]
    assert record.state == "probing"
    assert record.lease_until - 100.0 > call.first_token_s + call.idle_s
    spoken = core.content(step.session, step.turn, step.cooldowns, 200.0, call.attempt)
    assert spoken.cooldowns["model a/x"].lease_until - 200.0 > call.first_token_s + call.idle_s


def test_a_late_word_does_not_prolong_the_lease_of_the_attempt_that_came_after() -> None:
    config = Config(Chain.of("a/x"), POLICY)
    call, step = ordered(config, a=Cooldown("model a/x", "cooling", until=50.0, generation=1))
    late = core.content(step.session, step.turn, step.cooldowns, 200.0, call.attempt - 1)
    assert late.cooldowns == {}


@pytest.mark.parametrize("name", ["connect_s", "first_token_s", "idle_s", "attempt_s"])
@pytest.mark.parametrize("value", [0, -1.0, True, "5"])
def test_a_limit_of_a_model_is_a_number_above_zero(name: str, value: Any) -> None:
    with pytest.raises(BadPolicyError, match=f"{name} is .*must be a number above 0"):
        Limits(**{name: value})


@pytest.mark.parametrize("name", ["connect_s", "attempt_s"])
def test_a_limit_that_a_chain_may_leave_out_is_above_zero(name: str) -> None:
    with pytest.raises(BadPolicyError, match=f"{name} is 0"):
        evolve(POLICY, **{name: 0})
