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
