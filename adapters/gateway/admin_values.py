"""What the admin API is asked, and what it answers: values, which `detent.fsm.plain` writes as JSON and reads."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen

from detent.adapters.status import Rest, SessionStatus
from detent.fsm.decision import Decision, Notice

from .live import Loaded


@frozen
class GatewayStatus:
    """How the gateway is.

    Attributes:
        version: of Detent.
        address: where it listens.
        started_at: when it began to, in POSIX seconds.
        turns: how many turns are in flight.
        sessions: how many sessions there are in each state.
        chains: the models of each chain, in their order.
        rests: the scopes that are in cooldown or being probed.
        configuration: what became of the configuration file when it was last looked at.
    """

    version: str
    address: str
    started_at: float
    turns: int
    sessions: Mapping[str, int]
    chains: Mapping[str, tuple[str, ...]]
    rests: tuple[Rest, ...]
    configuration: Loaded


@frozen
class SessionPage:
    """Some sessions, in the order of their ids.

    Attributes:
        sessions: what they are doing.
        after: ask for the sessions after this id to go on; None: there are no more.
    """

    sessions: tuple[SessionStatus, ...]
    after: str | None


@frozen
class SessionAsked:
    """Which session something is asked of."""

    id: str


@frozen
class PinAsked:
    """Which session is to be pinned to which model; ``strict`` excludes the chain, null leaves it to the policy."""

    id: str
    model: str
    strict: bool | None = None


@frozen
class ClearAsked:
    """Which rests are to end.

    Attributes:
        what: a scope's key, a model (everything that keeps it from being called) or a provider; None: all rests.
    """

    what: str | None = None


@frozen
class Done:
    """What came of what was asked of a session.

    Attributes:
        session: what it is doing now.
        says: the decision, in sentences.
        done: False where it was blocked.
    """

    session: SessionStatus
    says: tuple[str, ...]
    done: bool = True


@frozen
class Why:
    """The last decisions of a session.

    Attributes:
        session: what it is doing now.
        says: the decisions in sentences, oldest first, with everybody who was passed over.
    """

    session: SessionStatus
    says: tuple[str, ...]


@frozen
class Rests:
    """Every scope that is in cooldown or being probed, the longest rest first."""

    rests: tuple[Rest, ...]


@frozen
class Told:
    """A decision or a notice as it is made.

    Attributes:
        at: when, in seconds of the controller's clock.
        kind: ``move``, ``blocked`` or ``stale`` for a decision, ``notice`` for what a user should be told,
            ``dropped`` where something was not told, because its reader was too slow.
        session: the session, empty: none.
        turn: the turn, empty: none.
        machine: ``session``, ``turn`` or ``cooldown``; empty for a notice.
        event: the event's name; for a notice its kind.
        row: the name of the row that fired, empty where none did.
        before: the state before.
        after: the state afterwards.
        says: one sentence.
    """

    at: float
    kind: str
    session: str
    turn: str
    machine: str
    event: str
    row: str
    before: str
    after: str
    says: str


def told(item: Decision | Notice) -> Told:
    """A decision or a notice as it is shown."""
    if isinstance(item, Decision):
        return Told(
            item.at,
            item.kind,
            item.session,
            item.turn,
            item.machine,
            item.event,
            item.row,
            item.before,
            item.after,
            str(item),
        )
    home = "" if item.served == item.wanted else f", home is {item.wanted}"
    says = f"session {item.session}: {item.kind}: {item.because}; {item.served} serves{home}"
    return Told(item.at, "notice", item.session, "", "", item.kind, "", "", "", says)


def dropped(count: int, at: float) -> Told:
    """So many decisions and notices were not told.

    Args:
        count: how many.
        at: the time of the first that is told again, in seconds of the controller's clock.
    """
    return Told(at, "dropped", "", "", "", "", "", "", "", f"{count:,} decisions and notices were too many to be told")
