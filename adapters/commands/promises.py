"""The promises on one's own chains: ``detent check``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress


@click.command()
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--chain", "only", help="Check this chain alone.")
@click.option("--limit", default=6000, show_default=True, help="The most states looked at in one world.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a chain.")
@click.pass_context
def check(ctx: click.Context, path: Path | None, only: str | None, limit: int, as_json: bool) -> None:
    """Check the promises on your own chains and policies, exhaustively, and say what holds.

    \b
    Without PATH: $DETENT_CONFIG, ./detent.toml, then the folder of the platform.
    Exit code 0: every promise holds; 1: one is broken, with the shortest run that breaks it.

    \b
    Examples:
      detent check
      detent check production.toml --chain fast
    """
    from detent.specs import check as check_chain

    from ..settings import find, load

    found = find(path)
    if found is None:
        raise click.UsageError("no detent.toml was found; write one with 'detent init', or name a file")
    configs = load(found).configs
    if only is not None and only not in configs:
        raise click.UsageError(f"no chain is named {only!r}; chains are {', '.join(sorted(configs))}")
    good = True
    for name in [only] if only is not None else sorted(configs):
        with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
            task = bar.add_task(f"chain {name}", total=None)

            def watch(
                done: int, total: int, world: str, bar: Progress = bar, task: Any = task, name: str = name
            ) -> None:
                bar.update(task, completed=done, total=total, description=f"chain {name}: {world}")

            report = check_chain(configs[name], limit=limit, watch=watch)
        good = good and report.ok
        if as_json:
            told = {"chain": name, "ok": report.ok, "holds": report.holds, "by_policy": report.exceptions}
            broken = [str(counterexample.promise) for counterexample in report.broken]
            click.echo(json.dumps({**told, "broken": broken, "states": report.states, "whole": report.whole}))
        else:
            click.echo(f"chain {name}\n{report}\n")
    ctx.exit(0 if good else 1)
