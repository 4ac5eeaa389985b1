"""A turn as it was, told once it is over: whom it called, how long that took, how it ended. No prompt, no answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from attrs import define, field, frozen

from detent.fsm.chain import Candidate
from detent.fsm.decision import Outcome, OutcomeKind, Step

ANSWERED: Final = "answered"
CALLED_OFF: Final = "called_off"
"""What became of an attempt that nobody waited for any more: its turn was aborted, or its time was up."""


@frozen
class AttemptReport:
    """One attempt.

    Attributes:
        model: the model reference.
        credential: the name of the credential; empty where its provider has one unnamed.
        began_at: when it was made, in seconds of the controller's clock.
        ended_at: when it was over.
        result: ``answered``, the failure's reason, or ``called_off``.
        first_content_s: how long its first content took, in seconds; None: it came whole, or there was none.
    """

    model: str
    credential: str
    began_at: float
    ended_at: float
    result: str
    first_content_s: float | None


@frozen
class TurnReport:
    """One turn.

    Attributes:
        session: the session's id.
        chain: the name of its chain.
        turn: the turn's id.
        began_at: when it began, in seconds of the controller's clock.
        ended_at: when it was over.
        outcome: how it ended.
        model: the model that answered, or that the failure is about; empty: none was called.
        reason: the failure reason that was shown; empty for an answered or aborted turn.
        attempts: every attempt, in order.
    """

    session: str
    chain: str
    turn: str
    began_at: float
    ended_at: float
    outcome: OutcomeKind
    model: str
    reason: str
    attempts: tuple[AttemptReport, ...]

    @property
    def seconds(self) -> float:
        """How long it took."""
        return self.ended_at - self.began_at


class Observer(Protocol):
    """Who is told of everything at once, in the task in which it happens; it must not wait, nor hold anything up."""

    def step(self, step: Step) -> None:
        """A step was stored."""

    def turn(self, report: TurnReport) -> None:
        """A turn is over."""


@define
class _Attempt:
    who: Candidate
    began_at: float
    first_content_s: float | None = None
    ended_at: float | None = None
    result: str = CALLED_OFF


@define
class TurnRecord:
    """Takes down a turn while it runs; attempts go by their numbers, for two may be under way at a time.

    Attributes:
        now: the controller's clock, in seconds.
        began_at: when the turn began.
    """

    now: Callable[[], float]
    began_at: float = field(init=False)
    _attempts: dict[int, _Attempt] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.began_at = self.now()

    def called(self, number: int, who: Candidate) -> None:
        """An attempt is made."""
        self._attempts[number] = _Attempt(who, self.now())

    def content(self, number: int) -> None:
        """The first content is here; an attempt that ran beside this one is called off."""
        now, attempt = self.now(), self._attempts[number]
        attempt.first_content_s = now - attempt.began_at
        for other in self._attempts.values():
            if other is not attempt and other.ended_at is None:
                other.ended_at = now

    def failed(self, number: int, reason: str) -> None:
        """An attempt has failed."""
        attempt = self._attempts[number]
        attempt.result, attempt.ended_at = reason, self.now()

    def report(self, outcome: Outcome, chain: str, answered: int | None) -> TurnReport:
        """The turn, which is over.

        Args:
            outcome: how it ended.
            chain: the name of the session's chain.
            answered: the number of the attempt that answered, None: none did.
        """
        now = self.now()
        if answered is not None:
            self._attempts[answered].result = ANSWERED
        attempts = tuple(
            AttemptReport(
                each.who.model,
                each.who.credential,
                each.began_at,
                now if each.ended_at is None else each.ended_at,
                each.result,
                each.first_content_s,
            )
            for each in self._attempts.values()
        )
        return TurnReport(
            outcome.session,
            chain,
            outcome.turn,
            self.began_at,
            now,
            outcome.kind,
            outcome.model,
            outcome.reason,
            attempts,
        )
