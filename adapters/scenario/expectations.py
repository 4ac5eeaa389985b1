"""What a story expects, checked against what was seen: one small check a key."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Final

from .seen import StepSeen

Check = Callable[[Any, StepSeen], Any]
"""``check(expected, seen)``: what was got, to be compared with what was expected."""


def unmet(expect: Mapping[str, Any], seen: StepSeen, whole: str) -> str | None:
    """The first expectation that does not hold, as ``expected …, got …``; None: all hold.

    Args:
        expect: the expectations.
        seen: what was seen of the step.
        whole: the text of a whole answer.
    """
    for key, expected in expect.items():
        problem = _output(expected, seen, whole) if key == "output" else _CHECKS[key](expected, seen)
        if problem is not None:
            return f"expected {key} {expected!r}, got {problem}"
    return None


def _calls(expected: list[str], seen: StepSeen) -> str | None:
    made = [f"{model}@{credential}" if credential else model for model, credential in seen.calls]
    return None if made == expected else repr(made)


def _calls_to(expected: Mapping[str, int], seen: StepSeen) -> str | None:
    made = Counter(model for model, _ in seen.calls)
    made.update(f"{model}@{credential}" for model, credential in seen.calls if credential)
    got = {model: made[model] for model in expected}
    return None if got == dict(expected) else repr(got)


def _max_calls(expected: int, seen: StepSeen) -> str | None:
    return None if len(seen.calls) <= expected else f"{len(seen.calls)} calls"


def _answered_by(expected: str, seen: StepSeen) -> str | None:
    got = [turn.model if turn.kind == "answered" else f"nobody ({turn.kind})" for turn in seen.turns]
    return None if got and all(model == expected for model in got) else _many(got)


def _outcome(expected: str, seen: StepSeen) -> str | None:
    got = [turn.kind for turn in seen.turns]
    return None if got and all(kind == expected for kind in got) else _many(got)


def _reason(expected: str, seen: StepSeen) -> str | None:
    got = [turn.outcome.reason if turn.outcome is not None else "" for turn in seen.turns]
    return None if got and all(reason == expected for reason in got) else _many(got)


def _skipped(expected: Mapping[str, str], seen: StepSeen) -> str | None:
    fates = [fate for turn in seen.turns if turn.outcome is not None for fate in turn.outcome.fates if not fate.called]
    got = {(fate.candidate.model, fate.why) for fate in fates}
    return None if got.issuperset(expected.items()) else repr(dict(sorted(got)))


def _of_status(read: Callable[[Any], Any]) -> Check:
    def check(expected: Any, seen: StepSeen) -> str | None:
        got = [read(status) for status in seen.statuses]
        return None if all(value == expected for value in got) else _many(got)

    return check


def _pinned(expected: Any, seen: StepSeen) -> str | None:
    got = [status.pinned or False for status in seen.statuses]
    return None if all(value == expected for value in got) else _many(got)


def _blocked(expected: list[str], seen: StepSeen) -> str | None:
    got = {d.event for d in seen.decisions if d.machine == "session" and d.kind == "blocked"}
    return None if got == set(expected) else repr(sorted(got))


def _notices(expected: list[str], seen: StepSeen) -> str | None:
    got = [notice.kind for notice in seen.notices]
    return None if got == expected else repr(got)


def _cooling(expected: list[str], seen: StepSeen) -> str | None:
    got = sorted({model for status in seen.statuses for model in status.cooling})
    return None if got == sorted(set(expected)) else repr(got)


def _elapsed_max(expected: float, seen: StepSeen) -> str | None:
    took = round(seen.ended - seen.began, 6)
    return None if took <= expected else f"{took} s"


def _retry_at_max(expected: float, seen: StepSeen) -> str | None:
    times = [turn.outcome.retry_at if turn.outcome is not None else None for turn in seen.turns]
    left = [None if time is None else round(time - seen.ended, 6) for time in times]
    return None if left and all(wait is not None and wait <= expected for wait in left) else _many(left)


def _output(expected: str, seen: StepSeen, whole: str) -> str | None:
    got = []
    for turn in seen.turns:
        text = "".join(turn.output)
        got.append("none" if not text else "complete" if text == whole else "partial")
    return None if got and all(word == expected for word in got) else _many(got)


def _many(got: list[Any]) -> str:
    distinct = list(dict.fromkeys(got))
    return repr(distinct[0]) if len(distinct) == 1 else "no turn" if not distinct else repr(distinct)


_CHECKS: Final[Mapping[str, Check]] = {
    "calls": _calls,
    "calls_to": _calls_to,
    "max_calls": _max_calls,
    "answered_by": _answered_by,
    "outcome": _outcome,
    "reason": _reason,
    "skipped": _skipped,
    "state": _of_status(lambda status: status.state),
    "serving": _of_status(lambda status: status.serving),
    "home": _of_status(lambda status: status.home),
    "adopted": _of_status(lambda status: status.adopted),
    "pinned": _pinned,
    "blocked": _blocked,
    "notices": _notices,
    "cooling": _cooling,
    "elapsed_max": _elapsed_max,
    "retry_at_max": _retry_at_max,
}
