"""A session's own history as a timeline: its states, whom it called, what was blocked, what users were told."""

from __future__ import annotations

from collections.abc import Iterable
from io import StringIO
from typing import Literal

from rich.console import Console, RenderableType

from detent.fsm.decision import Decision, Notice

from .gallery import UnknownPictureError
from .timeline_facts import TimelineError, chronicle
from .timeline_svg import timeline_svg
from .timeline_text import TimelineView

__all__ = ["TimelineError", "TimelineFormat", "timeline", "timeline_view"]

TimelineFormat = Literal["svg", "text"]


def timeline(
    items: Iterable[Decision | Notice],
    format: TimelineFormat = "svg",  # noqa: A002  the word the command line uses
    *,
    session: str | None = None,
    width: int = 100,
) -> str:
    """One session's history as a picture.

    Args:
        items: what a subscription yields: decisions, oldest first, with the notices among them. Of decisions alone
            the flags are those notices which rows make by themselves.
        format: ``svg`` (one file, light and dark), or ``text`` (plain, without colours).
        session: whose history; None: the one session that the items speak of.
        width: of the text's lines, in characters.

    Raises:
        TimelineError: the items speak of no session, or of several and none was named.
        UnknownPictureError: there is no such format.
    """
    if format == "svg":
        return timeline_svg(chronicle(items, session))
    if format == "text":
        page = StringIO()
        console = Console(file=page, width=width, color_system=None, legacy_windows=False)
        console.print(timeline_view(items, session=session))
        return "\n".join(line.rstrip() for line in page.getvalue().splitlines()) + "\n"
    raise UnknownPictureError(f"no timeline format is called {format!r}; there are svg, text")


def timeline_view(items: Iterable[Decision | Notice], *, session: str | None = None) -> RenderableType:
    """One session's history for a terminal, in colours, as wide as the console it is printed on.

    Args:
        items: what a subscription yields.
        session: whose history; None: the one session that the items speak of.

    Raises:
        TimelineError: the items speak of no session, or of several and none was named.
    """
    return TimelineView(chronicle(items, session))
