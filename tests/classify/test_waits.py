"""Every notation of a wait, and the order in which they are trusted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from detent.adapters.classify import Evidence, wait_s
from detent.adapters.classify.facts import facts_of
from detent.adapters.classify.waits import duration_s, moment_s, prose_s

NOW = 1_700_000_000.0


def stated(
    headers: dict[str, str] | None = None,
    body: object = None,
    status: int | None = 429,
    now: float | None = NOW,
) -> Any:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    return wait_s(facts_of(Evidence(status, headers or {}, text, transport="http")), now)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("34s", 34.0),
        ("0.539477544s", 0.539477544),
        ("120ms", 0.12),
        ("539.477544ms", 0.539477544),
        ("6m0s", 360.0),
        ("1h2m3s", 3723.0),
        ("9m38.016s", 578.016),
        ("19h14m47s", 69287.0),
        ("5 days 22 hours 11 minutes", 511860.0),
        ("1 hour and 5 minutes", 3900.0),
        ("30秒", 30.0),
        ("5分钟", 300.0),
        ("2小时", 7200.0),
    ],
)
def test_a_duration_is_seconds(text: str, seconds: float) -> None:
    assert duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "12", "soon", "10 apples", "s"])
def test_what_is_no_duration_is_none(text: str) -> None:
    assert duration_s(text) is None


@pytest.mark.parametrize(
    ("text", "epoch"),
    [
        ("1700000042", NOW + 42),
        ("1700000042000", NOW + 42),
        ("2023-11-14T22:14:02Z", NOW + 42),
        ("2023-11-15T06:14:02+08:00", NOW + 42),
        ("Tue, 14 Nov 2023 22:14:02 GMT", NOW + 42),
    ],
)
def test_a_moment_is_epoch_seconds(text: str, epoch: float) -> None:
    assert moment_s(text) == epoch


@pytest.mark.parametrize("text", ["2023-11-14 22:14:02", "2023-11-14T22:14:02", "22:14", "Tue, nonsense", "42"])
def test_a_clock_without_a_zone_is_no_moment(text: str) -> None:
    assert moment_s(text) is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "30"}, 30.0),
        ({"Retry-After": "1.5"}, 1.5),
        ({"retry-after": "Tue, 14 Nov 2023 22:14:02 GMT"}, 42.0),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "0", "retry-after": "1"}, 1.0),
        ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-remaining-requests": "0"}, 90.0),
        ({"x-ratelimit-reset-tokens": "7", "x-ratelimit-remaining-tokens": "0"}, 7.0),
        ({"x-ratelimit-reset": "1700000042000", "x-ratelimit-remaining": "0"}, 42.0),
        ({"x-ratelimit-reset": "2", "x-ratelimit-remaining": "0"}, 2.0),
        ({"x-ratelimit-reset": "1700000042"}, 42.0),
        ({"x-ratelimit-reset-after": "30"}, 30.0),
        (
            {
                "anthropic-ratelimit-tokens-reset": "2023-11-14T22:14:02Z",
                "anthropic-ratelimit-tokens-remaining": "0",
            },
            42.0,
        ),
        (
            {
                "anthropic-ratelimit-unified-reset": "1700000042",
                "anthropic-ratelimit-unified-status": "rejected",
            },
            42.0,
        ),
        ({"ratelimit": '"api";r=0;t=68'}, 68.0),
        ({"x-codex-primary-reset-after-seconds": "99", "x-codex-primary-used-percent": "100"}, 99.0),
        ({"x-ratelimit-reset-requests": "1m30s", "x-ratelimit-remaining-requests": "7"}, None),
        (
            {
                "anthropic-ratelimit-unified-reset": "1700000042",
                "anthropic-ratelimit-unified-status": "allowed",
            },
            None,
        ),
        ({"x-ratelimit-reset-after": "30", "x-ratelimit-remaining": "7"}, None),
        ({"ratelimit": '"api";r=498;t=68'}, None),
        ({"retry-after": "soon"}, None),
    ],
)
def test_headers_state_a_wait(headers: dict[str, str], seconds: float | None) -> None:
    assert stated(headers) == (None if seconds is None else pytest.approx(seconds))


@pytest.mark.parametrize(
    ("body", "seconds"),
    [
        (
            {"error": {"details": [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.4s"}]}},
            34.4,
        ),
        ({"error": {"resets_in_seconds": 13872, "resets_at": 1}}, 13872.0),
        ({"error": {"resets_at": 1_700_000_042}}, 42.0),
        ({"retry_after": 120, "retryable": True}, 120.0),
        ({"error": {"details": [{"metadata": {"quotaResetDelay": "539.4ms"}}]}}, 0.5394),
        ({"error": {"details": [{"metadata": {"quotaResetTimeStamp": "2023-11-14T22:14:02Z"}}]}}, 42.0),
        (
            {"error": {"metadata": {"headers": {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700000042000"}}}},
            42.0,
        ),
    ],
)
def test_fields_of_the_body_state_a_wait(body: object, seconds: float) -> None:
    assert stated(body=body) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("Please try again in 9m38.016s.", 578.016),
        ("Please try again in 174ms", 0.174),
        ("Please retry in 48.939935699s.", 48.939935699),
        ("Please wait 6 seconds for your limit to reset", 6.0),
        ("Your quota will reset after 19h14m47s", 69287.0),
        ("please try again after 1 seconds", 1.0),
        ("Try again in 24 hours", 86400.0),
        ("or try again in 5 days 22 hours 11 minutes.", 511860.0),
        ("Please retry after 86400 seconds", 86400.0),
        ("retry after 60", 60.0),
        ("Try again in an hour", 3600.0),
        ("请在30秒后重试", 30.0),
        ("请等待 5 分钟", 300.0),
        ("2小时后再试", 7200.0),
        ("limit resets at 2023-11-14T22:14:02Z", 42.0),
        ("Your limit will reset at 2023-11-14 22:14:02", None),
        ("请求超时", None),
        ("Limit 30000, Requested 31538", None),
    ],
)
def test_prose_states_a_wait(text: str, seconds: float | None) -> None:
    assert prose_s(text, NOW) == (None if seconds is None else pytest.approx(seconds))


def test_the_body_is_trusted_before_headers_and_headers_before_prose() -> None:
    body = {"error": {"message": "Please try again in 3s", "retry_after": 1}}
    prose = {"error": {"message": "Please try again in 3s"}}
    assert stated({"retry-after": "2"}, body) == 1.0
    assert stated({"retry-after": "2"}, prose) == 2.0
    assert stated({}, prose) == 3.0


def test_headers_of_a_200_are_not_believed() -> None:
    assert stated({"retry-after": "53"}, status=200) is None


def test_the_replys_own_date_is_the_clock() -> None:
    headers = {"date": "Tue, 14 Nov 2023 22:13:20 GMT", "retry-after": "Tue, 14 Nov 2023 22:14:02 GMT"}
    assert stated(headers, now=None) == 42.0


def test_without_a_clock_an_absolute_time_is_passed_over() -> None:
    assert stated({"retry-after": "Tue, 14 Nov 2023 22:14:02 GMT"}, now=None) is None


def test_a_moment_already_past_is_no_wait_at_all() -> None:
    assert stated({"retry-after": "Tue, 14 Nov 2023 22:00:00 GMT"}) == 0.0


def test_a_reset_beside_no_remaining_tells_a_wait_only_where_the_rate_was_the_reason() -> None:
    headers = {"x-ratelimit-reset-after": "30"}
    assert [wait_s(facts_of(Evidence(status, headers)), NOW) for status in (429, 500)] == [30.0, None]
