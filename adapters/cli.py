"""The command line: one command a need, ``--help`` with examples, ``--json`` for machines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from detent.fsm.errors import DetentError
from rich.console import Console
from rich.progress import Progress

from .scenario import Result, ScenarioError, run_file

CONFIG_NAME = "detent.toml"


class _Group(click.Group):
    """Turns every error of the house into one sentence and exit code 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except DetentError as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="detent", prog_name="detent")
def main() -> None:
    """Keep a live LLM session answering: failover as one explicit state machine.

    \b
    Examples:
      detent demo                       watch a session survive an outage, no keys, no network
      detent init                       write a commented detent.toml
      detent config check               every mistake in it at once
      detent scenario specs/scenarios   run stories against the real controller
    """


@main.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--trace", is_flag=True, help="Also print every decision: event, row, before -> after, why.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a scenario, and one with the totals.")
@click.pass_context
def scenario(ctx: click.Context, paths: tuple[Path, ...], trace: bool, as_json: bool) -> None:
    """Run scenario files, or every scenario of a folder, in virtual time.

    \b
    Exit code 0: all passed; 1: some failed; 2: a file could not be read.

    \b
    Examples:
      detent scenario specs/scenarios
      detent scenario --trace my-outage.toml
    """
    files = _scenario_files(paths)
    results: list[Result] = []
    unreadable: list[str] = []
    bar = Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty())
    with bar:
        for path in bar.track(files, description="scenarios"):
            try:
                results.append(run_file(path))
            except ScenarioError as error:
                unreadable.append(str(error))
                click.echo(f"Error: {error}", err=True)
                continue
            _say_result(results[-1], trace, as_json)
    failed = sum(not result.passed for result in results)
    totals = {"passed": len(results) - failed, "failed": failed, "unreadable": len(unreadable)}
    click.echo(json.dumps(totals) if as_json else f"{totals['passed']} passed, {failed} failed")
    ctx.exit(2 if unreadable else 1 if failed else 0)


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


@main.command()
@click.argument("source", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--explain", is_flag=True, help="Also name the rule that decided and the fact it read.")
@click.pass_context
def classify(ctx: click.Context, source: Any, explain: bool) -> None:
    """Say why provider calls failed: JSON lines in, JSON lines out.

    \b
    Reads {"id", "status", "headers", "body", "exception", "provider", "transport"}, any of which may be
    missing; writes {"id", "reason", "scope", "retry_same", "failover", "retry_after_s"}.
    Exit code 1: a line was no record.

    \b
    Examples:
      detent classify failures.jsonl > reasons.jsonl
      echo '{"status": 429, "body": "slow down"}' | detent classify --explain
    """
    from .classify import classify_lines

    ctx.exit(1 if classify_lines(source, sys.stdout, explain=explain) else 0)
