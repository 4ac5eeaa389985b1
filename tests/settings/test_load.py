"""A file that is right: what it comes to."""

import tomllib

import pytest

from detent.adapters.settings import (
    TEMPLATE,
    WELL_KNOWN,
    FromEnvironment,
    MissingSecretError,
    UnknownCredentialError,
    load,
)
from detent.fsm.chain import Chain, Limits, Policy
from detent.fsm.plain import from_plain, to_plain

SMALLEST = '[chains.default]\nprimary = "openai/gpt-5"\n'


def test_a_chain_of_well_known_providers_is_a_whole_configuration(write):
    settings = load(write(SMALLEST))
    config = settings.configs["default"]
    assert config.chain == Chain.of("openai/gpt-5")
    assert config.policy == Policy()
    assert config.providers == {"openai"}
    assert settings.warnings == ()
    endpoint = settings.endpoint("openai", environ={"OPENAI_API_KEY": "sk-from-the-environment"})
    assert (endpoint.base_url, endpoint.key) == ("https://api.openai.com/v1", "sk-from-the-environment")


def test_credentials_are_tried_in_the_order_of_the_file_and_each_has_its_own_variable(write):
    settings = load(
        write(SMALLEST + '[providers.openai]\ncredentials = { work = { env = "W" }, spare = { env = "S" } }\n')
    )
    assert settings.configs["default"].credentials == {"openai": ("work", "spare")}
    environ = {"W": "key-of-work", "S": " key-of-spare\n"}
    assert settings.endpoint("openai", "work", environ=environ).key == "key-of-work"
    assert settings.endpoint("openai", "spare", environ=environ).key == "key-of-spare"


def test_a_chain_differs_from_the_common_policy_in_what_it_says_alone(write):
    settings = load(
        write(
            "[policy]\nretries = 4\nidle_s = 5\n"
            + SMALLEST
            + "[chains.default.policy]\nretries = 0\n"
            + '[chains.other]\nprimary = "groq/x"\n'
        )
    )
    assert settings.configs["default"].policy == Policy(retries=0, idle_s=5)
    assert settings.configs["other"].policy == Policy(retries=4, idle_s=5)


def test_windows_are_known_to_every_chain(write):
    settings = load(write(SMALLEST + '[models."openai/gpt-5"]\nwindow = 400000\n'))
    assert settings.configs["default"].windows == {"openai/gpt-5": 400000}


def test_limits_and_streams_are_of_the_file_of_a_chain_and_of_a_model(write):
    settings = load(
        write(
            "[policy]\nconnect_s = 3\nattempt_s = 90\n"
            '[chains.default]\nprimary = "openai/gpt-5"\n'
            '[chains.slow]\nprimary = "openai/gpt-5"\npolicy = { attempt_s = 600, stream = "buffered" }\n'
            '[models."openai/gpt-5"]\nfirst_token_s = 120\n'
        )
    )
    quick, slow = settings.configs["default"], settings.configs["slow"]
    assert quick.policy == Policy(connect_s=3, attempt_s=90)
    assert slow.policy == Policy(connect_s=3, attempt_s=600, stream="buffered")
    assert quick.limits == slow.limits == {"openai/gpt-5": Limits(first_token_s=120)}
    assert quick.windows == {}


def test_limits_of_a_model_that_no_chain_names_are_odd(write):
    settings = load(write(SMALLEST + '[models."openai/gpt5"]\nidle_s = 5\n'))
    (warning,) = settings.warnings
    assert warning.startswith('models."openai/gpt5".idle_s: no chain names "openai/gpt5"')


def test_a_server_of_ones_own_wants_no_key(write):
    settings = load(
        write('[chains.default]\nprimary = "house/m"\n[providers.house]\nbase_url = "http://10.0.0.5:8000/v1"\n')
    )
    assert settings.endpoint("house", environ={}).key is None
    assert settings.warnings == ()


def test_everything_a_provider_may_say_reaches_its_endpoint(write):
    settings = load(
        write(
            SMALLEST
            + """
            [providers.openai]
            base_url = "https://gateway.example/openai"
            key_env = "GATEWAY_KEY"
            aggregator = true
            headers = { X-Team = "search" }
            headers_env = { X-Pass = "PASS" }
            extra_body = { service_tier = "flex" }
            connect_s = 3
            max_connections = 7
            """
        )
    )
    endpoint = settings.endpoint("openai", environ={"GATEWAY_KEY": "g", "PASS": "p"})
    assert endpoint.base_url == "https://gateway.example/openai"
    assert endpoint.key == "g"
    assert endpoint.headers == {"X-Team": "search", "X-Pass": "p"}
    assert endpoint.extra_body == {"service_tier": "flex"}
    assert endpoint.connect_s == 3
    assert settings.providers["openai"].aggregator
    assert settings.providers["openai"].max_connections == 7


@pytest.mark.parametrize(
    ("table", "api"),
    [
        ("", "anthropic"),
        ('[providers.anthropic]\nheaders = { anthropic-beta = "x" }\n', "anthropic"),
        ('[providers.anthropic]\nbase_url = "https://gateway.example/v1"\n', "openai"),
        ('[providers.anthropic]\nbase_url = "https://gateway.example/v1"\napi = "anthropic"\n', "anthropic"),
    ],
)
def test_anthropic_is_called_in_its_own_format_unless_a_gateway_stands_before_it(write, table, api):
    settings = load(write(f'[chains.default]\nprimary = "anthropic/claude-sonnet-5"\n{table}'))
    assert settings.endpoint("anthropic", environ={"ANTHROPIC_API_KEY": "sk-ant-1"}).api == api


@pytest.mark.parametrize(("table", "api"), [("", "openai"), ('[providers.openai]\napi = "responses"\n', "responses")])
def test_openai_is_asked_for_responses_where_the_settings_say_so(write, table, api):
    settings = load(write(SMALLEST + table))
    endpoint = settings.endpoint("openai", environ={"OPENAI_API_KEY": "sk-1"})
    assert (endpoint.api, endpoint.base_url) == (api, "https://api.openai.com/v1")


@pytest.mark.parametrize(
    ("table", "api"),
    [
        ("", "gemini"),
        ("[providers.gemini]\nextra_body = { safetySettings = [] }\n", "gemini"),
        ('[providers.gemini]\nbase_url = "https://gateway.example/v1"\n', "openai"),
        (
            '[providers.gemini]\napi = "openai"\n'
            'base_url = "https://generativelanguage.googleapis.com/v1beta/openai"\n',
            "openai",
        ),
    ],
)
def test_gemini_is_called_in_its_own_format_unless_it_is_told_otherwise(write, table, api):
    settings = load(write(f'[chains.default]\nprimary = "gemini/gemini-3-flash"\n{table}'))
    assert settings.endpoint("gemini", environ={"GEMINI_API_KEY": "g-1"}).api == api


def test_a_well_known_key_is_not_sent_to_another_host_by_omission(write):
    settings = load(write(SMALLEST + '[providers.openai]\nbase_url = "https://proxy.example/v1"\n'))
    assert settings.endpoint("openai", environ={"OPENAI_API_KEY": "sk-for-openai-alone"}).key is None
    assert settings.warnings == ("providers.openai: no key is sent to proxy.example; name key_env if it wants one",)


def test_an_unset_variable_is_named_when_the_endpoint_is_asked_for_and_not_before(write):
    settings = load(write(SMALLEST))
    with pytest.raises(MissingSecretError) as caught:
        settings.endpoint("openai", environ={})
    assert str(caught.value) == (
        "provider 'openai': environment variable OPENAI_API_KEY is not set; "
        "export OPENAI_API_KEY=... or name another variable in detent.toml"
    )
    with pytest.raises(MissingSecretError, match="OPENAI_API_KEY is empty"):
        settings.endpoint("openai", environ={"OPENAI_API_KEY": "  "})


def test_the_environment_is_read_each_time(write, monkeypatch):
    settings = load(write(SMALLEST))
    for key in ("first", "second"):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        assert settings.endpoint("openai").key == key


def test_an_unknown_provider_or_credential_is_told_with_those_there_are(write):
    settings = load(write(SMALLEST))
    with pytest.raises(UnknownCredentialError) as caught:
        settings.endpoint("groq")
    assert str(caught.value) == "no provider 'groq' is configured; configured are openai. Add [providers.groq]"
    with pytest.raises(UnknownCredentialError) as caught:
        settings.endpoint("openai", "spare")
    assert str(caught.value) == "provider 'openai' has no credential 'spare'; configured are ''"


def test_a_file_saved_by_an_editor_of_another_system_is_read_the_same(tmp_path):
    path = tmp_path / "detent.toml"
    path.write_bytes(b"\xef\xbb\xbf" + SMALLEST.replace("\n", "\r\n").encode())
    assert load(path).configs["default"].chain == Chain.of("openai/gpt-5")


def test_the_template_loads_as_it_stands(write):
    settings = load(write(TEMPLATE))
    assert set(settings.configs) == {"default"}
    assert settings.warnings == ()


def test_the_template_loads_with_everything_that_it_comments_out(write):
    lines = []
    for line in TEMPLATE.splitlines():
        bare = line.removeprefix("# ")
        setting = bare.startswith("[") or (" = " in bare and bare.split(" = ")[0].isidentifier())
        lines.append(bare if line.startswith("# ") and setting else line)
    text = "\n".join(lines)
    assert set(tomllib.loads(text)["providers"]) == {"openai", "house", "vertex"}
    settings = load(write(text))
    assert settings.warnings == ()
    assert set(settings.configs) == {"default", "local", "careful"}
    assert settings.configs["local"].policy.pin_strict


def test_the_template_names_every_key_of_a_policy_that_people_change():
    keys = ("cooldown_s", "turn_deadline_s", "pin_strict", "content_filter_fails_over", "stream", "attempt_s")
    for key in (*keys, "hedge_after_s", "keep_credential"):
        assert f"{key} = " in TEMPLATE


@pytest.mark.parametrize("name", WELL_KNOWN)
def test_every_well_known_provider_has_an_endpoint(write, name):
    settings = load(write(f'[chains.default]\nprimary = "{name}/m"\n'))
    variable = WELL_KNOWN[name].key_env
    endpoint = settings.endpoint(name, environ={variable: "k"} if variable else {})
    assert endpoint.url("/chat/completions").endswith("/chat/completions")
    assert (endpoint.key is None) == (variable is None)
    expected = FromEnvironment(variable) if variable else None
    assert settings.providers[name].credentials == {"": expected}


def test_a_configuration_that_was_read_is_stored_and_read_again_the_same(write):
    config = load(write(TEMPLATE)).configs["default"]
    assert from_plain(type(config), to_plain(config)) == config
