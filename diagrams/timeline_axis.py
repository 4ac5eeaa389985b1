"""Where the columns of a timeline stand, and how time is told: gaps grow with the time between, but far slower.

A session's life is bursts of milliseconds with hours between them, so no true scale shows both. Every column has its
own room, and a long pause gets a little more of it; what time it is stands below, wherever a label fits.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import log10

from .timeline_facts import Column


def places(columns: Sequence[Column], left: float, room: float, widest: float) -> list[float]:
    """The middle of each column, in pixels.

    Args:
        columns: the columns.
        left: where the first may begin.
        room: what they share.
        widest: the most that a column takes, so that a short life is not stretched.
    """
    weights = [1.0, *(1.0 + log10(1.0 + max(0.0, b.at - a.until)) / 4 for a, b in pairwise(columns))]
    unit = min(widest, room / sum(weights))
    found: list[float] = []
    at = left
    for weight in weights[: len(columns)]:
        at += weight * unit
        found.append(at - unit / 2)
    return found


def since(seconds: float) -> str:
    """A stretch of time in the fewest words: ``0 s``, ``0.25 s``, ``1 m 05 s``, ``2 h 10 m``, ``3 d 4 h``."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} m {rest:02} s" if rest else f"{minutes} m"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02} m" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def fitting(spans: Sequence[tuple[float, float]], gap: float) -> list[bool]:
    """Which of some stretches, in order of their beginning, stay clear of those kept before them by a gap."""
    kept: list[bool] = []
    end = float("-inf")
    for start, stop in spans:
        fits = start >= end + gap
        kept.append(fits)
        end = stop if fits else end
    return kept
