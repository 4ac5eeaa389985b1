"""Laws of the classification table."""

from __future__ import annotations

import re

import pytest

from detent.adapters.classify import RULES, TRANSPORTS, Rule
from detent.fsm.reasons import REASONS

LITERAL_LIMIT = 60
IDS = [rule.name for rule in RULES]


def literal_runs(pattern: str) -> list[str]:
    return re.split(r"\\[a-zA-Z.]|[.^$*+?{}\[\]()|]", pattern.replace("\\ ", " "))


def test_every_rule_has_its_own_name() -> None:
    assert len(set(IDS)) == len(IDS)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_knows_its_reason_and_its_source(rule: Rule) -> None:
    assert rule.reason in REASONS
    assert rule.acts_as is None or rule.acts_as in REASONS
    assert rule.source
    assert rule.transports <= set(TRANSPORTS)


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_a_rule_asks_for_something(rule: Rule) -> None:
    assert rule.codes or rule.code_like or rule.says or rule.statuses


@pytest.mark.parametrize("rule", RULES, ids=IDS)
def test_no_phrase_quotes_a_whole_message(rule: Rule) -> None:
    for phrase in (*rule.says, *rule.also, *rule.unless):
        assert max(map(len, literal_runs(phrase))) <= LITERAL_LIMIT, phrase


def test_every_reason_can_be_reached() -> None:
    assert {rule.reason for rule in RULES} | {"unknown"} == set(REASONS)
