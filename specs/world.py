"""The explored world as a value: sessions, turns in flight, cooldown records and the published configuration.

The values inside are the core's own (`Session`, `Turn`, `Cooldown`), brought to a canonical form in which everything
that behaves alike is the same object: the present is always time zero, epochs and generations say only whether they
are current, turns are named by the lowest free slot, strikes stop counting where the cap stops growing. Two worlds
are equal when their parts are identical, so a breadth-first search merges them by hashing a handful of pointers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from operator import attrgetter
from typing import Any, Final, NamedTuple

from attrs import evolve, fields

from detent.fsm import Candidate, Config, Cooldown, Decision, Notice, Session, Step, Turn
from detent.fsm.cooldown import AVAILABLE, COOLING, PROBING
from detent.fsm.decision import Command
from detent.fsm.turn import ATTEMPTING, STREAMING
from detent.fsm.turn_events import Beside

BESIDE: Final = 3
"""The canonical number of the attempt beside the present one."""


def _all_but(cls: type, *names: str) -> attrgetter[tuple[Any, ...]]:
    """What reads every field but these, so that a field which is new to the core keeps worlds apart by itself."""
    return attrgetter(*(field.name for field in fields(cls) if field.name not in names))


_OF_SESSION: Final = _all_but(Session, "epoch", "version", "turns")
_OF_TURN: Final = _all_but(Turn, "config", "epoch", "attempt", "calls", "seen", "beside", "licensed", "condemned")

Known = Callable[[Mapping[str, int]], Iterable[str]]
"""Of what an attempt saw of its scopes when it began, the keys of those that are still as it saw them."""


class Flight(NamedTuple):
    """A turn in flight, and the history by which it is judged; ``turn`` is None where its process has died.

    The history is what was seen from outside: whom it called, whether content was shown, what its user had heard when
    it began, and whether it moved its session. ``calls`` is whom it has called, ``flying`` those of them that have not
    ended, the present attempt first, and ``outdated`` those of these whose key has been changed since.
    """

    id: str
    session: int
    node: int
    turn: Turn | None
    calls: tuple[Candidate, ...] = ()
    flying: tuple[Candidate, ...] = ()
    shown: bool = False
    heard: str = ""
    outdated: tuple[Candidate, ...] = ()
    moved: bool = False

    @property
    def calling(self) -> bool:
        """An attempt of it is with a provider."""
        return self.turn is not None and self.turn.state in (ATTEMPTING, STREAMING)


class World(NamedTuple):
    """Everything there is. ``heard`` is, for each session, the model that the last notice to its user named."""

    config: int
    sessions: tuple[Session, ...]
    heard: tuple[str, ...]
    flights: tuple[Flight, ...]
    health: tuple[Cooldown, ...]

    def flight(self, name: str) -> Flight | None:
        """The turn of that id, None: it is not in flight."""
        return next((flight for flight in self.flights if flight.id == name), None)

    def record(self, key: str) -> Cooldown | None:
        """The record of a scope."""
        return next((record for record in self.health if record.key == key), None)

    def flights_of(self, session: int) -> tuple[Flight, ...]:
        """The turns of one session."""
        return tuple(flight for flight in self.flights if flight.session == session)


class Move(NamedTuple):
    """One thing that happens; the fields that it does not need stay empty.

    ``what`` is a `Failure`, the number of a configuration or of a node, a pin's model with its strictness, or a
    provider with the name of a credential; ``beside``: it happens to the call beside the present attempt.
    """

    kind: str
    session: int = -1
    flight: str = ""
    what: Any = None
    beside: bool = False


class Moment(NamedTuple):
    """One move, whole: the world before and after, and what the core said to it.

    ``echoes`` are what the core says to events that come to a turn after its outcome; nothing of them is stored.
    """

    before: World
    move: Move
    steps: tuple[Step, ...]
    after: World
    config: Config
    echoes: tuple[Step, ...] = ()

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """Every decision of the move, in order."""
        return tuple(decision for step in self.steps for decision in step.decisions)

    @property
    def notices(self) -> tuple[Notice, ...]:
        """Every notice of the move, in order."""
        return tuple(notice for step in self.steps for notice in step.notices)

    @property
    def command(self) -> Command | None:
        """What the core ordered."""
        return self.steps[-1].command if self.steps else None

    @property
    def flight(self) -> Flight | None:
        """The turn that the move is about, as it was before; of a turn that begins, as it is afterwards."""
        return self.before.flight(self.move.flight) or self.after.flight(self.move.flight)

    @property
    def goes_on(self) -> bool:
        """The turn that the move is about has no outcome yet."""
        return self.after.flight(self.move.flight) is not None

    @property
    def callee(self) -> Candidate:
        """Who was called by the attempt that the move is about."""
        flight = self.before.flight(self.move.flight)
        assert flight is not None  # asked of moves of attempts in flight
        return flight.flying[int(self.move.beside)]


class Canon:
    """Brings the core's values to their canonical form.

    Args:
        configs: the configurations of the world; all have the same durations.
    """

    def __init__(self, configs: tuple[Config, ...]) -> None:
        self.configs = configs
        self._objects: dict[tuple[object, ...], object] = {}
        self._tables: dict[tuple[Cooldown, ...], dict[str, Cooldown]] = {}

    @cached_property
    def _strikes(self) -> int:
        """From so many strikes on, one more makes no rest longer."""
        policy = self.configs[0].policy
        count = 1
        for base, cap in ((policy.cooldown_s, policy.cooldown_cap_s), (policy.hard_cooldown_s, policy.hard_cap_s)):
            while base and base * 2.0 ** (count - 1) < cap:
                count += 1
        return count

    def table(self, health: tuple[Cooldown, ...]) -> dict[str, Cooldown]:
        """The records by key, as the core wants them."""
        found = self._tables.get(health)
        if found is None:
            found = self._tables[health] = {record.key: record for record in health}
        return found

    def session(self, session: Session) -> Session:
        """The canonical session: its epoch is 1, its turns are in order."""
        turns = tuple(sorted(session.turns))
        key = (Session, turns, *_OF_SESSION(session))
        found = self._objects.get(key)
        if found is None:
            found = self._objects[key] = evolve(session, epoch=1, version=0, turns=turns)
        return found  # type: ignore[return-value]

    def turn(self, turn: Turn, attached: bool, known: Known) -> Turn:
        """The canonical turn: attempts count 0, 1, more, and 3 beside them; of scopes it has seen the known ones."""
        epoch, attempt, seen = int(attached), min(turn.attempt, 2), tuple(sorted(known(turn.seen)))
        licensed = None if turn.attempt else turn.licensed
        condemned = tuple(sorted(turn.condemned.items()))
        beside = None if turn.beside is None else (turn.beside.candidate, tuple(sorted(known(turn.beside.seen))))
        key = (Turn, turn.config.revision, epoch, attempt, seen, beside, licensed, condemned, *_OF_TURN(turn))
        found = self._objects.get(key)
        if found is None:
            found = self._objects[key] = evolve(
                turn,
                epoch=epoch,
                attempt=attempt,
                calls=attempt if beside is None else BESIDE,
                licensed=licensed,
                seen=dict.fromkeys(seen, 1),
                beside=None if beside is None else Beside(beside[0], BESIDE, dict.fromkeys(beside[1], 1)),
            )
        return found  # type: ignore[return-value]

    def record(self, record: Cooldown, holder: str, passed: float = 0.0) -> Cooldown:
        """The canonical record, so many seconds later: generation 1, deadlines counted from now."""
        policy = self.configs[0].policy
        until = max(record.until - passed, -policy.strike_window_s)
        forgotten = until <= -policy.strike_window_s
        rests = record.state != AVAILABLE and until > 0
        last = None if record.last_resort_at is None else record.last_resort_at - passed
        if last is not None and last + policy.last_resort_gap_s <= 0:
            last = None
        key = (
            record.key,
            record.state,
            until,
            0 if forgotten else min(record.strikes, self._strikes),
            record.hard and rests,
            "over" if record.reason and record.state == AVAILABLE else record.reason,
            holder if record.state == PROBING else "",
            max(record.lease_until - passed, 0.0) if record.state == PROBING else 0.0,
            last,
        )
        found = self._objects.get(key)
        if found is None:
            name, state, until, strikes, hard, reason, holder, lease, last = key
            found = Cooldown(name, state, until, strikes, hard, reason, 1, holder, lease, last)
            self._objects[key] = found
        return found  # type: ignore[return-value]

    def health(self, records: Mapping[str, Cooldown], flights: tuple[Flight, ...]) -> tuple[Cooldown, ...]:
        """The records in order, without those that say no more than no record would."""
        kept = [
            record
            for record in records.values()
            if record.state != AVAILABLE
            or record.strikes
            or record.last_resort_at is not None
            or _is_news(record, flights)
        ]
        return tuple(sorted(kept, key=lambda record: record.key))

    def later(self, world: World, passed: float) -> World:
        """The world so many seconds later."""
        records = {r.key: self.record(r, r.holder, passed) for r in world.health}
        return self.pruned(world._replace(health=self.health(records, world.flights)))

    def pruned(self, world: World) -> World:
        """Without what turns know of scopes that have no record any more."""
        keys = self.table(world.health)
        flights = tuple(
            flight
            if flight.turn is None or all(key in keys for key in scopes_seen(flight.turn))
            else flight._replace(
                turn=self.turn(flight.turn, bool(flight.turn.epoch), lambda seen: [key for key in seen if key in keys])
            )
            for flight in world.flights
        )
        return world._replace(flights=flights)


def next_deadline(world: World, config: Config) -> float | None:
    """How long until time changes something, in seconds; None: it changes nothing any more."""
    policy = config.policy
    times: list[float] = []
    for record in world.health:
        times += [record.until, record.lease_until]
        times += [record.until + policy.strike_window_s] if record.strikes else []
        times += [record.last_resort_at + policy.last_resort_gap_s] if record.last_resort_at is not None else []
    return min((time for time in times if time > 0), default=None)


def took_over(m: Moment) -> bool:
    """By the move the call beside the present one takes its place, as is seen from outside: it spoke, or is left."""
    flight, beside = m.before.flight(m.move.flight), m.move.beside
    if flight is None or len(flight.flying) < 2:
        return False
    return beside if m.move.kind in ("content", "succeed") else m.move.kind == "fail" and not beside and m.goes_on


def is_at_rest(record: Cooldown) -> bool:
    """The record keeps its scope from being called now, in words of its own rather than the core's."""
    return (record.state == COOLING and record.until > 0) or (
        record.state == PROBING and (record.lease_until > 0 or record.until > 0)
    )


def scopes_seen(turn: Turn) -> set[str]:
    """The keys of the scopes that the turn's attempts in flight saw when they began."""
    return {*turn.seen, *(() if turn.beside is None else turn.beside.seen)}


def _is_news(record: Cooldown, flights: tuple[Flight, ...]) -> bool:
    """Some attempt in flight began before the record's last rest was set, and is late by it."""
    return any(_is_late(record, flight.turn) for flight in flights if flight.turn is not None)


def _is_late(record: Cooldown, turn: Turn) -> bool:
    calls = [] if turn.current is None else [(turn.current, turn.seen)]
    calls += [] if turn.beside is None else [(turn.beside.candidate, turn.beside.seen)]
    return any(record.key in candidate.scopes and record.key not in seen for candidate, seen in calls)
