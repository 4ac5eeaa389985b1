"""The command line: one command a need, ``--help`` with examples, ``--json`` for machines."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import Progress

from detent.fsm.errors import DetentError

from .commands import importing
from .journal import Journal
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


@main.command()
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
    from .demo import Demo
    from .demo_views import LiveView, PlainView

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


@main.command()
@click.argument("path", type=click.Path(path_type=Path), default=CONFIG_NAME)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def init(path: Path, force: bool) -> None:
    """Write a commented detent.toml to begin with.

    \b
    Examples:
      detent init
      detent init ~/.config/detent/detent.toml
    """
    from .settings import TEMPLATE

    if path.exists() and not force:
        raise click.ClickException(f"{path} is there already; name another file, or overwrite it with --force")
    try:
        path.write_text(TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror or error}") from None
    click.echo(f"Wrote {path}. Name your models in it, then run: detent config check {path}")


@main.group()
def config() -> None:
    """Look after detent.toml."""


@config.command("check")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with problems, warnings and chains.")
@click.pass_context
def config_check(ctx: click.Context, path: Path | None, as_json: bool) -> None:
    """Tell every mistake in a detent.toml at once, and show its chains as sessions walk them.

    \b
    Without PATH: $DETENT_CONFIG, ./detent.toml, then the folder of the platform.
    Exit code 0: good; 1: mistakes; 2: no file was named, and none found.

    \b
    Examples:
      detent config check
      detent config check production.toml --json
    """
    from .settings import check, find, render

    found = find(path)
    if found is None:
        raise click.UsageError("no detent.toml was found; write one with 'detent init', or name a file")
    report = check(found)
    if as_json:
        click.echo(json.dumps(report.plain(), ensure_ascii=False))
    else:
        Console().print(render(report))
    ctx.exit(0 if report.ok else 1)


@main.command()
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

    from .session_pictures import session_picture

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
    from .settings import find, load

    found = find()
    journal = None if found is None else load(found).journal
    if journal is None:
        raise click.UsageError(
            "no log was named; name one with --log FILE, or have one written: [journal] in detent.toml, "
            'path = "decisions.jsonl"'
        )
    return journal.path


@main.command()
@click.option("--config", "path", type=click.Path(path_type=Path), help="The file; looked for where it usually is.")
@click.option("--host", help="The address to listen on; the file's own, or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; the file's own, or 8484. 0: any free one.")
def serve(path: Path | None, host: str | None, port: int | None) -> None:
    """Serve the chains of a detent.toml to any client that speaks a vendor's API.

    \b
    Without --config: $DETENT_CONFIG, ./detent.toml, then the folder of the platform.
    Ends with Ctrl-C or SIGTERM, once the turns in flight have ended.

    \b
    Examples:
      detent serve
      OPENAI_BASE_URL=http://127.0.0.1:8484/v1 my-agent
    """
    from .gateway import serve as run
    from .settings import find, load

    found = find(path)
    if found is None:
        raise click.UsageError("no detent.toml was found; write one with 'detent init', or name a file")
    try:
        asyncio.run(run(load(found), host=host, port=port, ready=lambda at: click.echo(f"Detent listens on {at}")))
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error.strerror or error}; name another --port") from error


@main.command()
@click.argument("name")
@click.option("--admin", is_flag=True, help="Also good for pins, resets and the configuration.")
def key(name: str, admin: bool) -> None:
    """Make a key for the gateway, and the lines of detent.toml that let it in.

    The key is shown once; the file holds its digest.

    \b
    Examples:
      detent key laptop
      detent key ops --admin
    """
    from .gateway.keys import digest_of, new_key

    made = new_key()
    scopes = '["call", "admin"]' if admin else '["call"]'
    click.echo(f"The key, for its owner alone: {made}\n")
    click.echo(f'[gateway.keys.{json.dumps(name)}]\nsha256 = "{digest_of(made)}"\nscopes = {scopes}')


@main.command()
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

    from .settings import find, load

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


main.add_command(importing.import_)


if __name__ == "__main__":
    main()
