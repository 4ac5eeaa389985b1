"""What a decision log says of one session's life: its states, its attempts, what was blocked, what users were told.

Marks stand in columns, in the order in which things happened. A new column begins with every change of state and of
time, and where a mark's own lane is taken already, so no two marks can fall on each other. Columns that repeat, alone
or in a pattern of up to three, are drawn once with a count: a reconciliation loop that is blocked two thousand times is
one cross.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal

from attrs import define, evolve, field, frozen

from detent.fsm.decision import Decision, Notice
from detent.fsm.errors import DetentError
from detent.fsm.session import SESSION
from detent.fsm.turn import OVER
from detent.fsm.turn_events import AttemptFailed, SpokeFirst

Sign = Literal["answered", "failed", "cut", "open", "blocked", "notice"]
"""What a mark stands for; ``cut``: the attempt was called off, ``open``: the log ends before its outcome."""

BLOCKED: Final = "blocked"
"""The lane of what was held off."""

NOTICES: Final = "notices"
"""The lane of what users were told."""

_LONGEST_PATTERN: Final = 3


class TimelineError(DetentError, ValueError):
    """The decisions are not those of one session."""


@frozen
class Mark:
    """One thing that happened.

    Attributes:
        at: when, in seconds of the controller's clock; an attempt's mark stands at its end.
        lane: a candidate's label, `BLOCKED` or `NOTICES`.
        sign: what it stands for.
        label: one or two words: the failure's reason, the blocked event, the notice's kind; empty for an answer.
        why: the cause in one sentence; empty for an attempt, whose label says it all.
        says: what to tell of it when pointed at.
    """

    at: float
    lane: str
    sign: Sign
    label: str
    why: str
    says: str


@define
class Column:
    """What happened at one instant in one state, at most one mark a lane.

    Attributes:
        at: when, in seconds.
        state: the session's state.
        marks: the marks by lane.
        times: how often it happened, in this order with its neighbours of the same count.
        until: when it happened last, in seconds.
    """

    at: float
    state: str
    marks: dict[str, Mark] = field(factory=dict)
    times: int = 1
    until: float = 0.0

    def like(self, other: Column) -> bool:
        """Both show the same, but for the time."""
        return self.state == other.state and self.shape == other.shape

    @property
    def shape(self) -> dict[str, tuple[Sign, str, str]]:
        """What it shows in each lane."""
        return {lane: (mark.sign, mark.label, mark.why) for lane, mark in self.marks.items()}


@frozen
class Chronicle:
    """One session's life, ready to be drawn.

    Attributes:
        session: its id.
        columns: what happened, oldest first.
        lanes: the candidates that were called, in the order of their first call.
        hidden: how many columns were left out at the beginning.
    """

    session: str
    columns: tuple[Column, ...]
    lanes: tuple[str, ...]
    hidden: int = 0

    @property
    def marks(self) -> Iterator[tuple[Column, Mark]]:
        """Every mark with its column."""
        return ((column, mark) for column in self.columns for mark in column.marks.values())

    def last(self, most: int) -> Chronicle:
        """The last columns only, at most so many."""
        cut = max(0, len(self.columns) - most)
        kept = self.columns[cut:]
        called = {lane for column in kept for lane in column.marks}
        lanes = tuple(lane for lane in self.lanes if lane in called)
        return evolve(self, columns=kept, lanes=lanes, hidden=self.hidden + cut)

    def causes(self) -> tuple[tuple[Mark, int], ...]:
        """Each different failure, block and notice, with how often it happened, in the order of appearance."""
        found: dict[tuple[Sign, str, str, str], tuple[Mark, int]] = {}
        for column, mark in self.marks:
            if mark.sign in ("failed", "blocked", "notice"):
                key = (mark.sign, mark.lane, mark.label, mark.why)
                first, times = found.get(key, (mark, 0))
                found[key] = (first, times + column.times)
        return tuple(found.values())


def chronicle(items: Iterable[Decision | Notice], session: str | None = None) -> Chronicle:
    """Read the life of one session out of a decision log.

    Args:
        items: decisions, oldest first, and notices where they are at hand, as a subscription yields them. Without
            any notice in the log, those that rows make by themselves stand in.
        session: whose life; None: the one session that the items speak of.

    Raises:
        TimelineError: the items speak of no session, or of several and none was named.
    """
    every = list(items)
    named = dict.fromkeys(item.session for item in every if item.session)
    if session is None and len(named) != 1:
        known = ", ".join(named) or "none"
        raise TimelineError(f"a timeline shows one session, but the decisions are of {known}; name it with session=…")
    wanted = session if session is not None else next(iter(named))
    mine = [item for item in every if item.session == wanted]
    if not mine:
        raise TimelineError(f"no decision is of session {wanted!r}; the decisions are of {', '.join(named) or 'none'}")
    scribe = _Scribe(mine)
    return Chronicle(wanted, _squeezed(scribe.columns), tuple(scribe.lanes))


class _Scribe:
    """Writes down one session's items as columns."""

    def __init__(self, items: list[Decision | Notice]) -> None:
        self.columns: list[Column] = []
        self.lanes: list[str] = []
        self._called: dict[str, tuple[str, float]] = {}
        first = next((item for item in items if isinstance(item, Decision) and item.machine == "session"), None)
        self._state = first.before if first is not None else SESSION.initial
        self._infers_notices = not any(isinstance(item, Notice) for item in items)
        for item in items:
            if isinstance(item, Notice):
                self._put(Mark(item.at, NOTICES, "notice", item.kind, item.because, item.because))
            else:
                self._read(item)
        for lane, since in list(self._called.values()):
            self._put(
                Mark(items[-1].at, lane, "open", "", "", f"called at {since:g} s; the log ends before its outcome")
            )

    def _read(self, decision: Decision) -> None:
        if decision.kind == "blocked":
            says = f"{decision.event} is blocked: {decision.why}"
            self._put(Mark(decision.at, BLOCKED, "blocked", decision.event, decision.why, says))
        elif decision.machine == "turn" and decision.kind != "stale":
            self._read_turn(decision)
        elif decision.machine == "session":
            self._read_session(decision)

    def _read_session(self, decision: Decision) -> None:
        if decision.after != self._state:
            self._state = decision.after
            self.columns.append(Column(decision.at, self._state, until=decision.at))
        if self._infers_notices:
            row = next((row for row in SESSION.rows if row.name == decision.row), None)
            if row is not None and row.tell is not None:
                self._put(Mark(decision.at, NOTICES, "notice", row.tell, row.why, row.why))

    def _read_turn(self, decision: Decision) -> None:
        event, turn = decision.event, decision.turn
        if event == "called":
            self._called[turn] = (decision.detail, decision.at)
            if decision.detail not in self.lanes:
                self.lanes.append(decision.detail)
            return
        if event == "spoke_first" and isinstance(decision.data, SpokeFirst):
            self._read_race(decision, decision.data)
            return
        if isinstance(decision.data, AttemptFailed) and self._is_beside(decision.data, turn):
            self._put_failure(decision, decision.data.fate.candidate.label, "")
            return
        ends = event in ("failed", "succeeded") or decision.after in OVER
        if not ends or turn not in self._called:
            return
        lane, since = self._called.pop(turn)
        took = f"after {decision.at - since:.3g} s"
        if event == "failed":
            self._put_failure(decision, lane, f" {took}")
        elif event == "succeeded":
            self._put(Mark(decision.at, lane, "answered", "", "", f"{lane} answered {took}"))
        else:
            self._put(Mark(decision.at, lane, "cut", event, "", f"{lane} was cut {took}: {decision.why}"))

    def _is_beside(self, failed: AttemptFailed, turn: str) -> bool:
        """It is not the present attempt that failed, but the one beside it."""
        present = self._called.get(turn)
        return present is not None and present[0] != failed.fate.candidate.label

    def _put_failure(self, decision: Decision, lane: str, took: str) -> None:
        data = decision.data
        reason = data.failure.reason if isinstance(data, AttemptFailed) else decision.detail.rpartition(": ")[2]
        said = f" ({data.failure.message})" if isinstance(data, AttemptFailed) and data.failure.message else ""
        self._put(Mark(decision.at, lane, "failed", reason, "", f"{lane} failed{took}: {reason}{said}"))
        self.lanes += [lane] if lane not in self.lanes else []

    def _read_race(self, decision: Decision, first: SpokeFirst) -> None:
        """Of two calls one was called off: where it is the present one, the other is now on its way."""
        lane, since = self._called.get(decision.turn, ("", decision.at))
        off = first.fate.candidate.label
        self._put(Mark(decision.at, off, "cut", first.fate.why, "", f"{off} was called off: {decision.why}"))
        if off == lane:
            self._called[decision.turn] = (decision.detail, since)
        self.lanes += [label for label in (off, decision.detail) if label not in self.lanes]

    def _put(self, mark: Mark) -> None:
        here = self.columns[-1] if self.columns else None
        if here is None or here.state != self._state or here.at != mark.at or mark.lane in here.marks:
            here = Column(mark.at, self._state, until=mark.at)
            self.columns.append(here)
        here.marks[mark.lane] = mark


def _squeezed(columns: Iterable[Column]) -> tuple[Column, ...]:
    """The columns with what repeats drawn once: each pattern of up to three columns keeps its first turn."""
    kept: list[Column] = []
    for column in columns:
        kept.append(column)
        while _fold(kept):
            pass
    return tuple(kept)


def _fold(kept: list[Column]) -> bool:
    for length in range(1, _LONGEST_PATTERN + 1):
        last, before = kept[-length:], kept[-2 * length : -length]
        if len(before) == length and all(a.marks and a.like(b) for a, b in zip(before, last, strict=True)):
            for a, b in zip(before, last, strict=True):
                a.times += b.times
                a.until = b.until
            del kept[-length:]
            return True
    return False
