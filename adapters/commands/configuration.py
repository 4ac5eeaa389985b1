"""The configuration file before it is used: ``detent init`` and ``detent config check``."""

from __future__ import annotations

import json
from pathlib import Path

import click
from rich.console import Console

from ..settings.places import FILE_NAME


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=FILE_NAME)
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
def init(path: Path, force: bool) -> None:
    """Write a commented detent.toml to begin with.

    \b
    Examples:
      detent init
      detent init ~/.config/detent/detent.toml
    """
    from ..settings import TEMPLATE

    if path.exists() and not force:
        raise click.ClickException(f"{path} is there already; name another file, or overwrite it with --force")
    try:
        path.write_text(TEMPLATE, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{path} cannot be written: {error.strerror or error}") from None
    click.echo(f"Wrote {path}. Name your models in it, then run: detent config check {path}")


@click.group()
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
    from ..settings import check, find, render

    found = find(path)
    if found is None:
        raise click.UsageError("no detent.toml was found; write one with 'detent init', or name a file")
    report = check(found)
    if as_json:
        click.echo(json.dumps(report.plain(), ensure_ascii=False))
    else:
        Console().print(render(report))
    ctx.exit(0 if report.ok else 1)
