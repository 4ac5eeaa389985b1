"""The values of the turn machine: what a candidate met, how far a walk reaches, and the events that a turn hears."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from attrs import frozen

from .chain import Candidate
from .reasons import RULINGS, Failure

SLOW: Final = "slow"
OVERTAKEN: Final = "overtaken"


@frozen
class Fate:
    """What happened to one candidate in one turn.

    Attributes:
        candidate: who.
        called: it was called; false: it was skipped.
        why: the failure reason of the last call, or why it was skipped: ``cooldown``, ``window``, ``unsupported``,
            ``removed``, or the reason of the request that another credential of the model met before. A call that
            was called off says ``slow`` (whoever was started beside it spoke first) or ``overtaken`` (it was itself
            the one beside).
        message: what the provider said, where it was called.
    """

    candidate: Candidate
    called: bool
    why: str
    message: str = ""

    @property
    def is_detour(self) -> bool:
        """The candidate was passed over for this request alone; its health is not in question."""
        return self.why not in _OF_HEALTH

    @property
    def is_called_off(self) -> bool:
        """The call was stopped because another one of its turn spoke first; that is nobody's failure."""
        return self.called and self.why in (SLOW, OVERTAKEN)

    def __str__(self) -> str:
        said = f" ({self.message})" if self.message else ""
        met = "called off" if self.is_called_off else "failed" if self.called else "skipped"
        return f"{self.candidate.label}: {met}, {self.why}{said}"


_OF_HEALTH: Final = frozenset(("cooldown", "removed", *(r.reason for r in RULINGS.values() if not r.of_the_request)))


@frozen
class Reach:
    """How far the walk goes from where it stands.

    Attributes:
        candidate: who may be called next, None: nobody.
        at: where the walk stands afterwards.
        skipped: who was passed over on the way, each with the reason.
        due: the keys of the scopes whose probe this call is.
        alone: one attempt without retries: a probe, a licensed attempt or a last resort.
        resort: the call is a last resort.
    """

    candidate: Candidate | None
    at: int
    skipped: tuple[Fate, ...] = ()
    due: tuple[str, ...] = ()
    alone: bool = False
    resort: bool = False


@frozen
class Beside:
    """A candidate that is called beside the present attempt, because that one is slow.

    Attributes:
        candidate: who.
        attempt: the attempt's number in the turn.
        seen: the generations of the candidate's scopes when the attempt began.
    """

    candidate: Candidate
    attempt: int
    seen: Mapping[str, int]


@frozen
class Slow:
    """An attempt has had no content for as long as the chain's ``hedge_after_s`` says.

    Attributes:
        attempt: the attempt's number.
        reach: who may be called next.
        beside: that candidate as it would be called beside the attempt, None: nobody may be called.
    """

    attempt: int
    reach: Reach
    beside: Beside | None


@frozen
class SpokeFirst:
    """Of two calls in flight this attempt has content first; ``fate`` is what that means for the other."""

    attempt: int
    fate: Fate


@frozen
class Started:
    """The walk begins; ``reach`` is the first candidate, ``resort`` the last resort if one may be made."""

    reach: Reach
    resort: Reach | None
    size_alone: bool


@frozen
class AttemptFailed:
    """An attempt failed, the present one or the one beside it; the rest is what a survey of the walk found.

    Attributes:
        attempt: the attempt's number.
        failure: why it failed.
        wait_s: the wait before the same candidate is asked again, in seconds; None: it is not asked again.
        ends: no other candidate may help with this failure.
        condemned: scopes found failing, including by this attempt.
        need: the context window the request is now known to need, in tokens.
        fate: what this attempt's candidate met.
        reach: who may be called next.
        size_alone: size is the sole reason for every candidate.
        called_off: who else is called off where this failure ends the turn.
    """

    attempt: int
    failure: Failure
    wait_s: float | None
    ends: bool
    condemned: Mapping[str, str]
    need: int
    fate: Fate
    reach: Reach
    size_alone: bool
    called_off: tuple[Fate, ...] = ()


@frozen
class Waited:
    """The wait in place is over.

    Attributes:
        attempt: the number of the attempt that failed before it.
        open: the candidate may still be called.
        fate: what the candidate met, for the case that it may not.
        reach: who may be called next.
    """

    attempt: int
    open: bool
    fate: Fate
    reach: Reach


@frozen
class Called:
    """An attempt is about to be made.

    Attributes:
        seen: the generations of the candidate's scopes.
        moves: the session goes on with this candidate's model because of this turn.
        tries_home: the attempt is home's probe.
    """

    seen: Mapping[str, int]
    moves: bool
    tries_home: bool


@frozen
class OfAttempt:
    """Something came of an attempt: content, or the whole answer."""

    attempt: int


@frozen
class Cut:
    """The turn is ended from outside."""
