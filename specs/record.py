"""Promises about the record: that each decision says which row made it, and what came too late is called that."""

from __future__ import annotations

from .world import Moment


def everything_is_on_record(m: Moment) -> bool:
    """Every event that the core sent met a row, also those that changed nothing and those that came too late."""
    return all(decision.row for step in (*m.steps, *m.echoes) for decision in step.decisions)


def late_is_called_late(m: Moment) -> bool:
    """What a superseded attempt says, and what a finished turn still hears, meets a row that calls it stale."""
    steps = (*(m.steps if m.move.kind == "late" else ()), *m.echoes)
    return all(d.kind == "stale" for step in steps for d in step.decisions if d.machine == "turn")
