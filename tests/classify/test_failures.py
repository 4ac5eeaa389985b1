"""What a session acts upon: false waits dropped, scopes narrowed, messages fit for people."""

from __future__ import annotations

import json
from typing import Any

from detent.adapters.classify import Evidence, classify, failure_of


def evidence(message: str, provider: str = "", status: int = 429, **more: Any) -> Evidence:
    body = json.dumps({"error": {"message": message, **more}})
    return Evidence(status=status, body=body, provider=provider, transport="http")


def test_a_true_wait_is_kept() -> None:
    assert failure_of(evidence("Rate limit reached. Please try again in 6s.")).wait_s == 6.0


def test_a_quota_of_zero_belies_the_delay_stated_beside_it() -> None:
    seen = evidence("Quota exceeded for metric: x, limit: 0\nPlease retry in 55.5s.", "google-gemini")
    assert classify(seen).retry_after_s == 55.5
    assert failure_of(seen).wait_s is None
    assert failure_of(seen).reason == "quota_exhausted"


def test_a_daily_quota_belies_a_short_delay() -> None:
    details = [
        {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]},
        {"retryDelay": "34s"},
    ]
    failure = failure_of(evidence("You exceeded your current quota", "google-gemini", details=details))
    assert (failure.reason, failure.wait_s, failure.cools) == ("quota_exhausted", None, "credential_model")


def test_a_minute_quota_in_the_same_words_is_a_rate_limit() -> None:
    details = [
        {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProjectPerModel"}]},
        {"retryDelay": "34s"},
    ]
    failure = failure_of(evidence("You exceeded your current quota", "google-gemini", details=details))
    assert (failure.reason, failure.wait_s) == ("rate_limit", 34.0)


def test_credits_are_not_bought_by_waiting() -> None:
    seen = Evidence(402, {"retry-after": "30"}, '{"error":{"message":"Insufficient credits"}}', transport="http")
    assert classify(seen).retry_after_s == 30.0
    assert failure_of(seen).wait_s is None


def test_the_known_false_day_of_azure_is_dropped() -> None:
    seen = evidence("Requests have exceeded token rate limit. Please retry after 86400 seconds.", "azure-openai")
    assert (failure_of(seen).reason, failure_of(seen).wait_s) == ("rate_limit", None)


def test_a_window_keeps_its_own_time() -> None:
    seen = evidence("x", type="usage_limit_reached", resets_in_seconds=13872)
    assert failure_of(seen).wait_s == 13872.0


def test_a_wait_of_zero_is_no_wait() -> None:
    assert failure_of(Evidence(429, {"retry-after": "0"}, transport="http")).wait_s is None


def test_a_quota_condemns_the_credential_unless_the_reply_names_the_model() -> None:
    assert failure_of(evidence("Insufficient balance")).cools == "credential"
    assert failure_of(evidence("Daily limit reached for model `llama-3.3-70b`")).cools == "credential_model"


def test_a_quota_at_an_aggregator_condemns_one_model() -> None:
    assert failure_of(evidence("Insufficient credits", "openrouter")).cools == "credential_model"
    assert failure_of(evidence("Insufficient credits", "mine"), aggregator=True).cools == "credential_model"


def test_a_scope_is_set_only_where_it_narrows() -> None:
    assert failure_of(evidence("Rate limit reached")).scope is None
    assert failure_of(evidence("Insufficient balance")).scope is None


def test_credits_for_long_context_cool_nothing() -> None:
    failure = failure_of(evidence("Extra usage is required for long context requests.", "anthropic"))
    assert failure.cools is None
    assert failure.ruling.next_model


def test_the_message_is_the_innermost_text_short_and_without_secrets() -> None:
    raw = json.dumps({"error": {"message": "Incorrect API key provided: sk-abcdefgh12345678. " + "x " * 400}})
    body = json.dumps({"error": {"message": "Provider returned error", "metadata": {"raw": raw}}})
    failure = failure_of(Evidence(401, body=body, transport="http"))
    assert failure.message.startswith("Incorrect API key provided: [redacted]")
    assert len(failure.message) <= 300


def test_the_failure_names_rule_and_status() -> None:
    failure = failure_of(evidence("Overloaded", status=529))
    assert (failure.reason, failure.rule, failure.status) == ("overloaded", "capacity", 529)


def test_a_url_that_google_will_not_fetch_may_be_fetched_elsewhere() -> None:
    seen = evidence("Cannot fetch content from the provided URL. Status: URL_ROBOTED", "google-vertex", status=400)
    assert classify(seen).reason == "invalid_request"
    assert failure_of(seen).reason == "unsupported"
