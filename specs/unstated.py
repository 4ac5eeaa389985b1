"""What of the incident table cannot be said about the core, each line with the reason and where it is held instead."""

from __future__ import annotations

from typing import Final

from .promise import Unstated

UNSTATED: Final[tuple[Unstated, ...]] = (
    Unstated("I04", "config is read-only",
             "the core receives configurations as frozen values and returns none; no step could break it"),
    Unstated("I24", "tools run once",
             "the core does not see tool calls; adapters/tool_calls.py delivers each whole and once"),
    Unstated("I31", "admission per candidate",
             "budgets and permissions are not in the configuration; windows, the one admission rule there is, are "
             "promise 19"),
    Unstated("I34", "store failure is harmless",
             "the store is an adapter; in the world of the core a step is stored or has not happened"),
    Unstated("I36", "emptiness is failure",
             "the adapter that reads the reply decides it is empty; from there on it is the reason empty_response"),
    Unstated("I37", "pure observation",
             "queries are no steps; the engine's explanations are pure functions and have no event of their own"),
    Unstated("I39", "clock robustness",
             "the core has no clock: time is an argument; what it makes of any value is bounded by promise 7i"),
)  # fmt: skip
"""The lines of the incident table without a predicate, each with the reason."""
