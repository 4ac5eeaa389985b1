"""Promises about asking again: who is asked a second time in a turn, when, and who is not."""

from __future__ import annotations

from detent.fsm import Call, Candidate, Failure, Turn, Wait
from detent.fsm.cooldown import AVAILABLE
from detent.fsm.reasons import RULINGS

from .walks import called_by, turn_of
from .world import Moment


def due_retry_is_made(m: Moment) -> bool:
    """A failure that may be retried is, after exactly the wait that is due; any other is not."""
    flight, failure = m.before.flight(m.move.flight), m.move.what
    assert flight is not None
    assert flight.turn is not None
    assert isinstance(failure, Failure)
    wait_s = None if flight.shown else _due_wait(m, flight.turn, flight.calls.count(m.callee), failure)
    again = isinstance(m.command, Call) and m.command.candidate == m.callee
    if wait_s is None:
        return not again and not isinstance(m.command, Wait)
    return again if wait_s == 0 else isinstance(m.command, Wait) and m.command.seconds == wait_s


def _due_wait(m: Moment, turn: Turn, times: int, failure: Failure) -> float | None:
    """How long to wait before who was asked so many times is asked again, in seconds; None: it is not."""
    policy, retry, stated = turn.config.policy, failure.ruling.retry, failure.wait_s
    budget = {"never": 0, "once": min(1, policy.retries)}.get(retry, policy.retries)
    told_to = retry != "when_told" if stated is None else stated <= policy.max_wait_s
    touched = any(r.key in m.callee.scopes and r.state != AVAILABLE for r in m.before.health)
    if turn.alone or touched or not told_to or times > budget:
        return None
    return stated or min(policy.backoff_cap_s, policy.backoff_s * 2.0 ** (times - 1))


def finished_wait_goes_on(m: Moment) -> bool:
    """After a wait the same candidate is asked again, unless it was condemned meanwhile: then it is not."""
    flight = m.before.flight(m.move.flight)
    assert flight is not None
    condemned = any(r.key in flight.calls[-1].scopes and r.state != AVAILABLE for r in m.before.health)
    again = isinstance(m.command, Call) and m.command.candidate == flight.calls[-1]
    return again != condemned


def condemned_is_not_called(m: Moment) -> bool:
    """Who shares what failed in this turn, a key, a model or an endpoint, is not called in it any more.

    A candidate that others condemned while the turn waited for it has tries left, so nothing is held against it here;
    nor is anything against one that was called off.
    """
    call, calls = m.command, called_by(m)
    if not isinstance(call, Call) or call.candidate in calls[:-1]:
        return True
    return not shares_what_failed(turn_of(m), call.candidate, calls[-2] if m.move.kind == "waited" else None)


def shares_what_failed(turn: Turn, candidate: Candidate, but: Candidate | None = None) -> bool:
    """A key, a model or an endpoint of the candidate failed in this turn, with another than the one excepted."""
    spent = [fate for fate in turn.fates if fate.called and not fate.is_called_off and fate.candidate != but]
    return any(_shares(fate.candidate, candidate, fate.why) for fate in spent)


def _shares(failed: Candidate, candidate: Candidate, reason: str) -> bool:
    ruling = RULINGS[reason]
    same_scope = ruling.cools is not None and failed.scope(ruling.cools) in candidate.scopes
    return same_scope or (not ruling.next_credential and failed.model == candidate.model)


def fresh_after_expiry(m: Moment) -> bool:
    """Who is asked again because its session had expired is asked afresh; nobody else is."""
    flight, call = m.before.flight(m.move.flight), m.command
    if not isinstance(call, Call):
        return True
    again = flight is not None and call.candidate == flight.calls[-1]
    failure = m.move.what if m.move.kind == "fail" else turn_of(m).failure
    return call.fresh == (again and isinstance(failure, Failure) and failure.reason == "session_expired")
