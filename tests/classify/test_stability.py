"""What a failure says does not depend on the model, the numbers, the letters or the gateways around it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detent.adapters.classify import Evidence, Rule, classify
from detent.adapters.classify.rules import FACTS

from .seen_elsewhere import RECORDS, evidence_of

Record = dict[str, Any]

NAMED: Final = {rule.name: rule for rule in FACTS}
MODEL: Final = re.compile(
    r"\b(?:gpt|claude|gemini|llama|qwen|grok|glm|deepseek|kimi|mistral|mixtral|doubao)[-\w.:]*\d[-\w.:]*", re.IGNORECASE
)
LONG_NUMBER: Final = re.compile(r"(?<![\w.])(?!86400)\d{5,}(?![\w.])")
MESSAGE: Final = re.compile(r'("message"\s*:\s*")([^"\\{]*)"')


def fact_rule(record: Record) -> Rule | None:
    """The rule that decides this failure by something it says; None if only its status or its way decides."""
    seen = classify(evidence_of(record))
    return NAMED.get(seen.rule) if not (seen.fact or "").startswith("status") else None


TOLD: Final = [
    (record, rule)
    for record in RECORDS
    if record["body"] and record["transport"] in ("http", "sdk", "socket") and (rule := fact_rule(record))
]
"""The failures that say what they are, each with the rule that reads it."""
ANYWHERE: Final = [record for record, rule in TOLD if not (rule.statuses or rule.unless_statuses or rule.transports)]
"""Those that say it whatever the status."""

NAMES: Final = st.from_regex(r"(gpt|claude|gemini|qwen|glm)-[a-z]{2,8}-[1-9]", fullmatch=True)
NUMBERS: Final = st.integers(100_000, 9_999_999).map(str)
REQUEST_IDS: Final = st.from_regex(r"20[0-9]{12}[0-9a-f]{8}", fullmatch=True)


def openrouter(record: Record) -> object:
    inner = {"raw": record["body"], "provider_name": "Somewhere"}
    return {"error": {"message": "Provider returned error", "code": record["status"] or 502, "metadata": inner}}


def litellm(record: Record) -> object:
    message = f"litellm.APIError: XException - {record['body']}"
    return {"error": {"message": message, "type": None, "param": None, "code": str(record["status"] or 500)}}


def new_api(record: Record) -> object:
    return {"error": {"message": record["body"], "type": "upstream_error", "code": "bad_response_status_code"}}


def google(record: Record) -> object:
    return {"error": {"message": record["body"], "code": record["status"] or 500, "status": "Bad Request"}}


def says_the_same(record: Record, changed: Evidence) -> None:
    before, after = classify(evidence_of(record)), classify(changed)
    assert after.reason == before.reason, (before, after, changed.body)


def test_most_failures_say_what_they_are() -> None:
    assert len(TOLD) > 200
    assert len(ANYWHERE) > 150


@given(st.sampled_from(TOLD), NAMES)
def test_the_model_may_have_any_name(told: tuple[Record, Rule], name: str) -> None:
    record, _ = told
    says_the_same(record, evidence_of(record, body=MODEL.sub(name, record["body"])))


@given(st.sampled_from(TOLD), NUMBERS)
def test_a_long_number_may_be_any_other(told: tuple[Record, Rule], number: str) -> None:
    record, _ = told
    says_the_same(record, evidence_of(record, body=LONG_NUMBER.sub(number, record["body"])))


@given(st.sampled_from(TOLD), REQUEST_IDS)
def test_a_gateway_may_append_its_request_id(told: tuple[Record, Rule], request_id: str) -> None:
    record, _ = told
    tagged = MESSAGE.sub(rf'\g<1>\g<2> (request id: {request_id})"', record["body"], count=1)
    says_the_same(record, evidence_of(record, body=tagged))


@given(st.sampled_from(TOLD), st.sampled_from([str.upper, str.lower, str.title]))
def test_the_letters_of_a_message_may_be_of_any_case(told: tuple[Record, Rule], case: Callable[[str], str]) -> None:
    record, _ = told
    changed = MESSAGE.sub(lambda found: f'{found[1]}{case(found[2])}"', record["body"])
    says_the_same(record, evidence_of(record, body=changed))


@pytest.mark.parametrize("envelope", [openrouter, litellm, new_api, google])
@given(record=st.sampled_from(ANYWHERE))
def test_a_gateway_may_pass_it_on_in_its_own_envelope(envelope: Callable[[Record], object], record: Record) -> None:
    status = record["status"] if record["transport"] == "http" else 502
    says_the_same(record, evidence_of(record, body=json.dumps(envelope(record)), status=status, transport="http"))


@given(st.sampled_from(ANYWHERE))
def test_an_sdk_may_quote_it_behind_the_status(record: Record) -> None:
    quoted = f"Error code: {record['status'] or 500} - {record['body']}"
    says_the_same(record, evidence_of(record, body=quoted, status=None, headers={}, transport="sdk"))


@given(st.sampled_from(ANYWHERE))
def test_the_status_may_be_lost(record: Record) -> None:
    says_the_same(record, evidence_of(record, status=None, transport="sdk"))
