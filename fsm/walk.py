"""The survey of a walk: who may be called next, who is passed over and why, and when it is worth coming back.

Nothing here decides: these are the facts that the turn's table chooses by.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from .chain import Candidate, Config
from .cooldown import COOLDOWN, PROBING, Cooldown, Released
from .reasons import Failure
from .turn import STREAMING, Turn
from .turn_events import Fate, Reach

Health = Mapping[str, Cooldown]
"""The cooldown records by scope key; a scope without a record is available."""

LEASE_HINT_S: Final = 1.0
"""When a candidate is passed over only because somebody else probes it, come back after so many seconds."""

_WORD_OF: Final = {"context_overflow": "window"}


def rests_of(candidate: Candidate, health: Health, now: float) -> list[Cooldown]:
    """The records that keep a candidate from being called now: at rest, or probed by somebody else."""
    if not health:
        return []
    found = (health.get(key) for key in candidate.scopes)
    return [record for record in found if record is not None and not record.open(now)]


def due_of(candidate: Candidate, health: Health, now: float) -> tuple[str, ...]:
    """The scopes whose probe a call of this candidate would be."""
    if not health:
        return ()
    found = ((key, health.get(key)) for key in candidate.scopes)
    return tuple(key for key, record in found if record is not None and record.due(now))


def is_untouched(candidate: Candidate, health: Health, now: float) -> bool:
    """Nobody has condemned the candidate meanwhile: it neither rests nor waits for a probe."""
    return not rests_of(candidate, health, now) and not due_of(candidate, health, now)


def given_back(turn: Turn, health: Health) -> Health:
    """The records as they will be when the turn has given back the leases of its present attempt."""
    holder = holder_of(turn)
    own = [r for key in turn.leases if (r := health.get(key)) is not None and r.holder == holder]
    return {**health, **{r.key: COOLDOWN.fire(r, "released", Released(holder)).after for r in own}} if own else health


def holder_of(turn: Turn, attempt: int | None = None) -> str:
    """What an attempt of the turn, the present one by default, signs its leases with."""
    return f"{turn.id}#{turn.attempt if attempt is None else attempt}"


def fits(config: Config, model: str, need: int) -> bool:
    """The request is not known to be too long for the model."""
    window = config.windows.get(model)
    return window is None or need <= window


def first_open(
    config: Config, model: str, need: int, health: Health, now: float, kept: tuple[str, ...] = ()
) -> Candidate | None:
    """The first candidate of a model that may be called now, the kept one before the others, None: none of them."""
    if not config.knows(model) or not fits(config, model, need):
        return None
    return next((c for c in config.candidates(model, kept) if not rests_of(c, health, now)), None)


def obstacle(turn: Turn, candidate: Candidate, condemned: Mapping[str, str], need: int) -> str | None:
    """Why this turn does not call a candidate whatever its health, None: nothing hinders."""
    if not turn.config.knows(candidate.model):
        return "removed"
    if not fits(turn.config, candidate.model, need):
        return "window"
    if condemned:
        return next((condemned[key] for key in candidate.scopes if key in condemned), None)
    return None


def reach(
    turn: Turn,
    health: Health,
    now: float,
    condemned: Mapping[str, str] | None = None,
    need: int | None = None,
) -> Reach:
    """Walk on from where the turn stands to the next candidate that may be called.

    Args:
        turn: the turn.
        health: the cooldown records.
        now: the time, in seconds.
        condemned: the scopes that this turn found failing; the turn's own by default.
        need: the context window that the request needs, in tokens; the turn's own by default.
    """
    condemned = turn.condemned if condemned is None else condemned
    need = turn.need if need is None else need
    skipped: list[Fate] = []
    for index in range(turn.at, len(turn.plan)):
        candidate = turn.plan[index]
        why = obstacle(turn, candidate, condemned, need)
        licensed = candidate == turn.licensed and turn.attempt == 0
        if why is None and not licensed and rests_of(candidate, health, now):
            why = "cooldown"
        if why is None:
            due = due_of(candidate, health, now)
            return Reach(candidate, index + 1, tuple(skipped), due, alone=bool(due) or licensed)
        skipped.append(Fate(candidate, called=False, why=why))
    return Reach(None, len(turn.plan), tuple(skipped))


def last_resort(turn: Turn, health: Health, now: float) -> Reach | None:
    """The one attempt that may be made while everybody rests: on the softly cooling candidate that is due soonest.

    None where the policy wants to fail fast, every rest is hard, or the last resort of a scope is too recent.
    """
    policy = turn.config.policy
    if policy.on_all_cooling != "last_resort" or turn.strict:
        return None
    softly: list[tuple[float, Candidate, list[Cooldown]]] = []
    for candidate in _in_chain_order(turn):
        rests = rests_of(candidate, health, now)
        usable = rests and obstacle(turn, candidate, turn.condemned, turn.need) is None
        if usable and not any(record.hard or record.state == PROBING for record in rests):
            softly.append((max(record.until for record in rests), candidate, rests))
    if not softly:
        return None
    _, candidate, rests = min(softly, key=lambda entry: entry[0])
    gap = policy.last_resort_gap_s
    if any(r.last_resort_at is not None and now < r.last_resort_at + gap for r in rests):
        return None
    return Reach(candidate, len(turn.plan), alone=True, resort=True)


def _in_chain_order(turn: Turn) -> Iterable[Candidate]:
    """The plan's candidates as the chain names them: pin, primary, fallbacks."""
    place = {model: index for index, model in enumerate(turn.config.chain.models)}
    return sorted(turn.plan, key=lambda c: -1 if c.model == turn.pin else place.get(c.model, len(place)))


def size_alone(fates: Iterable[Fate], plan: tuple[Candidate, ...]) -> bool:
    """Every candidate of the plan was passed over or failed for its window, and for nothing else."""
    last = {fate.candidate: fate.why for fate in fates}
    return bool(plan) and all(last.get(candidate) in ("window", "context_overflow") for candidate in plan)


def condemned_by(turn: Turn, candidate: Candidate, failure: Failure) -> Mapping[str, str]:
    """The turn's condemned scopes with what this failure adds: they are not called again in this turn."""
    added = dict(turn.condemned)
    if failure.cools is not None:
        added[candidate.scope(failure.cools)] = "cooldown"
    if not failure.ruling.next_credential:
        word = "cooldown" if failure.cools is not None else _WORD_OF.get(failure.reason, failure.reason)
        added.setdefault(candidate.scope("model"), word)
    return added


def need_after(turn: Turn, candidate: Candidate, failure: Failure) -> int:
    """The context window the request is known to need after this failure, in tokens."""
    window = turn.config.windows.get(candidate.model)
    if failure.reason != "context_overflow" or window is None:
        return turn.need
    return max(turn.need, window + 1)


def ends_the_walk(turn: Turn, failure: Failure) -> bool:
    """No other candidate may help with this failure."""
    if failure.reason == "content_filter" and turn.config.policy.content_filter_fails_over:
        return False
    return not failure.ruling.next_model


def retry_wait(turn: Turn, failure: Failure, health: Health, now: float, dice: float) -> float | None:
    """How long to wait before the same candidate is asked again, in seconds; None: it is not asked again.

    Args:
        turn: the turn.
        failure: the failure of its present attempt.
        health: the cooldown records.
        now: the time, in seconds.
        dice: a number in [0, 1) by which the wait is jittered.
    """
    policy, ruling = turn.config.policy, failure.ruling
    assert turn.current is not None  # an attempt that failed was made
    budget = {"never": 0, "once": min(1, policy.retries)}.get(ruling.retry, policy.retries)
    stated = failure.wait_s
    if turn.state == STREAMING or turn.alone or turn.tries >= budget:
        return None
    if (stated is None and ruling.retry == "when_told") or (stated is not None and stated > policy.max_wait_s):
        return None
    backoff = min(policy.backoff_cap_s, policy.backoff_s * 2.0**turn.tries) * (0.5 + dice / 2)
    wait = stated or backoff
    if turn.deadline is not None and now + wait >= turn.deadline:
        return None
    return wait if is_untouched(turn.current, health, now) else None


def retry_at(turn: Turn, health: Health, now: float) -> float | None:
    """The soonest time at which a candidate that fits may be called again, in seconds; None: time does not help."""
    times: list[float] = []
    for candidate in turn.plan:
        if turn.config.knows(candidate.model) and fits(turn.config, candidate.model, turn.need):
            rests = rests_of(candidate, health, now)
            times.extend([max(now + LEASE_HINT_S if r.state == PROBING else r.until for r in rests)] if rests else [])
    return min(times, default=None)
