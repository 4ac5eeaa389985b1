"""The README is true: its examples run as they stand, and CI runs its test line."""

from __future__ import annotations

import asyncio
import re
import textwrap
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from detent.adapters.cli import main
from detent.adapters.local import LocalProvider, Say

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", README, re.DOTALL)


def run_example(code: str, given: dict[str, Any]) -> dict[str, Any]:
    """Run an example whose ``async with`` stands at the top level, as in a notebook."""
    indented = textwrap.indent(code, "    ")
    body = f"async def example():\n{indented}\n    return locals()\n"
    exec(compile(body, "README.md", "exec"), given)  # noqa: S102 - the example is ours
    found: dict[str, Any] = given["example"]()
    return found


def test_bring_your_own_call_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> dict[str, Any]:
        async with LocalProvider("openai") as provider:
            provider.behave(Say("from the README"))
            monkeypatch.setenv("OPENAI_BASE_URL", provider.base_url)
            monkeypatch.setenv("OPENAI_API_KEY", "sk-nobody")
            given = {"GROQ_KEY": "gsk-nobody", "messages": [{"role": "user", "content": "hello"}]}
            seen: dict[str, Any] = await run_example(
                EXAMPLES[0].replace("        ...\n", "        last = chunk\n"), given
            )
            assert [call.model for call in provider.calls] == ["gpt-5"]
            for client in seen["clients"].values():
                await client.close()
            return seen

    assert "last" in asyncio.run(story())


def test_letting_detent_call_runs_from_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async def story() -> None:
        async with LocalProvider("house") as provider:
            provider.behave(Say("from the README"))
            (tmp_path / "detent.toml").write_text(
                f'[providers.house]\nbase_url = "{provider.base_url}"\n[chains.default]\nprimary = "house/large"\n',
                encoding="utf-8",
            )
            monkeypatch.chdir(tmp_path)
            await run_example(EXAMPLES[1], {})

    asyncio.run(story())
    assert capsys.readouterr().out == "house/large from the README\n"


def test_the_first_example_embeds_detent_in_about_ten_lines() -> None:
    lines = [line for line in EXAMPLES[0].splitlines() if line.strip() and "import" not in line]
    assert len(lines) <= 10


def test_ci_runs_the_test_line_of_the_readme() -> None:
    assert README.count("<!-- test line -->") == 1
    line = README.split("<!-- test line -->")[1].split("<!-- end -->")[0]
    assert ".venv/bin/python -m pytest" in line
    assert "<!-- test line -->" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_every_command_and_file_that_the_readme_names_exists() -> None:
    named = set(re.findall(r"`detent ([a-z]+)", README))
    assert named <= set(main.commands)
    for target in re.findall(r"\]\(([\w./-]+)\)", README):
        assert (ROOT / target).exists(), target


def test_the_picture_of_a_timeline_is_what_the_commands_above_it_draw(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands = README.split("<!-- timeline -->")[1].split("<!-- end -->")[0].split("```")[1].splitlines()[1:]
    (tmp_path / "specs").symlink_to(ROOT / "specs")
    monkeypatch.chdir(tmp_path)
    for command in commands:
        ran = CliRunner().invoke(main, command.split()[1:])
        assert ran.exit_code == 0, ran.output
    drawn = (tmp_path / "timeline.svg").read_text(encoding="utf-8")
    kept = (ROOT / "diagrams" / "timeline.svg").read_text(encoding="utf-8")
    assert kept == drawn, "diagrams/timeline.svg is stale; renew it with the two commands above it in README.md"
