"""Decision logs as behaviours of ``Session.tla``: what the controller did is something that the checked spec allows.

A log is turned into a module that constrains the spec to it (`trace_module`), and tla-checker looks for a behaviour
that tells it to its end; none: the log is rejected, and the first decision that no behaviour allows is found by
bisection over its beginnings, for every beginning of a behaviour's log is one too.

A session's log does not say whom its turns call without a word to it, nor which providers are down, so the checker may
think up both: the log is held against what the session became, not against the calls that were made.

The spec has one turn at a time, two primaries, providers that stay configured, and no detours around a model that is
too small for a prompt. A log from beyond that is rejected where it leaves it, which then says something about the spec.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from attrs import frozen

from detent.fsm.decision import Decision
from detent.fsm.session import Pin, Session

from .checker import Verdict, check
from .trace_module import claims, module
from .trace_words import Names


@frozen
class Accepted:
    """The log is that of a behaviour of the spec.

    Attributes:
        steps: how many decisions it has.
        behaviour: the states of one such behaviour, each as text, the initial one first.
    """

    steps: int
    behaviour: tuple[str, ...] = ()


@frozen
class Rejected:
    """No behaviour of the spec has this log.

    Attributes:
        step: the number of the first decision that none allows, from 1.
        decision: that decision.
        why: one sentence.
    """

    step: int
    decision: Decision
    why: str


def validate(decisions: Iterable[Decision], *, chain: Sequence[str], package: Path) -> Accepted | Rejected:
    """Whether the decisions of one session are a behaviour of the spec.

    Args:
        decisions: the log from the session's birth; only what its session machine decided is looked at.
        chain: the models of the chain that the session was born with, its primary first.
        package: where `install` put the checker.

    Raises:
        ValueError: the log is of several sessions, or desires more primaries than the spec has.
        CheckerError: the checker failed.
    """
    log = [decision for decision in decisions if decision.machine == "session"]
    if len({decision.subject for decision in log}) > 1:
        raise ValueError(f"the log is of several sessions: {sorted({decision.subject for decision in log})}")
    names = Names.of(log, chain)
    verdict = _told(log, chain, names, package)
    if not verdict.holds:
        return Accepted(len(log), verdict.trace)
    allowed, refused = 0, len(log)
    while refused - allowed > 1:
        middle = (allowed + refused) // 2
        if _told(log[:middle], chain, names, package).holds:
            refused = middle
        else:
            allowed = middle
    return Rejected(refused, log[allowed], _why(log[:refused], chain))


def _told(log: Sequence[Decision], chain: Sequence[str], names: Names, package: Path) -> Verdict:
    """The verdict on ``TheLogGoesOn``, which does not hold where the log can be told to its end."""
    pinned = {decision.data.model for decision in log if isinstance(decision.data, Pin)}
    return check(module(log, chain, names), names.configuration(pinned), package)


def _why(log: Sequence[Decision], chain: Sequence[str]) -> str:
    before, after = ([Session("", chain[0], chain[0]), *claims(log, chain)])[-2:]
    last = log[-1]
    about = f" ({last.detail})" if last.detail else ""
    return f"no behaviour of the spec has {last.event}{about} lead from {_is(before)} to {_is(after)}"


def _is(session: Session | None) -> str:
    if session is None:
        return "what no row assigns"
    pinned = f"pinned to {session.pin}" if session.pin is not None else "no pin"
    return f"{session.state} ({session.serving} serves, {pinned})"
