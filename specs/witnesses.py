"""Witnesses: the shortest way to make each row of the three tables fire in each of its states.

A cell of a table that no run of the explored worlds reaches is dead: either the table says more than the core can ask
of it, or the worlds are too small. Each is named, with the reason, in `dead`; a test holds both lists to the truth.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from attrs import frozen

from detent.fsm import COOLDOWN, SESSION, TURN

from .dead import DEAD
from .environment import Environment
from .moves import Physics
from .story import sentences
from .world import Moment, Move, World
from .worlds import rare, standard

Cell = tuple[str, str, str]
"""Machine, state, name of the row."""

LIMIT: Final = 2_000
"""How many states of a world are searched for witnesses; twice as many find none that is shorter."""


def _cells_of(m: Moment) -> Iterator[Cell]:
    """The cells that a move makes fire."""
    for step in (*m.steps, *m.echoes):
        for decision in step.decisions:
            if decision.row:
                yield decision.machine, decision.before, decision.row


@frozen
class Witness:
    """The shortest run of one world that ends with a row firing in a state.

    Attributes:
        cell: machine, state and row.
        env: the world.
        moves: what happens; the row fires at the last one.
    """

    cell: Cell
    env: Environment
    moves: tuple[Move, ...]

    def __str__(self) -> str:
        machine, state, row = self.cell
        physics = Physics(self.env)
        world, moments = physics.first(), []
        for move in self.moves:
            moments.append(physics.perform(world, move))
            world = moments[-1].after
        lines = sentences(moments, sessions=self.env.sessions, concurrent=self.env.concurrent)
        return "\n".join((f"{machine} / {state} / {row}", f"    in the world '{self.env.name}'", *lines))


def cells() -> tuple[Cell, ...]:
    """Every (machine, state, row) of the three tables, in the order of the tables."""
    return tuple(
        (table.name, state, row.name)
        for table in (SESSION, TURN, COOLDOWN)
        for row in table.rows
        for state in row.source
    )


def witnesses(envs: Iterable[Environment], *, limit: int = 1_000_000) -> dict[Cell, Witness]:
    """The shortest witness of each cell that these worlds reach; where two are as short, the earlier world's."""
    found: dict[Cell, Witness] = {}
    for env in envs:
        for cell, moves in _first_runs(env, limit).items():
            if cell not in found or len(moves) < len(found[cell].moves):
                found[cell] = Witness(cell, env, moves)
    return {cell: found[cell] for cell in cells() if cell in found}


def _first_runs(env: Environment, limit: int) -> dict[Cell, tuple[Move, ...]]:
    physics = Physics(env)
    worlds, came = [physics.first()], list[tuple[int, Move] | None]([None])
    places: dict[World, int] = {worlds[0]: 0}
    runs: dict[Cell, tuple[Move, ...]] = {}
    for place, world in enumerate(worlds):
        if place >= limit:
            break
        for move in physics.moves(world):
            moment = physics.perform(world, move)
            for cell in _cells_of(moment):
                if cell not in runs:
                    runs[cell] = (*_way(came, place), move)
            if moment.after not in places:
                places[moment.after] = len(worlds)
                worlds.append(moment.after)
                came.append((place, move))
    return runs


def _way(came: list[tuple[int, Move] | None], place: int) -> tuple[Move, ...]:
    moves = []
    step = came[place]
    while step is not None:
        moves.append(step[1])
        step = came[step[0]]
    return tuple(reversed(moves))


def shortest() -> dict[Cell, Witness]:
    """The shortest witness of every cell that lives, over the ordinary and the rare worlds of two candidates.

    The searches end after `LIMIT` states, where experience says that nothing new comes; were one too short, a living
    cell would be missing.
    """
    return witnesses((*standard(2), *rare()), limit=LIMIT)


def transcript(found: Mapping[Cell, Witness], dead: Mapping[Cell, str] = DEAD) -> str:
    """The golden transcript: every cell's witness in the order of the tables, then the dead cells and why."""
    parts = [str(witness) for witness in found.values()]
    parts += [f"{' / '.join(cell)}\n    dead: {reason}" for cell, reason in dead.items()]
    return "\n\n".join(parts) + "\n"
