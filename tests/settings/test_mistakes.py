"""Every mistake is told, all at once, with its key, its value and what would be right."""

import pytest

from detent.adapters.settings import SettingsError, load
from detent.adapters.wires import FORMATS

CHAIN = '[chains.default]\nprimary = "openai/gpt-5"\n'
POLICY_KEYS = (
    "retries, backoff_s, backoff_cap_s, cooldown_s, cooldown_cap_s, hard_cooldown_s, hard_cap_s, strike_window_s, "
    "turn_deadline_s, connect_s, first_token_s, idle_s, attempt_s, hedge_after_s, max_wait_s, on_all_cooling, "
    "last_resort_gap_s, pin_strict, keep_credential, content_filter_fails_over, stream"
)
PROVIDER_KEYS = (
    "base_url, api, key_env, key_file, key, credentials, aggregator, headers, headers_env, headers_file, extra_body, "
    "connect_s, max_connections"
)


def problems(path) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(path)
    return caught.value.problems


MISTAKES = {
    "no default chain": (
        '[chains.defualt]\nprimary = "openai/gpt-5"\n',
        'chains: has no "default", on which sessions begin; write [chains.default]; did you mean "defualt"?',
    ),
    "no chain at all": ("", 'chains: has no "default", on which sessions begin; write [chains.default]'),
    "an unknown key at the top": (
        CHAIN + "[modles]\n",
        "modles: is unknown (known are allow_keys_in_file, allow_readable_key_files, policy, chains, "
        'providers, models, journal, gateway); did you mean "models"?',
    ),
    "a journal without its file": (CHAIN + "[journal]\nkeep = 3\n", "journal.path: is missing, must be text"),
    "an unknown key of the journal": (
        CHAIN + '[journal]\npath = "x"\nmax_byte = 9\n',
        'journal.max_byte: is unknown (known are path, max_bytes, keep); did you mean "max_bytes"?',
    ),
    "a journal that nothing names": (
        CHAIN + '[journal]\npath = " "\n',
        'journal.path: is " ", must name a file, e.g. "decisions.jsonl"',
    ),
    "a journal of a path that cannot be": (
        CHAIN + '[journal]\npath = "a\\u0000b"\n',
        'journal.path: is "a\\u0000b", must name a file, e.g. "decisions.jsonl"',
    ),
    "a journal that is a folder": (
        CHAIN + '[journal]\npath = "/"\n',
        "journal.path: is /, which is a folder; name a file in it",
    ),
    "a journal that is put aside at every line": (
        CHAIN + '[journal]\npath = "x"\nmax_bytes = 100\n',
        "journal.max_bytes: is 100, must be at least 65536",
    ),
    "a journal of which nothing is kept": (
        CHAIN + '[journal]\npath = "x"\nkeep = 0\n',
        "journal.keep: is 0, must be at least 1",
    ),
    "a journal that is no table": (
        'journal = "x"\n' + CHAIN,
        'journal: is "x", must be a table',
    ),
    "a switch that is no switch": (
        'allow_keys_in_file = "yes"\n' + CHAIN,
        'allow_keys_in_file: is "yes", must be true or false',
    ),
    "an unknown key of a policy": (
        CHAIN + "[policy]\nretrys = 2\n",
        f'policy.retrys: is unknown (known are {POLICY_KEYS}); did you mean "retries"?',
    ),
    "text where a number belongs": (
        CHAIN + '[chains.default.policy]\nretries = "many"\n',
        'chains.default.policy.retries: is "many", must be a whole number',
    ),
    "true where a number belongs": (
        CHAIN + "[policy]\nidle_s = true\n",
        "policy.idle_s: is true, must be a number",
    ),
    "a number below zero": (
        CHAIN + "[policy]\nbackoff_s = -1\n",
        "policy.backoff_s: is -1, must be a number of at least 0",
    ),
    "a number without end": (
        CHAIN + "[policy]\nhard_cap_s = inf\n",
        "policy.hard_cap_s: is Infinity, must be a finite number",
    ),
    "a wait of no time": (
        CHAIN + "[policy]\nfirst_token_s = 0\n",
        "policy.first_token_s: is 0, must be above 0",
    ),
    "a deadline of no time": (
        CHAIN + "[policy]\nturn_deadline_s = 0.0\n",
        "policy.turn_deadline_s: is 0.0, must be above 0; leave it out for no limit",
    ),
    "a limit of no time": (
        CHAIN + "[policy]\nconnect_s = 0\n[chains.default.policy]\nattempt_s = -1\n",
        (
            "policy.connect_s: is 0, must be a number above 0, or left out",
            "chains.default.policy.attempt_s: is -1, must be a number above 0, or left out",
        ),
    ),
    "a model's limit of no time": (
        CHAIN + '[models."openai/gpt-5"]\nfirst_token_s = 0\nidle_s = "long"\n',
        (
            'models."openai/gpt-5".first_token_s: is 0, must be a number above 0, or left out',
            'models."openai/gpt-5".idle_s: is "long", must be a number',
        ),
    ),
    "a hedge before the beginning": (
        CHAIN + "[policy]\nhedge_after_s = -1\n",
        "policy.hedge_after_s: is -1, must be a number of at least 0",
    ),
    "a stream that is neither live nor buffered": (
        CHAIN + '[policy]\nstream = "buffer"\n',
        'policy.stream: is "buffer", must be one of "live", "buffered"; did you mean "buffered"?',
    ),
    "the old name of a buffered stream": (
        CHAIN + "[policy]\nbuffer_answers = true\n[chains.default.policy]\nbuffer_answers = false\n",
        (
            'policy.buffer_answers: is no key any more; write stream = "buffered"',
            'chains.default.policy.buffer_answers: is no key any more; write stream = "live"',
        ),
    ),
    "a word that is none of the words": (
        CHAIN + '[policy]\non_all_cooling = "fail-fast"\n',
        'policy.on_all_cooling: is "fail-fast", must be one of "last_resort", "fail_fast"; did you mean "fail_fast"?',
    ),
    "a cap below its base": (
        CHAIN + "[policy]\ncooldown_s = 60\ncooldown_cap_s = 10\n",
        "policy.cooldown_cap_s: is 10, must be at least cooldown_s, which is 60",
    ),
    "a base above the usual cap": (
        CHAIN + "[policy]\nbackoff_s = 20\n",
        "policy.backoff_s: is 20, must be at most backoff_cap_s, which is 8.0",
    ),
    "a chain's cap below the common base": (
        CHAIN + "[chains.default.policy]\nhard_cap_s = 10\n[policy]\nhard_cooldown_s = 600\n",
        "chains.default.policy.hard_cap_s: is 10, must be at least hard_cooldown_s, which is 600",
    ),
    "a chain without a primary": (
        '[chains.default]\nfallbacks = ["openai/gpt-5"]\n',
        'chains.default.primary: is missing, must be a model reference "provider/model", e.g. "openai/gpt-5"',
    ),
    "a model without its provider": (
        '[chains.default]\nprimary = "gpt-5"\n',
        'chains.default.primary: is "gpt-5", must be a model reference "provider/model", e.g. "openai/gpt-5"',
    ),
    "a fallback that is no text": (
        CHAIN + "fallbacks = [5]\n",
        'chains.default.fallbacks[0]: is 5, must be a model reference "provider/model", e.g. "openai/gpt-5"',
    ),
    "fallbacks that are no list": (
        CHAIN + 'fallbacks = "groq/x"\n',
        'chains.default.fallbacks: is "groq/x", must be a list',
    ),
    "an unknown key of a chain": (
        CHAIN + "falbacks = []\n",
        'chains.default.falbacks: is unknown (known are primary, fallbacks, policy); did you mean "fallbacks"?',
    ),
    "a policy that is no table": (CHAIN + "policy = 5\n", "chains.default.policy: is 5, must be a table"),
    "a chain that is no table": (
        CHAIN + '[chains]\nother = "groq/x"\n',
        'chains.other: is "groq/x", must be a table',
    ),
    "chains that are no table": (
        "chains = 5\n",
        (
            "chains: is 5, must be a table",
            'chains: has no "default", on which sessions begin; write [chains.default]',
        ),
    ),
    "a provider that nobody knows": (
        CHAIN + 'fallbacks = ["opnai/gpt-5"]\n',
        'chains.default.fallbacks[0]: is "opnai/gpt-5", but provider "opnai" is neither configured nor well known; '
        'add [providers.opnai] with a base_url; did you mean "openai"?',
    ),
    "a provider without an address": (
        CHAIN + "[providers.house]\n",
        'providers.house.base_url: is missing, and "house" is not well known; write where it is, '
        'e.g. "https://host/v1"',
    ),
    "a provider of an impossible name": (
        CHAIN + '[providers."a/b"]\nbase_url = "http://localhost/v1"\n',
        'providers."a/b": is no name of a provider: it may hold no "/", no "@" and no white space',
    ),
    "an unknown key of a provider": (
        CHAIN + '[providers.openai]\nbaseurl = "x"\n',
        f'providers.openai.baseurl: is unknown (known are {PROVIDER_KEYS}); did you mean "base_url"?',
    ),
    "a wire format that is not there": (
        CHAIN + '[providers.openai]\napi = "grpc"\n',
        'providers.openai.api: is "grpc", must be one of ' + ", ".join(f'"{name}"' for name in sorted(FORMATS)),
    ),
    "no connections": (
        CHAIN + "[providers.openai]\nmax_connections = 0\n",
        "providers.openai.max_connections: is 0, must be at least 1",
    ),
    "a header that is no text": (
        CHAIN + "[providers.openai]\nheaders = { X-Depth = 5 }\n",
        "providers.openai.headers.X-Depth: is 5, must be text",
    ),
    "a header from two places": (
        CHAIN + '[providers.openai]\nheaders = { X-A = "a" }\nheaders_env = { x-a = "A" }\n',
        "providers.openai.headers_env.x-a: stands in headers too; keep one of them",
    ),
    "a body that is no JSON": (
        CHAIN + "[providers.openai]\nextra_body = { since = 2024-01-01 }\n",
        "providers.openai.extra_body.since: cannot be written as JSON; dates and infinite numbers are not to be had "
        "there, write text",
    ),
    "two ways to a key": (
        CHAIN + '[providers.openai]\nkey_env = "A"\ncredentials = { work = { env = "B" } }\n',
        "providers.openai: has key_env and credentials; keep one of them",
    ),
    "no credentials among the credentials": (
        CHAIN + "[providers.openai]\ncredentials = {}\n",
        'providers.openai.credentials: names no credential; write e.g. work = { env = "WORK_API_KEY" }, or leave it '
        "out",
    ),
    "a credential of an impossible name": (
        CHAIN + '[providers.openai]\ncredentials = { "a@b" = { env = "B" } }\n',
        "providers.openai.credentials.\"a@b\": is no name of a credential; use letters, digits, '.', '_' and '-'",
    ),
    "a credential without a key": (
        CHAIN + "[providers.openai]\ncredentials = { work = {} }\n",
        'providers.openai.credentials.work: says not where its key is; write env = "NAME_OF_THE_VARIABLE" or '
        'file = "PATH"',
    ),
    "a key from a variable and a file": (
        CHAIN + '[providers.openai]\nkey_env = "A"\nkey_file = "a.key"\n',
        "providers.openai: has key_env and key_file; keep one of them",
    ),
    "a credential from a variable and a file": (
        CHAIN + '[providers.openai]\ncredentials = { work = { env = "A", file = "a.key" } }\n',
        "providers.openai.credentials.work: has env and file; keep one of them",
    ),
    "a key file without a name": (
        CHAIN + '[providers.openai]\nkey_file = ""\n',
        "providers.openai.key_file: is empty; write the path of the file that holds the key, e.g. "
        '"~/.config/detent/work.key"',
    ),
    "a header from a variable and a file": (
        CHAIN + '[providers.openai]\nheaders_env = { X-A = "A" }\nheaders_file = { x-a = "a.key" }\n',
        "providers.openai.headers_file.x-a: stands in headers_env too; keep one of them",
    ),
    "a credential with two keys": (
        "allow_keys_in_file = true\n"
        + CHAIN
        + '[providers.openai]\ncredentials = { work = { env = "A", key = "b" } }\n',
        "providers.openai.credentials.work: has env and key; keep one of them",
    ),
    "an unknown key of a credential": (
        CHAIN + '[providers.openai]\ncredentials = { work = { env = "A", envv = "B" } }\n',
        'providers.openai.credentials.work.envv: is unknown (known are env, file, key); did you mean "env"?',
    ),
    "a model that is no reference": (
        CHAIN + "[models.gpt-5]\nwindow = 5\n",
        'models.gpt-5: is no model reference; write [models."provider/model"]',
    ),
    "a window of no size": (
        CHAIN + '[models."openai/gpt-5"]\nwindow = 0\n',
        'models."openai/gpt-5".window: is 0, must be at least 1',
    ),
    "a window that is no whole number": (
        CHAIN + '[models."openai/gpt-5"]\nwindow = 4e5\n',
        'models."openai/gpt-5".window: is 400000.0, must be a whole number',
    ),
    "no TOML": (
        "[chains.default\n",
        "line 1, column 16: is no TOML: Expected ']' at the end of a table declaration",
    ),
}


@pytest.mark.parametrize(("text", "expected"), MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_told_with_its_key_its_value_and_the_way_out(write, text, expected):
    assert problems(write(text)) == ((expected,) if isinstance(expected, str) else expected)


@pytest.mark.parametrize(
    ("line", "about"),
    [
        ('base_url = "ftp://x"', "base_url"),
        ("connect_s = 0", "connect_s"),
        ('headers = { X-A = "a\\nb" }', "headers"),
    ],
)
def test_what_an_endpoint_refuses_is_told_when_the_file_is_read(write, line, about):
    (problem,) = problems(write(f"{CHAIN}[providers.openai]\n{line}\n"))
    assert problem.startswith(f"providers.openai: {about}")


def test_all_mistakes_are_told_at_once(write):
    path = write(
        'polcy = {}\n[policy]\nretries = "many"\nidle_s = 0\n'
        '[chains.default]\nprimary = "gpt-5"\nfallbacks = ["opnai/x"]\n'
        '[providers.openai]\napi = "x"\nheaders = { X-A = 5 }\nbase = 1\nmax_connections = "a"\n'
        '[models."openai/gpt-5"]\nwindow = "big"\n'
    )
    told = [problem.split(":")[0] for problem in problems(path)]
    assert set(told) == {
        "chains.default.fallbacks[0]",
        "chains.default.primary",
        'models."openai/gpt-5".window',
        "policy.idle_s",
        "policy.retries",
        "polcy",
        "providers.openai.api",
        "providers.openai.base",
        "providers.openai.headers.X-A",
        "providers.openai.max_connections",
    }


def test_the_error_names_the_file_and_counts(write):
    path = write("")
    with pytest.raises(SettingsError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: 1 mistake:\n  - chains: has no")
    assert caught.value.path == path


def test_a_file_that_is_not_there_is_told_with_the_way_to_one(tmp_path):
    path = tmp_path / "none.toml"
    assert problems(path) == ("file: cannot be read: No such file or directory; `detent init` writes an example",)


def test_a_file_in_another_encoding_is_told_with_the_line(tmp_path):
    path = tmp_path / "detent.toml"
    path.write_bytes(b"[policy]\n# caf\xe9\n")
    assert problems(path) == ("line 2: is not UTF-8; save the file in that encoding",)


@pytest.mark.parametrize("text", ["a = " + "9" * 5000, "a = " + "[" * 5000])
def test_a_file_that_makes_the_parser_itself_stumble_is_a_mistake_like_others(write, text):
    (problem,) = problems(write(text))
    assert "is no TOML" in problem
