"""The tables as pictures: nothing is drawn that no row says, and no row is left out.

`draw` gives any machine as SVG, Mermaid, DOT or text; `svg` lights a state and the row that fired last; `view` is the
terminal's live picture. `timeline` draws one session's own history, `lit` a machine as it stands in one, and `paint`
shows in red which rows a test run never fired. For pages of a strict policy `bare` leaves a picture's styles to
`stylesheet`. A layout only says where things stand. When a table gains a move that
its layout does not route, or a label outgrows its place, `LayoutError` says which; ``write(Path("diagrams"))`` renews
the machines' files kept here.
"""

from .as_dot import dot
from .as_mermaid import mermaid
from .as_svg import svg
from .as_text import text, view
from .coverage import Cell, Coverage, cells, paint
from .gallery import Format, UnknownPictureError, draw, pictures, write
from .in_page import PAGE, bare, stylesheet
from .layout import Layout, LayoutError, Panel, Place, Rect, Route
from .layouts import layouts
from .lit import brought, lit
from .timeline import TimelineError, TimelineFormat, timeline, timeline_view

__all__ = [
    "PAGE",
    "Cell",
    "Coverage",
    "Format",
    "Layout",
    "LayoutError",
    "Panel",
    "Place",
    "Rect",
    "Route",
    "TimelineError",
    "TimelineFormat",
    "UnknownPictureError",
    "bare",
    "brought",
    "cells",
    "dot",
    "draw",
    "layouts",
    "lit",
    "mermaid",
    "paint",
    "pictures",
    "stylesheet",
    "svg",
    "text",
    "timeline",
    "timeline_view",
    "view",
    "write",
]
