"""Pictures of one session, drawn from a decision log."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from detent.diagrams import TimelineFormat, lit, timeline, timeline_view

from .journal_reading import JournalReader, history_of


def session_picture(
    session: str, log: Path, machine: str | None, form: TimelineFormat, *, console: Console | None = None
) -> tuple[str, list[str]]:
    """A session's timeline, or a machine as it stands in that session; and what is missing from the log.

    Args:
        session: the session's id.
        log: the log, without the numbers of the files that were put aside.
        machine: None: the timeline.
        form: ``svg`` or ``text``.
        console: where a timeline of text will be shown: as wide, and in colours if it has them; None: plain.

    Raises:
        UnknownSessionError: the log holds no such session.
        JournalError: the log cannot be read.
        UnknownPictureError: that machine is not a session's own.
    """
    reader = JournalReader(log)
    items = history_of(session, reader)
    if machine is not None:
        picture = lit(machine, items, form)
    elif form == "text" and console is not None:
        with console.capture() as page:
            console.print(timeline_view(items, session=session))
        picture = page.get()
    else:
        picture = timeline(items, form, session=session)
    return picture, reader.remarks
