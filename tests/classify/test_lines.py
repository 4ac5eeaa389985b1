"""A file of records in, a file of verdicts out."""

from __future__ import annotations

import io
import json
from typing import Any

from detent.adapters.classify import classify_lines


def run(*lines: str, explain: bool = False, now: float | None = None) -> tuple[int, list[dict[str, Any]]]:
    sink = io.StringIO()
    malformed = classify_lines(io.StringIO("\n".join(lines)), sink, explain=explain, now=now)
    return malformed, [json.loads(line) for line in sink.getvalue().splitlines()]


def test_each_record_gets_its_verdict() -> None:
    malformed, answers = run('{"id": "a", "status": 429, "headers": {"Retry-After": "5"}}')
    assert malformed == 0
    assert answers == [
        {
            "id": "a",
            "reason": "rate_limit",
            "scope": "model",
            "retry_same": True,
            "failover": True,
            "retry_after_s": 5.0,
        }
    ]


def test_explaining_names_rule_and_fact() -> None:
    _, answers = run('{"id": 1, "status": 401, "body": null, "provider": null}', explain=True)
    assert (answers[0]["rule"], answers[0]["fact"]) == ("401", "status 401")


def test_an_empty_record_is_unknown() -> None:
    assert run("{}")[1][0]["reason"] == "unknown"


def test_a_malformed_line_is_named_and_the_rest_goes_on() -> None:
    malformed, answers = run(
        "nonsense",
        "[]",
        '{"id": "x", "status": "429"}',
        "",
        '{"id": "y", "transport": "pigeon"}',
        '{"id": "z", "status": 500}',
    )
    assert malformed == 4
    assert answers[0]["error"].startswith("line 1: not JSON")
    assert answers[1] == {"id": None, "error": "line 2: a record is a JSON object, not list"}
    assert answers[2] == {
        "id": "x",
        "error": "line 3: status: '429' is no integer; write an HTTP status or null",
    }
    assert answers[3]["error"].startswith("line 5: transport: 'pigeon' is none of http, sse")
    assert answers[4]["reason"] == "server_error"


def test_absolute_times_need_a_clock() -> None:
    record = json.dumps({"id": 1, "status": 429, "headers": {"retry-after": "Tue, 14 Nov 2023 22:14:02 GMT"}})
    assert run(record)[1][0]["retry_after_s"] is None
    assert run(record, now=1_700_000_000.0)[1][0]["retry_after_s"] == 42.0
