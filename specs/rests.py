"""Promises about cooldowns: what rests, for how long, who may probe it, and that no rest is for ever."""

from __future__ import annotations

from collections import Counter
from typing import Final

from detent.fsm import Call, Cooldown, Failure
from detent.fsm.cooldown import AVAILABLE, PROBING

from .world import Moment, World, took_over

NEUTRAL: Final = "start slow content waited abort deadline late pin unpin reset reconcile restart die come_back renew"


def _worse(m: Moment) -> set[str]:
    """The scopes that are held back longer, or counted more strikes against, than before."""
    old = {record.key: record for record in m.before.health}
    return {r.key for r in m.after.health if r is not old.get(r.key) and _is_worse(old.get(r.key), r)}


def _is_worse(old: Cooldown | None, new: Cooldown) -> bool:
    if old is None:
        return new.state != AVAILABLE
    return new.until > old.until or new.strikes > old.strikes


def only_its_scope_rests(m: Moment) -> bool:
    """A failure puts its own scope to rest and no other; one that cools nothing, none."""
    failure = m.move.what
    assert isinstance(failure, Failure)
    own = set() if failure.cools is None else {m.callee.scope(failure.cools)}
    return _worse(m) <= own


def spent_attempt_is_booked(m: Moment) -> bool:
    """A spent attempt that condemns a scope leaves it at rest, unless a later rest has been set there already."""
    flight, failure = m.before.flight(m.move.flight), m.move.what
    assert flight is not None
    assert isinstance(failure, Failure)
    again = isinstance(m.command, Call) and m.command.candidate == m.callee
    after = m.after.flight(m.move.flight)
    waits = after is not None and after.turn is not None and after.turn.state == "backing_off"
    if failure.cools is None or again or waits:
        return True
    key = m.callee.scope(failure.cools)
    before, record = m.before.record(key), m.after.record(key)
    turn = flight.turn
    seen = () if turn is None else turn.beside.seen if m.move.beside and turn.beside is not None else turn.seen
    late = before is not None and key not in seen
    base = turn.config.policy.cooldown_s if turn is not None else 0.0
    return late or (record is not None and record.state != AVAILABLE and (record.until > 0 or not base))


def nothing_is_held_against(m: Moment) -> bool:
    """Only what a provider said makes a scope rest longer: not a user, a deadline, a restart or a late result."""
    return not _worse(m)


def success_ends_its_own(m: Moment) -> bool:
    """A success makes nothing rest, and ends no rest of a scope that it did not use."""
    old = {record.key: record for record in m.before.health}
    lent = () if not m.move.beside else [r.key for r in old.values() if r.holder.startswith(f"{m.move.flight}#")]
    foreign = [r for key, r in old.items() if r.state != AVAILABLE and key not in (*m.callee.scopes, *lent)]
    now = {record.key: record for record in m.after.health}
    return not _worse(m) and all(now.get(record.key) is record for record in foreign)


def called_off_is_not_blamed(m: Moment) -> bool:
    """Nothing is held against a call that was called off: its scopes rest no longer, and it moves no session."""
    flight = m.before.flight(m.move.flight)
    if flight is None or len(flight.flying) < 2:
        return True
    other = flight.flying[1 - int(m.move.beside)]
    number = m.move.session
    stays = not m.move.beside or m.before.sessions[number].serving == m.after.sessions[number].serving
    return stays and not _worse(m) & set(other.scopes)


def probe_ends_the_rest(m: Moment) -> bool:
    """A good probe makes its scope available to everybody; a call beside it is none."""
    flight = m.before.flight(m.move.flight)
    if flight is None or flight.turn is None or m.move.beside:
        return True
    records = (m.after.record(key) for key in flight.turn.leases if key in flight.turn.seen)
    return all(record is None or record.state == AVAILABLE for record in records)


def rests_do_not_shrink(m: Moment) -> bool:
    """A further failure never shortens a rest that stands."""
    now = {record.key: record for record in m.after.health}
    return all(r.until <= 0 or (r.key in now and now[r.key].until >= r.until) for r in m.before.health)


def one_probe_a_scope(world: World) -> bool:
    """No scope is probed by two attempts at once."""
    held = Counter(
        key
        for flight in world.flights
        if flight.calling and flight.turn is not None
        for key in flight.turn.leases
        if key in flight.turn.seen
    )
    return all(number == 1 for number in held.values())


def probe_is_alone(m: Moment) -> bool:
    """Who is called on a scope whose rest is over holds its lease, and nobody held it before.

    Who takes the place of a slow call was no probe, and holds nothing that the slow one held.
    """
    call, flight, turn = m.command, m.after.flight(m.move.flight), m.steps[-1].turn
    if took_over(m) and turn is not None and turn.leases:
        return False
    if not isinstance(call, Call) or flight is None or flight.turn is None or flight.turn.resort:
        return True
    due = [r for r in m.before.health if r.key in call.candidate.scopes and r.state != AVAILABLE and r.until <= 0]
    if turn is not None and call.candidate == turn.licensed:
        return True
    mine = f"{flight.id}#"
    taken = [r for r in due if r.state == PROBING and r.lease_until > 0 and not r.holder.startswith(mine)]
    return not taken and all(_holds(m.after.record(r.key), flight.id) for r in due)


def _holds(record: Cooldown | None, turn: str) -> bool:
    return record is not None and record.state == PROBING and record.holder.startswith(f"{turn}#")


def leases_are_given_back(world: World) -> bool:
    """Every lease belongs to an attempt in flight, or to a process that died and whose lease runs out."""
    for record in world.health:
        if record.state == PROBING and record.lease_until > 0:
            name, _, number = record.holder.partition("#")
            flight = world.flight(name)
            if flight is None or number == "0":
                return False
            if flight.turn is not None and not (flight.calling and record.key in flight.turn.leases):
                return False
    return True


def no_rest_is_for_ever(world: World) -> bool:
    """Every rest and every lease ends, within its cap."""
    return all(record.until <= _CAP_S and record.lease_until <= _CAP_S for record in world.health)


_CAP_S: Final = 60.0
"""The longest rest and the longest lease of the small worlds, in seconds (`environment.small_policy`)."""


def new_key_is_unburdened(m: Moment) -> bool:
    """A changed key has nothing held against it, no strike either, and what is held against others stays."""
    provider, credential = m.move.what
    whole, ending = f"credential {provider}@{credential}", f"@{credential}"

    def is_its(key: str) -> bool:
        return key == whole or (key.startswith(f"credential_model {provider}/") and key.endswith(ending))

    free = all(r.state == AVAILABLE and not r.strikes for r in m.after.health if is_its(r.key))
    others = [[r for r in world.health if not is_its(r.key)] for world in (m.before, m.after)]
    return free and others[0] == others[1] and m.before.sessions == m.after.sessions


def old_key_is_not_held_against_the_new(m: Moment) -> bool:
    """A failure of an attempt with a key that has been changed since leaves the new key free of blame, if it was."""
    flight, failure = m.before.flight(m.move.flight), m.move.what
    assert flight is not None
    assert isinstance(failure, Failure)
    if m.callee not in flight.outdated or failure.cools not in ("credential", "credential_model"):
        return True
    key = m.callee.scope(failure.cools)
    before = m.before.record(key)
    return (before is not None and before.reason != "") or key not in _worse(m)


def config_lifts_its_own(m: Moment) -> bool:
    """Publishing a configuration ends rests that it may have mended, and no others."""
    now = {record.key: record for record in m.after.health}
    mendable = ("auth", "permission", "model_not_found")
    return all(
        (record.key not in now or now[record.key].state == AVAILABLE)
        if record.state == "cooling" and record.reason in mendable
        else now.get(record.key) is record
        for record in m.before.health
    )
