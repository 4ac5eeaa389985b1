"""The bug that began this project: reconciliation without its guard against a live failover."""

from __future__ import annotations

from typing import Any, Final

from detent.fsm import Chain, Config, Policy
from detent.fsm.engine import Table
from detent.fsm.rows import Row
from detent.fsm.session import LIVE, PRIMARY, SESSION, adopt, serve_primary, stop_trying

from ..environment import MODELS, Environment, small_policy
from ..explorer import Counterexample, explore
from ..liveness import way_between
from ..promise import Property
from ..properties import PROPERTIES
from .mutants import Mutant
from .tables import in_force


def strays(s: Any, e: Any) -> bool:
    """What serves is not the desired primary."""
    return s.pin is None and s.serving != e.primary


PUT_BACK: Final = Row(
    "reconcile", LIVE, PRIMARY, "the desired primary is put back", (strays,), (serve_primary, adopt, stop_trying)
)
"""What stands where the shipped table blocks reconciliation: "session differs from configuration", so it is mended."""

_BLOCK: Final = next(row for row in SESSION.rows if row.event == "reconcile" and row.source == LIVE)

UNGUARDED: Final = Mutant(
    SESSION.name,
    "unguard",
    "reconcile",
    _BLOCK.name,
    "the desired primary is put back",
    tuple(PUT_BACK if row is _BLOCK else row for row in SESSION.rows),
)
"""The session table with that bug."""

_NO_REST: Final = small_policy(Policy(retries=0, cooldown_s=0.0))

OUTAGE: Final = Environment("an outage without cooldowns", (Config(Chain.of(*MODELS[:2]), _NO_REST),))
"""Two models, the first of which may fail whenever it is called; nothing but the failover keeps a session off it."""


def livelock() -> Counterexample:
    """The run that never ends as the explorer finds it on the table with the bug: fail, reconcile, fail, …"""
    promise: Property = next(promise for promise in PROPERTIES if promise.number == "1")
    with in_force(Table(SESSION.name, SESSION.states, UNGUARDED.rows)):
        found = explore(OUTAGE, [promise], stop=False)
    (shortest,) = found.broken
    worlds, edges = found.graph.worlds, found.graph.edges
    here = 0
    for move in shortest.moves[:-1]:
        here = next(target for target, taken in edges[here] if taken == move)
    back = next(target for target, taken in edges[here] if taken == shortest.moves[-1])
    cycle = way_between(back, here, set(range(len(worlds))), lambda place: iter(edges[place]))
    return Counterexample(promise, OUTAGE, shortest.moves[:-1], (shortest.moves[-1], *cycle))
