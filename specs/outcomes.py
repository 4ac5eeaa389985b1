"""Promises about what a turn says of itself: how it ended, what each candidate met, and which attempt is which."""

from __future__ import annotations

from detent.fsm import Call, Candidate, Failure, Outcome, Turn
from detent.fsm.cooldown import PROBING
from detent.fsm.session import COOLDOWN_PROBE
from detent.fsm.turn import STREAMING

from .walks import called_by, fits, may_be_called, turn_of
from .world import Moment, World, is_at_rest

_OF_SIZE = ("window", "context_overflow")


def outcome_is_named(m: Moment) -> bool:
    """Answered, aborted, interrupted, surfaced or exhausted: each where it is true, and nowhere else."""
    outcome, flight = m.command, m.before.flight(m.move.flight)
    if not isinstance(outcome, Outcome):
        return m.move.kind not in ("succeed", "abort", "deadline")
    if m.move.kind in ("succeed", "abort"):
        return outcome.kind == ("answered" if m.move.kind == "succeed" else "aborted")
    if flight is not None and flight.shown:
        return outcome.kind == "interrupted"
    return outcome.kind == ("surfaced" if m.move.kind == "deadline" or _is_shown(m, turn_of(m)) else "exhausted")


def _is_shown(m: Moment, turn: Turn) -> bool:
    """The user is to see the failure itself: nothing that any other candidate could do would have helped."""
    failure = m.move.what
    own = isinstance(failure, Failure) and not _is_mended_elsewhere(failure, turn)
    unknown = isinstance(failure, Failure) and failure.reason == "unknown" and len({c.model for c in turn.plan}) == 1
    last = {fate.candidate: fate.why for fate in turn.fates}
    too_long = bool(turn.plan) and all(last.get(candidate) in _OF_SIZE for candidate in turn.plan)
    return turn.strict or own or unknown or too_long


def _is_mended_elsewhere(failure: Failure, turn: Turn) -> bool:
    if failure.reason == "content_filter":
        return turn.config.policy.content_filter_fails_over
    return failure.ruling.next_model


def fates_are_true(m: Moment) -> bool:
    """Whoever was called and failed is on record with the reason, and nobody else is on record as called."""
    outcome = m.command
    if not isinstance(outcome, Outcome):
        return True
    turn, calls = turn_of(m), called_by(m)
    said = [fate.candidate for fate in turn.fates if fate.called]
    over = m.move.kind in ("start", "fail", "waited")
    failed = list(dict.fromkeys(call for call in calls if over or call != calls[-1]))
    if over and len(turn.fates) < len(set(turn.plan)) and outcome.kind in ("exhausted", "surfaced"):
        mended = isinstance(m.move.what, Failure) and _is_mended_elsewhere(m.move.what, turn)
        if m.move.kind != "fail" or mended:
            return False
    return said == failed and outcome.fates == turn.fates and _last_failure_is_told(m, outcome)


def _last_failure_is_told(m: Moment, outcome: Outcome) -> bool:
    failure, calls = m.move.what, called_by(m)
    last = next((fate for fate in reversed(outcome.fates) if fate.called), None)
    if not isinstance(failure, Failure):
        told = outcome.kind == "answered" or outcome.failure is not None
        retried = len(calls) > 1 and calls[-1] == calls[-2]
        return last is None or (told and (retried or outcome.failure is None or outcome.failure.reason == last.why))
    return last is not None and outcome.failure == failure and (last.candidate, last.why) == (calls[-1], failure.reason)


def attempts_are_numbered(m: Moment) -> bool:
    """Each call has the next number, so that a superseded attempt is told from the present one."""
    flight, turn = m.before.flight(m.move.flight), turn_of(m)
    before = 0 if flight is None or flight.turn is None else flight.turn.attempt
    if isinstance(m.command, Call):
        return m.command.attempt == before + 1
    return turn.attempt == before or m.move.kind == "start"


def single_attempts_are_marked(m: Moment) -> bool:
    """A call that is a scope's probe, home's probe, licensed or a last resort knows that it is the only one."""
    turn, call = turn_of(m), m.command
    if not isinstance(call, Call) or turn.tries:
        return True
    due = [r for r in m.before.health if r.key in call.candidate.scopes and r.state != "available" and r.until <= 0]
    session = m.after.sessions[m.move.session]
    home = session.state == COOLDOWN_PROBE and session.prober == turn.id
    licensed = m.move.kind == "start" and call.candidate == turn.licensed
    return turn.alone == (bool(due) or home or licensed or turn.resort)


def attempts_know_the_rests(m: Moment) -> bool:
    """An attempt knows the rests that stood when it began, so that its outcome is news of them."""
    flight = m.after.flight(m.move.flight)
    if not isinstance(m.command, Call) or flight is None or flight.turn is None:
        return True
    stood = {record.key for record in m.after.health if record.key in m.command.candidate.scopes}
    return stood <= set(flight.turn.seen)


def open_last_resort_is_made(m: Moment) -> bool:
    """A turn that ends before it called anybody leaves no last resort open that its policy allows."""
    turn = turn_of(m)
    allowed = turn.config.policy.on_all_cooling == "last_resort" and not turn.strict
    if not isinstance(m.command, Outcome) or not allowed:
        return True
    soft = [c for c in turn.plan if _rests_softly(m.before, c) and turn.config.knows(c.model) and fits(turn, c)]
    recent = any(r.last_resort_at is not None for r in m.before.health)
    return not soft or recent or any(may_be_called(m.before, c) and fits(turn, c) for c in turn.plan)


def _rests_softly(world: World, candidate: Candidate) -> bool:
    records = [r for r in world.health if r.key in candidate.scopes and is_at_rest(r)]
    return bool(records) and not any(r.hard or r.state == PROBING for r in records)


def streaming_is_shown(world: World) -> bool:
    """A turn is in ``streaming`` exactly when content has reached its client."""
    return all(f.turn is None or (f.turn.state == STREAMING) == f.shown for f in world.flights)
