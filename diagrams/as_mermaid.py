"""A table as Mermaid text: a ``stateDiagram-v2`` for a README.

Rows that leave the state as it is would become loops that bury the picture, so they stand in a note beside their state.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from detent.fsm.engine import Table

from .labels import Label, blocked_words, edges, inner

_SAYS: Final = {"stay": "stays", "again": "leads back", "stale": "too late"}


def mermaid(table: Table[Any]) -> str:
    """The machine as a ``stateDiagram-v2``, ready for a ``mermaid`` code block."""
    return "\n".join(_lines(table)) + "\n"


def _lines(table: Table[Any]) -> Iterator[str]:
    yield "stateDiagram-v2"
    for state, sentence in table.states.items():
        yield f"    {state}: {state}"
        yield f"    {state}: {_plain(sentence)}"
    yield f"    [*] --> {table.initial}"
    for (source, to), found in edges(table).items():
        yield f"    {source} --> {to}: {'<br/>'.join(_plain(label.text) for label in found)}"
    for said, states in _notes(table).items():
        yield f"    note right of {states[0]}"
        if len(states) > 1:
            yield f"        in {', '.join(states)}"
        for line in said:
            yield f"        {_plain(line)}"
        yield "    end note"


def _notes(table: Table[Any]) -> dict[tuple[str, ...], list[str]]:
    """What is said of the rows that leave a state as it is, with the states of which the same is said."""
    notes: dict[tuple[str, ...], list[str]] = {}
    for state in table.states:
        said = tuple(_said(table, state, label) for label in inner(table, state))
        if said:
            notes.setdefault(said, []).append(state)
    return notes


def _said(table: Table[Any], state: str, label: Label) -> str:
    if label.mark == "blocked":
        return f"{label.events[0]} {blocked_words(table, state, label)}"
    return f"{_SAYS[label.mark]} on {label.text}"


def _plain(text: str) -> str:
    """Mermaid ends a statement at a semicolon and reads a second colon as its own."""
    return text.replace(";", ",").replace(":", " -")
