"""Promises about two calls in flight: when a second one is made, which of the two goes on, and that no third comes."""

from __future__ import annotations

from detent.fsm import Call, Candidate
from detent.fsm.cooldown import AVAILABLE
from detent.fsm.turn import ATTEMPTING

from .retries import shares_what_failed
from .walks import answer_is_the_callees, fits, may_be_called
from .world import Flight, Moment, World


def two_at_most(world: World) -> bool:
    """Of one turn two calls at most are in flight, two only where its chain hedges, and the turn knows which."""
    return all(
        [c for c in (f.turn.current, None if f.turn.beside is None else f.turn.beside.candidate) if c is not None]
        == list(f.flying)
        and len(f.flying) <= (1 if f.turn.config.policy.hedge_after_s is None else 2)
        for f in world.flights
        if f.turn is not None and f.calling
    )


def first_content_wins(m: Moment) -> bool:
    """Whoever has content first goes on alone, and nobody is called in its place."""
    before, after = m.before.flight(m.move.flight), m.after.flight(m.move.flight)
    if before is None or len(before.flying) < 2:
        return True
    if after is None:
        return answer_is_the_callees(m)
    return after.turn is not None and (after.turn.current, after.turn.beside) == (m.callee, None)


def slow_call_is_hedged(m: Moment) -> bool:
    """Beside a slow call the next candidate is started that may be called, and only there where one may be at all."""
    flight, call = m.flight, m.command
    assert flight is not None  # an attempt was slow
    wanted = _next_beside(m.before, flight)
    return (call.candidate if isinstance(call, Call) else None) == wanted


def _next_beside(world: World, flight: Flight) -> Candidate | None:
    """Whom to start beside the one call of a turn; None: there are two, content was shown, or nobody may be started.

    A call that would be a probe is not made beside another, a strict pin has no other beside it, and the walk goes on
    from whom it called last.
    """
    turn = flight.turn
    if turn is None or turn.strict or turn.state != ATTEMPTING or len(flight.flying) > 1:
        return None
    rest = turn.plan[turn.plan.index(flight.calls[-1]) + 1 :]
    for candidate in rest if not turn.resort else ():
        free = turn.config.knows(candidate.model) and fits(turn, candidate) and may_be_called(world, candidate, turn.id)
        if free and not shares_what_failed(turn, candidate):
            due = any(r.key in candidate.scopes and r.state != AVAILABLE for r in world.health)
            return None if due else candidate
    return None
