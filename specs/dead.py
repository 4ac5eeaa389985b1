"""The dead cells: rows that can never fire in a state, each with the reason why the core never asks for it.

They are kept in the tables because a row is written for a group of states, and because each is the right answer if
the event ever came. A dead cell that comes to life, and a live one that dies, fail a test.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from detent.fsm import COOLDOWN, SESSION
from detent.fsm.engine import Table

_BY_REASON: Final[Mapping[str, tuple[tuple[Table, str, str, str], ...]]] = {  # type: ignore[type-arg]
    "in primary there is no pin (promise 17)": (
        (SESSION, "reset", "primary", "is_pinned"),
        (SESSION, "published", "primary", "pin_vanished"),
        (SESSION, "published", "primary", "pin_returned"),
    ),
    "in user_pinned there is a pin (promise 17)": ((SESSION, "reset", "user_pinned", ""),),
    "a turn plans anew only when the configuration changed, and in primary it then adopts it": (
        (SESSION, "planned", "primary", ""),
    ),
    "the turn that tries home is in flight as long as the probe is open (promise 17): its every end, and a restart, "
    "close the probe": (
        (SESSION, "turn_started", "cooldown_probe", "prober_is_gone home_is_free"),
        (SESSION, "turn_started", "cooldown_probe", "prober_is_gone"),
    ),
    "a failover is told to the session only with a model that does not serve it yet": tuple(
        (SESSION, "failed_over", state, "") for state in SESSION.states
    ),
    "that the walk came to home is told to a session in failover_active alone": tuple(
        (SESSION, "home_reached", state, "") for state in ("primary", "user_pinned", "cooldown_probe")
    ),
    "a failed probe is told by the turn that probes, and only while it does": tuple(
        (SESSION, "probe_failed", state, "") for state in SESSION.states
    ),
    "all turns of a session live in one process here, so the probing one dies with the others": (
        (SESSION, "restored", "cooldown_probe", ""),
    ),
    "a lease is claimed only for scopes whose rest was seen to be over, in the same step": (
        (COOLDOWN, "claimed", "probing", ""),
        (COOLDOWN, "claimed", "cooling", ""),
        (COOLDOWN, "claimed", "available", ""),
    ),
    "an attempt gives back only what it still holds": tuple(
        (COOLDOWN, "released", state, "") for state in COOLDOWN.states
    ),
    "a published configuration asks only scopes that rest or are probed": ((COOLDOWN, "lifted", "available", ""),),
    "a last resort is made only on scopes that rest, and never on one that is being probed": (
        (COOLDOWN, "tapped", "probing", ""),
        (COOLDOWN, "tapped", "available", ""),
    ),
}


def _dead() -> dict[tuple[str, str, str], str]:
    named: dict[tuple[str, str, str], str] = {}
    for reason, places in _BY_REASON.items():
        for table, event, state, guards in places:
            for row in table.cell(state, event):
                if " ".join(guard.__name__ for guard in row.when) == guards:
                    named[table.name, state, row.name] = reason
    return named


DEAD: Final[Mapping[tuple[str, str, str], str]] = _dead()
"""(machine, state, row) of each dead cell, with the reason."""
