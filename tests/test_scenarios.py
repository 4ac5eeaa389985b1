"""The executable requirement list, and the runner that must be able to fail."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest
from click.testing import CliRunner

from detent.adapters.cli import main
from detent.adapters.scenario import ScenarioError, load, run_file

FOLDER = Path(str(files("detent.specs"))) / "scenarios"
STORIES = sorted(FOLDER.glob("*.toml"))


@pytest.mark.parametrize("path", STORIES, ids=lambda path: path.stem)
def test_the_story_goes_as_told(path: Path) -> None:
    result = run_file(path)
    assert result.passed is not path.stem.startswith("bad-"), f"{result}\n" + "\n".join(result.trace)


def test_the_seeds_are_among_them() -> None:
    assert len([path for path in STORIES if path.stem.startswith("seed-")]) == 5
    assert len([path for path in STORIES if path.stem.startswith("bad-")]) >= 1


def test_the_same_story_is_the_same_on_every_run() -> None:
    path = FOLDER / "home-in-mid-walk.toml"
    first, second = run_file(path), run_file(path)
    assert first.trace == second.trace


HEAD = 'id = "story"\n[config]\nprimary = "a/x"\n'
MISTAKES = [
    ("id = ", "is no TOML"),
    ('id = "other"\n[config]\nprimary = "a/x"\n', "id: is 'other', but must equal the file's name 'story'"),
    ('id = "story"\n', "config: is missing"),
    ('id = "story"\n[config]\nfallbacks = []\n', "config.primary: is missing"),
    ('id = "story"\n[config]\nprimary = "x"\n', "config.primary: model reference 'x' is not of the form"),
    (HEAD + "retires = 1\n", "config.retires: is no key of the format"),
    (HEAD + 'retries = "1"\n', "config.retries: is '1', but must be a whole number"),
    (HEAD + "retries = true\n", "config.retries: is True, but must be a whole number"),
    (HEAD + 'on_all_cooling = "wait"\n', "config.on_all_cooling: is 'wait'"),
    (HEAD + "[[step]]\nturn = {}\nadvance = 1\n", "step 1: has the verbs turn, advance"),
    (HEAD + "[[step]]\nexpect = {}\n", "step 1: has the verbs none"),
    (HEAD + "[[step]]\nturns = {}\n", "step 1.turns: must say exactly one of sessions, count, concurrent"),
    (HEAD + "[[step]]\njump = 1\n", "step 1.jump: is no verb"),
    (HEAD + "[[step]]\nadvance = -1\n", "time does not run backwards"),
    (HEAD + '[[step]]\nturn = {}\nat = "1/attempt"\n', "step 1.at: cannot be given to turn"),
    (HEAD + '[[step]]\nreconcile = true\nat = "soon"\n', "step 1.at: is 'soon'"),
    (HEAD + "[[step]]\nabort = true\n", "aborts nothing"),
    (HEAD + '[[step]]\nprovider = {model = "a/x", does = "sulk"}\n', "step 1.provider.does: is 'sulk'"),
    (HEAD + '[[step]]\nprovider = {model = "a/x"}\n', "must say either what it does"),
    (HEAD + '[[step]]\nturn = {}\nexpect = {outcme = "answered"}\n', "step 1.expect.outcme: is no key"),
    (HEAD + '[[step]]\nturn = {}\nexpect = {outcome = "fine"}\n', "step 1.expect.outcome: is 'fine'"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[message for _, message in MISTAKES])
def test_a_file_that_breaks_the_format_is_refused_with_file_key_and_reason(
    tmp_path: Path, text: str, message: str
) -> None:
    path = tmp_path / "story.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert message in str(caught.value)


def test_the_command_counts_and_tells_what_failed(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.toml", tmp_path / "bad.toml"
    story = '[config]\nprimary = "a/x"\n[[step]]\nturn = {}\nexpect = {answered_by = "%s"}\n'
    good.write_text('id = "good"\n' + story % "a/x", encoding="utf-8")
    bad.write_text('id = "bad"\n' + story % "b/y", encoding="utf-8")
    ran = CliRunner().invoke(main, ["scenario", str(tmp_path)])
    assert ran.exit_code == 1
    assert ran.output.splitlines() == [
        "FAILED bad step 1: expected answered_by 'b/y', got 'a/x'",
        "ok good",
        "1 passed, 1 failed",
    ]
    assert CliRunner().invoke(main, ["scenario", str(good)]).exit_code == 0


def test_an_unreadable_file_is_exit_code_two_and_the_others_run_all_the_same(tmp_path: Path) -> None:
    ran = CliRunner().invoke(main, ["scenario", str(FOLDER / "last-resort.toml"), str(tmp_path / "none.toml")])
    assert ran.exit_code == 2
    assert "ok last-resort" in ran.output
    assert "none.toml: cannot be read: No such file" in ran.output
    assert CliRunner().invoke(main, ["scenario", str(tmp_path)]).exit_code == 2


def test_a_trace_shows_event_row_states_and_why() -> None:
    ran = CliRunner().invoke(main, ["scenario", "--trace", str(FOLDER / "adopted-by-turn.toml")])
    assert "session main: reconcile (desired a/x): primary: blocked: a turn is in flight" in ran.output
    machine = CliRunner().invoke(main, ["scenario", "--json", str(FOLDER / "adopted-by-turn.toml")])
    assert json.loads(machine.output.splitlines()[0]) == {"id": "adopted-by-turn", "passed": True, "failure": None}
