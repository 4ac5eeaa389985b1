"""The cooldown machine: one record per scope, shared by all sessions, processes and nodes.

A cooldown is a deadline, never a timer: a record is over when a turn that starts compares the clock with it. The first
call after the deadline is the scope's probe, whoever makes it; it holds a lease, and everybody else goes on skipping
the scope until the probe is settled or its lease runs out (termite #27, llm4s #460: a recovering service met a herd).

Strikes double the rest and are forgotten after a quiet time, counted from the end of the last cooldown, not by one
success (opencrabs #1667: a primary that failed every second time was never left alone).

An attempt that began before the present cooldown says nothing new about it: its failure adds no strike and its
success does not end the rest. Which attempts those are is told by `generation`, which grows with every cooldown set,
so it needs no comparison of clocks.

What is held against a credential is held against its key. When the key is changed (``renewed``) the record is as good
as new, strikes included: a new key is another account's, or the same one's after somebody has seen to it. The
generation grows here too, so that failures which the old key still has coming (a revoked one meets a 401 on every
attempt in flight) say nothing of the new one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import define, frozen

from .engine import Table
from .rows import Row, block, stale

AVAILABLE: Final = "available"
COOLING: Final = "cooling"
PROBING: Final = "probing"

STATES: Final = {
    AVAILABLE: "nothing is held against the scope; strikes may still be remembered",
    COOLING: "the scope is skipped until its deadline, and after it waits for one probe",
    PROBING: "one attempt holds the lease; everybody else skips the scope",
}


@define(eq=False)
class Cooldown:
    """What is known of one scope.

    Attributes:
        key: the scope's key, as `Candidate.scopes` writes it.
        state: ``available``, ``cooling`` or ``probing``.
        until: end of the rest, in seconds of the caller's clock.
        strikes: failures in a row, forgotten `Policy.strike_window_s` after ``until``.
        hard: no last resort may shorten the rest.
        reason: the failure reason that set the last rest; empty: nothing was ever held against the present key.
        generation: how many rests were set here, and keys changed.
        holder: who holds the probe's lease; empty: nobody.
        lease_until: when the lease ends by itself, in seconds of the caller's clock.
        last_resort_at: when a last resort was made here, None: never.
        version: grows with every stored change.
    """

    key: str
    state: str = AVAILABLE
    until: float = 0.0
    strikes: int = 0
    hard: bool = False
    reason: str = ""
    generation: int = 0
    holder: str = ""
    lease_until: float = 0.0
    last_resort_at: float | None = None
    version: int = 0

    def __copy__(self) -> Cooldown:
        return Cooldown(
            self.key,
            self.state,
            self.until,
            self.strikes,
            self.hard,
            self.reason,
            self.generation,
            self.holder,
            self.lease_until,
            self.last_resort_at,
            self.version,
        )

    def rests(self, now: float) -> bool:
        """The scope is in cooldown: its deadline lies ahead. Exactly at the deadline it no longer is."""
        return self.state != AVAILABLE and now < self.until

    def due(self, now: float) -> bool:
        """The rest is over and nobody probes: the next call is the probe and needs the lease."""
        return now >= self.until and (self.state == COOLING or (self.state == PROBING and now >= self.lease_until))

    def open(self, now: float) -> bool:
        """A call may be made: nothing is held against the scope, or its probe is due."""
        return self.state == AVAILABLE or self.due(now)


@frozen
class Failed:
    """An attempt on the scope failed, its budget spent, for a reason that condemns the scope.

    Attributes:
        now: the time, in seconds.
        reason: the failure reason.
        hard: the reason is one of the hard ones.
        base_s: the rest after the first strike, in seconds.
        cap_s: the longest rest, in seconds.
        window_s: how long strikes are remembered, in seconds.
        wait_s: the server's own wait, in seconds, None where it stated none.
        max_wait_s: a stated wait beyond this is itself the rest, undoubled.
        generation: the record's generation when the attempt began.
        holder: the attempt, as it would hold the lease.
    """

    now: float
    reason: str
    hard: bool
    base_s: float
    cap_s: float
    window_s: float
    wait_s: float | None
    max_wait_s: float
    generation: int
    holder: str = ""


@frozen
class Succeeded:
    """An attempt on the scope succeeded; ``generation`` is the record's when the attempt began."""

    now: float
    generation: int


@frozen
class Claimed:
    """An attempt wants to be the probe, until ``lease_until`` at most."""

    now: float
    holder: str
    lease_until: float


@frozen
class Released:
    """A probe ended without saying anything of the scope's health: called off, or a reason of the request."""

    holder: str


@frozen
class Extended:
    """A probe shows a sign of life: its lease is prolonged."""

    holder: str
    lease_until: float


@frozen
class Lifted:
    """Rests for these reasons end: a configuration was published that may have mended them, or an operator says so."""

    now: float
    reasons: frozenset[str]


@frozen
class Renewed:
    """The credential of the scope has another key."""

    now: float


@frozen
class Tapped:
    """A last resort is about to be made on the scope while it rests."""

    now: float


def is_late(c: Cooldown, e: Failed | Succeeded) -> bool:
    """The attempt began before this rest was set."""
    return e.generation < c.generation


def states_longer(c: Cooldown, e: Failed) -> bool:
    """The server asks for a longer rest than the one on record."""
    return e.wait_s is not None and min(e.wait_s, e.cap_s) > max(e.max_wait_s, c.until - e.now)


def key_is_new(c: Cooldown, _e: Failed) -> bool:
    """Nothing was ever held against the present key."""
    return c.reason == ""


def is_due(c: Cooldown, e: Claimed) -> bool:
    """The rest is over."""
    return e.now >= c.until


def lease_is_over(c: Cooldown, e: Claimed) -> bool:
    """The lease of the last probe ran out."""
    return e.now >= c.lease_until


def holds_lease(c: Cooldown, e: Released | Extended) -> bool:
    """The lease is this attempt's."""
    return c.holder == e.holder


def is_anothers(c: Cooldown, e: Failed) -> bool:
    """The lease is another attempt's, which is still in flight."""
    return c.holder != e.holder


def may_be_mended(c: Cooldown, e: Lifted) -> bool:
    """What the rest is for is among what may have been mended."""
    return c.reason in e.reasons


def in_microseconds(seconds: float) -> float:
    """The time in whole microseconds, so that a stored deadline and a clock meet exactly."""
    return round(seconds, 6)


def strike(c: Cooldown, e: Failed) -> Mapping[str, Any]:
    """Count the strike and set the rest: the server's own long wait, or the base doubled by each further strike."""
    strikes = 1 if e.now >= c.until + e.window_s else c.strikes + 1
    long_wait = e.wait_s is not None and e.wait_s > e.max_wait_s
    doubled = max(e.base_s * 2.0 ** min(strikes - 1, 64), e.wait_s or 0.0)
    until = in_microseconds(e.now + min(e.cap_s, e.wait_s if long_wait and e.wait_s is not None else doubled))
    kept = c.state != AVAILABLE and c.until > until
    return {
        "strikes": strikes,
        "until": c.until if kept else until,
        "hard": c.hard if kept else e.hard or long_wait,
        "reason": c.reason if kept else e.reason,
        "generation": c.generation + 1,
    }


def lengthen(_c: Cooldown, e: Failed) -> Mapping[str, Any]:
    """Take the longer wait that the server states, without a strike."""
    return {"until": in_microseconds(e.now + min(e.wait_s or 0.0, e.cap_s)), "hard": True, "reason": e.reason}


def end(c: Cooldown, e: Succeeded | Lifted) -> Mapping[str, Any]:
    """End the rest now; the strikes are kept and count from now."""
    return {"until": min(c.until, e.now), "holder": "", "lease_until": 0.0, "hard": False}


def void(c: Cooldown, e: Renewed) -> Mapping[str, Any]:
    """Forget everything that was held against the old key, and whatever it still has coming."""
    return {
        "until": min(c.until, e.now),
        "strikes": 0,
        "hard": False,
        "reason": "",
        "generation": c.generation + 1,
        "holder": "",
        "lease_until": 0.0,
        "last_resort_at": None,
    }


def lend(_c: Cooldown, e: Claimed | Extended) -> Mapping[str, Any]:
    """Give the lease to this attempt."""
    return {"holder": e.holder, "lease_until": in_microseconds(e.lease_until)}


def free(_c: Cooldown, _e: Released | Failed) -> Mapping[str, Any]:
    """Take the lease back."""
    return {"holder": "", "lease_until": 0.0}


def mark(_c: Cooldown, e: Tapped) -> Mapping[str, Any]:
    """Remember when the last resort was made."""
    return {"last_resort_at": e.now}


RESTING = (COOLING, PROBING)
ALL = (AVAILABLE, COOLING, PROBING)

# fmt: off
COOLDOWN: Final[Table[Cooldown]] = Table(
    "cooldown",
    STATES,
    (
        stale("failed", AVAILABLE, "the key was changed since the attempt began: it says nothing of the new one",
              (is_late, key_is_new)),
        Row("failed", (AVAILABLE, COOLING), COOLING, "a late failure states a longer wait",
            (is_late, states_longer), (lengthen,)),
        Row("failed", PROBING, None, "a late failure states a longer wait; the probe goes on",
            (is_late, states_longer), (lengthen,)),
        stale("failed", ALL, "the attempt began before this rest was set: it says nothing new", (is_late,)),
        Row("failed", PROBING, None, "another attempt condemns the scope; the probe goes on and keeps its lease",
            (is_anothers,), (strike,)),
        Row("failed", ALL, COOLING, "the scope is condemned: a strike, and a rest", (), (strike, free)),
        stale("succeeded", RESTING, "the attempt began before this rest was set: it says nothing new", (is_late,)),
        Row("succeeded", RESTING, AVAILABLE, "a success ends its own scope's rest, for everybody", (), (end,)),
        Row("succeeded", AVAILABLE, None, "nothing was held against the scope"),
        Row("claimed", COOLING, PROBING, "the rest is over: one attempt is the probe", (is_due,), (lend,)),
        Row("claimed", PROBING, PROBING, "the last probe's lease ran out: another attempt is the probe",
            (lease_is_over, is_due), (lend,)),
        block("claimed", PROBING, "somebody else is the probe"),
        block("claimed", COOLING, "the scope still rests"),
        Row("claimed", AVAILABLE, None, "nothing is held against the scope: no lease is needed"),
        Row("extended", PROBING, None, "the probe shows a sign of life", (holds_lease,), (lend,)),
        stale("extended", ALL, "the lease is not this attempt's any more"),
        Row("released", PROBING, COOLING, "the probe said nothing of the scope's health: the next call is the probe",
            (holds_lease,), (free,)),
        stale("released", ALL, "the lease is not this attempt's any more"),
        Row("lifted", COOLING, AVAILABLE, "the cause may have been mended", (may_be_mended,), (end,)),
        Row("lifted", ALL, None, "what may have been mended is not at fault here"),
        Row("renewed", ALL, AVAILABLE, "the key was changed: what was held against the old one is void", (), (void,)),
        Row("tapped", RESTING, None, "a last resort is made here", (), (mark,)),
        stale("tapped", AVAILABLE, "the scope does not rest"),
    ),
)
# fmt: on
"""The cooldown machine."""
