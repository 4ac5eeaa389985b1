"""What may happen next in a world, and what the core makes of it.

Every move goes through the shipped step functions of `detent.fsm.core`; nothing here decides what follows from an
event. What is modelled by hand is the shell: it stores each step, forgets a turn that has its outcome, gives back the
leases of a process that died, and cuts an attempt before its lease runs out (the lease outlives the attempt's limits).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from detent.fsm import Call, Candidate, Cooldown, Failure, Notice, Outcome, Session, Step, Turn, Wait, core
from detent.fsm.cooldown import PROBING
from detent.fsm.turn import BACKING_OFF

from .environment import Environment
from .world import BESIDE, Canon, Flight, Moment, Move, World, next_deadline, scopes_seen

_OF_ATTEMPT: Final = {
    "succeed": core.succeeded,
    "content": core.content,
    "waited": core.waited,
    "slow": core.slow,
}
_CUTS: Final = {"abort": core.aborted, "deadline": core.deadline}
_USER: Final = {"unpin": core.unpin, "reset": core.reset, "reconcile": core.reconcile}


class Physics:
    """The laws of one environment: its first world, what may happen in a world, and what comes of it.

    Args:
        env: the environment.
    """

    def __init__(self, env: Environment) -> None:
        self.env = env
        self.canon = Canon(env.configs)

    def first(self) -> World:
        """Nothing has happened yet."""
        config = self.env.configs[0]
        sessions = [core.fresh(f"s{number + 1}", config) for number in range(self.env.sessions)]
        names = tuple(session.serving for session in sessions)
        return World(0, tuple(self.canon.session(session) for session in sessions), names, (), ())

    def moves(self, world: World) -> Iterator[Move]:
        """Everything that may happen next."""
        env = self.env
        dead = {flight.node for flight in world.flights if flight.turn is None}
        for number, session in enumerate(world.sessions):
            if self._node(number) not in dead and len(session.turns) < env.concurrent:
                yield Move("start", number, self._slot(world, number))
            yield from self._hands(world, number)
        for flight in world.flights:
            if flight.turn is not None:
                yield from self._fortunes(flight, flight.turn)
        yield from self._operations(world, dead)
        if self._pause(world) is not None:
            yield Move("wait")

    def _operations(self, world: World, dead: set[int]) -> Iterator[Move]:
        env = self.env
        for revision in range(len(env.configs)):
            if revision != world.config:
                yield Move("publish", what=revision)
        for who in env.renewals:
            yield Move("renew", what=who)
        for node in sorted({flight.node for flight in world.flights}):
            if node in dead:
                yield Move("come_back", what=node)
            elif env.death:
                yield Move("die", what=node)
            elif env.restart:
                yield Move("restart", what=node)

    def _hands(self, world: World, number: int) -> Iterator[Move]:
        env, config = self.env, self.env.configs[world.config]
        for choice in env.pins:
            if config.knows(choice[0]):
                yield Move("pin", number, what=choice)
        if env.pins:
            yield Move("unpin", number)
        if env.reset:
            yield Move("reset", number)
        if env.reconcile:
            yield Move("reconcile", number)

    def _fortunes(self, flight: Flight, turn: Turn) -> Iterator[Move]:
        env = self.env
        if turn.state == BACKING_OFF:
            yield Move("waited", flight.session, flight.id)
        else:
            for beside in (False,) if turn.beside is None else (False, True):
                yield Move("succeed", flight.session, flight.id, beside=beside)
                for failure in env.failures:
                    yield Move("fail", flight.session, flight.id, failure, beside)
                if env.content:
                    yield Move("content", flight.session, flight.id, beside=beside)
            if turn.config.policy.hedge_after_s is not None:
                yield Move("slow", flight.session, flight.id)
        if env.abort:
            yield Move("abort", flight.session, flight.id)
        if env.deadline:
            yield Move("deadline", flight.session, flight.id)
        if env.late:
            yield Move("late", flight.session, flight.id, env.failures[0])

    def _pause(self, world: World) -> float | None:
        """How long until time changes something; no attempt in flight is older than its lease."""
        pause = next_deadline(world, self.env.configs[world.config])
        if pause is None:
            return None
        calling = {flight.id for flight in world.flights if flight.calling}
        held = [r.lease_until for r in world.health if r.state == PROBING and r.holder.partition("#")[0] in calling]
        return None if any(lease <= pause for lease in held) else pause

    def _node(self, session: int) -> int:
        return session % self.env.nodes

    def _slot(self, world: World, number: int) -> str:
        taken = {flight.id for flight in world.flights}
        names = (f"s{number + 1}.{slot}" for slot in range(1, self.env.concurrent + 1))
        return next(name for name in names if name not in taken)

    def perform(self, world: World, move: Move) -> Moment:
        """What comes of a move."""
        config = self.env.configs[world.config]
        kind = "come_back" if move.kind == "restart" else move.kind
        handler = getattr(self, f"_do_{kind}", None)
        if handler is not None:
            after, steps = handler(world, move)
        elif move.flight:
            after, steps = self._of_turn(world, move)
        else:
            session, health = world.sessions[move.session], self.canon.table(world.health)
            step = _USER[move.kind](session, config, health, 0.0)
            after, steps = self._absorb(world, move.session, step), (step,)
            if move.kind == "reset":
                after = after._replace(heard=_with(after.heard, move.session, step.session.serving))
        echoes = self._echoes(after, move, steps[-1]) if self.env.late and steps else ()
        return Moment(world, move, steps, after, config, echoes)

    def _echoes(self, after: World, move: Move, last: Step) -> tuple[Step, ...]:
        """What comes of everything that a finished turn may still hear."""
        turn, failure = last.turn, self.env.failures[0]
        if turn is None or not isinstance(last.command, Outcome):
            return ()
        session, health, number = after.sessions[move.session], self.canon.table(after.health), turn.attempt
        return (
            core.slow(session, turn, health, 0.0, number),
            core.content(session, turn, health, 0.0, number),
            core.succeeded(session, turn, health, 0.0, number),
            core.failed(session, turn, health, 0.0, number, failure),
            core.waited(session, turn, health, 0.0, number),
            core.deadline(session, turn, health, 0.0),
            core.aborted(session, turn, health, 0.0),
        )

    def _do_wait(self, world: World, _move: Move) -> tuple[World, tuple[Step, ...]]:
        pause = self._pause(world)
        assert pause is not None  # the move is offered only then
        return self.canon.later(world, pause), ()

    def _do_start(self, world: World, move: Move) -> tuple[World, tuple[Step, ...]]:
        number, health = move.session, self.canon.table(world.health)
        request = core.Request(move.flight, self.env.tokens)
        step = core.start(world.sessions[number], self.env.configs[world.config], health, 0.0, request)
        flight = Flight(move.flight, number, self._node(number), step.turn, heard=world.heard[number])
        flights = tuple(sorted((*world.flights, flight), key=lambda f: f.id))
        return self._absorb(world._replace(flights=flights), number, step, flight, move), (step,)

    def _do_pin(self, world: World, move: Move) -> tuple[World, tuple[Step, ...]]:
        model, strict = move.what
        health, config = self.canon.table(world.health), self.env.configs[world.config]
        step = core.pin(world.sessions[move.session], config, health, 0.0, model=model, strict=strict)
        return self._absorb(world, move.session, step), (step,)

    def _do_publish(self, world: World, move: Move) -> tuple[World, tuple[Step, ...]]:
        assert isinstance(move.what, int)
        config = self.env.configs[move.what]
        lifted = core.lift(self.canon.table(world.health), 0.0)
        world = self._stored(world._replace(config=move.what), lifted.cooldowns)
        steps = [lifted]
        for number, session in enumerate(world.sessions):
            step = core.published(session, config, self.canon.table(world.health), 0.0)
            world = self._absorb(world, number, step)
            steps.append(step)
        return world, tuple(steps)

    def _do_renew(self, world: World, move: Move) -> tuple[World, tuple[Step, ...]]:
        provider, credential = move.what
        models = self.env.configs[world.config].chain.models
        step = core.renew(self.canon.table(world.health), 0.0, provider, credential, models)
        flights = tuple(
            f._replace(outdated=tuple(c for c in f.flying if c in f.outdated or _uses(c, move.what)))
            for f in world.flights
        )
        return self._stored(world._replace(flights=flights), step.cooldowns), (step,)

    def _do_die(self, world: World, move: Move) -> tuple[World, tuple[Step, ...]]:
        flights = tuple(f._replace(turn=None) if f.node == move.what else f for f in world.flights)
        return self._stored(world._replace(flights=flights), {}), ()

    def _do_come_back(self, world: World, move: Move) -> tuple[World, tuple[Step, ...]]:
        lost = [flight.id for flight in world.flights if flight.node == move.what]
        world = world._replace(flights=tuple(f for f in world.flights if f.node != move.what))
        config, steps = self.env.configs[world.config], []
        for number, session in enumerate(world.sessions):
            if self._node(number) == move.what:
                step = core.restored(session, config, self.canon.table(world.health), 0.0, lost)
                world = self._absorb(world, number, step)
                steps.append(step)
        return world, tuple(steps)

    def _of_turn(self, world: World, move: Move) -> tuple[World, tuple[Step, ...]]:
        flight = world.flight(move.flight)
        assert flight is not None  # moves of turns are offered for those in flight
        turn, session, health = flight.turn, world.sessions[move.session], self.canon.table(world.health)
        assert turn is not None
        number = turn.beside.attempt if move.beside and turn.beside is not None else turn.attempt
        if move.kind == "late":
            assert isinstance(move.what, Failure)
            tries = tuple(self._late(turn, session, health, move.what))
            for step in tries:
                world = self._absorb(world, move.session, step, flight, move)
            return world, tries
        if move.kind in _CUTS:
            step = _CUTS[move.kind](session, turn, health, 0.0)
        elif move.kind == "fail":
            assert isinstance(move.what, Failure)
            step = core.failed(session, turn, health, 0.0, number, move.what)
        else:
            step = _OF_ATTEMPT[move.kind](session, turn, health, 0.0, number)
        return self._absorb(world, move.session, step, flight, move), (step,)

    def _late(self, turn: Turn, session: Session, health: Mapping[str, Cooldown], failure: Failure) -> Iterator[Step]:
        """Everything that attempts may still say which another took the place of, or which were called off."""
        present = {turn.attempt, BESIDE if turn.beside is not None else turn.attempt}
        hedges = turn.config.policy.hedge_after_s is not None
        for number in (turn.attempt - 1, *((turn.attempt + 1,) if hedges else ())):
            if number not in present:
                yield core.failed(session, turn, health, 0.0, number, failure)
                for step in (core.succeeded, core.waited, core.content, core.slow):
                    yield step(session, turn, health, 0.0, number)

    def _absorb(
        self, world: World, number: int, step: Step, flight: Flight | None = None, move: Move | None = None
    ) -> World:
        """Store a step, as the shell would, and bring the world back to its canonical form."""
        before = world.sessions[number]
        heard = next((n.served for n in reversed(step.notices) if _names(n)), world.heard[number])
        turned = step.session.epoch != before.epoch
        flights: list[Flight] = []
        for other in world.flights:
            if flight is not None and other.id == flight.id:
                assert step.turn is not None
                assert move is not None
                if not isinstance(step.command, Outcome):
                    flights.append(self._flown(flight, step, world, move))
            elif turned and other.session == number and other.turn is not None and other.turn.epoch:
                flights.append(other._replace(turn=self.canon.turn(other.turn, False, lambda seen: seen)))
            else:
                flights.append(other)
        if isinstance(step.command, Outcome) and step.command.model == step.session.serving:
            heard = step.command.model if step.command.kind == "answered" else heard
        world = world._replace(
            sessions=_with(world.sessions, number, self.canon.session(step.session)),
            heard=_with(world.heard, number, heard),
            flights=tuple(flights),
        )
        return self._stored(world, step.cooldowns, flight, step.turn)

    def _flown(self, flight: Flight, step: Step, world: World, move: Move) -> Flight:
        """The turn after its own step, with its history."""
        turn, shown, flying = step.turn, flight.shown, _flying(flight, step, move)
        assert turn is not None
        called = [step.command.candidate] if isinstance(step.command, Call) else []
        if any(d.machine == "turn" and d.event == "content" and d.kind == "move" for d in step.decisions):
            shown = shown or turn.live
        moved = flight.moved or any(d.event == "failed_over" and d.kind == "move" for d in step.decisions)
        raw = {**self.canon.table(world.health), **step.cooldowns}

        def known(seen: Mapping[str, int]) -> list[str]:
            return [key for key, generation in seen.items() if key in raw and raw[key].generation == generation]

        return flight._replace(
            turn=self.canon.turn(turn, turn.epoch == step.session.epoch, known),
            calls=(*flight.calls, *called),
            flying=flying,
            shown=shown,
            outdated=tuple(c for c in flight.outdated if c in flying and c not in called),
            moved=moved,
        )

    def _stored(
        self,
        world: World,
        changed: dict[str, Cooldown] | object,
        flight: Flight | None = None,
        turn: Turn | None = None,
    ) -> World:
        """Store changed records; other turns know nothing of a rest that was set since their attempts began."""
        assert isinstance(changed, dict)
        old = self.canon.table(world.health)
        news = {key for key, record in changed.items() if record.generation != (1 if key in old else 0)}
        flights = tuple(
            other
            if other.turn is None or (flight and other.id == flight.id) or not news & scopes_seen(other.turn)
            else other._replace(turn=self.canon.turn(other.turn, bool(other.turn.epoch), lambda seen: set(seen) - news))
            for other in world.flights
        )
        records = {**old, **changed}
        for key, record in records.items():
            records[key] = self.canon.record(record, _holder(record, flight, turn, world))
        world = world._replace(flights=flights)
        return self.canon.pruned(world._replace(health=self.canon.health(records, flights)))


def _uses(candidate: Candidate, who: tuple[str, str]) -> bool:
    return (candidate.provider, candidate.credential) == who


def _flying(flight: Flight, step: Step, move: Move) -> tuple[Candidate, ...]:
    """The calls in flight after a move, as the shell knows them: what it was ordered, and what came of it."""
    if isinstance(step.command, Call):
        return (*flight.flying, step.command.candidate) if move.kind == "slow" else (step.command.candidate,)
    if isinstance(step.command, Wait):
        return ()
    if move.kind == "content":
        return (flight.flying[int(move.beside)],)
    if move.kind == "fail":
        return (*flight.flying[: int(move.beside)], *flight.flying[int(move.beside) + 1 :])
    return flight.flying


def _names(notice: Notice) -> bool:
    """The notice tells its user who serves; news of exhaustion, or of a pin whose provider has gone, does not."""
    return notice.kind not in ("exhausted", "pin_suspended")


def _holder(record: Cooldown, flight: Flight | None, turn: Turn | None, world: World) -> str:
    """Who holds a lease, by the canonical number of the attempt; 0: an attempt that its turn has left behind."""
    name, _, number = record.holder.partition("#")
    if not number:
        return ""
    if flight is not None and turn is not None and name == flight.id:
        present = int(number) == turn.attempt and record.generation >= 0
        return f"{name}#{min(turn.attempt, 2) if present else 0}"
    return record.holder if world.flight(name) is not None else "gone#0"


def _with(values: tuple, place: int, value: object) -> tuple:  # type: ignore[type-arg]
    return (*values[:place], value, *values[place + 1 :])
