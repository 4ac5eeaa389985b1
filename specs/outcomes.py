"""Promises about what a turn says of itself: how it ended, what each candidate met, and which attempt is which."""

from __future__ import annotations

from detent.fsm import Call, Candidate, Failure, Outcome, Turn
from detent.fsm.cooldown import PROBING
from detent.fsm.session import COOLDOWN_PROBE
from detent.fsm.turn import STREAMING
from detent.fsm.turn_events import OVERTAKEN, SLOW

from .walks import called_by, fits, may_be_called, turn_of
from .world import Moment, World, is_at_rest, took_over

_OF_SIZE = ("window", "context_overflow")


def outcome_is_named(m: Moment) -> bool:
    """Answered, aborted, interrupted, surfaced or exhausted: each where it is true, and nowhere else."""
    outcome, flight = m.command, m.before.flight(m.move.flight)
    if not isinstance(outcome, Outcome):
        failure = m.move.what if m.move.kind == "fail" and not m.move.beside else None
        own = isinstance(failure, Failure) and not _is_mended_elsewhere(failure, turn_of(m))
        return m.move.kind not in ("succeed", "abort", "deadline") and not own
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
    """Whoever was called and failed is on record with the reason, whoever was called off as that, and nobody else."""
    outcome = m.command
    if not _calling_off_is_told(m):
        return False
    if not isinstance(outcome, Outcome):
        return True
    turn, calls = turn_of(m), called_by(m)
    said = sorted((fate.candidate for fate in turn.fates if fate.called), key=calls.index)
    over = m.move.kind in ("start", "fail", "waited")
    failed = [call for call in dict.fromkeys(calls) if over or call not in _unsettled(m, calls)]
    if over and len(turn.fates) < len(set(turn.plan)) and outcome.kind in ("exhausted", "surfaced"):
        mended = isinstance(m.move.what, Failure) and _is_mended_elsewhere(m.move.what, turn)
        if m.move.kind != "fail" or mended:
            return False
    return said == failed and outcome.fates == turn.fates and _last_failure_is_told(m, outcome)


def _unsettled(m: Moment, calls: tuple[Candidate, ...]) -> tuple[Candidate, ...]:
    """Of whom nothing is said where a turn is answered or cut: who answered, or who was still asked."""
    flight = m.before.flight(m.move.flight)
    if m.move.kind == "succeed":
        return (m.callee,)
    return calls[-1:] if flight is None or not flight.flying else flight.flying


def _calling_off_is_told(m: Moment) -> bool:
    """Of two calls the one that is stopped is on record as slow or overtaken, and no other is."""
    flight, fates = m.before.flight(m.move.flight), turn_of(m).fates
    old = 0 if flight is None or flight.turn is None else len(flight.turn.fates)
    news = [(f.candidate, f.why) for f in fates[old:] if f.called and f.why in (SLOW, OVERTAKEN)]
    stopped: list[tuple[Candidate, str]] = []
    if flight is not None and len(flight.flying) > 1:
        present, beside = flight.flying
        if m.move.kind in ("content", "succeed"):
            stopped = [(present, SLOW) if m.move.beside else (beside, OVERTAKEN)]
        elif m.move.kind == "fail" and isinstance(m.command, Outcome):
            stopped = [(beside, OVERTAKEN)]
    return news == stopped


def _last_failure_is_told(m: Moment, outcome: Outcome) -> bool:
    failure, calls = m.move.what, called_by(m)
    last = next((fate for fate in reversed(outcome.fates) if fate.called and not fate.is_called_off), None)
    if not isinstance(failure, Failure):
        told = outcome.kind == "answered" or outcome.failure is not None
        retried = len(calls) > 1 and calls[-1] == calls[-2]
        return last is None or (told and (retried or outcome.failure is None or outcome.failure.reason == last.why))
    return last is not None and outcome.failure == failure and (last.candidate, last.why) == (m.callee, failure.reason)


def attempts_are_numbered(m: Moment) -> bool:
    """Each call has the next number, so that a superseded attempt is told from the present one and the one beside."""
    flight, turn, call = m.before.flight(m.move.flight), turn_of(m), m.command
    old = None if flight is None else flight.turn
    before, present = (0, 0) if old is None else (old.calls, old.attempt)
    if took_over(m) and old is not None and old.beside is not None:
        present = old.beside.attempt
    if not isinstance(call, Call):
        return (turn.calls, turn.attempt) == (before, present)
    if m.move.kind == "slow":
        known = turn.beside is not None and turn.beside.attempt == call.attempt and turn.attempt == present
    else:
        known = turn.attempt == call.attempt
    return known and turn.calls == call.attempt == before + 1


def single_attempts_are_marked(m: Moment) -> bool:
    """A call that is a scope's probe, home's probe, licensed or a last resort knows that it is the only one.

    So does one that another was started beside; one that takes the place of another is as free as any.
    """
    turn, call, flight = turn_of(m), m.command, m.before.flight(m.move.flight)
    if took_over(m):
        return turn.alone == _tries_home(m, turn)
    if not isinstance(call, Call):
        return flight is None or flight.turn is None or turn.alone == flight.turn.alone
    if m.move.kind == "slow":
        return turn.alone
    if turn.tries:
        return True
    due = [r for r in m.before.health if r.key in call.candidate.scopes and r.state != "available" and r.until <= 0]
    licensed = m.move.kind == "start" and call.candidate == turn.licensed
    return turn.alone == (bool(due) or _tries_home(m, turn) or licensed or turn.resort)


def _tries_home(m: Moment, turn: Turn) -> bool:
    session = m.after.sessions[m.move.session]
    return session.state == COOLDOWN_PROBE and session.prober == turn.id


def attempts_know_the_rests(m: Moment) -> bool:
    """An attempt knows the rests that stood when it began, so that its outcome is news of them."""
    flight, before = m.after.flight(m.move.flight), m.before.flight(m.move.flight)
    if flight is None or flight.turn is None:
        return True
    if took_over(m) and before is not None and before.turn is not None and before.turn.beside is not None:
        return turn_of(m).seen == before.turn.beside.seen
    if not isinstance(m.command, Call):
        return True
    seen = flight.turn.seen if flight.turn.beside is None else flight.turn.beside.seen
    stood = {record.key for record in m.after.health if record.key in m.command.candidate.scopes}
    return stood <= set(seen)


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
