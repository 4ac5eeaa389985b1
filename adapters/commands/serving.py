"""The gateway: ``detent serve``, and ``detent key``, which lets clients in."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import click


@click.command()
@click.option("--config", "path", type=click.Path(path_type=Path), help="The file; looked for where it usually is.")
@click.option("--host", help="The address to listen on; the file's own, or 127.0.0.1.")
@click.option("--port", type=click.IntRange(0, 65535), help="The port; the file's own, or 8484. 0: any free one.")
def serve(path: Path | None, host: str | None, port: int | None) -> None:
    """Serve the chains of a detent.toml to any client that speaks a vendor's API.

    \b
    Without --config: $DETENT_CONFIG, ./detent.toml, then the folder of the platform.
    A change of the file is taken over while it serves; SIGHUP has it read at once.
    Ends with Ctrl-C or SIGTERM, once the turns in flight have ended; told twice, it does not wait for them.

    \b
    Examples:
      detent serve
      OPENAI_BASE_URL=http://127.0.0.1:8484/v1 my-agent
    """
    from ..gateway import serve as run
    from ..settings import find, load
    from ..telemetry.logs import configure

    found = find(path)
    if found is None:
        raise click.UsageError("no detent.toml was found; write one with 'detent init', or name a file")
    settings = load(found)
    configure(settings.gateway.log, settings.gateway.log_level)
    try:
        asyncio.run(run(settings, host=host, port=port, ready=lambda at: click.echo(f"Detent listens on {at}")))
    except OSError as error:
        raise click.ClickException(f"cannot listen: {error.strerror or error}; name another --port") from error


@click.command()
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
    from ..gateway.keys import digest_of, new_key

    made = new_key()
    scopes = '["call", "admin"]' if admin else '["call"]'
    click.echo(f"The key, for its owner alone: {made}\n")
    click.echo(f'[gateway.keys.{json.dumps(name)}]\nsha256 = "{digest_of(made)}"\nscopes = {scopes}')
