"""The command ``python -m detent.specs.mutation``."""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from .run import run
from .tables import SHIPPED


@click.command()
@click.option(
    "--table", "tables", type=click.Choice([*SHIPPED]), multiple=True, help="Only this table; may be repeated."
)
@click.option("--json", "as_json", is_flag=True, help="Print every verdict as JSON.")
def main(tables: tuple[str, ...], as_json: bool) -> None:
    """Put one small fault after another into the shipped tables, and say which check notices each.

    Exits 1 where a mutant survives without a reason on record, or where a reason has gone stale.
    """
    console = Console(stderr=True)
    columns = (TextColumn("mutants"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    # Drawn between two mutants, not by a thread: the processes are forked from this one.
    with Progress(*columns, console=console, auto_refresh=False, disable=not console.is_terminal) as bar:
        task = bar.add_task("mutants", total=None)

        def told(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total, refresh=True)

        report = run(tables or tuple(SHIPPED), told)
    click.echo(json.dumps(report.plain, indent=2) if as_json else str(report))
    sys.exit(1 if report.problems else 0)


if __name__ == "__main__":
    main()
