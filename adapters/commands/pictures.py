"""The machines as pictures: ``detent diagram``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
from rich.console import Console


@click.command()
@click.argument("machine", type=click.Choice(["session", "turn", "cooldown"]), required=False)
@click.option(
    "--format", "form", type=click.Choice(["text", "svg", "mermaid", "dot"]), default="text", show_default=True
)
@click.option("--session", help="Draw this session's own history; with a machine named, the machine as it stands.")
@click.option("--log", type=click.Path(path_type=Path), help="The session's decision log; [journal] of detent.toml.")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write to a file.")
def diagram(machine: str | None, form: Any, session: str | None, log: Path | None, out: Path | None) -> None:
    """Draw a state machine from its table, or a session's own history as a timeline.

    \b
    Examples:
      detent diagram
      detent diagram turn --format mermaid
      detent diagram --session conversation-17 --log decisions.jsonl
      detent diagram --session conversation-17 --format svg --out timeline.svg
      detent diagram session --session conversation-17 --format svg --out session.svg
    """
    from detent.diagrams import draw

    from ..session_pictures import session_picture

    if session is None:
        if log is not None:
            raise click.UsageError("--log is the log of a session; name the session with --session ID")
        picture = draw(machine or "session", form)
    else:
        if form not in ("svg", "text"):
            raise click.UsageError(
                f"--format {form} draws a table, and has no word for what happened in a session; use svg or text"
            )
        console = None if out is not None else Console()
        picture, remarks = session_picture(session, log or _journal_of_settings(), machine, form, console=console)
        for remark in remarks:
            click.echo(f"Note: {remark}", err=True)
    if out is None:
        click.echo(picture)
    else:
        out.write_text(picture, encoding="utf-8")
        click.echo(f"Wrote {out}.")


def _journal_of_settings() -> Path:
    """The log that the controllers of detent.toml write."""
    from ..settings import find, load

    found = find()
    journal = None if found is None else load(found).journal
    if journal is None:
        raise click.UsageError(
            "no log was named; name one with --log FILE, or have one written: [journal] in detent.toml, "
            'path = "decisions.jsonl"'
        )
    return journal.path
