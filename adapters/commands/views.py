"""What a gateway says as tables and sentences for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from detent.fsm.chain import DEFAULT_CHAIN

from ..gateway.admin_values import Done, GatewayStatus, SessionPage, Told, Why
from ..gateway.live import Loaded
from ..status import Cleared, Rest, SessionStatus

STYLES: Final = {
    "primary": "green",
    "user_pinned": "blue",
    "failover_active": "yellow",
    "cooldown_probe": "cyan",
    "cooling": "yellow",
    "probing": "cyan",
    "blocked": "yellow",
    "stale": "dim",
    "notice": "bold cyan",
    "dropped": "red",
    "exhausted": "bold red",
}
_MINUTE: Final = 60
_HOUR: Final = 3600


def status_view(status: GatewayStatus) -> RenderableType:
    """How a gateway is."""
    total = sum(status.sessions.values())
    states = ", ".join(f"{count:,} {state}" for state, count in status.sessions.items() if count)
    since = datetime.fromtimestamp(status.started_at, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    lines: list[RenderableType] = [
        _plain(f"Detent {status.version} listens on {status.address} since {since}"),
        _plain(f"turns in flight: {status.turns:,}; sessions: {total:,}{f', {states}' if states else ''}"),
    ]
    lines += [_plain(f"chain {name}: {' -> '.join(models)}") for name, models in status.chains.items()]
    lines.append(rests_view(status.rests) if status.rests else _plain("nothing is in cooldown"))
    lines.append(loaded_view(status.configuration))
    return Group(*lines)


def sessions_view(page: SessionPage) -> RenderableType:
    """Sessions as a table; their chain and turns only where there is something to say of them."""
    if not page.sessions:
        return Text("no such session")
    chains = any(each.chain != DEFAULT_CHAIN for each in page.sessions)
    turns = any(each.turns for each in page.sessions)
    table = _table("session", "state", "serving", "home", *["chain"] * chains, *["turns"] * turns)
    table.columns[1].no_wrap = True
    for each in page.sessions:
        home = f"{each.home} (pinned)" if each.pinned else each.home if each.home != each.serving else ""
        table.add_row(
            _plain(each.id),
            Text(each.state, STYLES.get(each.state, "")),
            _plain(each.serving),
            _plain(home),
            *[_plain(each.chain)] * chains,
            *[_plain(str(each.turns))] * turns,
        )
    if page.after is None:
        return table
    return Group(table, _plain(f"more with --after {page.after!r}", "dim"))


def session_line(session: SessionStatus) -> Text:
    """A session in one line."""
    away = "" if session.home == session.serving else f", home is {session.home}"
    pin = "" if session.pinned is None else f", pinned{' strictly' if session.strict else ''} to {session.pinned}"
    return Text.assemble(
        _plain(f"session {session.id}: "),
        (session.state, STYLES.get(session.state, "")),
        _plain(f", {session.serving} serves{away}{pin}"),
    )


def why_view(why: Why) -> RenderableType:
    """The last decisions of a session, and how it is now."""
    said = [_plain(line) for line in why.says] or [_plain("nothing of it is remembered", "dim")]
    return Group(*said, session_line(why.session))


def done_view(done: Done) -> RenderableType:
    """What came of something that was asked of a session."""
    style = "" if done.done else STYLES["blocked"]
    return Group(*(_plain(line, style) for line in done.says), session_line(done.session))


def rests_view(rests: tuple[Rest, ...]) -> RenderableType:
    """Cooldowns as a table."""
    if not rests:
        return Text("nothing is in cooldown")
    table = _table("scope", "state", "reason", "strikes", "left")
    for rest in rests:
        left = _span(rest.left) if rest.left else "due: the next call is the probe"
        reason = f"{rest.reason}{' (hard)' if rest.hard else ''}"
        state = Text(rest.state, STYLES.get(rest.state, ""))
        table.add_row(_plain(rest.scope), state, _plain(reason), str(rest.strikes), left)
    return table


def cleared_view(cleared: Cleared) -> RenderableType:
    """Which rests have ended."""
    lines = [_plain(f"cleared: {scope}") for scope in cleared.cleared] or [Text("nothing of that was in cooldown")]
    lines += [_plain(f"being probed, which finds out: {scope}", "cyan") for scope in cleared.probed]
    return Group(*lines)


def loaded_view(loaded: Loaded) -> RenderableType:
    """What became of the configuration file."""
    if loaded.ok:
        news = "has changed, and is in use" if loaded.changed else "is in use"
        lines = [_plain(f"{loaded.path} {news}, revision {loaded.revision}", "green")]
    else:
        lines = [_plain(f"{loaded.path} cannot be used; revision {loaded.revision} serves on", "red")]
    lines += [_plain(f"mistake: {problem}", "red") for problem in loaded.problems]
    lines += [_plain(f"warning: {warning}", "yellow") for warning in loaded.warnings]
    lines += [_plain(f"not yet: {wait}", "yellow") for wait in loaded.needs_restart]
    return Group(*lines)


def told_line(told: Told) -> Text:
    """A decision or a notice in one line."""
    style = STYLES.get(told.event if told.kind == "notice" else told.kind, "")
    style = style or STYLES.get(told.kind, "") or (STYLES.get(told.after, "") if told.machine == "session" else "")
    whose = f"[{told.session}] " if told.session and told.machine in ("turn", "cooldown") else ""
    when = datetime.fromtimestamp(told.at).astimezone().strftime("%H:%M:%S")
    return Text.assemble((f"{when} ", "dim"), _plain(whose, "dim"), _plain(told.says, style))


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _plain(text: str, style: str = "") -> Text:
    """Text that is nothing but text: no markup, and nothing that a terminal would obey."""
    return Text("".join(c if c.isprintable() else " " for c in text), style)


def _span(seconds: float) -> str:
    """A length of time as people say it, in two words at most."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE} min"
