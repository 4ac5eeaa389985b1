from __future__ import annotations

import re

import pytest

from detent.diagrams import draw, pictures
from detent.diagrams.labels import Label, edges, in_words, inner
from detent.diagrams.measure import Span, line_width, wrap
from detent.fsm.cooldown import COOLDOWN
from detent.fsm.rows import Row
from detent.fsm.session import SESSION


def guards(row: Row) -> str:
    return ", ".join(in_words(guard.__name__) for guard in row.when)


def said(labels: tuple[Label, ...]) -> list[str]:
    return [label.text for label in labels]


def test_guards_read_as_words() -> None:
    assert "turn_started [home is due]" in said(edges(SESSION)["primary", "cooldown_probe"])


def test_a_row_without_guards_behind_others_reads_otherwise() -> None:
    assert "succeeded [otherwise]" in said(edges(COOLDOWN)["probing", "available"])


def test_rows_whose_guards_decide_nothing_share_one_word_and_are_both_kept() -> None:
    (reset,) = (label for label in edges(SESSION)["failover_active", "primary"] if label.events == ("reset",))
    assert reset.text == "reset"
    assert len(reset.rows) == 2


def test_a_row_that_leads_back_is_listed_inside() -> None:
    assert ("failover_active", "failover_active") not in edges(SESSION)
    assert any(label.mark == "again" and "unpin" in label.events for label in inner(SESSION, "failover_active"))


def test_events_that_read_alike_share_a_line() -> None:
    (late,) = (label for label in inner(COOLDOWN, "cooling") if "extended" in label.events)
    assert late.events == ("extended", "released")


@pytest.mark.parametrize("machine", pictures)
def test_labels_leave_no_row_out(machine: str) -> None:
    table = pictures[machine]
    for row in table.rows:
        for state in row.source:
            drawn = inner(table, state) if row.to in (None, state) else edges(table)[state, str(row.to)]
            assert any(row in label.rows for label in drawn), row.name


@pytest.mark.parametrize("machine", pictures)
def test_mermaid_has_every_move_with_its_events(machine: str) -> None:
    text = draw(machine, "mermaid")
    assert text.startswith("stateDiagram-v2\n")
    for (source, to), found in edges(pictures[machine]).items():
        (line,) = re.findall(rf"^    {source} --> {to}: (.*)$", text, re.MULTILINE)
        assert line.split("<br/>") == said(found)


@pytest.mark.parametrize("machine", pictures)
def test_mermaid_has_every_row_that_stays_in_a_note(machine: str) -> None:
    notes = " ".join(re.findall(r"note right of.*?end note", draw(machine, "mermaid"), re.DOTALL))
    for state in pictures[machine].states:
        for label in inner(pictures[machine], state):
            assert label.events[0] in notes
            assert label.mark == "blocked" or label.text in notes


@pytest.mark.parametrize("machine", pictures)
def test_mermaid_lines_hold_nothing_that_mermaid_reads_otherwise(machine: str) -> None:
    for line in draw(machine, "mermaid").splitlines():
        assert ";" not in line
        assert line.count(":") <= 1


@pytest.mark.parametrize("machine", pictures)
def test_dot_has_every_state_and_every_move(machine: str) -> None:
    text = draw(machine, "dot")
    table = pictures[machine]
    assert text.startswith(f"digraph {machine} {{\n")
    assert all(f"\n    {state} [label=" in text for state in table.states)
    for (source, to), found in edges(table).items():
        assert f"\n    {source} -> {to} [label=" in text
        assert all(label.text in text for label in found)


def test_lines_break_between_conditions_and_keep_to_the_room() -> None:
    spans = (Span("failed", "event"), Span("retry is due, retry must wait", "guard", whole=True))
    lines = wrap(spans, 11, 100)
    assert ["".join(span.text for span in line) for line in lines] == [
        "failed",
        "retry is due,",
        "retry must wait",
    ]
    assert all(line_width(line, 11) <= 100 for line in lines)


def test_a_word_wider_than_the_room_stands_alone() -> None:
    lines = wrap((Span("an incomprehensibility", "guard"),), 11, 40)
    assert ["".join(span.text for span in line) for line in lines] == ["an", "incomprehensibility"]
