"""A decision log as constraints on the behaviours of ``Session.tla``, in TLA+.

One step of the spec is often several decisions: a turn that begins may plan, start and fail over at once. So each run
of decisions that may be one step becomes one action here, `STEPS` says which. Such an action

- applies what the spec says of each decision's event, with the event's own data, one after another, and demands after
  each that the session is what the log claims (`claims`);
- takes the spec's own action, and demands that it leaves the session where the last decision of the run left it;
- moves ``i``, which counts the decisions told so far.

Between these, the world may go on unlogged where the session does not hear of it: `UNHEARD`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from typing import Final

from detent.fsm.decision import Decision
from detent.fsm.session import SESSION, Session

from .module import generate
from .trace_words import Line, Names

COUNTED: Final = "VARIABLES i, \\* so many decisions have been told\n          session,"
"""One declaration of all variables: of several, the checker reads only the last."""

UNHEARD: Final = """\
Unheard == /\\ \\/ Outage
              \\/ Publish
              \\/ Fail /\\ turn'.calls # None
           /\\ session' = session
           /\\ i' = i"""
"""What may happen unlogged: outages, publications, and a walk that goes on without a word to the session."""

SILENCE: Final = "UNCHANGED vars"
"""The spec says nothing of this, so nothing may come of it."""

_ENDS: Final = {"exhausted": "Fail", "answered": "FALSE"}
_UNFINISHED: Final = "(Fail \\/ Abort)"
_BEGIN, _END = "begin", "end"
_BEGINNINGS: Final = (("turn_started",), ("planned", "turn_started"))
_TELLINGS: Final = (("turn_ended",), ("told", "turn_ended"))

STEPS: Final[tuple[tuple[tuple[str, ...], str], ...]] = (
    (("pin",), "Pin"),
    (("unpin",), "Unpin"),
    (("reset",), "Reset"),
    (("reconcile",), "Reconcile"),
    (("published",), "Publish"),
    (("published",), SILENCE),
    (("restored",), "Restart"),
    (("restored",), SILENCE),
    (("told",), SILENCE),
    *((begun, _BEGIN) for begun in _BEGINNINGS),
    *(((*begun, moved), _BEGIN) for begun in _BEGINNINGS for moved in ("failed_over", "home_reached")),
    (("failed_over",), "Fail"),
    (("home_reached",), "Fail"),
    (("probe_failed",), "Fail"),
    (("probe_failed", "failed_over"), "Fail"),
    (("probe_failed", "home_reached"), "Fail"),
    *((("probe_failed", *ended), _END) for ended in _TELLINGS),
    *((("answered", *ended), "Answer") for ended in _TELLINGS),
    (("turn_ended",), _END),
)
"""Which decisions may be one step of the spec, and its action."""

_ROWS: Final = {row.name: row for row in SESSION.rows}


def claims(decisions: Sequence[Decision], chain: Sequence[str]) -> list[Session | None]:
    """What the log says that the session is after each decision; None: what it says is no row's doing.

    A decision names its row and the state afterwards; the fields are what that row assigns. Whether the row was the
    right one is not asked here, so that a forged decision claims what it was forged to.
    """
    session, found = Session("", chain[0], chain[0]), list[Session | None]()
    for decision in decisions:
        row = _ROWS.get(decision.row)
        after = copy.copy(session)
        try:
            made = [action(session, decision.data) for action in (row.do if row is not None else ())]
        except AttributeError:
            found.append(None)
            continue
        for name, value in (item for assigned in made for item in assigned.items()):
            setattr(after, name, value)
        after.state = decision.after
        found.append(after)
        session = after
    return found


def module(decisions: Sequence[Decision], chain: Sequence[str], names: Names) -> str:
    """The text of ``Session.tla`` with the log at its end, as a module that extends it would read.

    It is one text because the checker reads one. Its invariant ``TheLogGoesOn`` is violated exactly where a behaviour
    of the spec has told the whole log. A run of decisions that the log breaks off may be the beginning of a longer one.
    """
    spec = generate().rstrip().rstrip("=").rstrip().replace("VARIABLES session,", COUNTED)
    said = claims(decisions, chain)
    steps = list(_steps(decisions, said, names))
    disjuncts = "".join(f"\n             \\/ Step{number}" for number in range(1, len(steps) + 1))
    actions = "\n\n".join(f"Step{number} ==\n{text}" for number, text in enumerate(steps, 1))
    return f"""{spec}

----------------------------------------------------------------------------
\\* The log

{UNHEARD}

{actions}

TraceInit == Init /\\ i = 0
TraceNext == \\/ Unheard{disjuncts}
TraceVars == <<session, desired, down, calm, turn, broken, i>>
TraceSpec == TraceInit /\\ [][TraceNext]_TraceVars

TheLogGoesOn == i < {len(decisions)}
=============================================================================
"""


def _steps(decisions: Sequence[Decision], said: Sequence[Session | None], names: Names) -> Iterator[str]:
    events, turns = [decision.event for decision in decisions], [*_turns(decisions)]
    lines = [Line(d, s, t, names) for d, s, t in zip(decisions, said, turns, strict=True)]
    for begin in range(len(decisions)):
        for run, action in STEPS:
            ran = events[begin : begin + len(run)]
            if ran == [*run[: len(ran)]] and all(line.can_be_said for line in lines[begin : begin + len(run)]):
                yield _step(begin, lines[begin : begin + len(run)], action, whole=len(ran) == len(run))


def _turns(decisions: Sequence[Decision]) -> Iterator[str]:
    latest = ""
    for decision in decisions:
        latest = getattr(decision.data, "turn", "") if decision.event == "turn_started" else latest
        yield latest


def _step(begin: int, lines: Sequence[Line], action: str, *, whole: bool) -> str:
    """One run of decisions as an action; one that is not whole says nothing of where it ends."""
    text = [f"  /\\ i = {begin}", "  /\\ LET s0 == session"]
    for number, line in enumerate(lines, 1):
        operator = "".join(word.title() for word in line.decision.event.split("_"))
        text.append(f"         s{number} == On{operator}(s{number - 1}, {line.event})")
    text.append("     IN /\\ TRUE")
    for number, line in enumerate(lines, 1):
        text.append(f'        /\\ s{number - 1}.state = "{line.decision.before}"')
        text.append(f"        /\\ Forget(s{number}) = {line.claim}")
        text += [f"        /\\ {fact}" for fact in line.facts(action)]
    if action == _BEGIN:
        action = next((line.begins for line in lines if line.decision.event == "turn_started"), "Start")
    elif action == _END:
        action = _ENDS.get(lines[-1].decision.data.outcome, "Abort") if whole else _UNFINISHED
    text.append(f"        /\\ {action}")
    text += [f"        /\\ {line.comes_to}" for line in lines if line.comes_to and action != SILENCE]
    if whole:
        text.append(f"        /\\ session' = Forget(s{len(lines)})")
    text.append(f"  /\\ i' = {begin + len(lines)}")
    return "\n".join(text)
