"""How a turn ends: the session hears of it, the user is told what changed, and the outcome says everything."""

from __future__ import annotations

from . import session as ss
from . import turn as tt
from . import walk
from .decision import NoticeKind, Outcome
from .desk import Desk
from .reasons import RULINGS
from .turn import Turn
from .turn_events import SLOW


def settle(desk: Desk, cut_for: str = "") -> Outcome:
    """The turn has its outcome: let the session know, and tell the user what changed."""
    turn, before = desk.open_turn, desk.session
    config = turn.config
    attached = before.epoch == turn.epoch
    if turn.state == tt.ANSWERED:
        model, keeps = desk.candidate.model, config.kept_after(before.kept, desk.candidate)
        adopts = ss.Desired(config.chain.primary, config.revision)
        fired = desk.to_session("answered", ss.Answered(turn.id, model, adopts, keeps), config, model)
        came_home = fired.before == ss.COOLDOWN_PROBE != fired.after.state
        was_away = before.serving != model or turn.began_in in ss.LIVE
        _tell_answered(desk, turn, model, attached, came_home and was_away)
    elif turn.state != tt.EXHAUSTED and attached and before.serving != turn.told:
        _tell_server(desk, turn, "failover", _passed_over(turn))
    desk.to_session("turn_ended", ss.TurnEnded(turn.id, turn.state), config, turn.state)
    return _outcome(desk, turn, cut_for)


def _tell_answered(desk: Desk, turn: Turn, model: str, attached: bool, recovered: bool) -> None:
    """The one notice of an answered turn, for where it ends, where that is news to its user.

    What the user believes is what the last notice named, when the turn began and now: another turn, or the user's
    own hand, may have told something since.
    """
    session = desk.session
    believed = (turn.told, session.told)
    detours = [fate for fate in turn.fates if fate.is_detour and not fate.is_called_off]
    detoured = any(fate.called or fate.candidate.model == session.serving for fate in detours)
    if recovered:
        desk.tell("recovered", f"{model} answers again", turn.config)
    elif turn.resort:
        _tell_server(desk, turn, "last_resort", f"every candidate rests; {model} was asked all the same and answered")
    elif (attached or turn.moved) and any(belief not in (model, session.serving) for belief in believed):
        _tell_server(desk, turn, "failover", _passed_over(turn))
    elif detoured or any(belief != model for belief in believed):
        _tell_server(desk, turn, "detour", f"{model} answered this turn alone: {_passed_over(turn)}")


def _tell_server(desk: Desk, turn: Turn, kind: NoticeKind, because: str) -> None:
    """Make a notice that names what serves, and have the session know that its user was told."""
    desk.tell(kind, because, turn.config)
    desk.to_session("told", ss.TurnEvent(turn.id, desk.session.serving), turn.config, desk.session.serving)


def _passed_over(turn: Turn) -> str:
    fate = turn.fate_of(turn.told) or turn.fate_of(turn.began_on) or (turn.fates[-1] if turn.fates else None)
    if fate is None:
        return "another turn of the session has moved it"
    if fate.is_called_off:
        return f"{fate.candidate.model} was slow" if fate.why == SLOW else f"{fate.candidate.model} was overtaken"
    if fate.called:
        return f"{fate.candidate.model} {RULINGS[fate.why].says}"
    return f"{fate.candidate.model} was passed over: {fate.why}"


def _outcome(desk: Desk, turn: Turn, cut_for: str) -> Outcome:
    candidate = turn.current
    again = None
    if turn.state == tt.EXHAUSTED or (turn.state == tt.SURFACED and turn.strict):
        again = walk.retry_at(turn, desk.health, desk.now)
    return Outcome(
        kind=turn.state,  # type: ignore[arg-type]
        session=turn.session,
        turn=turn.id,
        model=candidate.model if candidate is not None else "",
        credential=candidate.credential if candidate is not None else "",
        reason=cut_for or _reason(desk, turn),
        failure=None if turn.state == tt.ANSWERED else turn.failure,
        fates=turn.fates,
        attempts=turn.calls,
        retry_at=again,
    )


def _reason(desk: Desk, turn: Turn) -> str:
    """The reason that is shown: the last failure's, or what kept a turn from calling anybody."""
    if turn.state in (tt.ANSWERED, tt.ABORTED):
        return ""
    if turn.failure is not None:
        return turn.failure.reason
    if walk.size_alone(turn.fates, turn.plan):
        return "context_overflow"
    rests = [record for c in turn.plan for record in walk.rests_of(c, desk.health, desk.now)]
    return max(rests, key=lambda record: record.until).reason if rests else "model_not_found"
