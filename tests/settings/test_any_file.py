"""What holds of every file, whatever somebody wrote into it."""

import json
import tomllib
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from attrs import fields
from hypothesis import given, settings
from hypothesis import strategies as st

from detent.adapters.settings import check, load
from detent.adapters.settings.chains import ChainTable, ModelTable
from detent.adapters.settings.providers import CredentialTable, ProviderTable
from detent.adapters.settings.reading import FileTable
from detent.fsm.chain import Chain, Policy

KEY = "sk-do-not-show-me-4711"


def toml(data: dict[str, Any]) -> str:
    """A table as TOML, its inner tables inline."""
    return "".join(f"{json.dumps(key)} = {_inline(value)}\n" for key, value in data.items())


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_inline(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    return json.dumps(value)


def written(text: str, read: Any) -> Any:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "detent.toml"
        path.write_text(text, encoding="utf-8")
        return read(path)


NAME = st.text("abcz019-_", min_size=1, max_size=5)
REFERENCE = st.builds("{}/{}".format, st.sampled_from(("openai", "groq", "ollama")), NAME)
SECONDS = st.integers(1, 10**6) | st.floats(0.001, 1e6)
PAIRS = (("backoff_s", "backoff_cap_s"), ("cooldown_s", "cooldown_cap_s"), ("hard_cooldown_s", "hard_cap_s"))


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """A policy's keys, all of them."""
    found: dict[str, Any] = {a.name: draw(SECONDS) for a in fields(Policy) if a.name.endswith("_s")}
    for low, cap in PAIRS:
        found[low], found[cap] = sorted((found[low], found[cap]))
    return {
        **found,
        "retries": draw(st.integers(0, 9)),
        "on_all_cooling": draw(st.sampled_from(("last_resort", "fail_fast"))),
        **{a.name: draw(st.booleans()) for a in fields(Policy) if a.default is False},
    }


@settings(deadline=None)
@given(
    st.dictionaries(NAME, st.tuples(REFERENCE, st.lists(REFERENCE, max_size=3), policies()), max_size=2),
    REFERENCE,
    policies(),
)
def test_what_is_written_is_what_is_read(others, primary, common):
    chains = {
        "default": {"primary": primary},
        **{n: {"primary": p, "fallbacks": f, "policy": own} for n, (p, f, own) in others.items() if n != "default"},
    }
    text = toml({"policy": common, "chains": chains})
    configs = written(text, load).configs
    assert set(configs) == set(chains)
    assert configs["default"].policy == Policy(**common)
    for name, chain in chains.items():
        assert configs[name].chain == Chain(chain["primary"], chain.get("fallbacks", ()))
        assert configs[name].policy == Policy(**chain.get("policy", common))


KEYS = sorted(
    {a.name for cls in (FileTable, ChainTable, ModelTable, ProviderTable, CredentialTable) for a in fields(cls)}
    - {"allow_keys_in_file"}
)
ANY_NAME = st.sampled_from([*KEYS, "default", "openai", "house", "openai/gpt-5", "Authorization", KEY])
ANY_VALUE = st.recursive(
    st.sampled_from([KEY, f"Bearer {KEY}", "openai/gpt-5", "https://host/v1", "X", 0, 1, -1, 0.5, True])
    | st.just(f"https://me:{KEY}@host/v1?key={KEY}"),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(ANY_NAME, inner, max_size=4),
    max_leaves=12,
)
CREDENTIALS = st.dictionaries(ANY_NAME, ANY_VALUE, max_size=3)
PROVIDERS = st.dictionaries(ANY_NAME, st.dictionaries(ANY_NAME, ANY_VALUE | CREDENTIALS, max_size=6), max_size=3)
FILES = st.fixed_dictionaries(
    {},
    optional={
        "chains": st.dictionaries(ANY_NAME, ANY_VALUE, max_size=3) | ANY_VALUE,
        "providers": PROVIDERS | ANY_VALUE,
        "policy": ANY_VALUE,
        "models": ANY_VALUE,
        KEY: ANY_VALUE,
    },
)


@settings(deadline=None)
@given(FILES)
def test_no_file_whatever_raises_anything_and_no_secret_in_it_is_told(data):
    text = toml(data)
    tomllib.loads(text)
    report = written(text, lambda path: check(path, environ={"X": KEY}))
    assert "do-not-show" not in repr(report)
    assert "do-not-show" not in json.dumps(report.plain())
