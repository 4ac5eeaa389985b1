"""The pure core: three state machines as tables, the engine that runs them, and the values they speak of.

Nothing here reads a clock, does I/O, or rolls dice: `core` has one step function an event, from values to values.
"""

from .chain import Candidate, Chain, Config, Limits, Policy
from .cooldown import COOLDOWN, Cooldown
from .decision import Call, Decision, Notice, Outcome, Step, Wait
from .engine import Explanation, Fired, Table, disagreements
from .errors import (
    BadChainError,
    BadDataError,
    BadPolicyError,
    BadReferenceError,
    BadTableError,
    DetentError,
    UnknownModelError,
)
from .reasons import REASONS, RULINGS, Failure, Ruling
from .rows import Row
from .session import SESSION, Session
from .turn import TURN, Turn
from .turn_events import Fate

__all__ = [
    "COOLDOWN",
    "REASONS",
    "RULINGS",
    "SESSION",
    "TURN",
    "BadChainError",
    "BadDataError",
    "BadPolicyError",
    "BadReferenceError",
    "BadTableError",
    "Call",
    "Candidate",
    "Chain",
    "Config",
    "Cooldown",
    "Decision",
    "DetentError",
    "Explanation",
    "Failure",
    "Fate",
    "Fired",
    "Limits",
    "Notice",
    "Outcome",
    "Policy",
    "Row",
    "Ruling",
    "Session",
    "Step",
    "Table",
    "Turn",
    "UnknownModelError",
    "Wait",
    "disagreements",
]
