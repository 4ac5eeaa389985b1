"""Whether a layout fits its table, and whether the picture can be read: every fault a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, product
from typing import Any

from detent.fsm.engine import Table

from .compose import PADDING, Note, Scene, corners, moves, route_of
from .layout import Layout, Point, Rect


def misfits(table: Table[Any], layout: Layout) -> Iterator[str]:
    """States without a place, places without a state, moves without a route, routes without a row."""
    placed = {place.state for place in layout.places}
    for state in table.states:
        if state not in placed:
            yield f"the state {state!r} has no place"
    for state in placed.difference(table.states):
        yield f"the place of {state!r} belongs to no state of the table"
    used = set()
    for state, row in moves(table):
        route = route_of(layout, state, row)
        if route is None:
            yield f"the move from {state!r} to {row.to!r} on {row.event!r} has no route"
        else:
            used.add((route, state))
    for route in layout.routes:
        for state in route.sources:
            if (route, state) not in used:
                events = f" on {', '.join(route.events)}" if route.events else ""
                yield f"the route from {state!r} to {route.to!r}{events} stands for no row"


def faults(scene: Scene) -> Iterator[str]:
    """Whatever would be clipped, covered or crossed, and arrows that end in the air."""
    yield from _loose_ends(scene)
    yield from _overflows(scene)
    yield from _crossings(scene)
    texts = [
        (f"the label of {arrow.route.key} ({note.label.text})", note.block.rect)
        for arrow in scene.arrows
        for note in arrow.notes
    ]
    texts += [
        (f"the note {note.label.text!r} of {board.panel.title!r}", note.block.rect)
        for board in scene.boards
        for note in board.notes
    ]
    texts += [(f"the heading {board.panel.title!r}", board.heading.rect) for board in scene.boards]
    canvas = Rect(0, 0, scene.layout.width, scene.layout.height)
    for name, rect in texts:
        if not canvas.holds(rect):
            yield f"{name} leaves the picture"
        for card in scene.cards:
            if rect.meets(card.place.box):
                yield f"{name} runs into the box of {card.place.state!r}"
        for arrow in scene.arrows:
            if any(_crosses(rect, a, b) for a, b in corners(arrow.route.points)):
                yield f"{name} is crossed by the arrow {arrow.route.key}"
    for (one, a), (other, b) in combinations(texts, 2):
        if a.meets(b):
            yield f"{one} runs into {other}"


def _loose_ends(scene: Scene) -> Iterator[str]:
    for arrow in scene.arrows:
        route = arrow.route
        for states, point in ((route.sources, route.points[0]), ((route.to,), route.points[-1])):
            box = scene.layout.box(states)
            if box is not None and not box.bears(point):
                yield f"the arrow {route.key} does not touch the border of {'|'.join(states)} at {point}"


def _crossings(scene: Scene) -> Iterator[str]:
    for arrow in scene.arrows:
        ends = (*arrow.route.sources, arrow.route.to)
        for card in scene.cards:
            box = card.place.box
            if card.place.state not in ends and any(_crosses(box, a, b) for a, b in corners(arrow.route.points)):
                yield f"the arrow {arrow.route.key} runs over the box of {card.place.state!r}"
    for one, other in combinations(scene.arrows, 2):
        pieces = product(corners(one.route.points), corners(other.route.points))
        if any(_piece(*a).meets(_piece(*b)) for a, b in pieces):
            yield f"the arrows {one.route.key} and {other.route.key} cross"


def _overflows(scene: Scene) -> Iterator[str]:
    for card in scene.cards:
        used = max((note.block.rect.bottom for note in card.notes), default=card.sentence.rect.bottom)
        spare = card.place.box.bottom - used
        if spare < PADDING / 2:
            yield f"the text of {card.place.state!r} needs {PADDING / 2 - spare:.0f} more in height"
        yield from _too_wide(card.notes, card.place.box, card.place.state)
    for board in scene.boards:
        yield from _too_wide(board.notes, board.panel.box, board.panel.title)


def _too_wide(notes: tuple[Note, ...], box: Rect, name: str) -> Iterator[str]:
    for note in notes:
        if not box.holds(note.block.rect):
            yield f"the note {note.label.text!r} leaves the box of {name!r}"


def _crosses(rect: Rect, a: Point, b: Point) -> bool:
    return rect.meets(_piece(a, b))


def _piece(a: Point, b: Point) -> Rect:
    """A straight piece of an arrow as the room that it takes."""
    return Rect(min(a[0], b[0]) - 1, min(a[1], b[1]) - 1, abs(a[0] - b[0]) + 2, abs(a[1] - b[1]) + 2)
