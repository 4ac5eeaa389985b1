"""What is shown of sessions and cooldowns to those who look: values, made without changing anything."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from detent.fsm import core
from detent.fsm.chain import Candidate, Config
from detent.fsm.cooldown import AVAILABLE, COOLING, PROBING, Cooldown
from detent.fsm.session import Session
from detent.fsm.walk import Health


@frozen
class SessionStatus:
    """What a session is doing. Looking changes nothing.

    Attributes:
        id: the session's id.
        chain: the name of its chain.
        state: ``primary``, ``failover_active``, ``user_pinned`` or ``cooldown_probe``.
        serving: the model it uses now.
        home: the model it uses when all is well.
        pinned: the user's pin, None: none.
        strict: the pin excludes the chain; None: as the policy says.
        suspended: the pin's provider is not configured at present.
        adopted: the primary it has adopted.
        turns: how many turns are in flight.
        cooling: the models in cooldown, with the seconds until the last rest of any of their credentials ends.
    """

    id: str
    chain: str
    state: str
    serving: str
    home: str
    pinned: str | None
    strict: bool | None
    suspended: bool
    adopted: str
    turns: int
    cooling: Mapping[str, float]


@frozen
class Rest:
    """A scope that is in cooldown, or being probed.

    Attributes:
        scope: its key: ``model openai/gpt-5``, ``credential openai@work``, ``endpoint openai`` and so on.
        state: ``cooling`` or ``probing``.
        reason: the failure reason it rests for.
        hard: no last resort may shorten the rest.
        strikes: failures in a row.
        left: the seconds until the rest ends; 0: it is over, and the next call is the probe.
    """

    scope: str
    state: str
    reason: str
    hard: bool
    strikes: int
    left: float


@frozen
class CandidateStatus:
    """How a candidate of a session's chain is.

    Attributes:
        model: the model reference.
        credential: the name of the credential; empty where its provider has one unnamed.
        serves: the session uses this model now.
        home: it is the model of home.
        state: ``available``, ``cooling``, ``due`` (the rest is over, and the next call is the probe) or ``probing``.
        scope: the key of the scope that the state is about, empty: nothing is remembered of it.
        reason: the failure reason of the last rest; empty: none.
        hard: no last resort may shorten the rest.
        strikes: failures in a row.
        left: the seconds until it may be called: of its rest, or of the lease of the probe.
        prober: the id of the turn that probes; empty: none does.
    """

    model: str
    credential: str
    serves: bool
    home: bool
    state: str
    scope: str = ""
    reason: str = ""
    hard: bool = False
    strikes: int = 0
    left: float = 0.0
    prober: str = ""


@frozen
class Cleared:
    """What came of an operator's wish to end rests.

    Attributes:
        cleared: the scopes whose rest has ended.
        probed: those that are being probed at this moment; the probe goes on, and finds out.
    """

    cleared: tuple[str, ...]
    probed: tuple[str, ...]


def status_of(session: Session, config: Config, health: Health, now: float) -> SessionStatus:
    """What a session is doing.

    Args:
        session: the session.
        config: the configuration of its chain.
        health: the cooldown records.
        now: the time, in seconds.
    """
    return SessionStatus(
        id=session.id,
        chain=session.chain,
        state=session.state,
        serving=session.serving,
        home=core.home(session, config),
        pinned=session.pin,
        strict=session.strict,
        suspended=session.suspended,
        adopted=session.adopted,
        turns=len(session.turns),
        cooling=_cooling(session, config, health, now),
    )


def rests_in(health: Health, now: float) -> tuple[Rest, ...]:
    """Every scope that rests or is being probed, the longest rest first.

    Args:
        health: the cooldown records.
        now: the time, in seconds.
    """
    found = [
        Rest(key, record.state, record.reason, record.hard, record.strikes, max(0.0, record.until - now))
        for key, record in health.items()
        if record.state != AVAILABLE
    ]
    return tuple(sorted(found, key=lambda rest: (-rest.left, rest.scope)))


def candidates_of(session: Session, config: Config, health: Health, now: float) -> tuple[CandidateStatus, ...]:
    """How each candidate of a session's chain is: a pin first, then the chain in its order.

    Args:
        session: the session.
        config: the configuration of its chain.
        health: the cooldown records.
        now: the time, in seconds.
    """
    pinned = () if session.pin is None else (session.pin,)
    models = dict.fromkeys((*pinned, *config.chain.models, session.serving))
    home = core.home(session, config)
    return tuple(
        _candidate(candidate, model == session.serving, model == home, health, now)
        for model in models
        for candidate in config.candidates(model)
    )


def _candidate(candidate: Candidate, serves: bool, home: bool, health: Health, now: float) -> CandidateStatus:
    """How a candidate is, as the record tells that keeps it longest from being called."""
    who = candidate.model, candidate.credential, serves, home
    known = [record for key in candidate.scopes if (record := health.get(key)) is not None]
    if not known:
        return CandidateStatus(*who, AVAILABLE)
    record = max(known, key=lambda each: (not each.open(now), each.due(now), _ends(each), each.strikes))
    state = "due" if record.due(now) else COOLING if record.rests(now) else record.state
    probing = state == PROBING
    return CandidateStatus(
        *who,
        state=state,
        scope=record.key,
        reason=record.reason,
        hard=record.hard,
        strikes=record.strikes,
        left=0.0 if state in (AVAILABLE, "due") else max(0.0, _ends(record) - now),
        prober=record.holder.partition("#")[0] if probing else "",
    )


def _ends(record: Cooldown) -> float:
    """When a scope may be called again, in seconds."""
    return max(record.until, record.lease_until) if record.state == PROBING else record.until


def _cooling(session: Session, config: Config, health: Health, now: float) -> dict[str, float]:
    """The models in cooldown on any credential, with the seconds left."""
    resting = {key: record.until - now for key, record in health.items() if record.rests(now)}
    if not resting:
        return {}
    named = [key.partition(" ")[2].rpartition("@")[0] for key in resting if key.startswith("credential_model ")]
    named += [key.partition(" ")[2] for key in resting if key.startswith("model ")]
    models = dict.fromkeys([*config.chain.models, *((session.pin,) if session.pin else ()), session.serving, *named])
    left = {
        model: max(
            (resting[key] for c in config.candidates(model) for key in c.scopes if key in resting),
            default=0.0,
        )
        for model in models
    }
    return {model: seconds for model, seconds in left.items() if seconds > 0}
