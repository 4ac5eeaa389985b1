"""What the core says: decisions for the log, notices for the user, commands for the shell, and a turn's outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import frozen

from .chain import Candidate
from .cooldown import Cooldown
from .reasons import Failure
from .rows import Kind
from .session import Session
from .turn import Turn
from .turn_events import Fate

NoticeKind = Literal[
    "failover",
    "recovered",
    "pinned",
    "unpinned",
    "adopted",
    "pin_suspended",
    "exhausted",
    "last_resort",
    "detour",
]


@frozen
class Decision:
    """One event met one machine: the line of the decision log.

    Attributes:
        at: the time, in seconds of the caller's clock.
        machine: ``session``, ``turn`` or ``cooldown``.
        subject: the session's id, the turn's id, or the scope's key.
        session: the session in whose name it happened; empty for events of no session.
        turn: the turn in whose name it happened; empty between turns.
        event: the event's name.
        row: the name of the row that fired; empty where none did.
        kind: ``move``, ``blocked`` or ``stale``.
        before: the state before.
        after: the state afterwards.
        why: one sentence.
        detail: what the event was about, e.g. the model or the failure.
        data: the event itself, complete, so that the log can be decided again.
    """

    at: float
    machine: str
    subject: str
    session: str
    turn: str
    event: str
    row: str
    kind: Kind
    before: str
    after: str
    why: str
    detail: str = ""
    data: Any = None

    def __str__(self) -> str:
        about = f" ({self.detail})" if self.detail else ""
        arrow = self.before if self.before == self.after else f"{self.before} -> {self.after}"
        verdict = "" if self.kind == "move" else f" {self.kind}:"
        name = self.subject.rpartition(".")[2] if self.machine == "turn" else self.subject
        return f"{self.machine} {name}: {self.event}{about}: {arrow}:{verdict} {self.why}"


@frozen
class Notice:
    """What a user should be told.

    Attributes:
        kind: what happened.
        session: the session's id.
        wanted: the model of home.
        served: the model that serves now.
        because: one sentence.
        at: the time, in seconds of the caller's clock.
    """

    kind: NoticeKind
    session: str
    wanted: str
    served: str
    because: str
    at: float


@frozen
class Call:
    """Command: call this candidate. It ends in exactly one event of that attempt, unless the call is called off.

    Where another call of the turn is in flight this one is made beside it. Whoever has content first goes on: with the
    step that the content leads to, the other is called off.

    Attributes:
        attempt: the attempt's number in the turn.
        candidate: whom to call.
        first_token_s: the longest wait for the first content, in seconds.
        idle_s: the longest gap between two pieces of content, in seconds.
        connect_s: the longest a connection may take, in seconds, None: as the provider's address says.
        attempt_s: the longest it may take to the whole answer, in seconds, None: as long as content keeps coming.
        hedge_after_s: say that the attempt is slow where it has no content after so many seconds, None: never.
        fresh: drop the provider's stale conversation state first.
    """

    attempt: int
    candidate: Candidate
    first_token_s: float
    idle_s: float
    connect_s: float | None = None
    attempt_s: float | None = None
    hedge_after_s: float | None = None
    fresh: bool = False


@frozen
class Wait:
    """Command: wait in place, then say that the wait of this attempt is over.

    Attributes:
        attempt: the attempt's number.
        seconds: how long.
    """

    attempt: int
    seconds: float


OutcomeKind = Literal["answered", "exhausted", "surfaced", "aborted", "interrupted"]


@frozen
class Outcome:
    """Command: the turn is over, and this is how.

    Attributes:
        kind: the outcome.
        session: the session's id.
        turn: the turn's id.
        model: the model that answered, or that the failure is about; empty: none was called.
        credential: the name of the credential it was called with.
        reason: the failure reason that is shown, empty for an answered or aborted turn.
        failure: the last failure as it was, where there was one.
        fates: what happened to each candidate that did not answer.
        attempts: how many calls were made.
        retry_at: the soonest time worth trying again, in seconds of the caller's clock, None: time does not help.
    """

    kind: OutcomeKind
    session: str
    turn: str
    model: str = ""
    credential: str = ""
    reason: str = ""
    failure: Failure | None = None
    fates: tuple[Fate, ...] = ()
    attempts: int = 0
    retry_at: float | None = None


Command = Call | Wait | Outcome
NO_COOLDOWNS: Final[Mapping[str, Cooldown]] = {}


@frozen
class Step:
    """What one event came to, whole: nothing of it has happened until it is stored.

    Attributes:
        session: the session afterwards.
        turn: the turn afterwards, None: the event was not about a turn.
        cooldowns: the cooldown records that changed, by scope key.
        decisions: the decisions, in order.
        notices: what the user should be told, in order.
        command: what the shell must do next, None: nothing, or what it is doing already. The calls that it is doing
            are those of the turn: the present attempt, and the one beside it.
    """

    session: Session
    turn: Turn | None
    cooldowns: Mapping[str, Cooldown]
    decisions: tuple[Decision, ...]
    notices: tuple[Notice, ...]
    command: Command | None = None
