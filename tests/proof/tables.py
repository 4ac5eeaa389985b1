"""Broken tables: the shipped one with a row changed, taken out or put in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve

from detent.fsm.engine import Table
from detent.fsm.rows import Row
from detent.fsm.session import LIVE, PRIMARY, SESSION, adopt, serve_primary, stop_trying


def row_that(table: Table[Any], says: str) -> Row:
    """The one row whose reason is this, or begins so."""
    exact = [row for row in table.rows if row.why == says]
    (found,) = exact or [row for row in table.rows if row.why.startswith(says)]
    return found


def replaced(table: Table[Any], says: str, *new: Row) -> tuple[Row, ...]:
    """The rows with others in the place of one; with none, without it."""
    old = row_that(table, says)
    return tuple(row for one in table.rows for row in (new if one is old else (one,)))


def acting(table: Table[Any], says: str, old: Callable[..., Any], *new: Callable[..., Any]) -> tuple[Row, ...]:
    """The rows with one action of a row exchanged; for nothing, dropped."""
    row = row_that(table, says)
    assert old in row.do
    return replaced(table, says, evolve(row, do=(*(action for action in row.do if action is not old), *new)))


def table_of(rows: tuple[Row, ...]) -> Table[Any]:
    return Table("session", SESSION.states, rows)


def strays(s: Any, e: Any) -> bool:
    """What serves is not the desired primary."""
    return s.pin is None and s.serving != e.primary


PUT_BACK = Row(
    "reconcile", LIVE, PRIMARY, "the desired primary is put back", (strays,), (serve_primary, adopt, stop_trying)
)
"""The bug that began this project: reconciliation without a guard against a live failover."""

UNGUARDED = replaced(SESSION, "a failover is live", PUT_BACK)
"""The session's rows with that bug."""
