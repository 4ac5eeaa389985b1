"""What is odd is a warning, and a report tells everything at once without raising anything."""

from io import StringIO

import pytest
from rich.console import Console

from detent.adapters.settings import check, load, render

CHAIN = '[chains.default]\nprimary = "openai/gpt-5"\n'

WARNINGS = {
    "a model that stands twice": (
        CHAIN + 'fallbacks = ["groq/x", "openai/gpt-5", "groq/x"]\n',
        (
            'chains.default.fallbacks[1]: "openai/gpt-5" stands in the chain already; it counts once, at its first '
            "place",
            'chains.default.fallbacks[2]: "groq/x" stands in the chain already; it counts once, at its first place',
        ),
    ),
    "a window that no chain needs": (
        CHAIN + '[models."openai/gpt-6"]\nwindow = 5\n',
        (
            'models."openai/gpt-6".window: no chain names "openai/gpt-6"; it counts for pins alone; did you mean '
            '"openai/gpt-5"?',
        ),
    ),
    "a far host without a key": (
        CHAIN + '[providers.far]\nbase_url = "https://far.example/v1"\n',
        ("providers.far: no key is sent to far.example; name key_env if it wants one",),
    ),
    "a key in the clear": (
        CHAIN + '[providers.far]\nbase_url = "http://far.example/v1"\nkey_env = "FAR_KEY"\n',
        ("providers.far.base_url: keys travel in the clear to far.example; write https://",),
    ),
    "two credentials of one file": (
        CHAIN + '[providers.openai]\ncredentials = { a = { file = "/k" }, b = { file = "/k" } }\n',
        ('providers.openai.credentials.b: holds the same key as "a", from /k; it helps against nothing',),
    ),
    "two credentials that are one": (
        CHAIN + '[providers.openai]\ncredentials = { a = { env = "A" }, b = { env = "A" } }\n',
        ('providers.openai.credentials.b: holds the same key as "a", from A; it helps against nothing',),
    ),
}


@pytest.mark.parametrize(("text", "expected"), WARNINGS.values(), ids=WARNINGS)
def test_what_is_odd_but_usable_is_a_warning(write, text, expected):
    assert load(write(text)).warnings == expected


def test_a_report_raises_nothing_and_tells_the_same(write):
    path = write(CHAIN + "[policy]\nretries = -1\n")
    report = check(path, environ={})
    assert not report.ok
    assert report.settings is None
    assert report.plain() == {
        "file": str(path),
        "ok": False,
        "problems": ["policy.retries: is -1, must be a whole number of at least 0"],
        "warnings": [],
        "chains": {},
        "journal": None,
    }


def test_a_rendered_report_shows_brackets_as_they_are_written(write):
    out = StringIO()
    Console(width=200, file=out).print(render(check(write("[chains.other]\nprimary = 5\n"), environ={})))
    shown = out.getvalue()
    assert "write [chains.default]" in shown
    assert "cannot be used" in shown


def test_a_report_shows_the_chain_as_sessions_will_walk_it(write):
    path = write(
        '[chains.default]\nprimary = "openai/gpt-5"\nfallbacks = ["ollama/qwen3"]\n'
        '[providers.openai]\ncredentials = { work = { env = "W" }, spare = { env = "S" } }\n'
        '[models."ollama/qwen3"]\nwindow = 32768\n'
    )
    report = check(path, environ={"W": "something"})
    assert report.ok
    assert report.warnings == ("providers.openai: environment variable S is not set here",)
    plain = report.plain()
    assert plain["chains"]["default"]["policy"]["retries"] == 1
    assert plain["chains"]["default"]["candidates"] == [
        {
            "model": "openai/gpt-5",
            "credential": "work",
            "base_url": "https://api.openai.com/v1",
            "key": "$W",
            "key_found": True,
            "window": None,
        },
        {
            "model": "openai/gpt-5",
            "credential": "spare",
            "base_url": "https://api.openai.com/v1",
            "key": "$S",
            "key_found": False,
            "window": None,
        },
        {
            "model": "ollama/qwen3",
            "credential": "",
            "base_url": "http://localhost:11434/v1",
            "key": "none",
            "key_found": True,
            "window": 32768,
        },
    ]
