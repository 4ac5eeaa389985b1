"""The cooldown machine against a reference model of a few lines, and the rules it states one by one."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detent.fsm import COOLDOWN, Cooldown
from detent.fsm.cooldown import Claimed, Failed, Lifted, Released, Succeeded

BASE, CAP, WINDOW, MAX_WAIT = 10.0, 100.0, 50.0, 5.0


def failed(now: float, generation: int, wait: float | None = None) -> Failed:
    return Failed(now, "overloaded", False, BASE, CAP, WINDOW, wait, MAX_WAIT, generation)


def after(record: Cooldown, name: str, event: object) -> Cooldown:
    return COOLDOWN.fire(record, name, event).after


class Reference:
    """A list of strikes and a deadline: the rules of the format, without states."""

    def __init__(self) -> None:
        self.until = 0.0
        self.strikes = 0
        self.resting = False

    def fail(self, now: float, wait: float | None) -> None:
        if now >= self.until + WINDOW:
            self.strikes = 0
        self.strikes += 1
        rest = min(CAP, BASE * 2 ** (self.strikes - 1))
        if wait is not None and wait > MAX_WAIT:
            rest = min(CAP, wait)
        still = self.until if self.resting else 0.0
        self.until = max(still, now + max(rest, wait or 0.0) if rest < CAP else now + rest)
        self.resting = True

    def succeed(self, now: float) -> None:
        if self.resting:
            self.until = min(self.until, now)
        self.resting = False


@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 1.0, 10.0, 20.0, 49.0, 60.0, 200.0]),
            st.sampled_from(["fail", "fail", "wait 3", "wait 30", "wait 900", "succeed"]),
        ),
        max_size=12,
    )
)
def test_rests_are_those_of_the_reference(happenings: list[tuple[float, str]]) -> None:
    now, record, reference = 0.0, Cooldown("model a/x"), Reference()
    for passes, what in happenings:
        now += passes
        if what == "succeed":
            record = after(record, "succeeded", Succeeded(now, record.generation))
            reference.succeed(now)
        else:
            wait = float(what.split()[1]) if " " in what else None
            record = after(record, "failed", failed(now, record.generation, wait))
            reference.fail(now, wait)
        assert record.rests(now) == (reference.resting and now < reference.until)
        assert record.strikes == reference.strikes
        assert record.until == reference.until
        assert record.until - now <= CAP


def test_a_late_failure_adds_no_strike_but_a_longer_stated_wait_counts() -> None:
    once = after(Cooldown("k"), "failed", failed(0, 0))
    assert after(once, "failed", failed(5, 0)) is once
    longer = after(once, "failed", failed(5, 0, wait=60))
    assert (longer.strikes, longer.until, longer.hard) == (1, 65, True)


def test_a_late_success_ends_nothing() -> None:
    resting = after(Cooldown("k"), "failed", failed(0, 0))
    fired = COOLDOWN.fire(resting, "succeeded", Succeeded(1, 0))
    assert (fired.kind, fired.after) == ("stale", resting)


def test_the_lease_goes_to_one_attempt_and_to_another_only_when_it_ran_out() -> None:
    resting = after(Cooldown("k"), "failed", failed(0, 0))
    assert COOLDOWN.fire(resting, "claimed", Claimed(9, "t1", 99)).kind == "blocked"
    probing = after(resting, "claimed", Claimed(10, "t1", 40))
    assert (probing.state, probing.holder) == ("probing", "t1")
    assert COOLDOWN.fire(probing, "claimed", Claimed(39, "t2", 99)).kind == "blocked"
    assert after(probing, "claimed", Claimed(40, "t2", 99)).holder == "t2"
    assert COOLDOWN.fire(probing, "released", Released("t2")).kind == "stale"
    assert after(probing, "released", Released("t1")).due(10)


def test_a_configuration_lifts_what_it_may_have_mended_and_keeps_the_strikes() -> None:
    resting = after(Cooldown("k"), "failed", failed(0, 0))
    assert after(resting, "lifted", Lifted(3, frozenset(["auth"]))) is resting
    lifted = after(resting, "lifted", Lifted(3, frozenset(["overloaded"])))
    assert (lifted.state, lifted.strikes, lifted.until) == ("available", 1, 3)
    assert after(lifted, "failed", failed(4, 1)).until == 24
