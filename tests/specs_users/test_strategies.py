"""What the strategies draw is what Detent accepts, and they draw all of it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, find, given, settings
from hypothesis import strategies as st

from detent.fsm import Chain, Config, Failure, Policy
from detent.fsm.chain import checked_reference, provider_of
from detent.fsm.plain import from_plain, to_plain
from detent.fsm.reasons import NARROWER
from detent.specs.strategies import (
    FAILURES,
    Outage,
    chains,
    configs,
    failures,
    outages,
    policies,
    references,
    scripts,
)


@given(references())
def test_a_reference_is_one(model: str) -> None:
    assert checked_reference(model) == model
    assert provider_of(model)


@given(chains(shortest=2, longest=3))
def test_a_chain_is_as_long_as_asked_and_names_no_model_twice(chain: Chain) -> None:
    assert 2 <= len(chain.models) <= 3
    assert len({chain.primary, *chain.fallbacks}) == 1 + len(chain.fallbacks)


@given(chains(st.sampled_from(["a/x", "b/y"])))
def test_a_chain_is_of_the_models_it_may_be_of(chain: Chain) -> None:
    assert set(chain.models) <= {"a/x", "b/y"}


@given(policies())
def test_a_policy_lets_a_healthy_provider_answer(policy: Policy) -> None:
    assert min(policy.first_token_s, policy.idle_s, policy.turn_deadline_s or 1.0) >= 1.0
    assert policy.cooldown_s <= policy.cooldown_cap_s
    assert policy.hard_cooldown_s <= policy.hard_cap_s


@given(configs())
def test_a_configuration_can_be_stored_and_read_again(config: Config) -> None:
    assert from_plain(Config, to_plain(config)) == config
    assert set(config.windows) <= set(config.chain.models)
    assert set(config.credentials) | config.aggregators <= {provider_of(model) for model in config.chain.models}


@given(configs(chain=st.just(Chain.of("a/x")), policy=st.just(Policy(retries=7))))
def test_a_configuration_keeps_the_parts_that_are_given(config: Config) -> None:
    assert (config.chain, config.policy.retries) == (Chain.of("a/x"), 7)


@given(failures())
def test_a_failure_condemns_nothing_wider_than_its_reason_does(failure: Failure) -> None:
    wide = failure.ruling.cools
    assert failure.scope is None or (wide is not None and failure.scope in NARROWER[wide])
    assert failure.cools in (failure.scope, wide)


def test_every_reason_of_a_provider_is_drawn_and_the_clients_own_is_not() -> None:
    for reason in FAILURES:
        find(failures(), lambda failure, reason=reason: failure.reason == reason)
    assert "aborted" not in FAILURES


@given(scripts(st.just("a/x"), failures(("overloaded",)), longest=2))
def test_a_script_is_of_the_models_and_failures_that_are_given(script: tuple[Outage, ...]) -> None:
    assert len(script) <= 2
    assert all(outage.model == "a/x" for outage in script)
    assert {outage.failure.reason for outage in script if outage.failure} <= {"overloaded"}


KINDS: dict[str, Callable[[Outage], bool]] = {
    "hangs": lambda outage: outage.failure is None,
    "fails at once": lambda outage: outage.failure is not None and outage.after == 0,
    "breaks off": lambda outage: outage.failure is not None and outage.after > 0,
    "is over by itself": lambda outage: outage.times is not None,
    "lasts": lambda outage: outage.times is None,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_outage_is_drawn(kind: str) -> None:
    assert find(outages(), KINDS[kind], settings=settings(suppress_health_check=list(HealthCheck)))


@pytest.mark.parametrize("module", ["strategies", "machine"])
def test_without_hypothesis_the_message_says_what_to_install(module: str) -> None:
    said: Any = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.modules['hypothesis'] = None; import detent.specs.{module}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode != 0
    assert "needs Hypothesis; install it with: pip install hypothesis" in said.stderr.splitlines()[-1]
