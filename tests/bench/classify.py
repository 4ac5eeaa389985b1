"""What classifying a failure costs. Run it: ``python tests/bench/classify.py``. It asserts nothing.

Absolute figures are this machine's; the ratios to parsing the same body hold elsewhere.
"""

from __future__ import annotations

import json
import statistics
import time
import timeit
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from detent.adapters.classify import Evidence, classify

FAILURES: Final = Path(__file__).parent.parent / "classify" / "seen_elsewhere.jsonl"
FIELDS: Final = ("status", "headers", "body", "exception", "provider", "transport")


def microseconds(job: Callable[[], object], number: int = 20) -> float:
    """The median of five rounds, in µs of the processor a call."""
    return statistics.median(timeit.repeat(job, number=number, repeat=5, timer=time.process_time)) / number * 1e6


def parsed(body: str) -> object:
    """The body as JSON, or None where it is none."""
    try:
        return json.loads(body)
    except ValueError:
        return None


def main() -> None:
    """Measure every failure seen elsewhere, and print a line a figure."""
    records: list[dict[str, Any]] = [json.loads(line) for line in FAILURES.read_text("utf-8").splitlines()]
    costs, ratios = [], []
    for record in records:
        evidence, body = Evidence(**{name: record[name] for name in FIELDS}), record["body"] or ""
        costs.append(microseconds(lambda seen=evidence: classify(seen)))  # type: ignore[misc]
        if parsed(body) is not None:
            ratios.append(costs[-1] / microseconds(lambda text=body: json.loads(text), 200))  # type: ignore[misc]
    print(f"classifying a failure, median     {statistics.median(costs):8.0f} µs")
    print(f"one in a hundred takes more than  {statistics.quantiles(costs, n=100)[98]:8.0f} µs")
    print(f"against json.loads of the body    {statistics.median(ratios):8.0f} times, in the median")
    long = Evidence(429, {}, '{"error":{"message":"' + "x" * 100_000_000, transport="http")
    print(f"a body of 100 megabytes           {microseconds(lambda: classify(long), 3) / 1000:8.1f} ms")


if __name__ == "__main__":
    main()
