"""`check` on a user's own chain: sentences, policies by name, and counterexamples."""

from __future__ import annotations

import time

import pytest

from detent.fsm import Chain, Config, Policy
from detent.specs import PROPERTIES, check
from detent.specs.check import SENTENCES, merged, unreached


def test_a_chain_of_seventeen_is_checked_in_under_a_minute() -> None:
    models = ["a/x", "a/y", *(f"p{number}/m" for number in range(15))]
    config = Config(Chain.of(*models), Policy(retries=0), credentials={"a": ("k1", "k2")})
    began = time.perf_counter()
    report = check(config)
    assert time.perf_counter() - began < 60
    assert len(report.merged) == 3
    assert report.holds[0] == "every candidate is reachable: one turn calls all 19 of them, in the promised order"
    assert any(sentence.startswith("reconciliation never undoes a failover") for sentence in report.holds)
    assert "standing for 17" in str(report)


def test_policies_that_give_a_promise_up_are_named() -> None:
    policy = Policy(retries=0, pin_strict=True, on_all_cooling="fail_fast", cooldown_s=0.0, keep_credential=False)
    report = check(Config(Chain.of("a/x"), policy, credentials={"a": ("k1", "k2")}), limit=500)
    said = " ".join(report.exceptions)
    for name in ("pin_strict", "fail_fast", "cooldown_s", "keep_credential", "no fallbacks"):
        assert name in said


def test_progress_is_told() -> None:
    heard: list[tuple[int, int, str]] = []
    check(Config(Chain.of("a/x", "b/y"), Policy(retries=0)), limit=200, watch=lambda *said: heard.append(said))
    assert heard[0][0] == 0
    assert heard[-1][:2] == (heard[-1][1], heard[-1][1])


def test_a_candidate_of_a_provider_that_is_not_configured_is_named() -> None:
    config = Config(Chain.of("a/x", "b/y"), providers=frozenset({"a"}))
    assert unreached(config) == ("b/y",)


def test_merging_keeps_one_of_each_kind() -> None:
    config = Config(Chain.of("a/x", "b/y", "c/z", "a/w"), windows={"a/w": 100})
    assert merged(config).chain.models == ("a/x", "b/y", "a/w")


@pytest.mark.parametrize("numbers", SENTENCES.values())
def test_every_sentence_rests_on_promises_that_exist(numbers: tuple[str, ...]) -> None:
    assert set(numbers) <= {promise.number for promise in PROPERTIES}
