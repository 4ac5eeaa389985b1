"""The shortest way into every cell of the three tables, as a golden transcript; the dead cells named."""

from __future__ import annotations

from pathlib import Path

import pytest

from detent.specs import shortest, transcript
from detent.specs.dead import DEAD
from detent.specs.witnesses import Cell, Witness, cells

GOLDEN = Path(__file__).parent / "golden" / "witnesses.txt"
ANEW = "Where the change is meant, write the file anew: detent.specs.transcript(detent.specs.shortest())"


@pytest.fixture(scope="module")
def found() -> dict[Cell, Witness]:
    return shortest()


def test_every_cell_has_a_witness_or_a_reason(found: dict[Cell, Witness]) -> None:
    assert [cell for cell in cells() if cell not in found and cell not in DEAD] == []


def test_what_is_called_dead_is_dead(found: dict[Cell, Witness]) -> None:
    assert [cell for cell in DEAD if cell in found] == []
    assert set(DEAD) <= set(cells())


def test_the_transcript_is_what_the_tables_give(found: dict[Cell, Witness]) -> None:
    assert transcript(found) == GOLDEN.read_text(encoding="utf-8"), ANEW


def test_a_witness_is_readable() -> None:
    text = GOLDEN.read_text(encoding="utf-8")
    assert "session / failover_active / reconcile" in text
    assert "dead: in primary there is no pin" in text
