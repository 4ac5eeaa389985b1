"""The core: ``step`` functions from values to values, without clock, I/O or chance.

Each takes a session, the cooldown records and the time, lets the three tables decide, and returns a `Step`: what the
session, the turn and the records become, the decisions for the log, the notices, and the one command that the shell
has to perform. The shell stores the step, then performs the command, then brings back the one event it ended in.
"""

from __future__ import annotations

from collections.abc import Iterable

from attrs import frozen

from . import calling, walk
from . import cooldown as cd
from . import session as ss
from . import turn as tt
from . import turn_events as te
from .chain import Candidate, Config, checked_reference, credential_scope, is_of_credential, provider_of
from .decision import Step, Wait
from .desk import Desk
from .errors import UnknownModelError
from .reasons import RULINGS, Failure
from .session import Session
from .settle import settle
from .turn import Turn
from .walk import Health

NOBODY = Session("", "", "")
"""Stands for the session in steps that are of none."""

LIFTED_BY_CONFIG = frozenset(r.reason for r in RULINGS.values() if r.lifted_by_config)


@frozen
class Request:
    """What a turn asks for, as far as the selection must know.

    Attributes:
        turn: the turn's id, unique over sessions and processes.
        tokens: the size of the prompt in tokens, None: unknown.
        live: content is to reach the client as it comes.
        deadline_s: the longest the turn may take, in seconds, None: as the policy says.
    """

    turn: str
    tokens: int | None = None
    live: bool = True
    deadline_s: float | None = None


def fresh(session_id: str, config: Config, chain: str = "default") -> Session:
    """A session that has just begun: the desired primary serves and is adopted."""
    primary = config.chain.primary
    return Session(session_id, primary, primary, config.revision, told=primary, chain=chain)


def home(session: Session, config: Config) -> str:
    """What the session uses when all is well: the pin, else the desired primary."""
    return session.pin or config.chain.primary


def _desired(session: Session, config: Config) -> ss.Desired:
    known = session.pin is None or config.knows(session.pin)
    return ss.Desired(config.chain.primary, config.revision, known)


def pin(
    session: Session, config: Config, health: Health, now: float, *, model: str, strict: bool | None = None
) -> Step:
    """The user selects a model, in the chain or not.

    Raises:
        BadReferenceError: it is no model reference.
        UnknownModelError: its provider is not configured.
    """
    checked_reference(model)
    if not config.knows(model):
        known = ", ".join(sorted(config.providers or {provider_of(m) for m in config.chain.models}))
        raise UnknownModelError(
            f"cannot pin {model!r}: provider {provider_of(model)!r} is not configured; "
            f"configured are {known}. Add the provider to the configuration, or pin one of theirs"
        )
    desk = Desk(session, health, now)
    desk.to_session("pin", ss.Pin(model, strict), config, model)
    return desk.step()


def unpin(session: Session, config: Config, health: Health, now: float) -> Step:
    """The user lets go of the pin."""
    return _user("unpin", session, config, health, now)


def reset(session: Session, config: Config, health: Health, now: float) -> Step:
    """A fresh start of the session: the pin goes, the desired primary serves."""
    return _user("reset", session, config, health, now)


def reconcile(session: Session, config: Config, health: Health, now: float) -> Step:
    """The reconciliation loop visits the session."""
    return _user("reconcile", session, config, health, now)


def published(session: Session, config: Config, health: Health, now: float) -> Step:
    """A configuration was published, and the session is told of it."""
    return _user("published", session, config, health, now)


def _user(name: str, session: Session, config: Config, health: Health, now: float) -> Step:
    desk = Desk(session, health, now)
    desk.to_session(name, _desired(session, config), config, f"desired {config.chain.primary}")
    return desk.step()


def restored(session: Session, config: Config, health: Health, now: float, lost: Iterable[str]) -> Step:
    """Turns of a session died with their process, or before it was known how they stand: their leases end too."""
    gone = frozenset(lost)
    desk = Desk(session, health, now)
    desk.to_session("restored", ss.Restored(gone), config)
    for key, record in health.items():
        if record.state == cd.PROBING and record.holder.partition("#")[0] in gone:
            desk.to_cooldown(key, "released", cd.Released(record.holder))
    return desk.step()


def lift(health: Health, now: float) -> Step:
    """A configuration was published: the rests that it may have mended end. The step is of no session."""
    desk = Desk(NOBODY, health, now)
    for key, record in health.items():
        if record.state != cd.AVAILABLE:
            desk.to_cooldown(key, "lifted", cd.Lifted(now, LIFTED_BY_CONFIG), "a configuration was published")
    return desk.step()


def clear(health: Health, now: float, scopes: Iterable[str]) -> Step:
    """An operator ends rests, whatever they are for. Strikes are kept, and so is a probe that is under way.

    The step is of no session.

    Args:
        health: the cooldown records.
        now: the time, in seconds.
        scopes: the keys of the scopes; those that do not rest stay as they are.
    """
    desk = Desk(NOBODY, health, now)
    for key in scopes:
        record = desk.record(key)
        if record is not None and record.state != cd.AVAILABLE:
            desk.to_cooldown(key, "lifted", cd.Lifted(now, frozenset((record.reason,))), "by the operator")
    return desk.step()


def renew(health: Health, now: float, provider: str, credential: str, models: Iterable[str] = ()) -> Step:
    """A credential has another key: whatever was held against the old one is void. The step is of no session.

    A new key is a new credential, so that strikes are forgotten too, and attempts that are still out with the old key
    speak for it no more. For them a scope is noted down even where nothing was held against it.

    Args:
        health: the cooldown records.
        now: the time, in seconds.
        provider: the provider.
        credential: the credential's name.
        models: the models that are called with it, as far as they are known.
    """
    scopes = [credential_scope(provider, credential)]
    scopes += [Candidate(m, credential).scope("credential_model") for m in models if provider_of(m) == provider]
    scopes += [key for key in health if is_of_credential(key, provider, credential)]
    desk = Desk(NOBODY, health, now)
    for key in dict.fromkeys(scopes):
        desk.to_cooldown(key, "renewed", cd.Renewed(now), create=True)
    return desk.step()


def start(session: Session, config: Config, health: Health, now: float, request: Request) -> Step:
    """A turn begins: it plans from the desired configuration and keeps that plan."""
    desk = Desk(session, health, now)
    if session.suspended == config.knows(session.pin or config.chain.primary):
        desk.to_session("published", _desired(session, config), config)
    if session.revision != config.revision or session.adopted != config.chain.primary:
        desk.to_session("planned", _desired(session, config), config, f"desired {config.chain.primary}")
    session = desk.session
    began_in = session.state
    need = request.tokens or 0
    goal = home(session, config)
    strict = session.pin is not None and (config.policy.pin_strict if session.strict is None else session.strict)
    open_home = walk.first_open(config, goal, need, health, now, session.kept)
    due = open_home is not None and bool(walk.due_of(open_home, health, now))
    licensed = config.candidates(goal, session.kept)[0] if session.licence and open_home is None else None
    desk.to_session("turn_started", ss.TurnStarted(request.turn, open_home is not None, due), config, goal)
    probe = open_home if desk.session.prober == request.turn and goal != session.serving else None
    plan = config.walk(session.pin, session.serving, strict, probe, session.kept)
    limit = request.deadline_s if request.deadline_s is not None else config.policy.turn_deadline_s
    desk.turn = turn = Turn(
        id=request.turn,
        session=session.id,
        config=config,
        plan=plan,
        epoch=session.epoch,
        began_in=began_in,
        began_on=session.serving,
        told=session.told,
        pin=session.pin,
        strict=strict,
        tokens=request.tokens,
        live=request.live and config.policy.stream == "live",
        deadline=None if limit is None else now + limit,
        licensed=licensed,
        need=need,
    )
    if not strict and not any(candidate.model == session.serving for candidate in plan):
        turn.fates = (te.Fate(Candidate(session.serving), called=False, why="removed"),)
    first = walk.reach(turn, health, now)
    resort = walk.last_resort(turn, health, now) if first.candidate is None else None
    alone = walk.size_alone(first.skipped, plan)
    desk.to_turn("started", te.Started(first, resort, alone))
    return _go_on(desk)


def slow(session: Session, turn: Turn, health: Health, now: float, attempt: int) -> Step:
    """An attempt has had no content for as long as the chain's ``hedge_after_s`` says."""
    desk = Desk(session, health, now, turn)
    if turn.current is None or turn.is_over:
        desk.to_turn("slow", te.OfAttempt(attempt))
        return desk.step()
    ahead = walk.reach(turn, walk.given_back(turn, health), now)
    who, number = ahead.candidate, turn.calls + 1
    beside = None if who is None else te.Beside(who, number, calling.generations(desk, who))
    fired = desk.to_turn("slow", te.Slow(attempt, ahead, beside), desk.candidate.label)
    if who is None or fired.after.calls != number:
        return desk.step()
    return desk.step(calling.call(fired.after, who, number))


def content(session: Session, turn: Turn, health: Health, now: float, attempt: int) -> Step:
    """Content came: the first of it commits a live turn, and each is a sign of life for a probe's lease."""
    desk = Desk(session, health, now, turn)
    _decide_race(desk, attempt)
    fired = desk.to_turn("content", te.OfAttempt(attempt))
    after = desk.open_turn
    for key in after.leases if fired.kind == "move" else ():
        lease_s = after.config.policy_of(desk.candidate.model).lease_s
        desk.to_cooldown(key, "extended", cd.Extended(walk.holder_of(after), now + lease_s))
    return desk.step()


def succeeded(session: Session, turn: Turn, health: Health, now: float, attempt: int) -> Step:
    """The answer is whole."""
    desk = Desk(session, health, now, turn)
    _decide_race(desk, attempt)
    if desk.to_turn("succeeded", te.OfAttempt(attempt)).kind != "move":
        return desk.step()
    after, candidate = desk.open_turn, desk.candidate
    for key in candidate.scopes if health else ():
        desk.to_cooldown(key, "succeeded", cd.Succeeded(now, after.seen.get(key, 0)))
    calling.give_back(desk, after)
    return desk.step(settle(desk))


def _decide_race(desk: Desk, attempt: int) -> None:
    """Where two calls are in flight, the one that speaks first goes on, and nothing is held against the other."""
    turn = desk.open_turn
    if turn.beside is None or turn.current is None:
        return
    first, fate = turn.current, te.Fate(turn.beside.candidate, called=True, why=te.OVERTAKEN)
    if attempt == turn.beside.attempt:
        first, fate = turn.beside.candidate, te.Fate(turn.current, called=True, why=te.SLOW)
    after = desk.to_turn("spoke_first", te.SpokeFirst(attempt, fate), first.label).after
    if after.attempt != turn.attempt:
        calling.end_probe(desk, turn)


def failed(
    session: Session,
    turn: Turn,
    health: Health,
    now: float,
    attempt: int,
    failure: Failure,
    dice: float = 1.0,
) -> Step:
    """An attempt failed.

    Args:
        session: the session.
        turn: its turn.
        health: the cooldown records.
        now: the time, in seconds.
        attempt: the attempt's number.
        failure: why it failed.
        dice: a number in [0, 1] by which a wait before a retry is jittered.
    """
    desk = Desk(session, health, now, turn)
    if turn.current is None or turn.is_over:
        desk.to_turn("failed", te.OfAttempt(attempt), failure.reason)
        return desk.step()
    beside = turn.beside if turn.beside is not None and turn.beside.attempt == attempt else None
    candidate = desk.candidate if beside is None else beside.candidate
    condemned = walk.condemned_by(turn, candidate, failure)
    need = walk.need_after(turn, candidate, failure)
    ahead = walk.reach(turn, walk.given_back(turn, health), now, condemned, need)
    fate = te.Fate(candidate, called=True, why=failure.reason, message=failure.message)
    wait_s = walk.retry_wait(turn, failure, health, now, dice)
    fired = desk.to_turn(
        "failed",
        te.AttemptFailed(
            attempt,
            failure,
            wait_s,
            walk.ends_the_walk(turn, failure),
            condemned,
            need,
            fate,
            ahead,
            walk.size_alone((*turn.fates, fate, *ahead.skipped), turn.plan),
            () if turn.beside is None else (te.Fate(turn.beside.candidate, called=True, why=te.OVERTAKEN),),
        ),
        f"{candidate.label}: {failure.reason}",
    )
    if fired.kind != "move":
        return desk.step()
    if wait_s is not None and fired.after.tries > turn.tries:
        return _go_on(desk, wait_s)
    calling.book(desk, turn, candidate, failure, attempt, turn.seen if beside is None else beside.seen)
    if beside is not None:
        return desk.step()
    calling.end_probe(desk, turn)
    if turn.beside is not None and fired.after.attempt == turn.beside.attempt:
        calling.take_over(desk)
        return desk.step()
    return _go_on(desk)


def waited(session: Session, turn: Turn, health: Health, now: float, attempt: int) -> Step:
    """A wait in place is over."""
    desk = Desk(session, health, now, turn)
    if turn.current is None or turn.failure is None:
        desk.to_turn("waited", te.OfAttempt(attempt))
        return desk.step()
    untouched = walk.is_untouched(turn.current, health, now)
    fate = te.Fate(turn.current, called=True, why=turn.failure.reason, message=turn.failure.message)
    event = te.Waited(attempt, untouched, fate, walk.reach(turn, health, now))
    if desk.to_turn("waited", event).kind != "move":
        return desk.step()
    return _go_on(desk)


def deadline(session: Session, turn: Turn, health: Health, now: float) -> Step:
    """The turn's time is up; the attempt in flight is cut, and cools nothing."""
    return _cut("deadline", session, turn, health, now)


def aborted(session: Session, turn: Turn, health: Health, now: float) -> Step:
    """The client called the turn off, or went away; that is nobody's failure."""
    return _cut("aborted", session, turn, health, now)


def _cut(name: str, session: Session, turn: Turn, health: Health, now: float) -> Step:
    desk = Desk(session, health, now, turn)
    if desk.to_turn(name, te.Cut()).kind != "move":
        return desk.step()
    calling.end_probe(desk, turn)
    return desk.step(settle(desk, "timeout" if name == "deadline" else ""))


def _go_on(desk: Desk, wait_s: float = 0.0) -> Step:
    """Order what the turn's new state calls for."""
    turn = desk.open_turn
    if turn.is_over:
        return desk.step(settle(desk))
    if turn.state == tt.BACKING_OFF:
        return desk.step(Wait(turn.attempt, wait_s))
    return desk.step(calling.begin(desk))
