"""What must happen in the end: no fair run goes on for ever without it.

A run that goes on for ever stays in one strongly connected component of the graph from some point on. So a liveness
promise is broken exactly where a component, cut out of the graph by what the promise assumes (home answers, nobody
pins) and by where the session should not linger, holds everything that fairness demands: turns of the session arrive,
every attempt in flight has an outcome, the reconciliation loop visits between turns, and time passes unless there is
nothing left for it to end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from attrs import frozen

from detent.fsm import Config, Failure

from .promise import Property
from .selection import SETTLED, home_of
from .world import Move, World

Edge = tuple[int, Move]
"""Where a move leads, and the move."""

QUIET: Final = frozenset(("start", "succeed", "fail", "slow", "content", "waited", "wait", "reconcile", "late"))
"""What may go on for ever: users, operators, dying processes and clients that leave are busy for a while only."""

OUTCOMES: Final = frozenset(("fail", "waited", "succeed"))
"""What every attempt in flight ends in, sooner or later."""


@frozen
class Lasso:
    """A run that goes on for ever: into the cycle, then round and round.

    Attributes:
        entry: the world of the cycle that is reached first.
        cycle: the moves of the cycle, from ``entry`` back to it.
    """

    entry: int
    cycle: tuple[Move, ...]


def is_home(world: World, config: Config) -> bool:
    """The first session uses home and its state says so; a pin whose provider is not configured is not healthy."""
    session = world.sessions[0]
    home = home_of(session, config)
    return not config.knows(home) or (session.state in SETTLED and session.serving == home)


def is_adopted(world: World, config: Config) -> bool:
    """The first session has adopted the desired configuration, unless its failover cannot end: the pin is suspended."""
    session = world.sessions[0]
    adopted = (session.adopted, session.revision) == (config.chain.primary, config.revision)
    return adopted or not config.knows(home_of(session, config))


def has_no_turn(world: World, _config: Config) -> bool:
    """The first session's first turn is over."""
    return world.flight("s1.1") is None


@frozen
class Graph:
    """The explored graph: worlds in the order they were found, and the moves out of each."""

    worlds: Sequence[World]
    edges: Sequence[Sequence[Edge]]
    configs: tuple[Config, ...]


def lasso_against(promise: Property, graph: Graph) -> Lasso | None:
    """A fair run on which the promise never comes true; None: there is none."""
    ends = promise.number == "12a"
    inside = [not promise.holds(world, graph.configs[world.config]) for world in graph.worlds]

    def follows(node: int) -> Iterator[Edge]:
        world = graph.worlds[node]
        for target, move in graph.edges[node]:
            if inside[target] and (ends or (move.kind in QUIET and not _hurts_home(world, move, graph.configs))):
                yield target, move

    for component in components(inside, follows):
        members = set(component)
        inner = [(node, target, move) for node in component for target, move in follows(node) if target in members]
        wanted = _demands(promise, component, inner, graph)
        if wanted is not None:
            entry = min(component)
            return Lasso(entry, _tour(entry, wanted, members, follows))
    return None


def _hurts_home(world: World, move: Move, configs: tuple[Config, ...]) -> bool:
    """The move is a failure of home, one that puts a scope of home's to rest, or home is slow."""
    if move.kind not in ("fail", "slow"):
        return False
    flight = world.flight(move.flight)
    assert flight is not None
    config = configs[world.config]
    home, called = home_of(world.sessions[0], config), flight.flying[int(move.beside)]
    if not isinstance(move.what, Failure):
        return called.model == home
    scope = None if move.what.cools is None else called.scope(move.what.cools)
    return called.model == home or any(scope in candidate.scopes for candidate in config.candidates(home))


def _demands(
    promise: Property, component: list[int], inner: list[tuple[int, int, Move]], graph: Graph
) -> list[tuple[int, int, Move]] | None:
    """The edges that a fair run of this component must take again and again; None: no run of it is fair."""
    if promise.number == "12a":
        progress = [e for e in inner if e[2].flight == "s1.1" and e[2].kind in OUTCOMES]
        return progress[:1] or None
    starts = [edge for edge in inner if edge[2].kind == "start" and edge[2].session == 0]
    passing = [edge for edge in inner if edge[2].kind == "wait"]
    stopped = all(move.kind != "wait" for node in component for _, move in graph.edges[node])
    if not starts or not (passing or stopped):
        return None
    progress = []
    for name in set.intersection(*({flight.id for flight in graph.worlds[node].flights} for node in component)):
        own = [edge for edge in inner if edge[2].flight == name and edge[2].kind in OUTCOMES]
        if not own:
            return None
        progress.append(own[0])
    if promise.number == "14":
        visits = [e for e in inner if e[2].kind == "reconcile" and not graph.worlds[e[0]].sessions[0].turns]
        if not visits:
            return None
        progress.append(visits[0])
    return [starts[0], *passing[:1], *progress]


def _tour(
    entry: int, wanted: list[tuple[int, int, Move]], members: set[int], follows: Callable[[int], Iterator[Edge]]
) -> tuple[Move, ...]:
    moves: list[Move] = []
    here = entry
    for source, target, move in wanted:
        moves += [*way_between(here, source, members, follows), move]
        here = target
    return (*moves, *way_between(here, entry, members, follows))


def way_between(source: int, goal: int, members: set[int], follows: Callable[[int], Iterator[Edge]]) -> list[Move]:
    """The shortest way inside a component."""
    came: dict[int, tuple[int, Move] | None] = {source: None}
    queue = [source]
    for node in queue:
        if node == goal:
            break
        for target, move in follows(node):
            if target in members and target not in came:
                came[target] = (node, move)
                queue.append(target)
    way: list[Move] = []
    step = came[goal]
    while step is not None:
        way.append(step[1])
        step = came[step[0]]
    return way[::-1]


def components(inside: Sequence[bool], follows: Callable[[int], Iterator[Edge]]) -> Iterator[list[int]]:
    """The strongly connected components that hold a cycle, by Tarjan's algorithm without recursion."""
    number: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    on_stack: set[int] = set()
    for root in range(len(inside)):
        if not inside[root] or root in number:
            continue
        number[root] = low[root] = len(number)
        stack.append(root)
        on_stack.add(root)
        work = [(root, follows(root))]
        while work:
            node, rest = work[-1]
            for target, _ in rest:
                if target not in number:
                    number[target] = low[target] = len(number)
                    stack.append(target)
                    on_stack.add(target)
                    work.append((target, follows(target)))
                    break
                if target in on_stack:
                    low[node] = min(low[node], number[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == number[node]:
                    component = _popped(stack, on_stack, node)
                    if len(component) > 1 or any(target == node for target, _ in follows(node)):
                        yield component


def _popped(stack: list[int], on_stack: set[int], node: int) -> list[int]:
    component: list[int] = []
    while not component or component[-1] != node:
        component.append(stack.pop())
        on_stack.discard(component[-1])
    return component
