"""The command line: one command a need, ``--help`` with examples, ``--json`` for machines."""

from __future__ import annotations

from typing import Any

import click

from detent.fsm.errors import DetentError

from .commands import configuration, failures, importing, operations, pictures, promises, serving, stories


class _Group(click.Group):
    """Turns every error of the house into one sentence and exit code 1."""

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
      detent serve                      the gateway, for clients in any language
      detent status                     how it is; also: sessions, why, pin, cooldowns, tail, ...
      detent scenario specs/scenarios   run stories against the real controller
    """


for _command in (
    stories.scenario,
    failures.classify,
    stories.demo,
    configuration.init,
    configuration.config,
    importing.import_,
    pictures.diagram,
    serving.serve,
    serving.key,
    promises.check,
    *operations.COMMANDS,
):
    main.add_command(_command)


if __name__ == "__main__":
    main()
