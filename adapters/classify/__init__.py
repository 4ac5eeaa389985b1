"""Why a provider call failed: evidence in, one of eighteen reasons out.

`facts` takes a reply apart, `rules` is the table that reads it, `waits` finds how long to wait,
`exceptions` turns SDK exceptions into evidence, `redact` keeps secrets out of what is said, `lines` does
it for a file of records.
"""

from __future__ import annotations

from .classify import classify, failure_of, verdict_of_success
from .evidence import BODY_LIMIT, TRANSPORTS, Evidence, Scope, Transport, Verdict
from .exceptions import evidence_from
from .lines import classify_lines
from .redact import redact
from .rule import Rule
from .rules import RULES
from .waits import wait_s

__all__ = [
    "BODY_LIMIT",
    "RULES",
    "TRANSPORTS",
    "Evidence",
    "Rule",
    "Scope",
    "Transport",
    "Verdict",
    "classify",
    "classify_lines",
    "evidence_from",
    "failure_of",
    "redact",
    "verdict_of_success",
    "wait_s",
]
