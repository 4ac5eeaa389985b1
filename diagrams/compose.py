"""From rows and places to a scene: every text broken into lines and put where it stands, nothing drawn yet.

A scene is what `fit` measures and what `as_svg` writes, so what was measured is what is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any, Final

from attrs import frozen

from detent.fsm.engine import Table
from detent.fsm.rows import Row

from .labels import Label, blocked_words, is_inner, labels, merged, united
from .layout import Align, Layout, Panel, Place, Point, Rect, Route
from .measure import LABEL_SIZE, NOTE_SIZE, SENTENCE_SIZE, Span, line_width, wrap

PADDING: Final = 14.0
"""What a box keeps free on each side, in pixels."""

LEADING: Final = 15.5
"""From line to line of a label or a note, in pixels."""

ICON: Final = 14.0
"""How far a note's text stands from its icon's left edge, in pixels."""


@frozen
class Block:
    """Lines of text at their place; `top` is the upper edge of the first line."""

    lines: tuple[tuple[Span, ...], ...]
    x: float
    top: float
    size: float
    leading: float
    align: Align = "start"

    @property
    def rect(self) -> Rect:
        """The room it takes."""
        wide = max((line_width(line, self.size) for line in self.lines), default=0.0)
        shift = {"start": 0.0, "middle": wide / 2, "end": wide}[self.align]
        return Rect(self.x - shift, self.top, wide, self.leading * len(self.lines))


@frozen
class Note:
    """A label with its text: beside an arrow, in a state, or in a panel."""

    label: Label
    block: Block


@frozen
class Card:
    """A state: its box, its sentence, and the rows that leave it as it is."""

    place: Place
    sentence: Block
    notes: tuple[Note, ...]

    @property
    def rule_y(self) -> float:
        """Where the hairline between the sentence and the notes runs."""
        return self.sentence.rect.bottom + 6


@frozen
class Arrow:
    """A route with its labels."""

    route: Route
    notes: tuple[Note, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every row that the arrow stands for."""
        return tuple(row for note in self.notes for row in note.label.rows)


@frozen
class Board:
    """A panel with the rows listed in it."""

    panel: Panel
    notes: tuple[Note, ...]

    @property
    def heading(self) -> Block:
        """The title and the caption, in one line."""
        panel = self.panel
        x, y = panel.heading or (panel.box.x + PADDING, panel.box.y + 9)
        spans = [Span(panel.title.upper(), "title")]
        if panel.caption:
            spans.append(Span(f" {panel.caption}", "caption"))
        return Block((tuple(spans),), x, y, NOTE_SIZE, 16)


@frozen
class Scene:
    """A whole picture, composed."""

    table: Table[Any]
    layout: Layout
    cards: tuple[Card, ...]
    boards: tuple[Board, ...]
    arrows: tuple[Arrow, ...]


def moves(table: Table[Any]) -> Iterator[tuple[str, Row]]:
    """Every row that leads elsewhere, with each state that it leaves."""
    for row in table.rows:
        for state in row.source:
            if not is_inner(row, state):
                yield state, row


def route_of(layout: Layout, state: str, row: Row) -> Route | None:
    """The route of a move: the one for its event, else the one for all events; None: there is none."""
    fitting = [route for route in layout.routes if state in route.sources and route.to == row.to]
    own = (route for route in fitting if row.event in route.events)
    return next(own, None) or next((route for route in fitting if not route.events), None)


def compose(table: Table[Any], layout: Layout) -> Scene:
    """The scene of a table. What has no place or no route is left out; `fit` tells of it."""
    return Scene(
        table,
        layout,
        tuple(_card(table, layout, place) for place in layout.places if place.state in table.states),
        tuple(_board(table, panel) for panel in layout.panels),
        tuple(_arrow(table, layout, route) for route in layout.routes),
    )


def _card(table: Table[Any], layout: Layout, place: Place) -> Card:
    box, state = place.box, place.state
    room = box.width - 2 * PADDING
    words = wrap((Span(table.states[state], "sentence"),), SENTENCE_SIZE, room)
    sentence = Block(words, box.x + PADDING, box.y + 34, SENTENCE_SIZE, 16)
    elsewhere = [set(panel.states) for panel in layout.panels if panel.notes]

    def is_here(row: Row) -> bool:
        return is_inner(row, state) and not (row.to is None and set(row.source) in elsewhere)

    found = merged(labels(table, state, is_here))
    top = sentence.rect.bottom + 12
    return Card(place, sentence, tuple(_notes(table, state, found, box.x + PADDING, top, room)))


def _board(table: Table[Any], panel: Panel) -> Board:
    if panel.notes is None:
        return Board(panel, ())

    def is_shared(row: Row) -> bool:
        return row.to is None and set(row.source) == set(panel.states)

    parts = [label for state in panel.states for label in labels(table, state, is_shared)]
    found = merged(united(_most_telling(parts)))
    room = panel.notes.width / panel.columns
    depth = -(-len(found) // panel.columns)
    notes: list[Note] = []
    for column in range(panel.columns):
        part = found[column * depth : (column + 1) * depth]
        x = panel.notes.x + column * room
        notes.extend(_notes(table, panel.states[0], part, x, panel.notes.y, room - PADDING))
    return Board(panel, tuple(notes))


def _most_telling(parts: list[Label]) -> list[Label]:
    """One label an event: a row that stands first in one state stands behind others in the next."""
    kept: dict[tuple[tuple[str, ...], tuple[Row, ...]], Label] = {}
    for label in parts:
        key = (label.events, label.rows)
        if key not in kept or len(label.text) > len(kept[key].text):
            kept[key] = label
    return list(kept.values())


def _notes(
    table: Table[Any], state: str, found: tuple[Label, ...], x: float, top: float, room: float
) -> Iterator[Note]:
    for label in found:
        lines = wrap(_note_spans(table, state, label), NOTE_SIZE, room - ICON)
        block = Block(lines, x + ICON, top, NOTE_SIZE, LEADING)
        yield Note(label, block)
        top = block.rect.bottom + 1


def _note_spans(table: Table[Any], state: str, label: Label) -> tuple[Span, ...]:
    if label.mark != "blocked":
        return _spans(label)
    rows = tuple(row.name for row in label.rows)
    return (
        Span(label.events[0], "event", rows),
        Span(blocked_words(table, state, label), "stop", rows, whole=True),
        Span(label.rows[0].why, "guard", rows, fresh=True),
    )


def _spans(label: Label) -> tuple[Span, ...]:
    spoken = tuple(phrase for phrase in label.phrases if phrase.text)
    spans = [Span(", ".join(label.events), "event", tuple(row.name for row in label.rows))]
    for at, phrase in enumerate(spoken):
        more = " ·" if at + 1 < len(spoken) else ""
        spans.append(Span(phrase.text + more, "guard", tuple(row.name for row in phrase.rows), whole=True))
    return tuple(spans)


def _arrow(table: Table[Any], layout: Layout, route: Route) -> Arrow:
    parts: list[Label] = []
    for state in route.sources:

        def is_mine(row: Row, state: str = state) -> bool:
            return not is_inner(row, state) and route_of(layout, state, row) is route

        parts.extend(labels(table, state, is_mine))
    return Arrow(route, tuple(_stacked(route, united(parts))))


def _stacked(route: Route, found: tuple[Label, ...]) -> Iterator[Note]:
    x, y = route.label
    texts = [wrap(_spans(label), LABEL_SIZE, route.width) for label in found]
    depth = LEADING * sum(len(lines) for lines in texts)
    top = y - {"below": 0.0, "beside": depth / 2, "above": depth}[route.sits]
    for label, lines in zip(found, texts, strict=True):
        yield Note(label, Block(lines, x, top, LABEL_SIZE, LEADING, route.align))
        top += LEADING * len(lines)


def corners(points: tuple[Point, ...]) -> Iterator[tuple[Point, Point]]:
    """The straight pieces of a route."""
    yield from pairwise(points)
