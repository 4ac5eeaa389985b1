"""How a turn that was not answered reaches the application: one exception an outcome, each saying what to do."""

from __future__ import annotations

from typing import Any

from attrs import define

from detent.fsm.decision import Outcome
from detent.fsm.errors import DetentError
from detent.fsm.reasons import RULINGS, Failure

from .content import characters_of, has_content, is_in_tool_call


class ProviderError(DetentError):
    """An attempt failed for a reason the caller knows: raise it from a call to say so without a classifier.

    Attributes:
        failure: the typed failure.
    """

    def __init__(self, failure: Failure) -> None:
        self.failure = failure
        super().__init__(failure.message or f"the provider {failure.ruling.says}")


class TurnError(DetentError):
    """A turn ended without a whole answer.

    The exception of the last attempt, if there was one, is its ``__cause__``, as it was.

    Attributes:
        outcome: how the turn ended: reason, what happened to each candidate, when to come back.
        retry_after_s: seconds from now until it is worth trying again, None: time does not help.
    """

    def __init__(self, outcome: Outcome, now: float) -> None:
        self.outcome = outcome
        self.retry_after_s = None if outcome.retry_at is None else max(0.0, outcome.retry_at - now)
        super().__init__(self._say())

    def _say(self) -> str:
        raise AssertionError("each outcome says its own sentence")

    def _when(self) -> str:
        if self.retry_after_s is None:
            return "waiting does not help: change the request, the chain or the credentials"
        return f"try again in {self.retry_after_s:.0f} s"


class ExhaustedError(TurnError):
    """Every candidate was called or skipped for a reason on record."""

    def _say(self) -> str:
        outcome = self.outcome
        met = "; ".join(str(fate) for fate in outcome.fates) or "the chain is empty"
        return f"session {outcome.session!r}: no candidate could answer ({met}); {self._when()}"


class SurfacedError(TurnError):
    """A failure that no other candidate can help with."""

    def _say(self) -> str:
        outcome = self.outcome
        says = RULINGS[outcome.reason].says if outcome.reason in RULINGS else outcome.reason
        message = f": {outcome.failure.message}" if outcome.failure is not None and outcome.failure.message else ""
        way_out = _WAYS_OUT.get(outcome.reason, "unpin the model or relax the pin to let the chain help")
        if self.retry_after_s is not None:
            way_out = f"{way_out}, or {self._when()}"
        return f"session {outcome.session!r}: {outcome.model or 'the model'} {says}{message}; {way_out}"


@define
class Sent:
    """How much of a live answer was delivered.

    Attributes:
        pieces: the pieces with content.
        characters: the characters of their text, as far as their shape is known.
        in_tool_call: it ends in the middle of a tool call, which must not be run.
    """

    pieces: int = 0
    characters: int = 0
    in_tool_call: bool = False

    def count(self, piece: Any) -> None:
        """One more piece is delivered."""
        self.pieces += has_content(piece)
        self.characters += characters_of(piece)
        self.in_tool_call = is_in_tool_call(piece, self.in_tool_call)

    def __str__(self) -> str:
        return f"{self.pieces} piece{'' if self.pieces == 1 else 's'}, {self.characters} characters"


class InterruptedTurnError(TurnError):
    """The answer broke off after some of it was delivered; what was delivered is not repeated.

    Attributes:
        sent: how much was delivered.
    """

    def __init__(self, outcome: Outcome, now: float, sent: Sent) -> None:
        self.sent = sent
        super().__init__(outcome, now)

    def _say(self) -> str:
        outcome = self.outcome
        said = (
            outcome.failure.message if outcome.failure is not None and outcome.reason == outcome.failure.reason else ""
        )
        cut = ", and an incomplete tool call was cut off, which must not be run" if self.sent.in_tool_call else ""
        why = ": ".join(part for part in (outcome.reason or "the process ended", said) if part)
        return (
            f"session {outcome.session!r}: the answer of {outcome.model} broke off ({why}) after part of it was "
            f'delivered ({self.sent}){cut}; discard that part and send the turn again, or set stream = "buffered" for '
            "whole answers only"
        )


_WAYS_OUT = {
    "context_overflow": "shorten the conversation, or add a model with a larger context window to the chain",
    "invalid_request": "correct the request: other models would be asked the same",
    "content_filter": "change the request, or set content_filter_fails_over to ask the next model",
    "timeout": "give the turn a longer deadline",
    "unknown": "add a fallback to the chain",
}


def error_of(outcome: Outcome, now: float, sent: Sent) -> TurnError:
    """The exception for a turn that ended without a whole answer.

    Args:
        outcome: how it ended.
        now: the time, in seconds of the clock that ``outcome.retry_at`` is in.
        sent: how much was delivered all the same.
    """
    if outcome.kind == "interrupted":
        return InterruptedTurnError(outcome, now, sent)
    return ExhaustedError(outcome, now) if outcome.kind == "exhausted" else SurfacedError(outcome, now)
