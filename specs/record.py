"""Promises about the record: that each decision says which row made it, and what came too late is called that."""

from __future__ import annotations

from detent.fsm import Decision

from .world import Moment


def everything_is_on_record(m: Moment) -> bool:
    """Every event that the core sent met a row, also those that changed nothing and those that came too late."""
    steps = (*m.steps, *m.echoes)
    return all(d.row or _is_forgotten_wait(d) for step in steps for d in step.decisions)


def late_is_called_late(m: Moment) -> bool:
    """What a superseded attempt says, and what a finished turn still hears, meets a row that calls it stale."""
    steps = (*(m.steps if m.move.kind == "late" else ()), *m.echoes)
    turns = (d for step in steps for d in step.decisions if d.machine == "turn")
    return all(d.kind == "stale" or _is_forgotten_wait(d) for d in turns)


def _is_forgotten_wait(d: Decision) -> bool:
    """The end of a wait that its turn has left behind meets the closed world: no row is needed to ignore it."""
    return d.event == "waited" and d.before in ("attempting", "streaming") and d.kind == "blocked"
