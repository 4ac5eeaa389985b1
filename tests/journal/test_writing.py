"""The journal: what is decided is on disk, in order, whatever happens to the disk or the process."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings

from detent.adapters import Attempt, Controller, Journal, JournalError, JournalInUseError, JournalReader, MemoryStore
from detent.adapters.journal import LEAST_BYTES
from detent.fsm import Chain, Config, Decision, Notice, Policy

from .conftest import Item, histories

CONFIG = Config(Chain.of("a/x", "b/y"), Policy(retries=0))


async def answer(_attempt: Attempt) -> str:
    return "the answer"


def decision(number: int, session: str = "s", why: str = "") -> Decision:
    return Decision(float(number), "session", session, session, "", "e", "", "move", "primary", "primary", why)


def items_of(path: Path) -> list[Item]:
    return list(JournalReader(path))


def numbers(path: Path) -> list[int]:
    return [int(item.at) for item in items_of(path)]


@settings(deadline=None, max_examples=60)
@given(histories())
def test_what_is_written_is_read_the_same_from_real_files(steps: list[list[Item]]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        with Journal(path) as journal:
            for step in steps:
                journal.write(step)
        reader = JournalReader(path)
        assert list(reader) == [item for step in steps for item in step]
        assert reader.remarks == []
        assert journal.lost == 0


def test_a_controller_writes_every_decision_and_notice_in_its_order(tmp_path: Path) -> None:
    async def story() -> list[Item]:
        async with Controller(CONFIG, journal=Journal(tmp_path / "log.jsonl"), history=1) as host:
            news = host.subscribe()
            session = host.session("s")
            await session.run(answer)
            await session.pin("b/y")
            await session.run(answer)
            await host.publish(CONFIG)
            return [item for item in news.waiting() if not isinstance(item, bool)]

    seen = asyncio.run(story())
    assert items_of(tmp_path / "log.jsonl") == seen
    told = next(at for at, item in enumerate(seen) if isinstance(item, Notice))
    cause = seen[told - 1]
    assert isinstance(cause, Decision)
    assert cause.event == "pin"


def test_a_restarted_controller_goes_on_in_the_same_file(tmp_path: Path) -> None:
    async def life(store: MemoryStore) -> None:
        async with Controller(CONFIG, journal=Journal(tmp_path / "log.jsonl"), store=store) as host:
            await host.session("s").run(answer)

    store = MemoryStore()
    asyncio.run(life(store))
    once = len(items_of(tmp_path / "log.jsonl"))
    asyncio.run(life(store))
    assert len(items_of(tmp_path / "log.jsonl")) == 2 * once
    assert (tmp_path / "log.jsonl").read_bytes().count(b'"schema"') == 1


def test_nothing_is_made_before_the_controller_opens(tmp_path: Path) -> None:
    Controller(CONFIG, journal=Journal(tmp_path / "log.jsonl"))
    assert list(tmp_path.iterdir()) == []


def test_what_a_turn_still_in_flight_decides_after_the_end_is_written_too(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "log.jsonl")
    with journal:
        journal.write([decision(1)])
    journal.write([decision(2)])
    assert numbers(journal.path) == [1, 2]
    with Journal(journal.path):
        pass


def test_a_full_file_is_put_aside_and_the_oldest_goes(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with Journal(path, max_bytes=LEAST_BYTES, keep=2) as journal:
        for number in range(1000):
            journal.write([decision(number, why="x" * 200)])
    files = sorted(file.name for file in tmp_path.glob("log.jsonl*"))
    assert files == ["log.jsonl", "log.jsonl.1", "log.jsonl.2", "log.jsonl.lock"]
    assert all(file.stat().st_size <= LEAST_BYTES for file in tmp_path.iterdir())
    kept = numbers(path)
    assert kept == list(range(kept[0], 1000))
    assert kept[0] > 0
    assert journal.lost == 0


def test_a_step_is_never_split_over_two_files(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    with Journal(path, max_bytes=LEAST_BYTES, keep=9) as journal:
        for number in range(200):
            journal.write([decision(number, why="x" * 300), decision(number, why="y" * 300)])
    for file in (path, path.with_name("log.jsonl.1")):
        assert len(file.read_bytes().splitlines()) % 2 == 1
    assert numbers(path) == [number for number in range(200) for _ in "xy"]


def test_a_process_that_is_killed_has_lost_nothing_it_decided(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    process = multiprocessing.get_context("spawn").Process(target=_write_and_die, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL if sys.platform != "win32" else process.exitcode
    assert numbers(path) == list(range(100))


def _write_and_die(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    for number in range(100):
        journal.write([decision(number)])
    os.kill(os.getpid(), signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)


@pytest.mark.parametrize("torn", [b'{"decision":{"at":1', b"{", b'{"decision":{"why":"' + b"x" * 200_000])
def test_a_line_torn_by_a_crash_is_cut_off_before_the_next(
    tmp_path: Path, torn: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "log.jsonl"
    with Journal(path) as journal:
        journal.write([decision(1)])
    with path.open("ab") as file:
        file.write(torn)
    with Journal(path) as journal:
        journal.write([decision(2)])
    assert numbers(path) == [1, 2]
    assert f"ended in the middle of a line, which was cut off: {len(torn)} bytes" in caplog.text


@pytest.mark.parametrize("torn", [b"{", b'{"schema":1,"det'])
def test_a_torn_first_line_is_written_anew(tmp_path: Path, torn: bytes) -> None:
    path = tmp_path / "log.jsonl"
    path.write_bytes(torn)
    with Journal(path) as journal:
        journal.write([decision(1)])
    assert numbers(path) == [1]


@pytest.mark.parametrize("text", ["my notes", "my notes\nmore\n", '{"decision":{}}\n', '{"schema":"one"}\n'])
def test_a_file_that_is_no_log_is_refused_and_left_as_it_was(tmp_path: Path, text: str) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(JournalError, match="no decision log; name another file"):
        Journal(path).open()
    assert path.read_text(encoding="utf-8") == text


def test_the_log_of_a_newer_detent_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"schema":2,"detent":"9.0","more":true}\n', encoding="utf-8")
    with pytest.raises(JournalError, match=r"is of schema 2, written by Detent 9\.0; .* upgrade it, or name another"):
        Journal(path).open()


def test_two_controllers_do_not_share_a_file(tmp_path: Path) -> None:
    async def story() -> None:
        path = tmp_path / "log.jsonl"
        async with Controller(CONFIG, journal=Journal(path)) as first:
            with pytest.raises(JournalInUseError, match="another controller writes to it; give each its own file"):
                await Controller(CONFIG, journal=Journal(path)).session("s").run(answer)
            await first.session("s").run(answer)
        async with Controller(CONFIG, journal=Journal(path)):
            pass

    asyncio.run(story())


def test_two_controllers_do_not_share_a_journal(tmp_path: Path) -> None:
    async def story() -> None:
        journal = Journal(tmp_path / "log.jsonl")
        async with Controller(CONFIG, journal=journal) as first:
            second = Controller(CONFIG, journal=journal)
            with pytest.raises(JournalInUseError, match="another controller has this Journal"):
                await second.open()
            await second.close()
            with pytest.raises(JournalInUseError):
                Journal(journal.path).open()
            await first.session("s").run(answer)

    asyncio.run(story())


def turns_go_on(journal: Journal, caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        async with Controller(CONFIG, journal=journal) as host:
            for _ in range(3):
                assert (await host.session("s").run(answer)).value == "the answer"

    with caplog.at_level(logging.WARNING):
        asyncio.run(story())
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert said[0].startswith(f"journal {journal.path} cannot be written: ")
    assert said[0].endswith("; turns go on, unrecorded")
    assert journal.lost > 10


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_full_disk_is_said_once_and_turns_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "log.jsonl").symlink_to("/dev/full")
    turns_go_on(Journal(tmp_path / "log.jsonl"), caplog)


def test_a_read_only_file_is_said_once_and_turns_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "log.jsonl"
    path.touch(0o400)
    if os.access(path, os.W_OK):
        pytest.skip("this user may write to every file")
    turns_go_on(Journal(path), caplog)


def test_a_folder_in_its_place_is_said_once_and_turns_go_on(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "log.jsonl").mkdir()
    turns_go_on(Journal(tmp_path / "log.jsonl"), caplog)


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """Files of this process may not grow beyond so many bytes: the disk is full there."""
    resource = pytest.importorskip("resource", reason="limits on the size of files are a thing of Unix")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_after_a_full_disk_the_log_goes_on_whole_and_marks_the_gap(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "log.jsonl"
    with Journal(path) as journal:
        journal.write([decision(1)])
        with room_for(path.stat().st_size + 50):
            journal.write([decision(2), decision(3)])
            journal.write([decision(4)])
        journal.write([decision(5)])
        journal.write([decision(6)])
    reader = JournalReader(path)
    assert [int(item.at) for item in reader] == [1, 5, 6]
    assert reader.remarks == [f"{path}:3: 3 decisions and notices could not be written here"]
    assert journal.lost == 3
    assert [record.getMessage().partition("; ")[2] for record in caplog.records] == [
        "turns go on, unrecorded",
        "3 of its lines are missing",
    ]


def test_what_json_cannot_say_is_lost_and_counted_and_fails_nothing(tmp_path: Path) -> None:
    with Journal(tmp_path / "log.jsonl") as journal:
        journal.write([Decision(float("inf"), "session", "s", "s", "", "e", "", "move", "", "", "")])
        journal.write([decision(1)])
    assert journal.lost == 1
    assert numbers(journal.path) == [1]


@pytest.mark.parametrize(
    ("sizes", "says"), [({"max_bytes": 10}, "max_bytes is 10, must be at least 65536"), ({"keep": 0}, "keep is 0")]
)
def test_sizes_that_cannot_work_are_refused(tmp_path: Path, sizes: dict[str, int], says: str) -> None:
    with pytest.raises(JournalError, match=says):
        Journal(tmp_path / "log.jsonl", **sizes)


def test_every_line_is_one_json_object_and_the_first_names_the_schema(tmp_path: Path) -> None:
    with Journal(tmp_path / "log.jsonl") as journal:
        journal.write([decision(1, session="\ud800 line\u2028separator\nnew line")])
    first, second = (json.loads(line) for line in journal.path.read_bytes().splitlines())
    assert first["schema"] == 1
    assert second["decision"]["session"] == "\ud800 line\u2028separator\nnew line"
    assert list(first) == ["schema", "detent"]
