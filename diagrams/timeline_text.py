"""A session's life in the terminal: two characters a column, as many columns as the window is wide."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final

from attrs import frozen
from rich.cells import cell_len, set_cell_size
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from .timeline_axis import fitting, since
from .timeline_facts import BLOCKED, NOTICES, Chronicle, Sign

_CELL: Final = 2
_LONGEST_LANE: Final = 30
_SIGNS: Final[dict[Sign, tuple[str, str, str]]] = {
    "answered": ("●", "green", "answered"),
    "failed": ("▲", "bold red", "failed"),
    "cut": ("□", "dim", "called off"),
    "open": ("○", "dim", "under way"),
    "blocked": ("✕", "bold red", "was blocked"),
    "notice": ("⚑", "yellow", "the user is told"),
}
_HUES: Final = {
    "primary": "black on green",
    "failover_active": "black on yellow",
    "cooldown_probe": "white on blue",
    "user_pinned": "white on magenta",
}


@frozen
class TimelineView:
    """A chronicle as a rich renderable: it takes the width it is given, and drops the oldest columns first.

    Attributes:
        life: the chronicle.
    """

    life: Chronicle

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> RenderResult:
        """The lines, as wide as the console allows."""
        gutter = _gutter(self.life)
        life = self.life.last(max(1, (options.max_width - gutter) // _CELL))
        for line in _lines(life, gutter):
            line.truncate(options.max_width, overflow="ellipsis")
            line.no_wrap = True
            yield line


def _gutter(life: Chronicle) -> int:
    names = (*life.lanes, BLOCKED, NOTICES)
    return min(_LONGEST_LANE, max(cell_len(name) for name in names)) + 2


def _lines(life: Chronicle, gutter: int) -> Iterator[Text]:
    yield Text.assemble(("session ", "dim"), (life.session, "bold"))
    if life.hidden:
        yield Text(f"{life.hidden} earlier columns are left out", style="dim")
    yield _head("state", gutter, "dim").append_text(_bands(life))
    used = {mark.lane for _, mark in life.marks}
    for lane in (*life.lanes, *(lane for lane in (BLOCKED, NOTICES) if lane in used)):
        line = _head(lane, gutter, "dim" if lane in (BLOCKED, NOTICES) else "bold")
        for column in life.columns:
            mark = column.marks.get(lane)
            sign, hue, _ = _SIGNS[mark.sign] if mark is not None else ("·", "bright_black", "")
            line.append(sign.ljust(_CELL), style=hue)
        yield line
    if any(column.times > 1 for column in life.columns):
        counts = [f"×{column.times}" if column.times > 1 else "" for column in life.columns]
        yield _head("times", gutter, "dim").append(_spaced(counts), style="dim")
    if life.columns:
        times = [since(column.at - life.columns[0].at) for column in life.columns]
        fresh = [time if time != before else "" for time, before in zip(times, ["", *times], strict=False)]
        yield _head("time", gutter, "dim").append(_spaced(fresh), style="dim")
    yield Text()
    yield from _key(life)


def _head(name: str, gutter: int, style: str) -> Text:
    shown = name if cell_len(name) <= gutter - 2 else set_cell_size(name, gutter - 3) + "…"
    return Text(set_cell_size(shown, gutter), style=style)


def _bands(life: Chronicle) -> Text:
    """Each state over its columns: its name as far as it fits, so that it is told without colours too."""
    line = Text()
    for state, run in groupby(life.columns, key=lambda column: column.state):
        room = _CELL * len(list(run)) - 1
        line.append("│", style="dim")
        line.append(state[:room].ljust(room, "─"), style=_HUES.get(state, ""))
    return line


def _spaced(words: list[str]) -> str:
    """Words at their columns in one line; those without room are left out."""
    spans = [(float(_CELL * at), float(_CELL * at + len(word))) for at, word in enumerate(words) if word]
    kept = iter(fitting(spans, 1))
    line = ""
    for at, word in enumerate(words):
        if word and next(kept):
            line = f"{line.ljust(_CELL * at)}{word}"
    return line


def _key(life: Chronicle) -> Iterator[Text]:
    used = {mark.sign for _, mark in life.marks}
    key = Text()
    for sign, hue, meaning in (_SIGNS[sign] for sign in _SIGNS if sign in used):
        key.append(f"{sign} ", style=hue).append(f"{meaning}   ", style="dim")
    yield key
    for mark, times in life.causes():
        sign, hue, _ = _SIGNS[mark.sign]
        about = f"{mark.lane} " if mark.sign == "failed" else ""
        says = f": {mark.why}" if mark.why else ""
        count = f" ×{times}" if times > 1 else ""
        yield Text.assemble((f"{sign} ", hue), f"{about}{mark.label}", (f"{says}{count}", "dim"))
