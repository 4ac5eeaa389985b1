"""The checks can fail: every shipped table with one small fault in it, and which check notices.

`mutants` makes the faults, `grounds` are the small worlds in which they are looked for, `judge` puts each mutant to the
lint, the induction and the explorer, in the order of what they cost, and `reasons` has, for each mutant that survives,
why it is no other machine. ``python -m detent.specs.mutation`` runs it.
"""

from .grounds import BaselineError
from .judge import CHECKS, Verdict, judge
from .mutants import KINDS, Mutant, mutants
from .reasons import REASONS, Reason
from .report import Report
from .run import every, run
from .unguarded import UNGUARDED

__all__ = [
    "CHECKS",
    "KINDS",
    "REASONS",
    "UNGUARDED",
    "BaselineError",
    "Mutant",
    "Reason",
    "Report",
    "Verdict",
    "every",
    "judge",
    "mutants",
    "run",
]
