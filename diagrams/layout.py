"""Where a machine's states stand and how its arrows run: hand-placed, frozen data.

Places are all that a picture adds to its table. Names, sentences, events and guards come from the rows, so a changed
row changes the picture by itself; a move that has no route, and a route that has no row, are refused (see `fit`).
Lengths are in the SVG's own units, which are pixels at the picture's natural size.
"""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from detent.fsm.errors import DetentError

Point = tuple[float, float]
Align = Literal["start", "middle", "end"]
Sits = Literal["below", "beside", "above"]
"""A label hangs from its point, is centred on it, or stands on it; so it grows away from its arrow."""

Tone = Literal["well", "care", "trial", "user", "bad", "plain"]
"""What colours a state's edge: well, in need of care, on trial, the user's, failed, or none of these."""


class LayoutError(DetentError):
    """A layout does not fit its table; the picture would lie, or would not be readable.

    Attributes:
        problems: one sentence a mistake, each naming the state, the move or the label.
    """

    def __init__(self, machine: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        lines = "".join(f"\n  - {problem}" for problem in problems)
        super().__init__(f"the machine {machine!r} cannot be drawn; change its layout:{lines}")


@frozen
class Rect:
    """A rectangle by its upper left corner, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.y + self.height

    def holds(self, other: Rect) -> bool:
        """The other lies inside, edges included."""
        return self.x <= other.x and self.y <= other.y and other.right <= self.right and other.bottom <= self.bottom

    def meets(self, other: Rect) -> bool:
        """The two share some area."""
        return self.x < other.right and other.x < self.right and self.y < other.bottom and other.y < self.bottom

    def bears(self, point: Point) -> bool:
        """The point lies on the border, to half a pixel."""
        x, y = point
        in_x, in_y = self.x - 0.5 <= x <= self.right + 0.5, self.y - 0.5 <= y <= self.bottom + 0.5
        on_x = min(abs(x - self.x), abs(x - self.right)) <= 0.5
        on_y = min(abs(y - self.y), abs(y - self.bottom)) <= 0.5
        return (on_x and in_y) or (on_y and in_x)


@frozen
class Place:
    """Where a state stands."""

    state: str
    box: Rect
    tone: Tone = "plain"


@frozen
class Panel:
    """A frame around some states, or a strip that speaks of them.

    What the rows say of exactly these states together is written here once, instead of in each of them.

    Attributes:
        states: the states it is about.
        box: its frame.
        title: a few words.
        caption: what the states have in common.
        heading: where the title stands, None: in the upper left corner.
        notes: where the rows of these states are listed, None: the panel lists none.
        columns: in how many columns they are listed.
        encloses: the states stand inside.
    """

    states: tuple[str, ...]
    box: Rect
    title: str
    caption: str = ""
    heading: Point | None = None
    notes: Rect | None = None
    columns: int = 1
    encloses: bool = True


@frozen
class Route:
    """The way of the arrow for all moves from `sources` to `to`.

    Attributes:
        sources: one state, or the states of a panel, from whose frame the arrow then starts.
        to: the state it leads to.
        points: corners, the first on the border it leaves, the last on the border it reaches.
        label: the label's point.
        width: the label is broken to this width.
        sits: how the label lies to its point in height.
        align: how the label lies to its point in width.
        events: the route is for these events only; empty: for all that have no route of their own.
    """

    sources: tuple[str, ...]
    to: str
    points: tuple[Point, ...]
    label: Point
    width: float
    sits: Sits = "above"
    align: Align = "middle"
    events: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """``source-to``, the end of the arrow's id in the picture."""
        return "-".join((*self.sources, self.to))


@frozen
class Layout:
    """One machine's picture.

    Attributes:
        title: what stands above it.
        caption: one sentence on the machine.
        width: of the whole picture.
        height: of the whole picture.
        places: one a state.
        panels: frames and strips, the outer before the inner.
        routes: the arrows.
    """

    title: str
    caption: str
    width: float
    height: float
    places: tuple[Place, ...]
    panels: tuple[Panel, ...]
    routes: tuple[Route, ...]

    def box(self, states: tuple[str, ...]) -> Rect | None:
        """The box of one state, or the frame that encloses exactly these states; None: there is none."""
        for place in self.places:
            if states == (place.state,):
                return place.box
        for panel in self.panels:
            if panel.encloses and set(panel.states) == set(states):
                return panel.box
        return None
