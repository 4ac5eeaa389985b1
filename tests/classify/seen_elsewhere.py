"""Failures seen elsewhere: real payloads of public issue threads and providers' pages, one a line.

How `seen_elsewhere.jsonl` was gathered. The payloads were found by searching public issues and documentation
for a provider's or a client's name with the words of an error, copied as they stand there, and labelled *before*
the classifier saw them, by the labelling rules of the corpus it was first written from; ``source`` is the
address. Those nearly the same as a record of that corpus, or as one another, were left out. They came in batches
(``batch``), each classified blind once; afterwards the rules were generalised from its misses, so what is
measured here now is a guard against regression, not the accuracy on failures that nobody has seen. One person
labelled them; where two rulings can be defended, ``disputed`` is true. Request ids and keys are redacted.

`seen_at_the_sources.jsonl` was gathered the other way round: from the kinds of places where that corpus itself
was gathered (test suites and recordings of agents and gateways, providers' error tables), again without what is
nearly the same as one of its records, labelled before the classifier saw it, in batches of its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from detent.adapters.classify import Evidence

FILES: Final = ("seen_elsewhere.jsonl", "seen_at_the_sources.jsonl")
RECORDS: Final[list[dict[str, Any]]] = [
    json.loads(line) for name in FILES for line in Path(__file__).with_name(name).read_text("utf-8").splitlines()
]


def evidence_of(record: dict[str, Any], **changed: Any) -> Evidence:
    """What the record tells of the failure, with something changed."""
    fields = ("status", "headers", "body", "exception", "provider", "transport")
    return Evidence(**{**{name: record[name] for name in fields}, **changed})
