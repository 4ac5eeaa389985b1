"""Promises about the session: what may move its selection, and that nothing moves it for ever away from home."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from detent.fsm import Call, Config, Outcome, Session
from detent.fsm.session import COOLDOWN_PROBE, FAILOVER_ACTIVE, PRIMARY, USER_PINNED

from .walks import may_be_called
from .world import Moment, World

LIVE: Final = (FAILOVER_ACTIVE, COOLDOWN_PROBE)
SETTLED: Final = (PRIMARY, USER_PINNED)
MAY_MOVE_SERVING: Final = frozenset(("pin", "unpin", "reset", "failed_over", "answered", "reconcile", "planned"))
ENDING_NOTICES: Final = frozenset(("failover", "recovered", "detour", "last_resort"))
USER: Final = ("pin", "unpin", "reset")


def selection(session: Session) -> tuple[str, str]:
    """What serves, and in which state."""
    return session.serving, session.state


def home_of(session: Session, config: Config) -> str:
    """The pin if there is one, else the desired primary: said again, so that the core is not asked about itself."""
    return config.chain.primary if session.pin is None else session.pin


def reconcile_holds_still(m: Moment) -> bool:
    """A live failover, and a turn in flight, are left alone by reconciliation and by what is published."""
    return all(
        selection(old) == selection(new)
        for old, new in zip(m.before.sessions, m.after.sessions, strict=True)
        if old.state in LIVE or old.turns or m.move.kind == "publish"
    )


def reconcile_says_when_it_is_blocked(m: Moment) -> bool:
    """Reconciliation is on record as blocked exactly where a failover is live or a turn in flight."""
    session = m.before.sessions[m.move.session]
    return all((d.kind == "blocked") == (session.state in LIVE or bool(session.turns)) for d in m.decisions)


def serving_moves_by_rows(m: Moment) -> bool:
    """Where serving changed, a row that may change it fired for that session."""
    return all(
        old.serving == new.serving
        or any(d.event in MAY_MOVE_SERVING and d.kind == "move" and d.session == old.id for d in m.decisions)
        for old, new in zip(m.before.sessions, m.after.sessions, strict=True)
    )


def change_is_told_once(m: Moment) -> bool:
    """An answer from a model the user does not believe to serve comes with one notice; none comes with two.

    A turn that was taken off its session by the user's hand, or that runs beside the one that moved the session and
    will tell of it, may end where it began without a word.
    """
    outcome, flight = m.command, m.flight
    told = sum(notice.kind in ENDING_NOTICES for notice in m.notices)
    if not isinstance(outcome, Outcome) or outcome.kind != "answered" or flight is None:
        return told <= 1
    known = {m.before.heard[flight.session], flight.heard}
    if flight.turn is not None and (not flight.turn.epoch or len(m.before.flights_of(flight.session)) > 1):
        known.add(flight.turn.began_on)
    return told == 1 or (told == 0 and outcome.model in known)


def credential_is_kept(m: Moment) -> bool:
    """A session keeps, for each model of several credentials, the one that answered last, until it is reset.

    Where the policy is to try them in their order every turn, it keeps none.
    """
    return all(new.kept == _keeps(m, old, new) for old, new in zip(m.before.sessions, m.after.sessions, strict=True))


def _keeps(m: Moment, old: Session, new: Session) -> tuple[str, ...]:
    outcome, flight = m.command, m.flight
    if old.id == new.id and m.move.kind == "reset" and m.before.sessions[m.move.session] is old:
        return ()
    answered = isinstance(outcome, Outcome) and outcome.kind == "answered" and outcome.session == old.id
    if not answered or not isinstance(outcome, Outcome) or flight is None or flight.turn is None:
        return old.kept
    config = flight.turn.config
    if not config.policy.keep_credential or len(config.candidates(outcome.model)) == 1:
        return old.kept
    others = [label for label in old.kept if not label.startswith(f"{outcome.model}@")]
    return tuple(sorted([*others, f"{outcome.model}@{outcome.credential}"]))


def moved_is_no_detour(m: Moment) -> bool:
    """A turn that moved its session onto what answered, and met nothing of its request's own, made no detour."""
    outcome, flight = m.command, m.flight
    if not isinstance(outcome, Outcome) or flight is None or not flight.moved:
        return True
    met = any(fate.is_detour for fate in outcome.fates)
    serves = m.after.sessions[flight.session].serving == outcome.model
    return met or not serves or all(notice.kind != "detour" for notice in m.notices)


def exhaustion_is_told_once(m: Moment) -> bool:
    """An exhausted turn comes with a notice of it, unless its user was told and has had no answer since."""
    outcome, session = m.command, m.before.sessions[m.move.session]
    news = isinstance(outcome, Outcome) and outcome.kind == "exhausted" and not session.told_exhausted
    return sum(notice.kind == "exhausted" for notice in m.notices) == int(news)


def pin_is_the_users(m: Moment) -> bool:
    """The pin and its strictness are what they were, whatever else happened."""
    return all(
        (old.pin, old.strict) == (new.pin, new.strict)
        for old, new in zip(m.before.sessions, m.after.sessions, strict=True)
    )


def users_hand_works(m: Moment) -> bool:
    """A pin is in force at once in every state, and unpin and reset leave none."""
    session = m.after.sessions[m.move.session]
    if m.move.kind == "pin":
        model, strict = m.move.what
        return (session.pin, session.strict, session.serving) == (model, strict, model) and session.licence
    return session.pin is None and (m.move.kind == "unpin" or session.serving == m.config.chain.primary)


def users_hand_is_told(m: Moment) -> bool:
    """One notice says that a pin has come, one that it has gone; where there was none to let go of, nothing is said."""
    gone = ["unpinned"] if m.before.sessions[m.move.session].pin is not None else []
    return [notice.kind for notice in m.notices] == (["pinned"] if m.move.kind == "pin" else gone)


def restart_goes_on(m: Moment) -> bool:
    """Intent, serving and records are what was stored; an open probe becomes the failover; the dead turns are gone."""
    kept = all(
        (old.serving, old.pin, old.strict, old.adopted, old.revision, old.suspended)
        == (new.serving, new.pin, new.strict, new.adopted, new.revision, new.suspended)
        and new.state in (old.state, FAILOVER_ACTIVE if old.state == COOLDOWN_PROBE else old.state)
        for old, new in zip(m.before.sessions, m.after.sessions, strict=True)
    )
    before, after = (
        {r.key: (r.until, r.strikes) for r in world.health if r.until > 0} for world in (m.before, m.after)
    )
    return kept and before == after


def home_by_evidence(m: Moment) -> bool:
    """A session leaves a failover for home because its probe was answered or its user said so."""
    for number, (old, new) in enumerate(zip(m.before.sessions, m.after.sessions, strict=True)):
        away = old.serving not in (old.adopted, old.pin)
        if old.state in LIVE and away and new.state in SETTLED:
            proved = m.move.kind == "succeed" and m.move.flight == old.prober
            if not proved and not (m.move.kind in USER and m.move.session == number):
                return False
    return True


def sessions_are_apart(m: Moment) -> bool:
    """A move of one session leaves the others as they are."""
    pairs = zip(m.before.sessions, m.after.sessions, strict=True)
    return all(old is new for number, (old, new) in enumerate(pairs) if number != m.move.session)


def free_home_is_tried(m: Moment) -> bool:
    """A turn of an idle session calls home first where home may be called, and its answer brings the session home.

    Not so a turn whose prompt is known to be too long for home: it passes home over, and moves no selection by it.
    """
    session, call = m.before.sessions[m.move.session], m.command
    home, turn = home_of(session, m.config), m.steps[-1].turn
    if (
        session.turns
        or not any(may_be_called(m.before, c) for c in m.config.candidates(home))
        or not m.config.knows(home)
        or (turn is not None and turn.tokens is not None and turn.tokens > m.config.windows.get(home, turn.tokens))
    ):
        return True
    return isinstance(call, Call) and call.candidate.model == home


def licence_is_honoured(m: Moment) -> bool:
    """The first turn after a pin calls the pinned model, even while it rests."""
    session, call = m.before.sessions[m.move.session], m.command
    if not session.licence or session.turns or session.serving != session.pin or not m.config.knows(session.serving):
        return True
    return isinstance(call, Call) and call.candidate.model == session.pin


def good_probe_is_home(m: Moment) -> bool:
    """When home answers its probe, the session is home and has adopted what the turn had planned from.

    An answer of the one beside the probe is none of home.
    """
    flight = m.flight
    assert flight is not None  # somebody succeeded
    old, new = m.before.sessions[flight.session], m.after.sessions[flight.session]
    if old.prober != flight.id or flight.turn is None or m.move.beside:
        return True
    outcome = m.command
    at_home = isinstance(outcome, Outcome) and new.serving == outcome.model and new.state in SETTLED
    return at_home and new.revision == flight.turn.config.revision


def reconcile_adopts(m: Moment) -> bool:
    """Between turns, outside a failover, the desired configuration is adopted at once."""
    old, new = m.before.sessions[m.move.session], m.after.sessions[m.move.session]
    if old.turns or old.state in LIVE:
        return True
    served = m.config.chain.primary if old.pin is None else old.serving
    return (new.adopted, new.revision, new.serving) == (m.config.chain.primary, m.config.revision, served)


def state_says_what_serves(world: World) -> bool:
    """The four names agree with intent and mode."""
    return all(_agrees(session) for session in world.sessions)


def _agrees(s: Session) -> bool:
    if s.state == PRIMARY and not (s.pin is None and s.serving == s.adopted):
        return False
    if s.state == USER_PINNED and not (s.pin is not None and s.serving == s.pin):
        return False
    return (s.state == COOLDOWN_PROBE) == (s.prober is not None) and (s.prober is None or s.prober in s.turns)


def turns_are_counted(world: World) -> bool:
    """A session knows exactly the turns in flight, so none is settled twice or forgotten."""
    return all(
        set(session.turns) == {flight.id for flight in world.flights if flight.session == number}
        for number, session in enumerate(world.sessions)
    )


def as_before(m: Moment) -> Mapping[str, Any]:
    """What a scenario expects where nothing may move."""
    session = m.before.sessions[max(m.move.session, 0)]
    return {"state": session.state, "serving": session.serving}


def pin_as_before(m: Moment) -> Mapping[str, Any]:
    """What a scenario expects where the pin must stay."""
    return {"pinned": m.before.sessions[max(m.move.session, 0)].pin or False}


def home_first(m: Moment) -> Mapping[str, Any]:
    """What a scenario expects where home answers."""
    home = home_of(m.before.sessions[m.move.session], m.config)
    return {"answered_by": home, "serving": home}
