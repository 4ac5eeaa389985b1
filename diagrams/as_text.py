"""A machine in the terminal: its states with the current one lit, and what may happen from there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from io import StringIO
from typing import Any, Final

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text

from detent.fsm.engine import Explanation, Judged, Table

from .labels import blocked_words, in_words, labels

_SIGNS: Final = {"move": "→", "again": "↻", "stay": "○", "stale": "◌", "blocked": "⊘"}
_HUES: Final = {"move": "green", "again": "cyan", "stay": "default", "stale": "dim", "blocked": "red"}


def view(
    table: Table[Any],
    subject_state: str | None = None,
    *,
    subject: Any = None,
    events: Mapping[str, Any] | None = None,
) -> RenderableType:
    """The machine for a terminal.

    Args:
        table: the machine's table.
        subject_state: the state to light and to look from; None: every state with its rows.
        subject: a subject in that state. With it, each of `events` is explained guard by guard.
        events: events by name, as the guards read them.

    Raises:
        KeyError: the table has no such state.
    """
    shown = (subject_state,) if subject_state is not None else tuple(table.states)
    parts: list[RenderableType] = [_states(table, subject_state)]
    for state in shown:
        parts += [Text(), Text.assemble(("from ", "dim"), (state, "bold")), _rows(table, state)]
    if subject is not None and events:
        parts += [Text(), Text("now", style="dim")]
        parts += [_explained(table.explain(subject, name, event)) for name, event in events.items()]
    return Panel(Group(*parts), title=f"[bold]{table.name}[/bold]", title_align="left", border_style="dim")


def text(table: Table[Any], width: int = 100, *, state: str | None = None) -> str:
    """The machine as plain text, without colours.

    Args:
        table: the machine's table.
        width: of the lines, in characters.
        state: the state to light and to look from; None: every state with its rows.
    """
    page = StringIO()
    Console(file=page, width=width, color_system=None, legacy_windows=False).print(view(table, state))
    return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"


def _states(table: Table[Any], current: str | None) -> Grid:
    if current is not None and current not in table.states:
        raise KeyError(f"machine {table.name!r} has no state {current!r}; its states: {', '.join(table.states)}")
    grid = Grid.grid(padding=(0, 2))
    for state, sentence in table.states.items():
        here = state == current
        sign = Text("●" if here else "○", style="bold green" if here else "dim")
        grid.add_row(sign, Text(state, style="bold green" if here else ""), Text(sentence, style="dim"))
    return grid


def _rows(table: Table[Any], state: str) -> Grid:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column()
    grid.add_column(no_wrap=True)
    found = labels(table, state, lambda _row: True)
    for label in sorted(found, key=lambda label: tuple(_SIGNS).index(label.mark)):
        for row, words in ((row, phrase.text) for phrase in label.phrases for row in phrase.rows):
            said = ", ".join(in_words(guard.__name__) for guard in row.when) or words
            if label.mark == "blocked":
                said = blocked_words(table, state, label)
            meaning = f"{row.to}: {row.why}" if label.mark == "move" else row.why
            grid.add_row(*_cells(label.mark, row.event, said, meaning))
    return grid


def _cells(kind: str, event: str, conditions: str, meaning: str) -> tuple[Text, ...]:
    hue = _HUES[kind]
    return (
        Text(_SIGNS[kind], style=hue),
        Text(event, style="bold red" if kind == "blocked" else "bold"),
        Text(conditions, style="red" if kind == "blocked" else ""),
        Text(meaning, style="dim"),
    )


def _explained(said: Explanation) -> RenderableType:
    row = said.row
    if row is None:
        head = Text.assemble(("⊘ ", "red"), (said.event, "bold red"), (" is blocked: no row fires", "red"))
    elif row.kind == "blocked":
        head = Text.assemble(("⊘ ", "red"), (said.event, "bold red"), (f" is blocked: {row.why}", "red"))
    elif row.kind == "stale":
        head = Text.assemble(("◌ ", "dim"), (said.event, "bold"), (f" does nothing: {row.why}", "dim"))
    else:
        target = "stays" if row.to is None else f"→ {row.to}"
        head = Text.assemble(("✓ ", "green"), (said.event, "bold"), f" {target}: {row.why}")
    return Group(head, *(Padding(line, (0, 0, 0, 4)) for line in _judged(said.rows)))


def _judged(rows: tuple[Judged, ...]) -> Iterator[Text]:
    for judged in rows:
        target = judged.row.to or "stay"
        line = Text(f"{target}: ", style="" if judged.fires else "dim")
        if not judged.guards:
            line.append("no guard" if judged.fires else "no guard, but a row before it fires")
        for at, (name, held) in enumerate(judged.guards):
            line.append(", " if at else "")
            line.append(f"{in_words(name)} {'✓' if held else '✗'}", style="green" if held else "red")
        yield line
