"""Failures seen elsewhere keep their reason; `seen_elsewhere` tells how they were gathered."""

from __future__ import annotations

from typing import Final

from detent.adapters.classify import classify

from .seen_elsewhere import RECORDS, evidence_of

EXACT, GROUP, RETRY_SAME, WAITS = 0.95, 0.98, 0.93, 0.98
GROUPS: Final = {
    "throttle": {"rate_limit"},
    "billing": {"quota_exhausted"},
    "auth": {"auth", "permission"},
    "model": {"model_not_found"},
    "context": {"context_overflow"},
    "filter": {"content_filter"},
    "bad request": {"invalid_request", "unsupported", "session_expired"},
    "passing": {"overloaded", "server_error", "timeout", "connection", "stream_interrupted", "empty_response"},
    "abort": {"aborted"},
    "unknown": {"unknown"},
}
GROUP_OF: Final = {reason: group for group, reasons in GROUPS.items() for reason in reasons}
VERDICTS: Final = [(record, classify(evidence_of(record))) for record in RECORDS]


def share(right: list[bool]) -> float:
    return sum(right) / len(right)


def test_the_reason_is_exact() -> None:
    wrong = [record["id"] for record, seen in VERDICTS if seen.reason != record["reason"]]
    assert 1 - len(wrong) / len(RECORDS) >= EXACT, wrong


def test_the_group_of_the_reason_is_right() -> None:
    wrong = [record["id"] for record, seen in VERDICTS if GROUP_OF[seen.reason] != GROUP_OF[record["reason"]]]
    assert 1 - len(wrong) / len(RECORDS) >= GROUP, wrong


def test_what_may_be_tried_again_is() -> None:
    assert share([seen.retry_same == record["retry_same"] for record, seen in VERDICTS]) >= RETRY_SAME


def test_a_stated_wait_is_read_and_none_is_invented() -> None:
    stated = [(record["retry_after_s"], seen.retry_after_s) for record, seen in VERDICTS]
    read = [seen is not None and abs(seen - told) <= max(1, told / 20) for told, seen in stated if told is not None]
    assert share(read) >= WAITS
    assert [seen for told, seen in stated if told is None and seen is not None] == []


def test_every_record_tells_where_it_was_seen() -> None:
    assert all(record["source"].startswith(("https://", "http://")) for record in RECORDS)
    assert len({record["id"] for record in RECORDS}) == len(RECORDS)
