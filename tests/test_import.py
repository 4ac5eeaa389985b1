"""Configurations of OpenClaw and LiteLLM as a detent.toml that loads, without a key in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detent.adapters.cli import main
from detent.adapters.importing import Draft, ImportingError, read_litellm, read_openclaw
from detent.adapters.settings import FromEnvironment, Settings, load

SECRET = "sk-live-0123456789abcdef0123456789abcdef"

OPENCLAW = """
// Written by hand; JSON5 has comments and trailing commas.
{
  env: { OPENAI_API_KEY: "SECRET" },
  agents: {
    defaults: {
      model: { primary: "anthropic/claude-opus-4-6", fallbacks: ["house/qwen3", "google/gemini-3-pro", "zai/glm-5"] },
      models: {
        "anthropic/claude-opus-4-6": { alias: "opus", params: { temperature: 0.2 } },
      },
      imageModel: { primary: "openai/gpt-5" },
    },
    list: [
      { id: "main" },
      { id: "coder", model: "openai/gpt-5" },
      { id: "writer", model: { primary: "house/qwen3", fallbacks: [] } },
    ],
  },
  models: {
    mode: "merge",
    providers: {
      house: {
        baseUrl: "http://10.0.0.5:8000/v1",
        apiKey: "${HOUSE_KEY}",
        api: "openai-completions",
        headers: {
          "X-Team": "search",
          "X-Api-Token": "SECRET",
          "X-Auth": { source: "env", provider: "default", id: "HOUSE_AUTH" },
        },
        models: [{ id: "qwen3", name: "Qwen", contextWindow: 131072, maxTokens: 8192 }],
      },
      proxy: { baseUrl: "https://claude.example", apiKey: "SECRET", api: "anthropic-messages", models: [] },
      local: { baseUrl: "http://127.0.0.1:11434", apiKey: "OLLAMA_API_KEY", api: "ollama", models: [] },
      vault: {
        baseUrl: "https://v.example/v1", apiKey: { source: "exec", provider: "vault", id: "v/key" }, models: [],
      },
      copilot: { baseUrl: "https://copilot.example", api: "github-copilot", models: [] },
    },
  },
  auth: {
    profiles: {
      "anthropic:work": { provider: "anthropic", mode: "api_key" },
      "anthropic:me@example.com": { provider: "anthropic", mode: "api_key" },
      "openai-codex:default": { provider: "openai-codex", mode: "oauth" },
    },
    order: { anthropic: ["anthropic:me@example.com", "anthropic:work"] },
    cooldowns: { billingBackoffHours: 5 },
  },
  channels: { telegram: { botToken: "SECRET" } },
}
""".replace("SECRET", SECRET)

LITELLM = """
model_list:
  - model_name: gpt
    litellm_params: { model: gpt-5, api_key: os.environ/OPENAI_API_KEY, rpm: 60 }
  - model_name: gpt
    litellm_params: { model: azure/gpt-5-eu, api_base: "https://eu.openai.azure.com/", api_key: os.environ/AZURE_KEY }
  - model_name: claude
    litellm_params: { model: anthropic/claude-sonnet-4-5, api_key: SECRET, order: 2 }
    model_info: { max_input_tokens: 200000 }
  - model_name: claude
    litellm_params: { model: claude-opus-4-6, api_key: os.environ/ANTHROPIC_TWO, order: 1 }
  - model_name: local
    litellm_params:
      model: openai_like/qwen3
      api_base: http://10.0.0.5:8000/v1
      extra_headers: { X-Team: search, Authorization: Bearer SECRET }
  - model_name: local
    litellm_params: { model: openai_like/qwen3-small, api_base: "http://10.0.0.6:8000/v1" }
  - model_name: rock
    litellm_params: { model: bedrock/anthropic.claude-v2 }
  - model_name: "openai/*"
    litellm_params: { model: "openai/*", api_key: os.environ/OPENAI_API_KEY }
router_settings:
  routing_strategy: simple-shuffle
  num_retries: 2
  cooldown_time: 7200
  fallbacks: [{ gpt: [claude, rock] }]
  model_group_alias: { gpt-4: gpt, old: gone }
litellm_settings:
  default_fallbacks: [local]
  context_window_fallbacks: [{ gpt: [claude] }]
general_settings:
  master_key: SECRET
""".replace("SECRET", SECRET)


def settings_of(draft: Draft, folder: Path) -> Settings:
    file = folder / "made.toml"
    file.write_text(draft.text("Made."), encoding="utf-8")
    return load(file)


def walks(settings: Settings) -> dict[str, tuple[str, ...]]:
    return {name: config.chain.models for name, config in settings.configs.items()}


def test_openclaws_models_and_agents_are_chains(tmp_path: Path) -> None:
    settings = settings_of(read_openclaw(OPENCLAW), tmp_path)
    assert walks(settings) == {
        "default": ("anthropic/claude-opus-4-6", "house/qwen3", "google/gemini-3-pro"),
        "coder": ("openai/gpt-5", "house/qwen3", "google/gemini-3-pro"),
        "writer": ("house/qwen3",),
    }
    assert settings.configs["default"].windows == {"house/qwen3": 131072}
    assert settings.gateway.aliases == {"opus": "anthropic/claude-opus-4-6"}


def test_openclaws_providers_keep_their_names_formats_and_variables(tmp_path: Path) -> None:
    providers = settings_of(read_openclaw(OPENCLAW), tmp_path).providers
    told = {name: (each.base_url, each.api) for name, each in providers.items()}
    assert told == {
        "house": ("http://10.0.0.5:8000/v1", "openai"),
        "proxy": ("https://claude.example/v1", "anthropic"),
        "local": ("http://127.0.0.1:11434/v1", "openai"),
        "vault": ("https://v.example/v1", "openai"),
        "google": ("https://generativelanguage.googleapis.com/v1beta", "gemini"),
        "anthropic": ("https://api.anthropic.com/v1", "anthropic"),
        "openai": ("https://api.openai.com/v1", "openai"),
    }
    assert providers["house"].credentials == {"": FromEnvironment("HOUSE_KEY")}
    assert providers["house"].headers == {"X-Team": "search"}
    assert providers["house"].secret_headers == {"X-Auth": FromEnvironment("HOUSE_AUTH")}
    assert providers["proxy"].credentials == {"": FromEnvironment("PROXY_API_KEY")}
    assert providers["local"].credentials == {"": FromEnvironment("OLLAMA_API_KEY")}
    assert list(providers["anthropic"].credentials) == ["me-example.com", "work"]


def test_what_openclaw_has_and_detent_has_not_is_listed_by_its_place() -> None:
    notes = "\n".join(read_openclaw(OPENCLAW).notes)
    for place in (
        "models.providers.copilot: speaks 'github-copilot'",
        "models.providers.proxy.apiKey: holds a key itself, which is not copied; export PROXY_API_KEY",
        "models.providers.house.headers.X-Api-Token: may hold a secret",
        "models.providers.vault.apiKey: is read from 'exec'",
        "model 'zai/glm-5': its provider is not known here",
        "auth.profiles.openai-codex:default: signs in ('oauth')",
        "auth.cooldowns: ",
        "agents.defaults.imageModel: ",
        "agents.defaults.models.anthropic/claude-opus-4-6: parameters",
        "agents.list[1].model: is the chain 'coder'",
        "env: ",
    ):
        assert place in notes
    assert "telegram" not in notes


def test_litellms_groups_are_chains_with_their_fallbacks_behind_them(tmp_path: Path) -> None:
    settings = settings_of(read_litellm(LITELLM), tmp_path)
    claude = ("anthropic/claude-opus-4-6", "anthropic/claude-sonnet-4-5")
    local = ("openai_like/qwen3", "openai_like-2/qwen3-small")
    gpt = ("openai/gpt-5", "azure/gpt-5-eu", *claude)
    assert walks(settings) == {"default": gpt, "gpt": gpt, "claude": (*claude, *local), "local": local}
    assert settings.gateway.aliases == {"gpt-4": "gpt"}
    config = settings.configs["gpt"]
    assert (config.policy.retries, config.policy.cooldown_s, config.policy.cooldown_cap_s) == (2, 7200, 7200)
    assert config.windows == {"anthropic/claude-sonnet-4-5": 200000}


def test_litellms_deployments_are_providers_and_credentials(tmp_path: Path) -> None:
    providers = settings_of(read_litellm(LITELLM), tmp_path).providers
    assert {name: each.base_url for name, each in providers.items()} == {
        "openai": "https://api.openai.com/v1",
        "azure": "https://eu.openai.azure.com/openai/v1",
        "anthropic": "https://api.anthropic.com/v1",
        "openai_like": "http://10.0.0.5:8000/v1",
        "openai_like-2": "http://10.0.0.6:8000/v1",
    }
    assert providers["azure"].credentials == {"": FromEnvironment("AZURE_KEY")}
    assert providers["anthropic"].credentials == {
        "key-1": FromEnvironment("ANTHROPIC_API_KEY"),
        "key-2": FromEnvironment("ANTHROPIC_TWO"),
    }
    assert providers["openai_like"].headers == {"X-Team": "search"}


def test_what_litellm_has_and_detent_has_not_is_listed_by_its_place() -> None:
    notes = "\n".join(read_litellm(LITELLM).notes)
    for place in (
        "model_list[0].litellm_params.rpm: ",
        "model_list[2].litellm_params.api_key: holds a key itself, which is not copied; export ANTHROPIC_API_KEY",
        "model_list[4].litellm_params.extra_headers.Authorization: may hold a secret",
        "model_list[6].litellm_params: 'bedrock' is a provider that Detent cannot call",
        "model_list[7]: is a pattern",
        "router_settings.fallbacks.gpt: names 'rock'",
        "router_settings.model_group_alias.old: ",
        "router_settings.routing_strategy: ",
        "litellm_settings.context_window_fallbacks: ",
        "general_settings.master_key: ",
        "chain 'gpt': is the first, and so the default chain as well",
    ):
        assert place in notes


@pytest.mark.parametrize(
    ("url", "left"),
    [
        ("https://me:{}@llm.example/v1", "https://llm.example/v1"),
        ("https://llm.example/v1?key={}", "https://llm.example/v1"),
    ],
)
def test_a_secret_in_an_address_is_left_out(url: str, left: str) -> None:
    config = f'model_list: [{{model_name: a, litellm_params: {{model: openai/b, api_base: "{url.format(SECRET)}"}}}}]'
    draft = read_litellm(config)
    assert draft.providers["openai"]["base_url"] == left
    assert SECRET not in draft.text("")


@pytest.mark.parametrize(
    ("name", "value"), [("X-Api-Token", "hunter2"), ("X-Team", SECRET), ("X-Team", f"team {SECRET}")]
)
def test_a_header_is_copied_only_if_neither_its_name_nor_its_value_looks_secret(name: str, value: str) -> None:
    params = f'{{model: openai/b, extra_headers: {{X-Plain: yes it is, {name}: "{value}"}}}}'
    draft = read_litellm(f"model_list: [{{model_name: a, litellm_params: {params}}}]")
    assert draft.providers["openai"]["headers"] == {"X-Plain": "yes it is"}
    assert value not in draft.text("")


PROGRAMS = {"openclaw": OPENCLAW, "litellm": LITELLM}
programs = pytest.mark.parametrize("program", PROGRAMS)


def run(program: str, folder: Path, *more: str, text: str | None = None) -> Result:
    source = folder / "theirs"
    source.write_text(PROGRAMS[program] if text is None else text, encoding="utf-8")
    return CliRunner().invoke(main, ["import", program, str(source), "--out", str(folder / "detent.toml"), *more])


@programs
def test_the_command_writes_a_file_that_passes_the_check_and_holds_no_key(tmp_path: Path, program: str) -> None:
    ran = run(program, tmp_path)
    written = (tmp_path / "detent.toml").read_text(encoding="utf-8")
    assert ran.exit_code == 0
    assert CliRunner().invoke(main, ["config", "check", str(tmp_path / "detent.toml")]).exit_code == 0
    for text in (written, ran.output, ran.stderr):
        assert SECRET not in text
    notes = [line.removeprefix("Note: ") for line in ran.stderr.splitlines()]
    assert notes
    assert all(f"# - {note}\n" in written for note in notes)


@programs
def test_a_file_that_is_there_is_overwritten_only_by_force(tmp_path: Path, program: str) -> None:
    (tmp_path / "detent.toml").write_text("mine")
    refused = run(program, tmp_path)
    assert refused.exit_code == 1
    assert "overwrite it with --force" in refused.output
    assert (tmp_path / "detent.toml").read_text() == "mine"
    assert run(program, tmp_path, "--force").exit_code == 0
    assert "[chains.default]" in (tmp_path / "detent.toml").read_text()


WRONG = {
    "openclaw": {
        f'{{\n key: "{SECRET}" "': "is no JSON5, see line 2",
        "[]": "is no JSON5 object",
        "{agents: {}}": "no chain of models was found",
    },
    "litellm": {
        f"key: [{SECRET}\nb: 5": "is no YAML, see line 2",
        "- a": "is no YAML mapping",
        "model_list: []": "no chain of models was found",
    },
}


@pytest.mark.parametrize(
    ("program", "text", "says"), [(name, text, says) for name, all_ in WRONG.items() for text, says in all_.items()]
)
def test_a_file_that_nothing_can_be_made_of_is_said_to_be_so(
    tmp_path: Path, program: str, text: str, says: str
) -> None:
    ran = run(program, tmp_path, text=text)
    assert ran.exit_code == 1
    assert says in ran.output
    assert SECRET not in ran.output
    assert not (tmp_path / "detent.toml").exists()


@pytest.mark.parametrize("text", ["{agents: 5, models: {providers: []}, auth: 'x'}", "{agents: {list: [5, null]}}"])
def test_an_openclaw_file_of_another_shape_is_no_crash(text: str) -> None:
    with pytest.raises(ImportingError):
        read_openclaw(text)


@pytest.mark.parametrize("text", ["model_list: {a: 5}", "model_list: [5, {model_name: a}]\nrouter_settings: [1]"])
def test_a_litellm_file_of_another_shape_is_no_crash(text: str) -> None:
    with pytest.raises(ImportingError):
        read_litellm(text)
