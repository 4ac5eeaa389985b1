"""What comes with a call: the session hears whom its turn goes on with, leases are claimed and given back, failures
are booked, and the command says within which limits the call is made.
"""

from __future__ import annotations

from collections.abc import Mapping

from . import cooldown as cd
from . import session as ss
from . import turn_events as te
from . import walk
from .chain import Candidate
from .decision import Call
from .desk import Desk
from .reasons import Failure
from .turn import Turn


def begin(desk: Desk) -> Call:
    """Order the call that the turn has come to."""
    turn, candidate = desk.open_turn, desk.candidate
    event = _tell_session(desk, candidate.model)
    claim = cd.Claimed(desk.now, walk.holder_of(turn), desk.now + turn.config.policy_of(candidate.model).lease_s)
    for key in turn.leases:
        desk.to_cooldown(key, "claimed", claim)
    if turn.resort:
        for record in walk.rests_of(candidate, desk.health, desk.now):
            desk.to_cooldown(record.key, "tapped", cd.Tapped(desk.now))
    _record(desk, event, generations(desk, candidate))
    expired = turn.tries > 0 and turn.failure is not None and turn.failure.reason == "session_expired"
    return call(turn, candidate, turn.attempt, fresh=expired)


def take_over(desk: Desk) -> None:
    """The one beside has become the present attempt: the session hears of it, and no new call is ordered."""
    _record(desk, _tell_session(desk, desk.candidate.model), desk.open_turn.seen)


def call(turn: Turn, candidate: Candidate, attempt: int, *, fresh: bool = False) -> Call:
    """The command to call a candidate, within the limits of its model."""
    limits = turn.config.policy_of(candidate.model)
    return Call(
        attempt,
        candidate,
        limits.first_token_s,
        limits.idle_s,
        connect_s=limits.connect_s,
        attempt_s=limits.attempt_s,
        hedge_after_s=limits.hedge_after_s,
        fresh=fresh,
    )


def generations(desk: Desk, candidate: Candidate) -> Mapping[str, int]:
    """The generations of a candidate's scopes, by which a later outcome is known to be news or not."""
    found = ((key, desk.record(key)) for key in candidate.scopes)
    return {key: record.generation for key, record in found if record is not None}


def _record(desk: Desk, event: str | None, seen: Mapping[str, int]) -> None:
    tries_home = desk.session.prober == desk.open_turn.id
    desk.to_turn("called", te.Called(seen, event == "failed_over", tries_home), desk.candidate.label)


def _tell_session(desk: Desk, model: str) -> str | None:
    """Let the session know whom its turn goes on with, if that concerns it; the event it was told."""
    turn, session = desk.open_turn, desk.session
    if session.prober == turn.id or turn.tries:
        return None
    attached = session.epoch == turn.epoch
    passed = turn.fate_of(session.serving)
    event = None
    if attached and session.state == ss.FAILOVER_ACTIVE and model == (session.pin or turn.config.chain.primary):
        event = "home_reached"
    elif model != session.serving and passed is not None and not passed.is_detour:
        pin_failed = passed.called and session.serving == session.pin
        event = "failed_over" if attached or pin_failed else None
    if event is not None:
        desk.to_session(event, ss.TurnEvent(turn.id, model), turn.config, model)
    return event


def book(desk: Desk, turn: Turn, candidate: Candidate, failure: Failure, attempt: int, seen: Mapping[str, int]) -> None:
    """Hold a spent attempt against the scope that it condemns.

    Args:
        desk: the desk.
        turn: the turn as it was while the attempt was made: it may have gone on to another candidate since.
        candidate: whom the attempt called.
        failure: why it failed.
        attempt: its number.
        seen: the generations of the candidate's scopes when it began.
    """
    if failure.cools is None:
        return
    condemned = candidate.scope(failure.cools)
    policy, hard = turn.config.policy, failure.ruling.hard
    event = cd.Failed(
        now=desk.now,
        reason=failure.reason,
        hard=hard,
        base_s=policy.hard_cooldown_s if hard else policy.cooldown_s,
        cap_s=policy.hard_cap_s if hard else policy.cooldown_cap_s,
        window_s=policy.strike_window_s,
        wait_s=failure.wait_s,
        max_wait_s=policy.max_wait_s,
        generation=seen.get(condemned, 0),
        holder=walk.holder_of(turn, attempt),
    )
    desk.to_cooldown(condemned, "failed", event, create=True)


def end_probe(desk: Desk, turn: Turn) -> None:
    """Give back what the present attempt still holds, and end its probe of home.

    Args:
        desk: the desk.
        turn: the turn as it was while the attempt was made: it may have gone on to another candidate since.
    """
    give_back(desk, turn)
    if desk.session.prober == turn.id:
        model = turn.current.model if turn.current is not None else ""
        desk.to_session("probe_failed", ss.TurnEvent(turn.id, model), turn.config, model)


def give_back(desk: Desk, turn: Turn) -> None:
    """Give back the leases that the outcome of the attempt has not ended."""
    holder = walk.holder_of(turn)
    for key in turn.leases:
        record = desk.record(key)
        if record is not None and record.holder == holder:
            desk.to_cooldown(key, "released", cd.Released(holder))
