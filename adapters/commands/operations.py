"""A running gateway from outside: ``detent status``, ``sessions``, ``why``, ``pin`` and the others.

They talk to the admin API alone; the gateway may be on another machine.
"""

from __future__ import annotations

import json
from contextlib import aclosing
from typing import Final

import click
from rich.console import Group

from detent.fsm.plain import to_plain
from detent.fsm.session import STATES

from ..gateway.admin_values import (
    ClearAsked,
    Done,
    GatewayStatus,
    PinAsked,
    Rests,
    SessionAsked,
    SessionPage,
    Told,
    Why,
)
from ..gateway.live import Loaded
from ..status import Cleared
from . import views
from .talking import Talk, console, talking, until_interrupted


@click.command()
@talking
def status(talk: Talk) -> None:
    """Show how the gateway is: turns, sessions, chains, cooldowns, and its configuration file.

    \b
    Examples:
      detent status
      detent status --url http://gateway.internal:8484 --json
    """
    found = talk.get("status", GatewayStatus)
    talk.show(found, lambda: views.status_view(found))


@click.command()
@talking
@click.option("--state", type=click.Choice(list(STATES)), help="Only those in this state.")
@click.option("--contains", help="Only those whose id contains this.")
@click.option("--after", help="Only those whose id comes after this one: the next page.")
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="How many at most.")
def sessions(talk: Talk, state: str | None, contains: str | None, after: str | None, limit: int) -> None:
    """List sessions in the order of their ids, a page at a time.

    \b
    Examples:
      detent sessions
      detent sessions --state failover_active
      detent sessions --contains conversation --after conversation-17
    """
    page = talk.get("sessions", SessionPage, state=state, contains=contains, after=after, limit=limit)
    talk.show(page, lambda: views.sessions_view(page))


@click.command()
@talking
@click.argument("session")
@click.option("--last", type=click.IntRange(1), default=20, show_default=True, help="How many decisions.")
def why(talk: Talk, session: str, last: int) -> None:
    """Say why a session is as it is: its last decisions in sentences, with everybody who was passed over.

    \b
    Examples:
      detent why conversation-17
    """
    found = talk.get("why", Why, id=session, last=last)
    talk.show(found, lambda: views.why_view(found))


@click.command()
@talking
@click.argument("session")
@click.argument("model")
@click.option("--strict", is_flag=True, help="Nothing else may answer while it is pinned.")
def pin(talk: Talk, session: str, model: str, strict: bool) -> None:
    """Have a session use a model, of its chain or not, until it is let go.

    \b
    Examples:
      detent pin conversation-17 groq/llama-3.3-70b-versatile
      detent pin conversation-17 openai/gpt-5 --strict
    """
    _say_done(talk, talk.post("pin", Done, PinAsked(session, model, strict or None)))


@click.command()
@talking
@click.argument("session")
def unpin(talk: Talk, session: str) -> None:
    """Let go of a session's pin: home is the desired primary again.

    \b
    Examples:
      detent unpin conversation-17
    """
    _say_done(talk, talk.post("unpin", Done, SessionAsked(session)))


@click.command()
@talking
@click.argument("session")
def reset(talk: Talk, session: str) -> None:
    """Start a session afresh on the desired primary, without a pin.

    \b
    Examples:
      detent reset conversation-17
    """
    _say_done(talk, talk.post("reset", Done, SessionAsked(session)))


@click.command()
@talking
@click.argument("session")
@click.pass_context
def reconcile(ctx: click.Context, talk: Talk, session: str) -> None:
    """Bring a session in line with its configuration; exit code 1 where that is blocked.

    \b
    Examples:
      detent reconcile conversation-17
    """
    done = talk.post("reconcile", Done, SessionAsked(session))
    _say_done(talk, done)
    ctx.exit(0 if done.done else 1)


@click.command()
@talking
def cooldowns(talk: Talk) -> None:
    """Show what is in cooldown or being probed, why, and for how long.

    \b
    Examples:
      detent cooldowns
    """
    found = talk.get("cooldowns", Rests)
    talk.show(found, lambda: views.rests_view(found.rests))


@click.command()
@talking
@click.argument("what", required=False)
@click.option("--all", "everything", is_flag=True, help="Every cooldown there is.")
def clear(talk: Talk, what: str | None, everything: bool) -> None:
    """End cooldowns: those of a scope, as `detent cooldowns` shows it, of a model, or of a provider.

    Strikes are kept, so what fails again rests longer; what is being probed is left to its probe.

    \b
    Examples:
      detent clear openai/gpt-5
      detent clear "credential openai@work"
      detent clear --all
    """
    if (what is None) != everything:
        raise click.UsageError("name a scope, a model or a provider, or say --all")
    cleared = talk.post("clear", Cleared, ClearAsked(what))
    talk.show(cleared, lambda: views.cleared_view(cleared))


@click.command()
@talking
@click.pass_context
def reload(ctx: click.Context, talk: Talk) -> None:
    """Have the configuration file read now, and say what became of it; exit code 1 with every mistake in it.

    The gateway follows the file by itself. With mistakes the configuration before it serves on.

    \b
    Examples:
      detent reload
    """
    loaded = talk.post("reload", Loaded)
    talk.show(loaded, lambda: views.loaded_view(loaded))
    ctx.exit(0 if loaded.ok else 1)


@click.command()
@talking
@click.argument("session", required=False)
@click.option("-n", "--count", type=click.IntRange(1), help="End after so many.")
def tail(talk: Talk, session: str | None, count: int | None) -> None:
    """Follow decisions and notices as they are made, one sentence each, of a session or of all.

    Ends with Ctrl-C, or when the gateway stops.

    \b
    Examples:
      detent tail
      detent tail conversation-17 --json
    """
    until_interrupted(_follow(talk, session, count))


async def _follow(talk: Talk, session: str | None, count: int | None) -> None:
    page, left = console(), count
    async with aclosing(talk.events("tail", Told, {} if session is None else {"id": session})) as events:
        async for told in events:
            if talk.as_json:
                click.echo(json.dumps(to_plain(told), ensure_ascii=False))
            else:
                page.print(Group(views.told_line(told)), soft_wrap=True)
            left = None if left is None else left - 1
            if left == 0:
                return


def _say_done(talk: Talk, done: Done) -> None:
    talk.show(done, lambda: views.done_view(done))


COMMANDS: Final = (
    status, sessions, why, pin, unpin, reset, cooldowns, clear, reload, reconcile, tail
)  # fmt: skip
"""The commands of this file."""
