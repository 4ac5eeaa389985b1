"""A table as Mermaid text: a ``stateDiagram-v2`` for a README.

Rows that leave the state as it is would become loops that bury the picture, so they stand in a note beside their state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from detent.fsm.engine import Table

from .labels import Label, blocked_words, edges, inner

_SAYS = {"stay": "stays", "again": "leads back", "stale": "too late"}


def mermaid(table: Table[Any]) -> str:
    """The machine as a ``stateDiagram-v2``, ready for a ``mermaid`` code block."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table[Any]) -> Iterator[str]:
    yield "stateDiagram-v2"
    for state, sentence in table.states.items():
        yield f"    {state}: {_plain(f'{state} ({sentence})')}"
    yield f"    [*] --> {table.initial}"
    for (source, to), found in edges(table).items():
        for label in found:
            yield f"    {source} --> {to}: {_plain(label.text)}"
    for state in table.states:
        found = inner(table, state)
        if found:
            yield f"    note right of {state}"
            for label in found:
                yield f"        {_plain(_said(table, state, label))}"
            yield "    end note"


def _said(table: Table[Any], state: str, label: Label) -> str:
    if label.mark == "blocked":
        return f"{label.events[0]} {blocked_words(table, state, label)}"
    return f"{_SAYS[label.mark]} on {label.text}"


def _plain(text: str) -> str:
    """Mermaid ends a statement at a semicolon and reads a second colon as its own."""
    return text.replace(";", ",").replace(":", " -")
