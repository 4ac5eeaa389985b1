"""What is proved of the cooldown table, and what is assumed of the events that it gets."""

from __future__ import annotations

from typing import Any, Final

from detent.fsm.cooldown import Claimed, Cooldown, Extended, Failed, Lifted, Released, Renewed, Succeeded, Tapped

from .induction_promises import Contract, Invariant, Promises, StepRule


def a_lease_is_held_in_a_probe_alone(c: Cooldown) -> bool:
    """Somebody holds the lease of a scope exactly while it is in ``probing``."""
    return (c.state == "probing") == (c.holder != "")


def strikes_and_generations_count_up_from_nothing(c: Cooldown) -> bool:
    """Counts are never negative, and a scope that rests had a rest set."""
    return c.strikes >= 0 and c.generation >= 0 and (c.state == "available" or c.generation >= 1)


def no_rest_outlives_its_cap(c: Cooldown, e: Failed, after: Cooldown) -> bool:
    """A failure sets no rest beyond its cap, to the microsecond that deadlines are rounded to."""
    return after.until <= e.now + e.cap_s + 0.000001 or after.until == c.until


def only_failures_lengthen_a_rest(c: Cooldown, _e: Any, after: Cooldown) -> bool:
    """No other event moves a deadline back."""
    return after.until <= c.until


def a_late_failure_counts_for_nothing(c: Cooldown, e: Failed, after: Cooldown) -> bool:
    """A failure from before this rest adds no strike; it changes a rest only where the server states a longer one."""
    return e.generation >= c.generation or (
        after.strikes == c.strikes
        and after.generation == c.generation
        and ((e.wait_s is not None and e.wait_s > e.max_wait_s) or (after.state == c.state and after.until == c.until))
    )


def a_late_success_changes_nothing(c: Cooldown, e: Succeeded, after: Cooldown) -> bool:
    """A success from before this rest does not end it."""
    return e.generation >= c.generation or (
        after.state == c.state and after.until == c.until and after.holder == c.holder
    )


def a_new_failure_is_a_strike(c: Cooldown, e: Failed, after: Cooldown) -> bool:
    """Any other failure sets a new rest, with one strike or one more."""
    return e.generation < c.generation or (
        after.state != "available"
        and after.generation == c.generation + 1
        and (after.strikes == c.strikes + 1 or after.strikes == 1)
    )


def a_probe_ends_by_its_own_failure(c: Cooldown, e: Failed, after: Cooldown) -> bool:
    """Another attempt's failure leaves the probe its lease; the probe's own, unless it is late, ends it."""
    return c.state != "probing" or (
        (c.holder == e.holder or (after.state == "probing" and after.holder == c.holder))
        and (c.holder != e.holder or e.generation < c.generation or after.state == "cooling")
    )


def only_failures_condemn(c: Cooldown, _e: Any, after: Cooldown) -> bool:
    """No other event adds a strike or begins a rest."""
    return after.strikes == c.strikes and after.generation == c.generation


def a_new_key_has_nothing_held_against_it(c: Cooldown, e: Renewed, after: Cooldown) -> bool:
    """After a change of key the scope is available, without strikes, and everything older is late."""
    return (
        after.state == "available"
        and after.strikes == 0
        and after.reason == ""
        and not after.hard
        and after.last_resort_at is None
        and after.until <= e.now
        and after.generation > c.generation
    )


def an_old_key_says_nothing_of_a_new_one(c: Cooldown, e: Failed, after: Cooldown) -> bool:
    """A late failure changes nothing of a scope against whose present key nothing was ever held."""
    return (
        c.state != "available"
        or c.reason != ""
        or e.generation >= c.generation
        or (after.state == c.state and after.until == c.until and after.strikes == c.strikes)
    )


def a_late_longer_wait_is_kept(c: Cooldown, e: Failed, after: Cooldown) -> bool:
    """A late failure for which the server states a longer wait makes the rest so long, and hard; a probe goes on.

    Not where nothing was ever held against the present key: the failure is of an older one.
    """
    return (
        e.generation >= c.generation
        or (c.state == "available" and c.reason == "")
        or e.wait_s is None
        or min(e.wait_s, e.cap_s) <= max(e.max_wait_s, c.until - e.now)
        or (
            after.until >= e.now + min(e.wait_s, e.cap_s) - 0.000001
            and after.hard
            and after.reason == e.reason
            and after.state == ("probing" if c.state == "probing" else "cooling")
        )
    )


def a_rest_says_what_set_it(c: Cooldown, e: Failed, after: Cooldown) -> bool:
    """A rest that is set anew has the reason of the failure that set it, and is hard if that says so."""
    return after.until == c.until or (
        after.reason == e.reason and (after.hard or not (e.hard or (e.wait_s is not None and e.wait_s > e.max_wait_s)))
    )


def a_rest_is_not_shortened(c: Cooldown, _e: Failed, after: Cooldown) -> bool:
    """No failure makes a rest shorter than it stands, to the microsecond."""
    return c.state == "available" or after.until >= c.until - 0.000001


def a_success_ends_the_rest(c: Cooldown, e: Succeeded, after: Cooldown) -> bool:
    """A success that is not late ends the rest and the probe, for everybody."""
    return e.generation < c.generation or (
        after.state == "available"
        and (c.state == "available" or (after.until <= e.now and not after.hard))
        and after.strikes == c.strikes
    )


def a_rested_scope_lends_its_lease(c: Cooldown, e: Claimed, after: Cooldown) -> bool:
    """Once the rest is over and no lease runs, who claims the scope is its probe, for as long as was asked."""
    return (
        e.now < c.until
        or c.state == "available"
        or (c.state == "probing" and e.now < c.lease_until)
        or (
            after.state == "probing"
            and after.holder == e.holder
            and after.lease_until >= e.lease_until - 0.000001
            and after.lease_until <= e.lease_until + 0.000001
        )
    )


def a_probe_gives_its_lease_back(c: Cooldown, e: Released, after: Cooldown) -> bool:
    """A probe that said nothing leaves the scope to the next one, and no lease behind."""
    return c.state != "probing" or c.holder != e.holder or (after.state == "cooling" and after.lease_until == 0)


def a_sign_of_life_prolongs_a_lease(c: Cooldown, e: Extended, after: Cooldown) -> bool:
    """A probe that speaks keeps its lease for as long again."""
    return (
        c.state != "probing"
        or c.holder != e.holder
        or (
            after.state == "probing"
            and after.lease_until >= e.lease_until - 0.000001
            and after.lease_until <= e.lease_until + 0.000001
        )
    )


def no_lease_outlives_its_probe(c: Cooldown) -> bool:
    """Where nobody probes, no lease runs."""
    return c.state == "probing" or c.lease_until == 0


def a_configuration_lifts_what_it_may_mend(c: Cooldown, e: Lifted, after: Cooldown) -> bool:
    """A new configuration ends the rests that it may have mended, and leaves every other as it is."""
    return (
        after.state == "available" and after.until <= e.now and not after.hard
        if c.state == "cooling" and c.reason in e.reasons
        else after.state == c.state and after.until == c.until and after.holder == c.holder
    )


def a_last_resort_is_remembered(c: Cooldown, e: Tapped, after: Cooldown) -> bool:
    """A last resort on a resting scope is remembered, and changes nothing else."""
    return after.state == c.state and (c.state == "available" or after.last_resort_at == e.now)


def only_last_resorts_are_remembered(c: Cooldown, _e: Any, after: Cooldown) -> bool:
    """No other event is taken for a last resort; a new key has none behind it."""
    return after.last_resort_at == c.last_resort_at


def there_is_one_probe(c: Cooldown, e: Claimed, after: Cooldown) -> bool:
    """Nobody becomes the probe while the scope rests, or while another's lease runs."""
    return (c.state == "available" or e.now >= c.until or (after.state == c.state and after.holder == c.holder)) and (
        c.state != "probing" or e.now >= c.lease_until or after.holder == c.holder
    )


def a_lease_is_its_holders(c: Cooldown, e: Released | Extended, after: Cooldown) -> bool:
    """Nobody gives back or prolongs another's lease."""
    return c.holder == e.holder or (
        after.state == c.state and after.holder == c.holder and after.lease_until == c.lease_until
    )


def a_claim_has_a_name(_c: Cooldown, e: Claimed | Extended) -> bool:
    """Who claims a lease says who it is."""
    return e.holder != ""


def an_attempt_saw_a_generation(_c: Cooldown, e: Failed | Succeeded) -> bool:
    """Generations are counted from nothing."""
    return e.generation >= 0


def durations_are_not_negative(_c: Cooldown, e: Failed) -> bool:
    """Neither a server nor a policy asks for a rest of less than nothing."""
    return e.base_s >= 0 and e.cap_s >= 0 and e.max_wait_s >= 0 and (e.wait_s is None or e.wait_s >= 0)


COOLDOWN_PROMISES: Final = Promises(
    Cooldown,
    (
        Invariant(a_lease_is_held_in_a_probe_alone),
        Invariant(strikes_and_generations_count_up_from_nothing),
        Invariant(no_lease_outlives_its_probe),
    ),
    (
        StepRule(no_rest_outlives_its_cap, on=("failed",)),
        StepRule(only_failures_lengthen_a_rest, but=("failed",)),
        StepRule(a_late_failure_counts_for_nothing, on=("failed",)),
        StepRule(a_late_success_changes_nothing, on=("succeeded",)),
        StepRule(a_new_failure_is_a_strike, on=("failed",)),
        StepRule(a_probe_ends_by_its_own_failure, on=("failed",)),
        StepRule(only_failures_condemn, but=("failed", "renewed")),
        StepRule(a_new_key_has_nothing_held_against_it, on=("renewed",)),
        StepRule(an_old_key_says_nothing_of_a_new_one, on=("failed",)),
        StepRule(there_is_one_probe, on=("claimed",)),
        StepRule(a_late_longer_wait_is_kept, on=("failed",)),
        StepRule(a_rest_says_what_set_it, on=("failed",)),
        StepRule(a_rest_is_not_shortened, on=("failed",)),
        StepRule(a_success_ends_the_rest, on=("succeeded",)),
        StepRule(a_rested_scope_lends_its_lease, on=("claimed",)),
        StepRule(a_probe_gives_its_lease_back, on=("released",)),
        StepRule(a_sign_of_life_prolongs_a_lease, on=("extended",)),
        StepRule(a_configuration_lifts_what_it_may_mend, on=("lifted",)),
        StepRule(a_last_resort_is_remembered, on=("tapped",)),
        StepRule(only_last_resorts_are_remembered, but=("tapped", "renewed")),
        StepRule(a_lease_is_its_holders, on=("released", "extended")),
    ),
    (
        Contract(a_claim_has_a_name, ("claimed", "extended")),
        Contract(an_attempt_saw_a_generation, ("failed", "succeeded")),
        Contract(durations_are_not_negative, ("failed",)),
    ),
)
"""What is proved of the cooldown table."""
