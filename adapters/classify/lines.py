"""Classifying a file of records: JSON lines in, JSON lines out."""

from __future__ import annotations

import json
from typing import IO, Any, Final

from .classify import classify
from .evidence import TRANSPORTS, Evidence

_TEXTS: Final = ("body", "exception", "provider", "transport")


def classify_lines(source: IO[str], sink: IO[str], *, explain: bool = False, now: float | None = None) -> int:
    """Classify every record of a stream, one JSON object a line; empty lines are passed over.

    A record is ``{"id", "status", "headers", "body", "exception", "provider", "transport"}``, each of
    which may be missing or null. The answer holds ``id``, ``reason``, ``scope``, ``retry_same``,
    ``failover``, ``retry_after_s``. A line that is no record is answered by ``{"id", "error"}``, where
    ``error`` names the line and what is wrong.

    Args:
        source: where the records are read.
        sink: where the answers are written.
        explain: write also the ``rule`` that decided and the ``fact`` it read.
        now: epoch seconds for absolute times in records without a ``Date`` header.

    Returns:
        How many lines were malformed.
    """
    malformed = 0
    for number, line in enumerate(source, start=1):
        if not line.strip():
            continue
        record, problem = _record(line)
        answer: dict[str, Any] = {"id": record.get("id")}
        if problem:
            malformed += 1
            answer["error"] = f"line {number}: {problem}"
        else:
            answer |= _answer(record, explain, now)
        sink.write(json.dumps(answer, ensure_ascii=False) + "\n")
    return malformed


def _answer(record: dict[str, Any], explain: bool, now: float | None) -> dict[str, Any]:
    evidence = Evidence(
        status=record.get("status"),
        headers=record.get("headers") or {},
        **{name: record.get(name) for name in _TEXTS},
    )
    verdict = classify(evidence, now=now)
    said: dict[str, Any] = {
        "reason": verdict.reason,
        "scope": verdict.scope,
        "retry_same": verdict.retry_same,
        "failover": verdict.failover,
        "retry_after_s": verdict.retry_after_s,
    }
    return said | {"rule": verdict.rule, "fact": verdict.fact} if explain else said


def _record(line: str) -> tuple[dict[str, Any], str]:
    """The record of a line and what is wrong with it, empty if nothing is."""
    try:
        record = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        return {}, f"not JSON: {wrong}"
    if not isinstance(record, dict):
        return {}, f"a record is a JSON object, not {type(record).__name__}"
    return record, _problem(record)


def _problem(record: dict[str, Any]) -> str:
    status = record.get("status")
    if status is not None and (isinstance(status, bool) or not isinstance(status, int)):
        return f"status: {status!r} is no integer; write an HTTP status or null"
    headers = record.get("headers")
    if headers is not None and not isinstance(headers, dict):
        return f"headers: {headers!r:.60} is no object of names and values"
    for name in _TEXTS:
        value = record.get(name)
        if value is not None and not isinstance(value, str):
            return f"{name}: {value!r:.60} is no string; write text or null"
    transport = record.get("transport")
    if transport is not None and transport not in TRANSPORTS:
        return f"transport: {transport!r} is none of {', '.join(TRANSPORTS)}"
    return ""
