"""Pictures for a page whose security policy lets no markup bring its own style: the sheet apart from the drawing."""

from __future__ import annotations

from typing import Final

from . import as_svg, timeline_svg
from .style import palette, style

PAGE: Final = "detent-page"
"""The class of a page's root element, where the page wants the pictures' colours as its own."""

_OPENS: Final = "<style>\n"
_ENDS: Final = "</style>\n"


def bare(picture: str) -> str:
    """A picture of this package without its style sheet.

    Args:
        picture: an SVG document that this package has drawn.
    """
    before, _, rest = picture.partition(_OPENS)
    return before + rest.partition(_ENDS)[2]


def stylesheet() -> str:
    """What bare pictures want in their page's style sheet, and the palette as the page's own variables.

    Like the pictures, the page follows the reader's system, unless its root has the class ``light`` or ``dark``.
    """
    return "\n".join((palette(PAGE), style(as_svg.ROOT), timeline_svg.stylesheet())) + "\n"
