"""Credentials: which one a session keeps while it works, and what a changed key makes void."""

from __future__ import annotations

import pytest

from detent.fsm import Candidate, Chain, Config, Failure, Policy, core
from detent.fsm.plain import from_plain, to_plain
from detent.fsm.session import Session

from .outage import Flight, World

KEYS = {"a": ("k1", "k2", "k3")}
KEEPING = Policy(retries=0)
LIMITED = Failure("rate_limit")
REVOKED = Failure("auth")


def world(*models: str, policy: Policy = KEEPING) -> World:
    return World(Config(Chain.of(*(models or ("a/x", "b/y"))), policy, credentials=KEYS))


def turn(world: World, *failures: Failure, session: str = "s") -> list[str]:
    """One turn in which the first attempts fail and the next answers: whom it called."""
    flight = world.start(session)
    for failure in failures:
        world.fail(flight, failure)
    world.finish(flight)
    return called(flight)


def called(flight: Flight) -> list[str]:
    return [candidate.label for candidate in flight.calls]


def test_a_session_goes_on_with_the_credential_that_answered() -> None:
    here = world()
    assert turn(here, LIMITED) == ["a/x@k1", "a/x@k2"]
    here.now += 10_000
    assert turn(here) == ["a/x@k2"]


def test_where_they_are_tried_in_order_every_turn_begins_with_the_first() -> None:
    here = world(policy=Policy(retries=0, keep_credential=False))
    turn(here, LIMITED)
    assert here.session("s").kept == ()
    here.now += 10_000
    assert turn(here) == ["a/x@k1"]


def test_when_the_kept_one_fails_the_others_follow_in_their_order_and_the_next_to_answer_is_kept() -> None:
    here = world()
    turn(here, LIMITED)
    here.now += 10_000
    assert turn(here, LIMITED, LIMITED) == ["a/x@k2", "a/x@k1", "a/x@k3"]
    here.now += 10_000
    assert turn(here, LIMITED, LIMITED, LIMITED) == ["a/x@k3", "a/x@k1", "a/x@k2", "b/y"]


def test_while_the_kept_one_rests_the_first_free_one_answers_and_is_kept_from_then_on() -> None:
    here = world()
    turn(here, LIMITED)
    here.now += 10_000
    assert turn(here, LIMITED, session="other") == ["a/x@k1", "a/x@k2"]
    turn(here, Failure("rate_limit"), session="s")
    assert here.session("s").kept == ("a/x@k3",)


def test_it_is_kept_for_each_model_by_itself() -> None:
    here = world("a/x", "a/y")
    turn(here, LIMITED)
    assert turn(here, Failure("overloaded")) == ["a/x@k2", "a/y@k1"]
    assert here.session("s").kept == ("a/x@k2", "a/y@k1")


def test_a_change_of_credential_moves_no_state_and_is_told_to_nobody() -> None:
    here = world()
    turn(here, LIMITED)
    assert here.session("s").state == "primary"
    assert here.notices == []


def test_a_session_comes_home_to_the_credential_it_kept() -> None:
    here = world()
    turn(here, LIMITED)
    turn(here, Failure("overloaded"))
    assert here.session("s").serving == "b/y"
    here.now += 10_000
    assert turn(here) == ["a/x@k2"]
    assert here.notices[-1] == ("s", "recovered")


def test_a_home_whose_kept_credential_rests_is_probed_with_the_first_free_one_and_its_others_come_last() -> None:
    here = world()
    turn(here, LIMITED)
    turn(here, Failure("overloaded"))
    here.now += 3_000
    here.health.update(core.renew({}, here.now, "a", "k2").cooldowns)
    other = here.start("other")
    here.fail(other, LIMITED)
    here.fail(other, REVOKED)
    here.finish(other)
    flight = here.start("s")
    assert [c.label for c in flight.turn.plan] == ["a/x@k3", "b/y", "a/x@k2", "a/x@k1"]


def test_a_pin_licenses_the_kept_credential_where_all_of_them_rest() -> None:
    here = world()
    turn(here, LIMITED)
    turn(here, LIMITED, LIMITED, LIMITED)
    turn(here, LIMITED, session="other")
    here.pin("s", "a/x")
    assert here.session("s").kept == ("a/x@k2",)
    assert turn(here)[0] == "a/x@k2"


def test_a_reset_forgets_it() -> None:
    here = world()
    turn(here, LIMITED)
    here.user("s", "reset")
    here.now += 10_000
    assert turn(here) == ["a/x@k1"]


def test_one_that_is_configured_no_longer_counts_for_nothing() -> None:
    here = world()
    turn(here, LIMITED)
    here.config = Config(here.config.chain, KEEPING, revision=1, credentials={"a": ("k1", "k9")})
    here.now += 10_000
    assert here.config.candidates("a/x", ("a/x@k2",)) == (Candidate("a/x", "k1"), Candidate("a/x", "k9"))
    step = core.start(here.session("s"), here.config, here.health, here.now, core.Request("t"))
    assert step.turn is not None
    assert [c.label for c in step.turn.plan] == ["a/x@k1", "a/x@k9", "b/y"]


def test_a_provider_with_one_credential_leaves_no_trace_in_the_session() -> None:
    here = world("b/y", "c/z")
    turn(here, Failure("overloaded"))
    assert here.session("s").kept == ()


def test_of_two_turns_at_once_the_one_answered_last_wins() -> None:
    here = world()
    first, second = here.start("s"), here.start("s")
    here.fail(first, LIMITED)
    here.finish(first)
    assert here.session("s").kept == ("a/x@k2",)
    here.finish(second)
    assert here.session("s").kept == ("a/x@k1",)


def test_what_is_kept_is_stored_with_the_session() -> None:
    here = world()
    turn(here, LIMITED)
    stored = from_plain(Session, to_plain(here.session("s")))
    assert stored.kept == ("a/x@k2",)


@pytest.mark.parametrize("reason", ["auth", "quota_exhausted", "permission", "rate_limit"])
def test_a_changed_key_ends_the_rests_of_its_credential_and_home_is_called_at_once(reason: str) -> None:
    here = World(Config(Chain.of("a/x", "b/y"), KEEPING))
    assert turn(here, Failure(reason)) == ["a/x", "b/y"]  # type: ignore[arg-type]
    assert turn(here) == ["b/y"]
    here.renew("a", "")
    assert turn(here) == ["a/x"]
    assert here.session("s").state == "primary"


def test_a_changed_key_ends_no_rest_of_a_model_an_endpoint_or_another_credential() -> None:
    here = world("a/x", "a/y", "b/y")
    turn(here, REVOKED, Failure("overloaded"), Failure("connection"))
    before = {key: record.until for key, record in here.health.items() if key != "credential a@k1"}
    assert set(before) == {"model a/x", "endpoint a"}
    here.renew("a", "k1")
    assert {key: here.health[key].until for key in before} == before
    assert not here.health["credential a@k1"].rests(here.now)


def test_a_changed_key_is_a_new_credential_whose_strikes_are_forgotten() -> None:
    here = world()
    for session in ("s1", "s2", "s3"):
        turn(here, REVOKED, session=session)
        here.now = here.health["credential a@k1"].until
    assert here.health["credential a@k1"].strikes == 3
    here.renew("a", "k1")
    turn(here, REVOKED, session="fresh")
    record = here.health["credential a@k1"]
    assert (record.strikes, record.until - here.now) == (1, KEEPING.hard_cooldown_s)


@pytest.mark.parametrize("failure", [REVOKED, LIMITED, Failure("rate_limit", wait_s=500.0), Failure("permission")])
def test_a_failure_that_the_old_key_still_had_coming_is_not_held_against_the_new_one(failure: Failure) -> None:
    here = world()
    flight = here.start("s")
    here.renew("a", "k1")
    step = here.fail(flight, failure)
    here.finish(flight)
    assert any(d.kind == "stale" and "key was changed" in d.why for d in step.decisions)
    assert turn(here, session="other") == ["a/x@k1"]


def test_a_success_with_the_old_key_does_not_end_what_is_held_against_the_new_one() -> None:
    here = world()
    old = here.start("s")
    here.renew("a", "k1")
    turn(here, REVOKED, session="other")
    here.finish(old)
    assert here.health["credential a@k1"].rests(here.now)


def test_a_key_that_is_changed_while_it_is_probed_is_available_to_everybody() -> None:
    here = world()
    turn(here, REVOKED)
    here.now += 10_000
    here.user("s", "reset")
    probe = here.start("s")
    assert here.health["credential a@k1"].state == "probing"
    here.renew("a", "k1")
    assert turn(here, session="other") == ["a/x@k1"]
    here.fail(probe, REVOKED)
    here.finish(probe)
    assert not here.health["credential a@k1"].rests(here.now)


def test_the_change_of_a_key_is_in_the_log() -> None:
    here = world()
    turn(here, REVOKED)
    step = core.renew(here.health, here.now, "a", "k1")
    assert [str(d) for d in step.decisions] == [
        "cooldown credential a@k1: renewed: cooling -> available: the key was changed: what was held against the old "
        "one is void"
    ]
