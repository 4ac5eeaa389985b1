"""The page for clients is true: what it names is served where it says."""

import re
import tomllib
from pathlib import Path

import anthropic
import json5
import openai
import pytest

from detent.adapters.gateway.endpoints import PREFIXES, Endpoints
from detent.adapters.settings.gateway import GatewayTable

from .conftest import FORMS

PAGE = (Path(__file__).parent.parent.parent / "adapters/gateway/CLIENTS.md").read_text(encoding="utf-8")
ADDRESSES = set(re.findall(r"http://127\.0\.0\.1[^\s\"'`)]*", PAGE))
PATHS = set(re.findall(r"`(/v1/[^`]+)`", PAGE))
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)
CLIENTS = ("Claude Code", "Codex", "OpenCode", "OpenClaw", "aider", "LangChain", "pydantic-ai")


def test_every_client_has_its_section_with_a_line_and_a_source():
    sections = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE))
    for client in CLIENTS:
        assert "```" in sections[client]
        assert "[Its documentation](https://" in sections[client]


def test_every_address_is_where_the_gateway_listens_by_default():
    table = GatewayTable()
    for address in ADDRESSES:
        base, _, prefix = address.partition(f"http://{table.host}:{table.port}")
        assert base == ""
        assert prefix in PREFIXES


def test_every_path_is_a_route():
    served = {route.path for route in Endpoints(lambda: None, 0).routes() if route.method == "POST"}
    assert served >= PATHS
    assert len(PATHS) == 4


@pytest.mark.parametrize(("language", "text"), [block for block in BLOCKS if block[0] != "sh"])
def test_every_block_can_be_read(language, text):
    read = {
        "toml": tomllib.loads,
        "json": json5.loads,
        "json5": json5.loads,
        "python": lambda t: compile(t, "", "eval"),
    }
    assert read[language](text)


def test_the_variables_that_it_names_are_those_of_the_sdks(played, monkeypatch):
    """Each SDK finds the gateway by its variable alone, with the address as the page writes it."""

    async def story(scene):
        named = dict(re.findall(r"\b((?:OPENAI|ANTHROPIC)_BASE_URL)=(http://[^\s`]+)", PAGE))
        for variable, address in named.items():
            monkeypatch.setenv(variable, address.replace("http://127.0.0.1:8484", scene.gateway.address))
        for variable in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
            monkeypatch.setenv(variable, "any")
        async with openai.AsyncOpenAI() as ours, anthropic.AsyncAnthropic() as theirs:
            chat = await ours.chat.completions.create(**FORMS["openai"].asked)
            response = await ours.responses.create(**FORMS["responses"].asked)
            message = await theirs.messages.create(**FORMS["anthropic"].asked)
        assert [chat.model, response.model, message.model] == ["large"] * 3

    played(story)
