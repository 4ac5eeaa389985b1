"""Broken tables: the shipped one with a row changed, taken out or put in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import evolve

from detent.fsm.engine import Table
from detent.fsm.rows import Row
from detent.fsm.session import SESSION


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
