"""A table as DOT text, for those who have Graphviz and a layout of their own in mind."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from detent.fsm.engine import Table

from .labels import Label, blocked_words, edges, inner

_SIGNS = {"stay": "o", "again": "↻", "stale": "~"}


def dot(table: Table[Any]) -> str:
    """The machine as a directed graph; a state's box lists the rows that leave it as it is."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table[Any]) -> Iterator[str]:
    yield f"digraph {table.name} {{"
    yield '    node [shape=box, style=rounded, fontname="Helvetica", fontsize=11]'
    yield '    edge [fontname="Helvetica", fontsize=10]'
    yield "    start [shape=point]"
    yield f"    start -> {table.initial}"
    for state, sentence in table.states.items():
        listed = (_said(table, state, label) for label in inner(table, state))
        yield f"    {state} [label={_quoted(state, sentence, '', *listed)}]"
    for (source, to), found in edges(table).items():
        yield f"    {source} -> {to} [label={_quoted(*(label.text for label in found))}]"
    yield "}"


def _said(table: Table[Any], state: str, label: Label) -> str:
    if label.mark == "blocked":
        return f"x {label.events[0]} {blocked_words(table, state, label)}"
    return f"{_SIGNS[label.mark]} {label.text}"


def _quoted(*lines: str) -> str:
    """Lines set flush left in one quoted label."""
    safe = (line.replace("\\", "\\\\").replace('"', '\\"') for line in lines)
    return '"' + "".join(f"{line}\\l" for line in safe) + '"'
