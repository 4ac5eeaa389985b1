"""Coming from elsewhere: ``detent import``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ..settings.places import FILE_NAME


@click.group("import")
def import_() -> None:
    """Make a detent.toml of another program's configuration.

    What has no counterpart is listed, and stands at the head of the file. Keys are not copied: environment variables
    keep their names, and a key that the other file holds itself is to be exported under a name that is told.
    """


def _arguments(command: Callable[..., None]) -> Callable[..., None]:
    source = click.argument("source", metavar="FILE", type=click.Path(path_type=Path, dir_okay=False, exists=True))
    out = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), default=FILE_NAME, show_default=True)
    return source(out(click.option("--force", is_flag=True, help="Overwrite a file that is there.")(command)))


@import_.command()
@_arguments
def openclaw(source: Path, out: Path, force: bool) -> None:
    """Read an openclaw.json: default model and fallbacks, agents' own models, providers.

    \b
    Examples:
      detent import openclaw ~/.openclaw/openclaw.json
    """
    _write("openclaw", source, out, force)


@import_.command()
@_arguments
def litellm(source: Path, out: Path, force: bool) -> None:
    """Read a config.yaml of LiteLLM's proxy: groups, fallbacks, retries and cooldowns.

    \b
    Examples:
      detent import litellm config.yaml
      detent import litellm config.yaml --out production.toml
    """
    _write("litellm", source, out, force)


def _write(program: str, source: Path, out: Path, force: bool) -> None:
    if out.exists() and not force:
        raise click.ClickException(f"{out} is there already; name another with --out, or overwrite it with --force")
    draft, text = _drafted(program, source)
    try:
        out.write_text(text, encoding="utf-8")
    except OSError as error:
        raise click.ClickException(f"{out} cannot be written: {error.strerror or error}") from None
    for note in draft.notes:
        click.echo(f"Note: {note}", err=True)
    models = sum(len(chain) for chain in draft.chains.values())
    click.echo(
        f"Wrote {out}: {len(draft.chains)} chains of {models} models. Look it over, then: detent config check {out}"
    )


def _drafted(program: str, source: Path) -> tuple[Any, str]:
    from ..importing import ImportingError, read_litellm, read_openclaw

    read = {"openclaw": read_openclaw, "litellm": read_litellm}[program]
    try:
        draft = read(source.read_text(encoding="utf-8-sig"))
        return draft, draft.text(f"Made by `detent import {program} {source.name}`.")
    except ModuleNotFoundError as error:
        says = f"importing needs the package {error.name}; pip install 'detent[import]'"
        raise click.ClickException(says) from error
    except (ImportingError, OSError, UnicodeDecodeError) as error:
        raise click.ClickException(f"{source} {error}") from error
