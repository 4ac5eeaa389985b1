"""Every promise holds in every world of three candidates, for every interleaving."""

from __future__ import annotations

import re

import pytest

from detent.specs import PROPERTIES, UNSTATED, Environment, explore, standard, told


@pytest.mark.parametrize("env", standard(3), ids=lambda env: env.name)
def test_every_promise_holds(env: Environment) -> None:
    found = explore(env, stop=False)
    print(found)
    assert found.whole
    assert not found.broken, "\n\n".join(told(c) for c in found.broken)


def test_each_of_the_fourteen_promises_has_a_predicate() -> None:
    numbers = {int(re.match(r"\d+", promise.number)[0]) for promise in PROPERTIES}  # type: ignore[index]
    assert numbers >= set(range(1, 15))


def test_each_line_of_the_incident_table_is_answered_or_given_a_reason() -> None:
    answered = {incident for promise in PROPERTIES for incident in promise.incidents}
    given_up = {line.incident for line in UNSTATED}
    assert answered | given_up == {f"I{number:02}" for number in range(1, 40)}
    assert not answered & given_up
