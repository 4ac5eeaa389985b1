"""Whatever the evidence, classifying it is quick, cheap and silent."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detent.adapters.classify import TRANSPORTS, Evidence, classify, failure_of, verdict_of_success
from detent.fsm.reasons import REASONS

WORDS = st.sampled_from(
    [
        '{"error":',
        '"message":"',
        "{",
        "}",
        "[",
        '\\"',
        "data: ",
        "event: error\n",
        "\n\n",
        "<html><title>",
        "429 ",
        "rate limit ",
        "try again in 5",
        "'",
        "limit: 0",
        "\x00",
        "请求",
    ]
)
BODIES = st.one_of(st.none(), st.text(max_size=200), st.lists(WORDS, max_size=30).map("".join))


@given(
    status=st.one_of(st.none(), st.integers(-5, 1000)),
    headers=st.dictionaries(
        st.sampled_from(["Retry-After", "retry-after-ms", "date", "x-ratelimit-reset", "x"]),
        st.text(max_size=20),
    ),
    body=BODIES,
    exception=BODIES,
    provider=st.one_of(st.none(), st.sampled_from(["openai", "zai", "minimax", "google-gemini", ""])),
    transport=st.one_of(st.none(), st.sampled_from(TRANSPORTS), st.text(max_size=5)),
    now=st.one_of(st.none(), st.floats(0, 2e9)),
)
def test_any_evidence_gets_a_verdict(
    status: int | None,
    headers: dict[str, str],
    body: str | None,
    exception: str | None,
    provider: str | None,
    transport: str | None,
    now: float | None,
) -> None:
    evidence = Evidence(status, headers, body, exception, provider, transport)
    verdict = classify(evidence, now=now)
    assert verdict.reason in REASONS
    assert verdict.retry_after_s is None or verdict.retry_after_s >= 0
    failure = failure_of(evidence, now=now)
    assert len(failure.message) <= 300
    verdict_of_success(status, headers, body, now=now)


@pytest.mark.parametrize("odd", [7, b"bytes", ["list"], object()])
def test_evidence_of_the_wrong_kind_gets_a_verdict_too(odd: Any) -> None:
    assert classify(Evidence(odd, odd, odd, odd, odd, odd)).reason in REASONS


def test_the_same_evidence_gives_the_same_verdict() -> None:
    evidence = Evidence(429, {"retry-after": "5"}, '{"error":{"message":"Rate limit reached"}}', None, "openai", "http")
    assert classify(evidence) == classify(evidence)


def test_a_body_of_100_megabytes_is_cheap() -> None:
    evidence = Evidence(429, {}, '{"error":{"message":"' + "x" * 100_000_000, transport="http")
    started = time.perf_counter()
    assert classify(evidence).reason == "rate_limit"
    assert time.perf_counter() - started < 1.0


@pytest.mark.parametrize(
    "piece",
    [
        "{",
        '{"a":',
        "[",
        '{\\"',
        "data: {\n\n",
        "<title>",
        "{'a':{",
        "limit exceed ",
        "stream response ",
        "1 s ",
        "a_",
        "key=",
        "A",
    ],
)
def test_no_repetition_makes_it_slow(piece: str) -> None:
    evidence = Evidence(500, {}, piece * (65536 // len(piece)), piece * 1000, transport="http")
    started = time.perf_counter()
    failure_of(evidence)
    assert time.perf_counter() - started < 2.0


def test_what_lies_beyond_the_limit_is_not_read() -> None:
    assert classify(Evidence(500, {}, " " * 70_000 + "insufficient_quota", transport="http")).reason == "server_error"
