"""Stories against the real controller: ``detent scenario`` and ``detent demo``."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from ..journal import Journal
from ..scenario import Result, ScenarioError, run_file


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--trace", is_flag=True, help="Also print every decision: event, row, before -> after, why.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a scenario, and one with the totals.")
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Write one story's decisions to a log.")
@click.pass_context
def scenario(ctx: click.Context, paths: tuple[Path, ...], trace: bool, as_json: bool, log: Path | None) -> None:
    """Run scenario files, or every scenario of a folder, in virtual time.

    \b
    Exit code 0: all passed; 1: some failed; 2: a file could not be read.

    \b
    Examples:
      detent scenario specs/scenarios
      detent scenario --trace my-outage.toml
      detent scenario my-outage.toml --log outage.jsonl
    """
    files = _scenario_files(paths)
    if log is not None:
        _check_story_log(log, files)
    results: list[Result] = []
    unreadable: list[str] = []
    bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bar:
        for path in bar.track(files, description="scenarios"):
            try:
                results.append(run_file(path) if log is None else _run_into(log, path))
            except ScenarioError as error:
                unreadable.append(str(error))
                click.echo(f"Error: {error}", err=True)
                continue
            _say_result(results[-1], trace, as_json)
    failed = sum(not result.passed for result in results)
    totals = {"passed": len(results) - failed, "failed": failed, "unreadable": len(unreadable)}
    click.echo(json.dumps(totals) if as_json else f"{totals['passed']} passed, {failed} failed")
    ctx.exit(2 if unreadable else 1 if failed else 0)


def _check_story_log(log: Path, files: list[Path]) -> None:
    if len(files) > 1:
        raise click.UsageError(f"--log takes the decisions of one story, and {len(files)} were named")
    if log.exists():
        raise click.UsageError(f"{log} is there already; name another file for --log, or delete that one")


def _run_into(log: Path, path: Path) -> Result:
    with Journal(log) as journal:
        result = run_file(path, journal)
    if journal.lost:
        raise click.ClickException(f"{log} cannot be written; {journal.lost} decisions and notices are missing")
    return result


def _say_result(result: Result, trace: bool, as_json: bool) -> None:
    if as_json:
        told = {"id": result.id, "passed": result.passed, "failure": result.failure}
        click.echo(json.dumps({**told, "trace": result.trace} if trace else told, ensure_ascii=False))
        return
    if trace:
        for line in result.trace:
            click.echo(f"  {line}")
    click.echo(str(result))


def _scenario_files(paths: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for path in paths:
        if not path.is_dir():
            files.append(path)
            continue
        found = sorted(path.glob("*.toml"))
        if not found:
            raise click.UsageError(f"{path}: holds no *.toml file; name a scenario file or a folder of them")
        files.extend(found)
    return files


@click.command()
@click.option("--plain", is_flag=True, help="Plain lines also in a terminal.")
@click.pass_context
def demo(ctx: click.Context, plain: bool) -> None:
    """Watch a session survive an outage: two local providers, real sockets, no keys, no network.

    \b
    The primary answers, is rate limited, fails with 502, and comes back; the reconciliation loop fires all
    the time and is blocked; the user pins a model and lets go. It takes about ten seconds.

    \b
    Examples:
      detent demo
      detent demo --plain | tee demo.log
    """
    from ..demo import Demo
    from ..demo_views import LiveView, PlainView

    console = Console()
    if plain or not console.is_terminal:
        view = PlainView()
        survived = asyncio.run(Demo(view).play())
        view.close()
    else:
        with LiveView(console) as live:
            survived = asyncio.run(Demo(live).play())
    click.echo(
        "\nThe session survived the outage and is home again." if survived else "\nThe session did not come home."
    )
    ctx.exit(0 if survived else 1)
