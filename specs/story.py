"""A run told in sentences: what happened, what the core made of it, and where that left the session."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from detent.fsm import Call, Failure, Outcome, Wait

from .explorer import Counterexample
from .world import Moment, World

_WORDS: Final = {
    "waited": "the wait in place is over",
    "abort": "the client calls the turn off",
    "deadline": "the turn's time is up",
    "late": "a superseded attempt speaks up",
    "unpin": "the user lets go of the pin",
    "reset": "the user resets the session",
    "reconcile": "the reconciliation loop visits",
}


_OF_CALLEE: Final = {"succeed": "answers", "slow": "has no content yet", "content": "shows content"}


def happening(m: Moment) -> str:
    """What happened, in one clause."""
    kind, what = m.move.kind, m.move.what
    flight = m.before.flight(m.move.flight)
    model = flight.flying[int(m.move.beside)].label if flight is not None and flight.flying else ""
    if kind in _OF_CALLEE:
        return f"{model} {_OF_CALLEE[kind]}"
    match kind:
        case "start":
            return "a turn begins"
        case "fail":
            assert isinstance(what, Failure)
            wait = "" if what.wait_s is None else f", come back in {what.wait_s:g} s"
            return f"{model} fails: {what.reason}{wait}"
        case "pin":
            name, strict = what
            return f"the user pins {name}{', strictly' if strict else ''}"
        case "publish":
            return f"configuration {what} is published"
        case "renew":
            provider, credential = what
            return f"the key of {provider}@{credential} is changed"
        case "restart":
            return "the process dies and comes back"
        case "die" | "come_back":
            return f"node n{int(str(what)) + 1} {'dies' if kind == 'die' else 'comes back'}"
        case "wait":
            return "time passes until the next rest or lease is over"
    return _WORDS[kind]


def consequence(m: Moment) -> str:
    """What the core ordered and told, in a few words."""
    parts = [f"calls {m.command.candidate.label}"] if isinstance(m.command, Call) else []
    if isinstance(m.command, Wait):
        parts.append("waits in place")
    if isinstance(m.command, Outcome):
        parts.append(f"the turn ends {m.command.kind}")
    parts += [f"blocked: {d.why}" for d in m.decisions if d.machine == "session" and d.kind == "blocked"]
    parts += [f"notice {notice.kind}" for notice in m.notices]
    return "; ".join(parts)


def standing(world: World, number: int) -> str:
    """Where a session stands."""
    session = world.sessions[number]
    pin = f", pinned to {session.pin}" if session.pin else ""
    return f"{session.state}, serving {session.serving}{pin}"


def sentences(moments: Iterable[Moment], *, sessions: int = 1, concurrent: int = 1) -> list[str]:
    """The run, a line a move."""
    lines = []
    for count, m in enumerate(moments, 1):
        number = max(m.move.session, 0)
        who = f"s{number + 1}: " if sessions > 1 and m.move.session >= 0 else ""
        who = f"{m.move.flight}: " if m.move.flight and concurrent > 1 else who
        said = consequence(m)
        lines.append(f"{count:3}. {who}{happening(m)}{' -> ' + said if said else ''}  [{standing(m.after, number)}]")
    return lines


def told(counterexample: Counterexample) -> str:
    """A counterexample as a story: the promise, the way there, and what goes on for ever, if anything does."""
    env = counterexample.env
    lines = sentences(counterexample.moments(), sessions=env.sessions, concurrent=env.concurrent)
    way = len(counterexample.moves)
    text = [f"{counterexample.promise}", f"is broken in the world '{env.name}':", *lines[:way]]
    if counterexample.cycle:
        text += ["and from here round and round:", *lines[way:]]
    return "\n".join(text)
