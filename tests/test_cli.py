"""The command line as a newcomer uses it, mistakes included."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detent.adapters.cli import main


def detent(*arguments: str, stdin: str | None = None) -> Result:
    return CliRunner().invoke(main, list(arguments), input=stdin)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "nowhere"))
    monkeypatch.delenv("DETENT_CONFIG", raising=False)


def test_every_command_has_help_with_an_example() -> None:
    assert "Examples:" in detent("--help").output
    for name, command in main.commands.items():
        ran = detent(name, "--help")
        assert ran.exit_code == 0
        if not hasattr(command, "commands"):
            assert f"detent {name}" in ran.output.split("Examples:")[1]


def test_init_writes_a_file_that_config_check_finds_and_likes() -> None:
    assert detent("init").exit_code == 0
    checked = detent("config", "check")
    assert checked.exit_code == 0, checked.output
    assert "detent.toml can be used" in checked.output


def test_init_does_not_overwrite_a_file_unless_told_to() -> None:
    Path("detent.toml").write_text("mine", encoding="utf-8")
    refused = detent("init")
    assert refused.exit_code == 1
    assert "--force" in refused.output
    assert Path("detent.toml").read_text(encoding="utf-8") == "mine"
    assert detent("init", "--force").exit_code == 0


def test_config_check_without_any_file_says_how_to_get_one() -> None:
    ran = detent("config", "check")
    assert ran.exit_code == 2
    assert "detent init" in ran.output


def test_config_check_tells_every_mistake_at_once() -> None:
    Path("detent.toml").write_text(
        '[chains.default]\nprimary = "gpt-5"\nfallback = []\n[policy]\nretries = "many"\n', encoding="utf-8"
    )
    ran = detent("config", "check")
    assert ran.exit_code == 1
    for key in ("chains.default.primary", "chains.default.fallback", "policy.retries"):
        assert key in ran.output
    told = json.loads(detent("config", "check", "--json").output)
    assert len(told["problems"]) == 3


def test_classify_reads_lines_and_tells_those_that_are_none() -> None:
    ran = detent("classify", "--explain", stdin='{"id": "x", "status": 429, "body": "slow down"}\nnonsense\n')
    assert ran.exit_code == 1
    first, second = (json.loads(line) for line in ran.output.splitlines())
    assert (first["id"], first["reason"]) == ("x", "rate_limit")
    assert first["rule"]
    assert "line 2" in second["error"]


def test_diagrams_are_drawn_and_written() -> None:
    assert "failover_active" in detent("diagram").output
    assert detent("diagram", "turn", "--format", "mermaid").output.startswith("stateDiagram-v2")
    assert detent("diagram", "session", "--format", "svg", "--out", "s.svg").exit_code == 0
    assert Path("s.svg").read_text(encoding="utf-8").startswith("<svg")


def test_an_error_is_a_sentence_and_never_a_traceback() -> None:
    ran = detent("scenario", "nowhere")
    assert ran.exit_code == 2
    assert "nowhere: cannot be read" in ran.output
    assert "Traceback" not in ran.output


STORY = """
id = "outage"
[config]
primary = "alpha/large"
fallbacks = ["beta/large"]
[[step]]
provider = {model = "alpha/large", does = "server_error"}
[[step]]
turn = {}
[[step]]
reconcile = true
"""


@pytest.fixture
def log() -> str:
    """The log of a story in which the session ``main`` fails over."""
    Path("outage.toml").write_text(STORY, encoding="utf-8")
    ran = detent("scenario", "outage.toml", "--log", "outage.jsonl")
    assert ran.exit_code == 0, ran.output
    return "outage.jsonl"


def test_a_story_is_written_to_a_log_and_drawn_from_it(log: str) -> None:
    drawn = detent("diagram", "--session", "main", "--log", log)
    assert drawn.exit_code == 0, drawn.output
    lines = [line.split() for line in drawn.stdout.splitlines()]
    assert ["alpha/large", "▲", "·"] in lines
    assert ["beta/large", "·", "●"] in lines
    assert ["blocked", "·", "✕"] in lines
    assert "✕ reconcile: a failover is live" in drawn.stdout
    written = detent("diagram", "--session", "main", "--log", log, "--format", "svg", "--out", "t.svg")
    assert written.stdout == "Wrote t.svg.\n"
    picture = Path("t.svg").read_text(encoding="utf-8")
    assert [part.partition('"')[0] for part in picture.split('data-state="')[1:]] == ["primary", "failover_active"]


def test_with_a_machine_named_its_picture_is_lit_for_the_session(log: str) -> None:
    picture = detent("diagram", "session", "--session", "main", "--log", log, "--format", "svg").output
    assert 'class="state care current" id="session-state-failover_active"' in picture
    assert 'class="edge last" id="session-edge-primary-failover_active"' in picture
    turn = detent("diagram", "turn", "--session", "main", "--log", log).output
    assert "●  answered" in turn
    refused = detent("diagram", "cooldown", "--session", "main", "--log", log)
    assert refused.exit_code == 1
    assert "the cooldown machine is not a session's own" in refused.output


def test_without_a_log_that_of_detent_toml_is_drawn(log: str) -> None:
    table = '[chains.default]\nprimary = "ollama/x"\n[journal]\npath = "outage.jsonl"\n'
    Path("detent.toml").write_text(table, encoding="utf-8")
    assert "session main" in detent("diagram", "--session", "main").output


def test_without_any_log_the_ways_to_have_one_are_told() -> None:
    for _ in range(2):
        ran = detent("diagram", "--session", "main")
        assert ran.exit_code == 2
        assert "name one with --log FILE, or have one written: [journal] in detent.toml" in ran.output
        Path("detent.toml").write_text('[chains.default]\nprimary = "ollama/x"\n', encoding="utf-8")


def test_an_unknown_session_is_told_with_those_that_are_near(log: str) -> None:
    ran = detent("diagram", "--session", "mian", "--log", log)
    assert ran.exit_code == 1
    assert "holds one session, but none called 'mian'; did you mean \"main\"?" in ran.output


@pytest.mark.parametrize("form", ["mermaid", "dot"])
def test_a_history_has_no_picture_in_the_formats_of_tables(log: str, form: str) -> None:
    for machine in ([], ["session"]):
        ran = detent("diagram", *machine, "--session", "main", "--log", log, "--format", form)
        assert ran.exit_code == 2
        assert f"--format {form} draws a table, and has no word for what happened in a session" in ran.output


def test_a_log_without_a_session_is_a_mistake(log: str) -> None:
    ran = detent("diagram", "--log", log)
    assert ran.exit_code == 2
    assert "name the session with --session ID" in ran.output


def test_what_is_missing_from_a_log_is_noted_beside_the_picture(log: str) -> None:
    path = Path(log)
    path.write_bytes(path.read_bytes()[:-9])
    ran = detent("diagram", "--session", "main", "--log", log)
    assert ran.exit_code == 0
    assert "the last line is torn" in ran.stderr
    assert "torn" not in ran.stdout


def test_a_story_does_not_write_over_a_file(log: str) -> None:
    before = Path(log).read_bytes()
    ran = detent("scenario", "outage.toml", "--log", log)
    assert ran.exit_code == 2
    assert "is there already; name another file for --log" in ran.output
    assert Path(log).read_bytes() == before


def test_a_log_takes_one_story() -> None:
    for name in ("a.toml", "b.toml"):
        Path(name).write_text(STORY, encoding="utf-8")
    ran = detent("scenario", "a.toml", "b.toml", "--log", "x.jsonl")
    assert ran.exit_code == 2
    assert "--log takes the decisions of one story, and 2 were named" in ran.output
    assert not Path("x.jsonl").exists()


def test_a_log_that_cannot_be_written_is_a_failure() -> None:
    Path("outage.toml").write_text(STORY, encoding="utf-8")
    Path("file").touch()
    ran = detent("scenario", "outage.toml", "--log", "file/outage.jsonl")
    assert ran.exit_code == 1
    assert "outage.jsonl cannot be written" in ran.output
    assert "Traceback" not in ran.output
