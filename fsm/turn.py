"""The turn machine: one user request, from its first attempt to its one outcome.

A turn walks its plan forward and never back: ``at`` only grows, and each candidate has a budget of retries that is
never refilled, so every turn ends (the pair *candidates left, retries left* falls with each attempt). What the walk
finds at each point — who may be called next, whether a retry is due, whether size alone stands in the way — is
surveyed beforehand (`walk`) and comes with the event, so the table below is all there is to the behaviour.

A chain that hedges starts the next candidate beside an attempt that has had no content for a while. From then on two
calls are in flight, the present one and the one *beside* it, and whoever has content first goes on alone: the other is
called off, which is nobody's failure. Whoever fails first leaves the turn to the other. An attempt that had somebody
beside it is not retried.

After the first content has reached the client (``streaming``) there is no way back to ``attempting``: output is never
sent twice. A turn whose answers are buffered stays in ``attempting`` until the answer is whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import define, field

from .chain import Candidate, Config
from .engine import Table
from .reasons import Failure
from .rows import Row, stale
from .turn_events import AttemptFailed, Beside, Called, Fate, OfAttempt, Slow, SpokeFirst, Started, Waited

PLANNED: Final = "planned"
ATTEMPTING: Final = "attempting"
BACKING_OFF: Final = "backing_off"
STREAMING: Final = "streaming"
ANSWERED: Final = "answered"
EXHAUSTED: Final = "exhausted"
SURFACED: Final = "surfaced"
ABORTED: Final = "aborted"
INTERRUPTED: Final = "interrupted"

STATES: Final = {
    PLANNED: "the order of the walk is fixed; nobody was called",
    ATTEMPTING: "a call is in flight, or two are, and nothing of them has reached the client",
    BACKING_OFF: "waiting in place before the same candidate is asked again",
    STREAMING: "content is reaching the client",
    ANSWERED: "the client has the whole answer of one candidate",
    EXHAUSTED: "every candidate was called or skipped for a reason on record",
    SURFACED: "a failure was shown to the client, because no other candidate may help",
    ABORTED: "the client called the turn off, or went away",
    INTERRUPTED: "the answer broke off after some of it had reached the client",
}
UNDER_WAY: Final = (PLANNED, ATTEMPTING, BACKING_OFF, STREAMING)
OVER: Final = (ANSWERED, EXHAUSTED, SURFACED, ABORTED, INTERRUPTED)


@define(eq=False)
class Turn:
    """One user request.

    Attributes:
        id: the turn's id, unique over processes.
        session: the session's id.
        config: the configuration it planned from and keeps.
        plan: the candidates in the order of the walk.
        epoch: the session's epoch when the turn began.
        began_in: the session's state then.
        began_on: what the session served then.
        told: what the user believed to serve then.
        pin: the user's pin when the turn began, None: none.
        strict: only the pin may be called.
        tokens: the size of the prompt, None: unknown.
        live: content reaches the client as it comes.
        deadline: when the turn is cut, in seconds of the caller's clock, None: never.
        licensed: the candidate that the user's pin licenses one attempt on while it cools, if any.
        state: one of `STATES`.
        at: where the walk stands in the plan.
        calls: how many attempts were made; the last one has this number.
        attempt: the number of the present attempt, from 1.
        current: whom the present attempt calls.
        tries: retries made of the present candidate.
        alone: the present attempt is not retried.
        resort: the present attempt is a last resort.
        leases: the keys of the scopes whose probe the present attempt is.
        seen: the generations of the candidate's scopes when the attempt began.
        beside: who is called beside the present attempt, None: nobody.
        condemned: scopes found failing in this turn, each with the word for skipping it.
        need: the context window that the request is known to need, in tokens.
        fates: what happened to each candidate so far.
        failure: the last failure.
        moved: this turn moved its session.
    """

    id: str
    session: str
    config: Config
    plan: tuple[Candidate, ...]
    epoch: int
    began_in: str
    began_on: str
    told: str
    pin: str | None = None
    strict: bool = False
    tokens: int | None = None
    live: bool = True
    deadline: float | None = None
    licensed: Candidate | None = None
    state: str = PLANNED
    at: int = 0
    calls: int = 0
    attempt: int = 0
    current: Candidate | None = None
    tries: int = 0
    alone: bool = False
    resort: bool = False
    leases: tuple[str, ...] = ()
    seen: Mapping[str, int] = field(factory=dict)
    beside: Beside | None = None
    condemned: Mapping[str, str] = field(factory=dict)
    need: int = 0
    fates: tuple[Fate, ...] = ()
    failure: Failure | None = None
    moved: bool = False

    def __copy__(self) -> Turn:
        twin = object.__new__(Turn)
        for name in _SLOTS:
            setattr(twin, name, getattr(self, name))
        return twin

    @property
    def is_over(self) -> bool:
        """The turn has its outcome."""
        return self.state in OVER

    def fate_of(self, model: str) -> Fate | None:
        """The last thing that happened to a model in this turn, None: the walk has not come to it."""
        return next((fate for fate in reversed(self.fates) if fate.candidate.model == model), None)


_SLOTS: Final = tuple(attribute.name for attribute in Turn.__attrs_attrs__)


def is_superseded(t: Turn, e: OfAttempt | AttemptFailed | Waited | Slow | SpokeFirst) -> bool:
    """It comes from an attempt that another has taken the place of."""
    return e.attempt != t.attempt and (t.beside is None or e.attempt != t.beside.attempt)


def comes_from_beside(t: Turn, e: AttemptFailed | SpokeFirst) -> bool:
    """It comes from the one beside the present attempt."""
    return t.beside is not None and e.attempt == t.beside.attempt


def somebody_is_beside(t: Turn, _e: Any) -> bool:
    """Another candidate is called beside the present attempt."""
    return t.beside is not None


def would_be_probe(_t: Turn, e: Slow) -> bool:
    """The next candidate's rest is over, so that its call would be a probe."""
    return e.reach.due != ()


def is_live(t: Turn, _e: OfAttempt) -> bool:
    """Content reaches the client as it comes."""
    return t.live


def somebody_is_free(_t: Turn, e: Started | AttemptFailed | Waited | Slow) -> bool:
    """A candidate that was not tried may be called."""
    return e.reach.candidate is not None


def last_resort_is_open(_t: Turn, e: Started) -> bool:
    """Everybody rests, one of them softly, and its last resort is not too recent."""
    return e.resort is not None


def only_size_hinders(_t: Turn, e: Started | AttemptFailed) -> bool:
    """The request is too long for every candidate, and nothing else is wrong with any."""
    return e.size_alone


def is_strict(t: Turn, _e: Any) -> bool:
    """Only the pin may be called."""
    return t.strict


def retry_is_due(_t: Turn, e: AttemptFailed) -> bool:
    """The reason allows another try, and there is budget for it."""
    return e.wait_s is not None


def retry_must_wait(_t: Turn, e: AttemptFailed) -> bool:
    """The next try is not at once."""
    return e.wait_s is not None and e.wait_s > 0


def ends_the_walk(_t: Turn, e: AttemptFailed) -> bool:
    """No other candidate may help: the failure is the request's own."""
    return e.ends


def is_unknown_and_alone(t: Turn, e: AttemptFailed) -> bool:
    """A chain of one failed in a way nobody knows."""
    return e.failure.reason == "unknown" and all(c.model == t.plan[0].model for c in t.plan)


def is_still_open(_t: Turn, e: Waited) -> bool:
    """Nobody has condemned the candidate in the meantime."""
    return e.open


def call_next(t: Turn, e: Started | AttemptFailed | Waited) -> Mapping[str, Any]:
    """Go on to the candidate that the walk reaches."""
    return {
        "current": e.reach.candidate,
        "at": e.reach.at,
        "calls": t.calls + 1,
        "attempt": t.calls + 1,
        "tries": 0,
        "alone": e.reach.alone,
        "leases": e.reach.due,
    }


def call_last_resort(_t: Turn, e: Started) -> Mapping[str, Any]:
    """Call the softly cooling candidate that is due soonest, once."""
    assert e.resort is not None  # the row's guard
    return {
        "current": e.resort.candidate,
        "at": e.resort.at,
        "calls": 1,
        "attempt": 1,
        "alone": True,
        "resort": True,
    }


def record_call(t: Turn, e: Called) -> Mapping[str, Any]:
    """Keep what tells later whether the attempt's outcome is news, and that home gets one attempt only."""
    return {"seen": e.seen, "moved": t.moved or e.moves, "alone": t.alone or e.tries_home}


def call_again(t: Turn, _e: AttemptFailed | Waited) -> Mapping[str, Any]:
    """Ask the same candidate again."""
    return {"calls": t.calls + 1, "attempt": t.calls + 1}


def spend_retry(t: Turn, e: AttemptFailed) -> Mapping[str, Any]:
    """Take one retry from the candidate's budget."""
    return {"tries": t.tries + 1, "failure": e.failure}


def note_skips(t: Turn, e: Started | Slow) -> Mapping[str, Any]:
    """Record who was passed over, and why."""
    return {"fates": t.fates + e.reach.skipped}


def note_failure(t: Turn, e: AttemptFailed) -> Mapping[str, Any]:
    """Record what the candidate met, what that condemns, and who was passed over on the way to the next."""
    return {
        "failure": e.failure,
        "fates": (*t.fates, e.fate, *e.reach.skipped),
        "condemned": e.condemned,
        "need": e.need,
    }


def call_beside(t: Turn, e: Slow) -> Mapping[str, Any]:
    """Call the next candidate beside the present attempt, which is not retried from now on."""
    return {"beside": e.beside, "at": e.reach.at, "calls": t.calls + 1, "alone": True}


def leave_beside(_t: Turn, _e: Any) -> Mapping[str, Any]:
    """Nobody is called beside the present attempt any more."""
    return {"beside": None}


def take_over(t: Turn, _e: AttemptFailed | SpokeFirst) -> Mapping[str, Any]:
    """The one beside is the present attempt from now on."""
    assert t.beside is not None  # the row's guard
    return {
        "current": t.beside.candidate,
        "attempt": t.beside.attempt,
        "seen": t.beside.seen,
        "beside": None,
        "tries": 0,
        "alone": False,
        "leases": (),
    }


def note_called_off(t: Turn, e: SpokeFirst) -> Mapping[str, Any]:
    """Record who was called off."""
    return {"fates": (*t.fates, e.fate)}


def note_loss(t: Turn, e: AttemptFailed) -> Mapping[str, Any]:
    """Record what one of two candidates met, and what that condemns; the other is in flight."""
    return {"failure": e.failure, "fates": (*t.fates, e.fate), "condemned": e.condemned, "need": e.need}


def give_up(t: Turn, e: Waited) -> Mapping[str, Any]:
    """Record what the candidate met before it was condemned, and who was passed over on the way to the next."""
    return {"fates": (*t.fates, e.fate, *e.reach.skipped)}


def note_end(t: Turn, e: AttemptFailed) -> Mapping[str, Any]:
    """Record what the candidate met, and who is called off with it; the walk ends here."""
    return {"failure": e.failure, "fates": (*t.fates, e.fate, *e.called_off)}


WAITING = (ATTEMPTING, BACKING_OFF)

# fmt: off
TURN: Final[Table[Turn]] = Table(
    "turn",
    STATES,
    (
        Row("started", PLANNED, ATTEMPTING, "the first free candidate of the walk is called",
            (somebody_is_free,), (note_skips, call_next)),
        Row("started", PLANNED, ATTEMPTING, "everybody rests: one last resort on whom is due soonest",
            (last_resort_is_open,), (note_skips, call_last_resort)),
        Row("started", PLANNED, SURFACED, "the strict pin cannot be called, and nothing else may be",
            (is_strict,), (note_skips,)),
        Row("started", PLANNED, SURFACED, "the request is too long for every candidate",
            (only_size_hinders,), (note_skips,)),
        Row("started", PLANNED, EXHAUSTED, "nobody may be called now", (), (note_skips,)),
        Row("called", ATTEMPTING, None, "the attempt is on record before it is made", (), (record_call,)),
        stale("slow", (ATTEMPTING, STREAMING), "it comes from a superseded attempt", (is_superseded,)),
        Row("slow", ATTEMPTING, None, "somebody is beside it already", (somebody_is_beside,)),
        Row("slow", ATTEMPTING, None, "only the strict pin may be called", (is_strict,)),
        Row("slow", ATTEMPTING, None, "the next candidate has rested: its call would be a probe, which is made alone",
            (would_be_probe,)),
        Row("slow", ATTEMPTING, ATTEMPTING, "no content yet: the next free candidate is started beside it",
            (somebody_is_free,), (note_skips, call_beside)),
        Row("slow", ATTEMPTING, None, "nobody is left to start beside it"),
        Row("slow", STREAMING, None, "content has come meanwhile"),
        stale("spoke_first", ATTEMPTING, "it comes from a superseded attempt", (is_superseded,)),
        Row("spoke_first", ATTEMPTING, None, "the one beside has content: it takes the place of the slow one",
            (comes_from_beside,), (note_called_off, take_over)),
        Row("spoke_first", ATTEMPTING, None, "the present attempt has content: the one beside is called off",
            (), (note_called_off, leave_beside)),
        stale("content", (ATTEMPTING, STREAMING), "it comes from a superseded attempt", (is_superseded,)),
        Row("content", ATTEMPTING, STREAMING, "the first content reaches the client", (is_live,)),
        Row("content", ATTEMPTING, None, "content is gathered until the answer is whole"),
        Row("content", STREAMING, None, "the answer goes on"),
        stale("succeeded", (ATTEMPTING, STREAMING), "it comes from a superseded attempt", (is_superseded,)),
        Row("succeeded", (ATTEMPTING, STREAMING), ANSWERED, "the answer is whole"),
        stale("failed", (ATTEMPTING, STREAMING), "it comes from a superseded attempt", (is_superseded,)),
        Row("failed", ATTEMPTING, None, "the one beside failed: the present attempt goes on alone",
            (comes_from_beside,), (note_loss, leave_beside)),
        Row("failed", ATTEMPTING, BACKING_OFF, "the same candidate is asked again after a wait",
            (retry_is_due, retry_must_wait), (spend_retry,)),
        Row("failed", ATTEMPTING, ATTEMPTING, "the same candidate is asked again at once",
            (retry_is_due,), (spend_retry, call_again)),
        Row("failed", ATTEMPTING, SURFACED, "the failure is the request's own: the client is shown it",
            (ends_the_walk,), (note_end, leave_beside)),
        Row("failed", ATTEMPTING, ATTEMPTING, "the one beside takes its place", (somebody_is_beside,),
            (note_loss, take_over)),
        Row("failed", ATTEMPTING, ATTEMPTING, "the next free candidate of the walk is called",
            (somebody_is_free,), (note_failure, call_next)),
        Row("failed", ATTEMPTING, SURFACED, "the strict pin failed, and nothing else may be called",
            (is_strict,), (note_failure,)),
        Row("failed", ATTEMPTING, SURFACED, "the request is too long for every candidate",
            (only_size_hinders,), (note_failure,)),
        Row("failed", ATTEMPTING, SURFACED, "the only model failed in a way nobody knows: the client is shown it",
            (is_unknown_and_alone,), (note_failure,)),
        Row("failed", ATTEMPTING, EXHAUSTED, "nobody is left to call", (), (note_failure,)),
        Row("failed", STREAMING, INTERRUPTED, "the answer broke off after some of it was shown", (), (note_end,)),
        *(
            stale(event, BACKING_OFF, "the attempt is over, and its turn waits")
            for event in ("slow", "content", "succeeded", "failed")
        ),
        stale("waited", (ATTEMPTING, STREAMING), "its turn has gone on from that wait already"),
        stale("waited", BACKING_OFF, "it belongs to a superseded attempt", (is_superseded,)),
        Row("waited", BACKING_OFF, ATTEMPTING, "the wait is over: the same candidate is asked again",
            (is_still_open,), (call_again,)),
        Row("waited", BACKING_OFF, ATTEMPTING, "the candidate was condemned meanwhile: the next free one is called",
            (somebody_is_free,), (give_up, call_next)),
        Row("waited", BACKING_OFF, SURFACED, "the strict pin was condemned meanwhile", (is_strict,), (give_up,)),
        Row("waited", BACKING_OFF, EXHAUSTED, "everybody was condemned meanwhile", (), (give_up,)),
        Row("deadline", WAITING, SURFACED, "the turn's time is up", (), (leave_beside,)),
        Row("deadline", STREAMING, INTERRUPTED, "the turn's time is up after some of the answer was shown"),
        Row("aborted", (*WAITING, STREAMING), ABORTED, "the client called the turn off", (), (leave_beside,)),
        *(
            stale(event, OVER, "the turn has its outcome")
            for event in ("slow", "content", "succeeded", "failed", "waited", "deadline", "aborted")
        ),
    ),
)
# fmt: on
"""The turn machine."""
