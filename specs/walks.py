"""Promises about one turn: whom it calls, in which order, how often, and how it ends."""

from __future__ import annotations

from collections import Counter
from typing import Final

from detent.fsm import Call, Candidate, Config, Fate, Outcome, Turn, Wait
from detent.fsm.cooldown import PROBING
from detent.fsm.session import COOLDOWN_PROBE
from detent.fsm.turn import BACKING_OFF

from .world import Flight, Moment, World, is_at_rest

OUTCOMES: Final = "start succeed fail slow content waited abort deadline late"


def resting(world: World, candidate: Candidate) -> list[str]:
    """The keys of the scopes that keep a candidate from being called."""
    return [record.key for record in world.health if record.key in candidate.scopes and is_at_rest(record)]


def may_be_called(world: World, candidate: Candidate, turn: str = "") -> bool:
    """No scope of the candidate rests or is probed by somebody; what the turn itself probes is given back first."""
    closed = [record for record in world.health if record.key in resting(world, candidate)]
    return all(record.until <= 0 and record.holder.startswith(f"{turn}#") for record in closed)


def promised_keys(config: Config, model: str, kept: tuple[str, ...]) -> list[Candidate]:
    """A model's credentials in the promised order: as configured, or the one that is kept before the others."""
    keys = list(config.candidates(model))
    mine = [c for c in keys if config.policy.keep_credential and f"{c.model}@{c.credential}" in kept]
    return [*mine, *(c for c in keys if c not in mine)]


def fits(turn: Turn, candidate: Candidate) -> bool:
    """The prompt is not known to be too long: neither by its size, nor because it outgrew a window as large."""
    windows = turn.config.windows
    outgrown = [windows.get(f.candidate.model, 0) for f in turn.fates if f.called and f.why == "context_overflow"]
    window = windows.get(candidate.model)
    return window is None or (window > max(outgrown, default=0) and (turn.tokens or 0) <= window)


def promised_order(config: Config, pin: str | None, serving: str, strict: bool) -> list[str]:
    """Models in the promised order: serving first, then pin, primary, fallbacks; a strict pin alone."""
    if pin is not None and strict:
        return [pin]
    chain = [*([] if pin is None else [pin]), *config.chain.models]
    return list(dict.fromkeys([*([serving] if serving in chain else []), *chain]))


def turn_of(m: Moment) -> Turn:
    """The turn as the move leaves it."""
    turn = m.steps[-1].turn
    assert turn is not None  # asked of moves of turns alone
    return turn


def called_by(m: Moment) -> tuple[Candidate, ...]:
    """Whom the turn has called so far, in order, the call of this move included."""
    before = m.before.flight(m.move.flight)
    calls = () if before is None else before.calls
    return (*calls, m.command.candidate) if isinstance(m.command, Call) else calls


def within_budget(m: Moment) -> bool:
    """Nobody is called beyond the retries; a walk that went on does not come back."""
    turn, calls = turn_of(m), called_by(m)
    policy = turn.config.policy
    runs = [c for place, c in enumerate(calls) if place == 0 or calls[place - 1] != c]
    count = Counter(calls)
    return len(runs) == len(set(runs)) and all(n <= 1 + policy.retries for n in count.values())


def probe_is_not_retried(m: Moment) -> bool:
    """A call that is a scope's probe, a licensed call or a last resort is made once."""
    turn, calls, session = turn_of(m), called_by(m), m.before.sessions[m.move.session]
    again = isinstance(m.command, Wait) or (isinstance(m.command, Call) and len(calls) > 1 and calls[-1] == calls[-2])
    return not (again and (turn.alone or session.prober == turn.id))


def exhaustion_is_honest(m: Moment) -> bool:
    """Everybody of the plan was called or skipped, on record, and the record of calls is true."""
    outcome = m.command
    if not isinstance(outcome, Outcome) or outcome.kind != "exhausted":
        return True
    fates = {fate.candidate for fate in outcome.fates}
    called = {fate.candidate for fate in outcome.fates if fate.called}
    return fates >= set(turn_of(m).plan) and called == set(called_by(m))


def skips_are_sound(m: Moment) -> bool:
    """Whoever is skipped now is skipped for a reason that is true now."""
    before, turn = m.before.flight(m.move.flight), turn_of(m)
    old = () if before is None or before.turn is None else before.turn.fates
    return all(_is_true(fate, m, turn) for fate in turn.fates[len(old) :] if not fate.called)


def _is_true(fate: Fate, m: Moment, turn: Turn) -> bool:
    candidate, config = fate.candidate, turn.config
    if fate.why == "cooldown":
        return bool(resting(m.before, candidate)) or any(key in turn.condemned for key in candidate.scopes)
    if fate.why == "removed":
        return not config.knows(candidate.model) or candidate not in turn.plan
    if fate.why == "window":
        return turn.need > config.windows.get(candidate.model, turn.need)
    return any(f.called and f.why == fate.why and f.candidate.model == candidate.model for f in turn.fates)


def plan_is_promised(m: Moment) -> bool:
    """The plan is the desired chain, whole, in the promised order; a probed home's other keys come last.

    All keys of a model come before the next model: in their order each turn, or the one that the session keeps first.
    """
    turn, session = turn_of(m), m.before.sessions[m.move.session]
    if turn.config is not m.config:
        return False
    tried = m.steps[0].session.prober == turn.id
    probing = tried and any(d.event == "turn_started" and d.after == COOLDOWN_PROBE for d in m.decisions)
    models = promised_order(m.config, session.pin, turn.began_on, turn.strict)
    home = session.pin or m.config.chain.primary
    whole = [candidate for model in models for candidate in promised_keys(m.config, model, session.kept)]
    if probing and home != turn.began_on and turn.plan:
        first = turn.plan[0]
        own = [c for c in whole if c.model == home and c != first]
        whole = [first, *(c for c in whole if c.model != home), *own]
    return list(turn.plan) == whole and (not probing or turn.plan[0].model == home)


def plan_is_kept(m: Moment) -> bool:
    """A turn keeps plan and configuration to its end, and calls in the plan's order."""
    before, turn = m.before.flight(m.move.flight), turn_of(m)
    old = turn if before is None or before.turn is None else before.turn
    if turn.plan != old.plan or turn.config is not old.config:
        return False
    calls = called_by(m)
    if any(candidate not in turn.plan for candidate in calls):
        return False
    places = [turn.plan.index(candidate) for candidate in calls]
    return turn.resort or places == sorted(places)


def walk_goes_on(m: Moment) -> bool:
    """A failure that another model may mend ends the turn only when nobody later in the plan may be called."""
    before, outcome, turn = m.flight, m.command, turn_of(m)
    if not isinstance(outcome, Outcome) or before is None or before.shown:
        return True
    failure = turn.failure
    if outcome.kind not in ("exhausted", "surfaced") or failure is None:
        return True
    mends = failure.ruling.next_model or (
        failure.reason == "content_filter" and turn.config.policy.content_filter_fails_over
    )
    rest = turn.plan[before.turn.at :] if before.turn is not None else ()
    skipped = {fate.candidate for fate in turn.fates}
    return not mends or all(candidate in skipped for candidate in rest)


def calls_are_permitted(m: Moment) -> bool:
    """Nobody is called while a scope of theirs rests, but for a last resort and a pin's licence."""
    call, turn = m.command, turn_of(m)
    if not isinstance(call, Call) or turn.resort:
        return True
    licensed = m.move.kind == "start" and call.candidate == turn.licensed
    return licensed or may_be_called(m.before, call.candidate, turn.id)


def last_resort_is_last(m: Moment) -> bool:
    """A last resort is made by a turn that could call nobody, on a soft rest, and only where the policy allows it."""
    call, turn = m.command, turn_of(m)
    if not isinstance(call, Call) or not turn.resort:
        return True
    nobody = not any(may_be_called(m.before, c) and turn.config.knows(c.model) for c in turn.plan)
    records = [r for r in m.before.health if r.key in call.candidate.scopes and is_at_rest(r)]
    soft = bool(records) and not any(r.hard or r.state == PROBING for r in records)
    return nobody and soft and m.move.kind == "start" and turn.config.policy.on_all_cooling == "last_resort"


def windows_are_respected(m: Moment) -> bool:
    """Nobody is called whose window is known to be too small."""
    return not isinstance(m.command, Call) or fits(turn_of(m), m.command.candidate)


def late_changes_nothing(m: Moment) -> bool:
    """Session, records and turn are what they were, and nothing is ordered."""
    return m.after == m.before and all(step.command is None for step in m.steps)


def finished_is_finished(m: Moment) -> bool:
    """Whatever a finished turn still hears changes nothing and orders nothing."""
    return all(
        step.command is None
        and not step.cooldowns
        and not step.notices
        and step.session is m.after.sessions[m.move.session]
        for step in m.echoes
    )


def shown_is_committed(m: Moment) -> bool:
    """After content was shown nobody is called again, and the turn ends answered, interrupted or aborted."""
    flight = m.before.flight(m.move.flight)
    if flight is None or not flight.shown:
        return True
    if isinstance(m.command, Outcome):
        return m.command.kind in ("answered", "interrupted", "aborted")
    return m.command is None


def one_outcome(m: Moment) -> bool:
    """A turn that has its outcome is in flight no more; one that has none is, with something under way."""
    if m.move.kind == "late":
        return True
    after = m.after.flight(m.move.flight)
    return (after is None) == isinstance(m.command, Outcome) and (
        after is None or isinstance(m.command, Wait) or bool(after.flying)
    )


def answer_is_the_callees(m: Moment) -> bool:
    """The answer is ascribed to the candidate whose call it came of."""
    outcome = m.command
    if not isinstance(outcome, Outcome) or outcome.kind != "answered":
        return False
    return (outcome.model, outcome.credential) == (m.callee.model, m.callee.credential)


def measure(flight: Flight, policy_retries: int) -> tuple[int, int, int]:
    """What each call of a turn lowers: candidates left, tries left, and whether a wait lies ahead of the call.

    A candidate left counts twice, one that is called beside another still once.
    """
    turn = flight.turn
    if turn is None:
        return (0, 0, 0)
    left = 2 * (len(turn.plan) - turn.at) + int(turn.beside is not None)
    return (left, policy_retries - turn.tries, int(turn.state == BACKING_OFF))


def measure_falls(m: Moment) -> bool:
    """Each further call or wait of a turn lowers its measure, which cannot fall for ever; nothing ever raises it."""
    before, after = m.before.flight(m.move.flight), m.after.flight(m.move.flight)
    if before is None or after is None:
        return True
    if not isinstance(m.command, (Call, Wait)):
        return measure(after, 0) <= measure(before, 0)
    retries = turn_of(m).config.policy.retries
    return measure(after, retries + 1) < measure(before, retries + 1) or (
        isinstance(m.command, Wait) and measure(after, retries)[:2] < measure(before, retries)[:2]
    )


def abort_ends(m: Moment) -> bool:
    """An abort ends its turn as aborted, and every other turn goes on as it was."""
    others = [f for f in m.before.flights if f.id != m.move.flight]
    same = [(f.id, f.calls, f.shown) for f in others] == [(f.id, f.calls, f.shown) for f in m.after.flights]
    return same and isinstance(m.command, Outcome) and m.command.kind == "aborted"


def waits_are_bounded(m: Moment) -> bool:
    """A wait in place is at most what the policy allows."""
    policy = turn_of(m).config.policy
    return not isinstance(m.command, Wait) or m.command.seconds <= max(policy.max_wait_s, policy.backoff_cap_s)


def refusals_stay(m: Moment) -> bool:
    """A refusal of the content is shown as such unless the policy routes it."""
    failure, turn = m.move.what, turn_of(m)
    if getattr(failure, "reason", "") != "content_filter" or turn.config.policy.content_filter_fails_over:
        return True
    return isinstance(m.command, Outcome) and m.command.reason == "content_filter"


def hint_is_honest(m: Moment) -> bool:
    """An exhausted turn says the soonest time at which a resting candidate that the prompt fits may be called again."""
    outcome, turn = m.command, turn_of(m)
    if not isinstance(outcome, Outcome) or (outcome.kind != "exhausted" and not turn.strict):
        return True
    if outcome.kind not in ("exhausted", "surfaced"):
        return outcome.retry_at is None
    plan = [c for c in turn.plan if fits(turn, c) and turn.config.knows(c.model) and resting(m.after, c)]
    if not plan:
        return outcome.retry_at is None
    soonest = min(max(r.until for r in m.after.health if r.key in c.scopes and is_at_rest(r)) for c in plan)
    return outcome.retry_at is not None and 0 < outcome.retry_at <= max(soonest, 1.0)
