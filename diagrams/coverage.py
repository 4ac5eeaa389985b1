"""Which rows a run of the machines has exercised, and the picture with what nobody exercised in red.

A row with several sources is several claims, one a state, so what is counted is the *cell*: a row in one state that it
leaves. A row is exercised when it fired somewhere; a cell, when it fired there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final, Literal
from xml.etree import ElementTree

from attrs import frozen

from detent.fsm.decision import Decision
from detent.fsm.engine import Table
from detent.fsm.rows import Row

from .as_svg import ROOT, svg
from .layout import Layout

Shade = Literal["", "partly", "unseen"]
"""How well a piece of the picture was exercised: wholly, not in every state, or with a row that never fired."""


@frozen
class Cell:
    """One row in one of the states that it leaves.

    Attributes:
        machine: the table's name.
        row: the row's name.
        state: the state.
    """

    machine: str
    row: str
    state: str

    def __str__(self) -> str:
        return f"{self.machine}: in {self.state}: {self.row}"


class Coverage:
    """How often each row fired in each state, counted from the decision log.

    Args:
        decisions: decisions to count at once; ``add`` takes more.
    """

    def __init__(self, decisions: Iterable[object] = ()) -> None:
        self._fired: Counter[Cell] = Counter()
        self.add(decisions)

    def add(self, decisions: Iterable[object]) -> Coverage:
        """Count more decisions; other items of a subscription (its notices) are passed over. Returns itself."""
        for decision in decisions:
            if isinstance(decision, Decision) and decision.row:
                self._fired[Cell(decision.machine, decision.row, decision.before)] += 1
        return self

    def __or__(self, other: Coverage) -> Coverage:
        """Both collections together, as a new one."""
        merged = Coverage()
        merged._fired = self._fired + other._fired
        return merged

    def times(self, table: Table[Any], row: Row, state: str | None = None) -> int:
        """How often a row fired, in one state or (None) in all of them."""
        states = row.source if state is None else (state,)
        return sum(self._fired[Cell(table.name, row.name, one)] for one in states)

    def rows_never_fired(self, table: Table[Any]) -> tuple[Row, ...]:
        """The rows of a table that fired in no state, in the table's order."""
        return tuple(row for row in table.rows if not self.times(table, row))

    def cells_never_fired(self, table: Table[Any]) -> tuple[Cell, ...]:
        """The cells of a table that never fired, in the table's order."""
        return tuple(cell for cell in cells(table) if not self._fired[cell])

    def strangers(self, table: Table[Any]) -> tuple[Cell, ...]:
        """What fired in this machine's name without being a cell of the table: the log is of another version."""
        known = frozenset(cells(table))
        return tuple(cell for cell in self._fired if cell.machine == table.name and cell not in known)


def cells(table: Table[Any]) -> Iterator[Cell]:
    """Every cell of a table, in the order of its rows."""
    return (Cell(table.name, row.name, state) for row in table.rows for state in row.source)


_SVG: Final = "http://www.w3.org/2000/svg"

_RULES: Final = """
.R{--partly:#8a5a00}
@media (prefers-color-scheme:dark){.R:not(.light){--partly:#f0b95a}}
.R.dark{--partly:#f0b95a}
.R .note .stop{fill:var(--ink);font-weight:400}
.R .icon.blocked{stroke:var(--soft)}
.R .note tspan.partly,.R tspan.partly{fill:var(--partly)}
.R .note tspan.unseen,.R tspan.unseen{fill:var(--stop);stroke:var(--stop);stroke-width:.5px}
.R .edge.partly .line{stroke:var(--partly)}
.R .edge.partly .head{fill:var(--partly)}
.R .edge.unseen .line{stroke:var(--stop);stroke-width:2.25;stroke-dasharray:6 4}
.R .edge.unseen .head{fill:var(--stop)}
""".strip().replace(".R", f".{ROOT}")


def paint(table: Table[Any], coverage: Coverage, *, layout: Layout | None = None) -> str:
    """The machine as SVG with its coverage: rows that never fired in red, rows not fired from here in amber.

    Blocks, red in the bare picture, are plain here: red has one meaning. Pointing at a label tells how often each of
    its rows fired in each state.

    Args:
        table: the machine's table.
        coverage: what was exercised.
        layout: where the states stand; by default the layout kept for the table's name.

    Raises:
        LayoutError: the machine cannot be drawn.
    """
    bare = svg(table, layout=layout).replace(f' xmlns="{_SVG}"', "", 1)
    root = ElementTree.fromstring(bare)  # noqa: S314  our own text, from the line above
    brush = _Brush(table, coverage)
    for group in root.iter("g"):
        states = _states(group)
        if states:
            brush.group(group, states)
    brush.caption(root)
    root.set("xmlns", _SVG)
    return ElementTree.tostring(root, encoding="unicode") + "\n"


def _states(group: ElementTree.Element) -> tuple[str, ...]:
    """The states that a group of the picture speaks of; none for a group inside such a group."""
    named = (group.get(key) for key in ("data-state", "data-states", "data-from"))
    return tuple(next((names for names in named if names), "").split())


class _Brush:
    """Shades the pieces of one picture."""

    def __init__(self, table: Table[Any], coverage: Coverage) -> None:
        self._table = table
        self._coverage = coverage
        self._rows = {row.name: row for row in table.rows}

    def group(self, group: ElementTree.Element, states: tuple[str, ...]) -> None:
        """Shade every text of a state, a panel or an arrow, and the arrow itself."""
        told: list[Row] = []
        for span in tuple(group.iter("tspan")):
            rows = [self._rows[name] for name in span.get("data-rows", "").split("; ") if name]
            told += rows
            if len({row.event for row in rows}) > 1:
                self._several(span, rows, states)
            else:
                _mark(span, self._shade(rows, states))
        if group.get("data-from"):
            _mark(group, self._shade(told, states))
        for note in group.iter("g"):
            self._tell(note, states)

    def _several(self, span: ElementTree.Element, rows: list[Row], states: tuple[str, ...]) -> None:
        """Shade a text that speaks of several events: its words one by one where they are the events' names."""
        if "event" not in span.get("class", "").split():
            shades = {self._shade([row], states) for row in rows}
            _mark(span, shades.pop() if len(shades) == 1 else "partly")
            return
        words, span.text = (span.text or "").split(" "), ""
        for at, word in enumerate(words):
            mine = [row for row in rows if row.event == word.strip(",")]
            piece = ElementTree.SubElement(span, "tspan", {"data-rows": "; ".join(row.name for row in mine)})
            piece.text = word if at == 0 else f" {word}"
            _mark(piece, self._shade(mine, states))

    def caption(self, root: ElementTree.Element) -> None:
        """Say how much was exercised where the picture's own sentence stood, and what the colours mean."""
        rows, every = self._table.rows, tuple(cells(self._table))
        fired = len(rows) - len(self._coverage.rows_never_fired(self._table))
        here = len(every) - len(self._coverage.cells_never_fired(self._table))
        head = next(text for text in root.iter("text") if text.get("class") == "caption")
        head.text = f"{fired} of {len(rows)} rows fired, in {here} of {len(every)} places "
        for shade, words in (("unseen", "red: never fired"), ("partly", "amber: fired, but not from here")):
            span = ElementTree.SubElement(head, "tspan", {"class": shade, "dx": "12"})
            span.text = words
        sheet = next(iter(root.iter("style")))
        sheet.text = f"{sheet.text}{_RULES}\n"

    def _shade(self, rows: Iterable[Row], states: tuple[str, ...]) -> Shade:
        shade: Shade = ""
        for row in rows:
            if not self._coverage.times(self._table, row):
                return "unseen"
            if not all(self._coverage.times(self._table, row, state) for state in _shared(row, states)):
                shade = "partly"
        return shade

    def _tell(self, note: ElementTree.Element, states: tuple[str, ...]) -> None:
        title = note.find("title")
        if title is None:
            return
        names = dict.fromkeys(
            name for span in note.iter("tspan") for name in span.get("data-rows", "").split("; ") if name
        )
        lines = []
        for row in (self._rows[name] for name in names):
            counts = ", ".join(f"{self._coverage.times(self._table, row, s)} in {s}" for s in _shared(row, states))
            lines.append(f"{row.name}: {row.why} (fired: {counts})")
        title.text = "\n".join(lines)


def _shared(row: Row, states: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(state for state in row.source if state in states)


def _mark(element: ElementTree.Element, shade: Shade) -> None:
    if shade:
        element.set("class", f"{element.get('class', '')} {shade}".strip())
