"""The world of ``Session.tla`` once more, in Python, over the table that runs.

The two are written apart from each other, in two languages; only the transitions are shared, and here they are not
text but `Table.fire`. That both find the same number of distinct states says that the translation is right and that
neither world forgot anything. `Model.text` writes a state as tla-checker does, so that its traces can be told in words.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from attrs import frozen

from detent.fsm import session as ss
from detent.fsm.engine import Table
from detent.fsm.session import LIVE, SESSION, Session

from .checker import Verdict
from .module import FIELDS

NONE = "none"
TURN = "t"
REVISIONS = (1, 2)
MOVED = "the configuration moved a live failover"
LOST = "the pin left without its user"


class Walk(NamedTuple):
    """The turn in flight; where it calls nobody there is none.

    Attributes:
        calls: the model whose call is in flight.
        tried: the models that were called or skipped before.
        plan: the revision that it planned from.
        attached: it still speaks for the session.
    """

    calls: str = NONE
    tried: frozenset[str] = frozenset()
    plan: int = 0
    attached: bool = False


class World(NamedTuple):
    """One state; ``session`` holds the values of `FIELDS`."""

    session: tuple[Any, ...]
    desired: int = 1
    down: str = NONE
    calm: bool = False
    turn: Walk = Walk()
    broken: frozenset[str] = frozenset()


@frozen
class Explored:
    """What an exhaustive search found: how many distinct states, and how many steps between them."""

    states: int
    steps: int


def primary_of(revision: int) -> str:
    """The primary that a revision names."""
    return "m1" if revision == 1 else "m2"


def _desired(revision: int) -> ss.Desired:
    return ss.Desired(primary_of(revision), revision)


def _home(session: Session, revision: int) -> str:
    return session.pin or primary_of(revision)


@frozen
class Model:
    """The world around one session.

    Attributes:
        models: the models of the chain.
        pinnable: those that the user may pin.
        table: the session table.
    """

    models: tuple[str, ...]
    pinnable: tuple[str, ...]
    table: Table[Any] = SESSION

    @classmethod
    def of(cls, count: int, table: Table[Any] = SESSION) -> Model:
        """The world of ``Session<count>.cfg``: so many models, the last of which may be pinned."""
        models = tuple(f"m{number}" for number in range(1, count + 1))
        return cls(models, models[-1:], table)

    def initial(self) -> World:
        """A session that has just begun."""
        return World(_packed(Session("s", "m1", "m1", 1)))

    def explore(self) -> Explored:
        """Visit every state that can be reached."""
        seen, front, steps = {self.initial()}, [self.initial()], 0
        while front:
            for _, after in self.steps(front.pop()):
                steps += 1
                if after not in seen:
                    seen.add(after)
                    front.append(after)
        return Explored(len(seen), steps)

    def steps(self, world: World) -> Iterator[tuple[str, World]]:
        """Everything that may happen next, each with its name and what becomes of the world."""
        if not world.calm:
            yield from self._disturbances(world)
        session = _unpacked(world.session)
        yield "reconcile", self._meddled(world, "reconciler", "reconcile", _desired(world.desired))
        if world.turn.calls == NONE:
            yield from self._starts(world, session)
        elif world.turn.calls == world.down:
            yield from self._failures(world, session)
        else:
            answer = ss.Answered(TURN, world.turn.calls, _desired(world.turn.plan))
            yield "answer", self._ended(world, self._fire(session, "answered", answer), "answered")

    def text(self, world: World) -> str:
        """The state as tla-checker prints it."""
        fields = dict(zip(FIELDS, world.session, strict=True))
        values = (fields, world.desired, world.down, world.calm, world.turn._asdict(), world.broken)
        return "\n".join(f"  {name} = {_tla(value)}" for name, value in zip(World._fields, values, strict=True))

    def tell(self, verdict: Verdict) -> str:
        """What the checker found, in one sentence.

        Raises:
            ValueError: its trace is no run of this world.
        """
        if verdict.holds:
            return f"everything holds in {verdict.states} states"
        names = self.story((*verdict.trace, *verdict.loop))
        once, always = names[: len(verdict.trace) - 1], names[len(verdict.trace) - 1 :]
        for_ever = f", then for ever: {', '.join(always)}" if always else ""
        return f"{verdict.broken} is broken: {', '.join(once)}{for_ever}"

    def story(self, states: tuple[str, ...]) -> tuple[str, ...]:
        """What happened between the states of a trace, one name a step.

        Raises:
            ValueError: a step of the trace is none that this world knows.
        """
        world = self.initial()
        names: list[str] = []
        if self.text(world) != states[0]:
            raise ValueError(f"the trace begins in a state of its own:\n{states[0]}")
        for state in states[1:]:
            found = next(((name, after) for name, after in self.steps(world) if self.text(after) == state), None)
            if found is None:
                raise ValueError(f"step {len(names) + 1} of the trace is no step of this world:\n{state}")
            names.append(found[0])
            world = found[1]
        return tuple(names)

    def _disturbances(self, world: World) -> Iterator[tuple[str, World]]:
        for model in (NONE, *self.models):
            if model != world.down:
                yield "outage", world._replace(down=model)
        yield "calm", world._replace(calm=True)
        for revision in REVISIONS:
            if revision != world.desired:
                moved = self._meddled(world, "operator", "published", _desired(revision))
                yield "publish", moved._replace(desired=revision)
        for model in self.pinnable:
            yield "pin", self._meddled(world, "user", "pin", ss.Pin(model))
        for event in ("unpin", "reset"):
            yield event, self._meddled(world, "user", event, _desired(world.desired))
        session = _unpacked(world.session)
        back = self._fire(session, "restored", ss.Restored(frozenset(session.turns)))
        yield "restart", self._become(world, back, "process")._replace(turn=Walk())
        if world.turn.calls != NONE:
            yield "abort", self._ended(world, self._unprobed(world, session), "aborted")

    def _fire(self, session: Session, name: str, event: object) -> Session:
        after: Session = self.table.fire(session, name, event).after
        return after

    def _become(self, world: World, after: Session, who: str) -> World:
        before, broken = _unpacked(world.session), set(world.broken)
        moved = (after.serving, after.state) != (before.serving, before.state)
        if who in ("operator", "reconciler") and before.state in LIVE and moved:
            broken.add(MOVED)
        if who != "user" and after.pin != before.pin:
            broken.add(LOST)
        return world._replace(session=_packed(after), broken=frozenset(broken))

    def _meddled(self, world: World, who: str, name: str, event: object) -> World:
        before = _unpacked(world.session)
        after = self._fire(before, name, event)
        turn = world.turn
        if turn.calls != NONE:
            turn = turn._replace(attached=turn.attached and after.epoch == before.epoch)
        return self._become(world, after, who)._replace(turn=turn)

    def _ended(self, world: World, session: Session, outcome: str) -> World:
        after = self._fire(session, "turn_ended", ss.TurnEnded(TURN, outcome))
        return self._become(world, after, "turn")._replace(turn=Walk())

    def _starts(self, world: World, session: Session) -> Iterator[tuple[str, World]]:
        wanted = _desired(world.desired)
        planned = session
        if (session.adopted, session.revision) != (wanted.primary, wanted.revision):
            planned = self._fire(session, "planned", wanted)
        goal = _home(planned, world.desired)
        for free, due in ((True, True), (True, False), (False, False)):
            if not free and world.calm and goal == session.serving:
                continue
            begun = self._fire(planned, "turn_started", ss.TurnStarted(TURN, free, due))
            if begun.prober == TURN:
                probe = Walk(goal, plan=world.desired, attached=True)
                yield "start", self._become(world, begun, "turn")._replace(turn=probe)
                continue
            walk = Walk(plan=world.desired, attached=True)
            for after in self._goes_on(world, begun, walk, None if free else goal):
                yield "start", after

    def _failures(self, world: World, session: Session) -> Iterator[tuple[str, World]]:
        unprobed = self._unprobed(world, session)
        walk = world.turn._replace(tried=world.turn.tried | {world.turn.calls})
        if len(walk.tried) == len(self.models) or not world.calm:
            yield "fail", self._ended(world, unprobed, "exhausted")
        for after in self._goes_on(world, unprobed, walk):
            yield "fail", after

    def _unprobed(self, world: World, session: Session) -> Session:
        if session.prober != TURN:
            return session
        return self._fire(session, "probe_failed", ss.TurnEvent(TURN, world.turn.calls))

    def _goes_on(self, world: World, session: Session, walk: Walk, rests: str | None = None) -> Iterator[World]:
        for model in self.models:
            skips = model != session.serving and session.serving not in walk.tried
            if model == rests or model in walk.tried or (skips and world.calm and session.serving != rests):
                continue
            tried = walk.tried | {session.serving} if skips else walk.tried
            after = self._told(session, model, walk._replace(tried=tried))
            yield self._become(world, after, "turn")._replace(turn=walk._replace(calls=model, tried=tried))

    def _told(self, session: Session, model: str, walk: Walk) -> Session:
        if session.prober == TURN:
            return session
        event = ss.TurnEvent(TURN, model)
        if walk.attached and session.state == ss.FAILOVER_ACTIVE and model == _home(session, walk.plan):
            return self._fire(session, "home_reached", event)
        passed = model != session.serving and session.serving in walk.tried
        if passed and (walk.attached or session.serving == session.pin):
            return self._fire(session, "failed_over", event)
        return session


def _packed(session: Session) -> tuple[Any, ...]:
    """The modelled fields; epochs tell only whether a turn is attached, and notices are left out."""
    forgotten = {"epoch": 0, "told_exhausted": False}
    return tuple(forgotten.get(name, getattr(session, name)) for name in FIELDS)


def _unpacked(values: tuple[Any, ...]) -> Session:
    return Session("s", **dict(zip(FIELDS, values, strict=True)))


def _tla(value: object) -> str:
    match value:
        case None:
            return f'"{NONE}"'
        case bool():
            return str(value).lower()
        case int():
            return str(value)
        case dict():
            return "[" + ", ".join(f"{name} |-> {_tla(one)}" for name, one in sorted(value.items())) + "]"
        case tuple() | frozenset():
            return "{" + ", ".join(sorted(_tla(one) for one in value)) + "}"
    return f'"{value}"'
