"""A scene as SVG: one file, light and dark, with an id for every state and every arrow.

A page that shows a running machine needs no new picture for each event: it toggles the class ``current`` on
``#<machine>-state-<state>`` and the class ``last`` on ``#<machine>-edge-<source>-<to>``. Every piece of text carries
the names of its rows in ``data-rows``, separated by ``; ``, and shows each row's meaning when pointed at.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from attrs import frozen

from detent.fsm.engine import Table
from detent.fsm.rows import Row

from .compose import ICON, Arrow, Block, Board, Card, Note, Scene, compose, corners
from .fit import faults, misfits
from .labels import Mark
from .layout import Layout, LayoutError, Point
from .layouts import layouts
from .measure import NOTE_SIZE, Span, width
from .style import style

ROOT: Final = "detent-machine"
"""The class of every picture's root element."""

_RADIUS: Final = 10.0
_HEAD: Final = 9.0

_ICONS: Final[dict[Mark, str]] = {
    "stay": "M4 0a4 4 0 1 1-8 0a4 4 0 1 1 8 0z",
    "again": "M3.2-2.4A4 4 0 1 0 4 .6M3.6-5.2V-2.2H.6",
    "stale": "M4 0a4 4 0 1 1-8 0a4 4 0 1 1 8 0z",
    "blocked": "M4.4 0a4.4 4.4 0 1 1-8.8 0a4.4 4.4 0 1 1 8.8 0zM-3-3L3 3",
}
_LEGEND: Final[tuple[tuple[Mark, str], ...]] = (
    ("stay", "the state stays"),
    ("again", "leads back to it"),
    ("stale", "comes too late"),
    ("blocked", "is held off"),
)


@frozen
class _Lit:
    """What the caller wants lit."""

    machine: str
    current: str | None
    row: Row | None
    before: str | None

    def edge(self, arrow: Arrow) -> bool:
        """The arrow is the one that was taken."""
        return self.row in arrow.rows and (self.before is None or self.before in arrow.route.sources)

    def note(self, states: tuple[str, ...], note: Note) -> bool:
        """The row stands in this note."""
        here = self.before or self.current
        return self.row in note.label.rows and (here is None or here in states)


def svg(
    table: Table[Any],
    current: str | None = None,
    last_row: Row | None = None,
    *,
    before: str | None = None,
    layout: Layout | None = None,
) -> str:
    """The machine as one SVG document.

    Args:
        table: the machine's table.
        current: the state to light.
        last_row: the row to light: its arrow, or its line in the state.
        before: the state that the row left; without it a row of several states lights all its arrows.
        layout: where the states stand; by default the layout kept for the table's name.

    Raises:
        LayoutError: a state has no place, a move no route, a route no row, or a text would not be readable.
    """
    layout = layout or layouts.get(table.name)
    if layout is None:
        raise LayoutError(table.name, ("it has no layout; pass one",))
    found = tuple(misfits(table, layout))
    scene = compose(table, layout)
    found = found or tuple(faults(scene))
    if found:
        raise LayoutError(table.name, found)
    return "\n".join(_document(scene, _Lit(table.name, current, last_row, before))) + "\n"


def _document(scene: Scene, lit: _Lit) -> Iterator[str]:
    layout = scene.layout
    size = f"{layout.width:g} {layout.height:g}"
    name = scene.table.name
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" id="{name}-machine" class="{ROOT}" viewBox="0 0 {size}" '
        f'width="{layout.width:g}" height="{layout.height:g}" role="img" aria-labelledby="{name}-title {name}-desc">'
    )
    yield f'<title id="{name}-title">{escape(layout.title)}</title>'
    yield f'<desc id="{name}-desc">{escape(layout.caption)}</desc>'
    yield f"<style>\n{style(ROOT)}\n</style>"
    yield f'<rect class="paper" width="{layout.width:g}" height="{layout.height:g}" rx="12"/>'
    yield f'<text class="headline" x="24" y="36">{escape(layout.title)}</text>'
    yield f'<text class="caption" x="24" y="55">{escape(layout.caption)}</text>'
    for board in scene.boards:
        yield from _board(board, lit)
    arrows = sorted(scene.arrows, key=lit.edge)
    for arrow in arrows:
        yield from _arrow(arrow, lit)
    for card in scene.cards:
        yield from _card(card, lit)
    yield from _legend(scene)
    yield "</svg>"


def _board(board: Board, lit: _Lit) -> Iterator[str]:
    box, panel = board.panel.box, board.panel
    yield f'<g class="panel{"" if panel.encloses else " strip"}" data-states="{" ".join(panel.states)}">'
    yield f'<rect x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="14"/>'
    yield _text(board.heading, lit, "heading", lights=False)
    for note in board.notes:
        yield from _note(note, lit, panel.states)
    yield "</g>"


def _card(card: Card, lit: _Lit) -> Iterator[str]:
    box, state = card.place.box, card.place.state
    classes = f"state {card.place.tone}{' current' if state == lit.current else ''}"
    yield f'<g class="{classes}" id="{lit.machine}-state-{state}" data-state="{state}">'
    yield (
        f'<rect class="box" x="{box.x:g}" y="{box.y:g}" width="{box.width:g}" height="{box.height:g}" rx="10"/>'
        f'<circle class="tone" cx="{box.x + 19:g}" cy="{box.y + 21:g}" r="4.5"/>'
        f'<text class="name" x="{box.x + 30:g}" y="{box.y + 26:g}">{state}</text>'
    )
    yield _text(card.sentence, lit, "sentence", lights=False)
    if card.notes:
        y = card.rule_y
        yield f'<path class="rule" d="M{box.x + 14:g} {y:g}H{box.right - 14:g}"/>'
    for note in card.notes:
        yield from _note(note, lit, (state,))
    yield "</g>"


def _note(note: Note, lit: _Lit, states: tuple[str, ...]) -> Iterator[str]:
    lights = lit.note(states, note)
    block = note.block
    x, y = block.x - ICON + 5, block.top + block.leading / 2
    yield f'<g class="note {note.label.mark}{" last" if lights else ""}">{_meaning(note)}'
    yield _icon(note.label.mark, x, y)
    yield _text(block, lit, "", lights=lights)
    yield "</g>"


def _arrow(arrow: Arrow, lit: _Lit) -> Iterator[str]:
    route, lights = arrow.route, lit.edge(arrow)
    yield (
        f'<g class="edge{" last" if lights else ""}" id="{lit.machine}-edge-{route.key}" '
        f'data-from="{" ".join(route.sources)}" data-to="{route.to}">'
    )
    yield f'<path class="line" d="{_path(route.points)}"/>'
    yield f'<path class="head" d="{_head(*route.points[-2:])}"/>'
    if len(route.sources) > 1:
        x, y = route.points[0]
        yield f'<circle class="tail" cx="{x:g}" cy="{y:g}" r="4"/>'
    for note in arrow.notes:
        yield f"<g>{_meaning(note)}{_text(note.block, lit, '', lights=lights)}</g>"
    yield "</g>"


def _legend(scene: Scene) -> Iterator[str]:
    x, y = 24.0, scene.layout.height - 22
    yield '<g class="legend">'
    listed = (*(card.notes for card in scene.cards), *(board.notes for board in scene.boards))
    used = {note.label.mark for notes in listed for note in notes}
    for kind, words in _LEGEND:
        if kind not in used:
            continue
        yield _icon(kind, x + 5, y - 4)
        yield f'<text class="legend" x="{x + 16:g}" y="{y:g}">{words}</text>'
        x += 36 + width(words, NOTE_SIZE)
    yield (
        f'<text class="legend" x="{scene.layout.width - 24:g}" y="{y:g}" text-anchor="end">'
        '<tspan class="event">a, b</tspan> both hold'
        '<tspan class="event" dx="14">a · b</tspan> whichever holds first</text>'
    )
    yield "</g>"


def _meaning(note: Note) -> str:
    return f"<title>{escape(chr(10).join(f'{row.name}: {row.why}' for row in note.label.rows))}</title>"


def _icon(kind: Mark, x: float, y: float) -> str:
    return f'<path class="icon {kind}" transform="translate({x:g} {y:g})" d="{_ICONS[kind]}"/>'


def _text(block: Block, lit: _Lit, css: str, *, lights: bool) -> str:
    lines = []
    for at, line in enumerate(block.lines):
        y = block.top + at * block.leading + block.leading / 2 + block.size * 0.36
        words = "".join(_span(span, lit, lights=lights) for span in line)
        shown = f' class="{css}"' if css else ""
        anchor = "" if block.align == "start" else f' text-anchor="{block.align}"'
        lines.append(f'<text{shown} x="{block.x:g}" y="{y:.1f}"{anchor}>{words}</text>')
    return "".join(lines)


def _span(span: Span, lit: _Lit, *, lights: bool) -> str:
    lit_here = lights and lit.row is not None and lit.row.name in span.rows
    classes = f"{span.style}{' lit' if lit_here else ''}"
    rows = f" data-rows={quoteattr('; '.join(span.rows))}" if span.rows else ""
    apart = ' dx="5"' if span.style == "caption" else ""
    return f'<tspan class="{classes}"{rows}{apart}>{escape(span.text)}</tspan>'


def _path(points: tuple[Point, ...]) -> str:
    """The route with its corners rounded."""
    drawn = [f"M{points[0][0]:g} {points[0][1]:g}"]
    for (a, b), (_, c) in zip(corners(points), corners(points[1:]), strict=False):
        first, second = _toward(b, a), _toward(b, c)
        drawn.append(f"L{first[0]:g} {first[1]:g}Q{b[0]:g} {b[1]:g} {second[0]:g} {second[1]:g}")
    tip = _toward(points[-1], points[-2], _HEAD - 1)
    drawn.append(f"L{tip[0]:g} {tip[1]:g}")
    return "".join(drawn)


def _toward(start: Point, end: Point, length: float = _RADIUS) -> Point:
    distance = hypot(end[0] - start[0], end[1] - start[1])
    part = min(length, distance / 2) / distance
    return start[0] + (end[0] - start[0]) * part, start[1] + (end[1] - start[1]) * part


def _head(before: Point, tip: Point) -> str:
    distance = hypot(tip[0] - before[0], tip[1] - before[1])
    ux, uy = (tip[0] - before[0]) / distance, (tip[1] - before[1]) / distance
    x, y = tip[0] - _HEAD * ux, tip[1] - _HEAD * uy
    wing = _HEAD * 0.42
    return f"M{tip[0]:g} {tip[1]:g}L{x - wing * uy:g} {y + wing * ux:g}L{x + wing * uy:g} {y - wing * ux:g}Z"
