"""The explorer: every world that the shipped step functions can reach from the first, each promise checked on the way.

Breadth-first, so the way to a broken promise is a shortest one. Nothing is sampled: where it says that a promise
holds, it holds for every interleaving of that environment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from attrs import field, frozen

from .environment import Environment
from .liveness import Edge, Graph, lasso_against
from .moves import Physics
from .promise import Property
from .properties import PROPERTIES
from .world import Moment, Move, World

Progress = Callable[[str, int, int], None]
"""Called now and then with the environment's name, the worlds found and the worlds looked at."""


@frozen
class Counterexample:
    """A run that breaks a promise.

    Attributes:
        promise: the broken promise.
        env: the environment.
        moves: what happened, from the first world on; the last move breaks the promise.
        cycle: what goes on for ever after that, where the promise is one of liveness.
    """

    promise: Property
    env: Environment
    moves: tuple[Move, ...]
    cycle: tuple[Move, ...] = ()

    def moments(self) -> list[Moment]:
        """The run again, move by move, the cycle once at its end."""
        physics = Physics(self.env)
        world, moments = physics.first(), []
        for move in (*self.moves, *self.cycle):
            moments.append(physics.perform(world, move))
            world = moments[-1].after
        return moments


@frozen
class Exploration:
    """What exploring one environment came to.

    Attributes:
        env: the environment.
        states: how many worlds there are.
        edges: how many moves between them.
        depth: how many moves the farthest world is away.
        seconds: how long it took.
        whole: every reachable world was looked at; false: a limit or a counterexample ended it before.
        broken: the broken promises, each with its shortest run.
        graph: the worlds that were looked at, and the moves out of each.
    """

    env: Environment
    states: int
    edges: int
    depth: int
    seconds: float
    whole: bool
    broken: tuple[Counterexample, ...]
    graph: Graph = field(repr=False)

    def __str__(self) -> str:
        rate = self.edges / self.seconds if self.seconds else 0.0
        verdict = ", ".join(f"promise {c.promise.number} broken" for c in self.broken) or "every promise holds"
        whole = "" if self.whole else " (not all looked at)"
        return (
            f"{self.env.name}: {self.states} states, {self.edges} moves, depth {self.depth}, "
            f"{self.seconds:.1f} s, {rate:.0f} moves/s{whole}: {verdict}"
        )


class _Search:
    """One breadth-first search."""

    def __init__(self, env: Environment, promises: Iterable[Property]) -> None:
        self.env = env
        self.physics = Physics(env)
        self.promises = tuple(promises)
        self.worlds = [self.physics.first()]
        self.places = {self.worlds[0]: 0}
        self.came: list[tuple[int, Move] | None] = [None]
        self.depths = [0]
        self.edges: list[list[Edge]] = []
        self.found: list[Counterexample] = []
        self._of_states = [p for p in self.promises if p.kind == "state"]
        steps = [p for p in self.promises if p.kind == "step"]
        kinds = {kind for p in steps for kind in p.moves}
        self._of_steps = {kind: [p for p in steps if not p.moves or kind in p.moves] for kind in kinds}
        self._always = [p for p in steps if not p.moves]

    def look(self, place: int) -> None:
        """Follow every move out of one world."""
        world, edges = self.worlds[place], []
        for move in self.physics.moves(world):
            moment = self.physics.perform(world, move)
            for promise in self._of_steps.get(move.kind, self._always):
                if not promise.holds(moment):
                    self._break(promise, place, move)
            edges.append((self._place_of(moment.after, place, move), move))
        self.edges.append(edges)

    def _place_of(self, world: World, source: int, move: Move) -> int:
        place = self.places.get(world)
        if place is None:
            place = self.places[world] = len(self.worlds)
            self.worlds.append(world)
            self.came.append((source, move))
            self.depths.append(self.depths[source] + 1)
            for promise in self._of_states:
                if not promise.holds(world):
                    self._break(promise, source, move)
        return place

    def _break(self, promise: Property, place: int, move: Move) -> None:
        if all(known.promise is not promise for known in self.found):
            self.found.append(Counterexample(promise, self.env, (*self.way(place), move)))

    def way(self, place: int) -> tuple[Move, ...]:
        """The shortest way to a world."""
        moves = []
        step = self.came[place]
        while step is not None:
            moves.append(step[1])
            step = self.came[step[0]]
        return tuple(reversed(moves))

    def live(self) -> None:
        """Look for fair runs that go on for ever without what was promised."""
        graph = self.graph()
        for promise in self.promises:
            lasso = lasso_against(promise, graph) if promise.kind == "liveness" else None
            if lasso is not None:
                self.found.append(Counterexample(promise, self.env, self.way(lasso.entry), lasso.cycle))

    def graph(self) -> Graph:
        """What was explored."""
        return Graph(self.worlds[: len(self.edges)], self.edges, self.env.configs)


def explore(
    env: Environment,
    promises: Iterable[Property] = PROPERTIES,
    *,
    limit: int = 1_000_000,
    stop: bool = True,
    progress: Progress | None = None,
) -> Exploration:
    """Explore one environment.

    Args:
        env: the environment.
        promises: what is checked.
        limit: the most worlds that are looked at.
        stop: end with the first world at which a promise of safety is broken; false: look at all of them.
        progress: told now and then how far it is.
    """
    search, began = _Search(env, promises), time.perf_counter()
    place = 0
    while place < len(search.worlds) and place < limit and not (stop and search.found):
        search.look(place)
        place += 1
        if progress is not None and place % 1000 == 0:
            progress(env.name, len(search.worlds), place)
    whole = place == len(search.worlds)
    if whole:
        search.live()
    return Exploration(
        env,
        len(search.worlds),
        sum(len(edges) for edges in search.edges),
        max(search.depths),
        time.perf_counter() - began,
        whole,
        tuple(search.found),
        search.graph(),
    )
