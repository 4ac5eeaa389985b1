"""``[journal]``: off by default, beside the file, and what a controller of the settings writes to."""

import asyncio
import json
import re
from io import StringIO

import pytest
from rich.console import Console

from detent.adapters import Controller, Journal, JournalReader
from detent.adapters.settings import TEMPLATE, check, load, render

CHAIN = '[chains.default]\nprimary = "ollama/x"\n'


async def answer(_attempt):
    return "the answer"


def one_turn(settings, **options):
    async def story():
        async with Controller.from_settings(settings, **options) as host:
            await host.session("s").run(answer)

    asyncio.run(story())


def test_nothing_is_written_unless_it_is_asked_for(write):
    path = write(CHAIN)
    settings = load(path)
    assert settings.journal is None
    one_turn(settings)
    assert list(path.parent.iterdir()) == [path]


def test_a_controller_of_the_settings_writes_beside_the_file(write, tmp_path, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    one_turn(load(write(CHAIN + '[journal]\npath = "logs/decisions.jsonl"\n')))
    assert {item.session for item in JournalReader(tmp_path / "logs" / "decisions.jsonl")} == {"s"}


def test_sizes_reach_the_journal(write, tmp_path):
    text = '[journal]\npath = "log.jsonl"\nmax_bytes = 65536\nkeep = 1\n'

    async def story():
        async with Controller.from_settings(load(write(CHAIN + text))) as host:
            for _ in range(150):
                await host.session("s" * 500).run(answer)

    asyncio.run(story())
    files = {file.name: file.stat().st_size for file in tmp_path.glob("log.jsonl*")}
    assert set(files) == {"log.jsonl", "log.jsonl.1", "log.jsonl.lock"}
    assert max(files.values()) <= 65536


def test_a_journal_that_is_given_takes_the_place_of_the_files(write, tmp_path):
    settings = load(write(CHAIN + '[journal]\npath = "log.jsonl"\n'))
    one_turn(settings, journal=Journal(tmp_path / "own.jsonl"))
    assert (tmp_path / "own.jsonl").exists()
    assert not (tmp_path / "log.jsonl").exists()


def test_home_is_understood(write, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("USERPROFILE", str(tmp_path / "home"))
    assert load(write(CHAIN + '[journal]\npath = "~/log.jsonl"\n')).journal.path == tmp_path / "home" / "log.jsonl"


@pytest.mark.parametrize("table", ["", '[journal]\npath = "log.jsonl"\nkeep = 2\n'])
def test_config_check_shows_it(write, tmp_path, table):
    report = check(write(CHAIN + table), environ={})
    page = StringIO()
    Console(file=page, width=200).print(render(report))
    plain = json.loads(json.dumps(report.plain()))["journal"]
    if table:
        assert f"journal {tmp_path / 'log.jsonl'}, put aside at 67,108,864 bytes, 2 files more kept" in page.getvalue()
        assert plain == {"path": str(tmp_path / "log.jsonl"), "max_bytes": 67108864, "keep": 2}
    else:
        assert "journal" not in page.getvalue()
        assert plain is None


def test_the_template_has_an_example_that_loads(write):
    begun = TEMPLATE.index("# [journal]")
    example = re.sub("(?m)^# ", "", TEMPLATE[begun:])
    settings = load(write(TEMPLATE[:begun] + example))
    assert settings.journal.path.name == "decisions.jsonl"
    assert settings.journal.keep == 5
