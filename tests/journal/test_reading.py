"""Reading a log: strict but for what a crash leaves behind, in little memory, oldest first."""

from __future__ import annotations

import re
import tracemalloc
from pathlib import Path

import pytest

from detent.adapters import Journal, JournalError, JournalReader
from detent.adapters.journal import LEAST_BYTES
from detent.adapters.journal_lines import line_of
from detent.adapters.journal_reading import UnknownSessionError, history_of

from .test_writing import decision, numbers


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """A log of two decisions: three lines."""
    with Journal(tmp_path / "log.jsonl") as journal:
        journal.write([decision(1), decision(2, "other")])
    return journal.path


def test_a_torn_last_line_is_left_out_and_said(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-20])
    reader = JournalReader(log)
    assert [int(item.at) for item in reader] == [1]
    assert reader.remarks == [f"{log}:3: the last line is torn, as a crash leaves it; it is left out"]


def test_a_whole_last_line_without_its_line_break_is_read(log: Path) -> None:
    log.write_bytes(log.read_bytes()[:-1])
    assert numbers(log) == [1, 2]


BROKEN = {
    "no JSON": (b"nonsense", "is no JSON: Expecting value"),
    "no item": (b"{}", "line: must hold one of decision, notice, lost"),
    "an unknown item": (b'{"lost":1,"more":2}', "more: is unknown"),
    "two items": (line_of(decision(1))[:-2] + b',"lost":1}', "line: must hold one of decision, notice, lost"),
    "a wrong type": (b'{"lost":"many"}', 'lost: is "many", must be a whole number'),
    "a decision without its fields": (b'{"decision":{"at":1}}', "decision.machine: is missing, must be text"),
    "no UTF-8": (b'{"lost":"\xff"}', "is no JSON"),
    "nested for ever": (b"[" * 100_000, "is no JSON"),
}


@pytest.mark.parametrize(("line", "says"), BROKEN.values(), ids=BROKEN)
def test_a_broken_line_is_told_with_its_number_and_the_way_out(log: Path, line: bytes, says: str) -> None:
    lines = log.read_bytes().splitlines()
    log.write_bytes(b"\n".join([*lines[:2], line, *lines[2:], b""]))
    with pytest.raises(JournalError, match=re.escape(f"{log}:3: the line is broken: ")) as caught:
        list(JournalReader(log))
    assert says in str(caught.value)
    assert str(caught.value).endswith("take that line out to read the others")


def test_a_line_torn_in_a_file_that_was_put_aside_is_no_crash_but_damage(log: Path) -> None:
    log.rename(f"{log}.1")
    torn = Path(f"{log}.1")
    torn.write_bytes(torn.read_bytes()[:-20])
    with Journal(log):
        pass
    with pytest.raises(JournalError, match=re.escape(f"{torn}:3: the line is broken")):
        list(JournalReader(log))


def test_a_line_without_end_is_not_taken_into_memory(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detent.adapters.journal_reading.LONGEST_LINE", 1000)
    with log.open("ab") as file:
        file.write(b"x" * 5000)
    with pytest.raises(JournalError, match="is longer than 1000 bytes"):
        list(JournalReader(log))


def test_a_newer_schema_is_refused_and_says_what_to_do(log: Path) -> None:
    log.write_bytes(log.read_bytes().replace(b'"schema":1', b'"schema":7', 1))
    with pytest.raises(JournalError, match=r"is of schema 7, written by Detent .*; .* up to schema 1: upgrade it"):
        list(JournalReader(log))


@pytest.mark.parametrize("first", [b"my notes", b'{"schema":0,"detent":"0"}', b'{"schema":true,"detent":"0"}', b"[]"])
def test_what_is_no_log_is_said_to_be_none(log: Path, first: bytes) -> None:
    log.write_bytes(first + b"\n")
    with pytest.raises(JournalError, match=re.escape(f"{log}:1: this is no decision log")):
        list(JournalReader(log))


def test_a_log_that_is_not_there_is_told_with_the_ways_to_have_one(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match=r"there is no such log; .*detent scenario STORY\.toml --log"):
        list(JournalReader(tmp_path / "nowhere" / "log.jsonl"))


def test_a_log_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="cannot be read: Is a directory"):
        list(JournalReader(tmp_path))


def test_files_that_were_put_aside_are_read_in_order_also_beyond_nine(tmp_path: Path) -> None:
    with Journal(tmp_path / "log.jsonl", max_bytes=LEAST_BYTES, keep=20) as journal:
        for number in range(3000):
            journal.write([decision(number, why="x" * 200)])
    assert (tmp_path / "log.jsonl.11").exists()
    assert numbers(journal.path) == list(range(3000))
    (tmp_path / "log.jsonl").unlink()
    assert numbers(journal.path) == list(range(numbers(journal.path)[-1] + 1))


def test_a_log_is_read_while_it_is_written_and_put_aside(tmp_path: Path) -> None:
    with Journal(tmp_path / "log.jsonl", max_bytes=LEAST_BYTES, keep=2) as journal:
        for number in range(300):
            journal.write([decision(number, why="x" * 200)])
        reading = iter(JournalReader(journal.path))
        seen = [int(next(reading).at)]
        for number in range(300, 600):
            journal.write([decision(number, why="x" * 200)])
        seen += [int(item.at) for item in reading]
    assert seen == list(range(len(seen)))
    assert len(seen) >= 300


def test_a_long_log_is_read_in_little_memory(tmp_path: Path) -> None:
    with Journal(tmp_path / "log.jsonl") as journal:
        for number in range(200):
            journal.write([decision(number, why="x" * 1000)] * 50)
    assert journal.path.stat().st_size > 10_000_000
    tracemalloc.start()
    count = sum(1 for _ in JournalReader(journal.path))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 10_000
    assert most < 1_000_000


def test_a_session_is_picked_out_of_all(log: Path) -> None:
    assert [int(item.at) for item in history_of("other", JournalReader(log))] == [2]


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("othr", "holds 2 sessions, but none called 'othr'; did you mean \"other\"?"),
        ("conversation-17", "holds 2 sessions, but none called 'conversation-17'; there are other, s"),
        ("", "none called ''; there are other, s"),
    ],
)
def test_an_unknown_session_is_told_with_those_there_are(log: Path, asked: str, says: str) -> None:
    with pytest.raises(UnknownSessionError, match=re.escape(says)):
        history_of(asked, JournalReader(log))
