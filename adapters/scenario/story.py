"""The format: one TOML file, a configuration and steps, read strictly; every mistake is named with its key."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from detent.fsm.chain import Chain, Config, Policy, provider_of
from detent.fsm.reasons import REASONS

from .reader import Reader, ScenarioError


@frozen
class Step:
    """One step of a story.

    Attributes:
        number: its place, from 1.
        verb: what is done.
        value: the verb's value as written.
        at: the attempt of the next turn at which it happens; None: at once.
        expect: what must be seen.
    """

    number: int
    verb: str
    value: Any
    at: int | None
    expect: Mapping[str, Any]


@frozen
class Story:
    """A scenario, read.

    Attributes:
        id: its name.
        config: the first configuration.
        steps: the steps, in order.
    """

    id: str
    config: Config
    steps: tuple[Step, ...]


SCENARIO_POLICY: Final = Policy(
    retries=0,
    backoff_s=0.0,
    backoff_cap_s=0.0,
    cooldown_s=60,
    cooldown_cap_s=3600,
    hard_cooldown_s=900,
    hard_cap_s=86400,
    strike_window_s=600,
    turn_deadline_s=None,
    first_token_s=60,
    idle_s=60,
    max_wait_s=5,
    on_all_cooling="last_resort",
    last_resort_gap_s=30,
    keep_credential=False,
)
"""What a story that sets nothing runs under: no retries, no jitter, the keys of a model in their order each turn."""

_NUMBER: Final = (int, float)
_POLICY_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "retries": (int,),
    "cooldown_s": _NUMBER,
    "cooldown_cap_s": _NUMBER,
    "hard_cooldown_s": _NUMBER,
    "hard_cap_s": _NUMBER,
    "strike_window_s": _NUMBER,
    "turn_deadline_s": _NUMBER,
    "first_token_s": _NUMBER,
    "idle_s": _NUMBER,
    "max_wait_s": _NUMBER,
    "on_all_cooling": (str,),
    "last_resort_gap_s": _NUMBER,
    "pin_strict": (bool,),
    "keep_credential": (bool,),
    "content_filter_fails_over": (bool,),
    "buffer_answers": (bool,),
}
_CONFIG_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "primary": (str,),
    "fallbacks": (list,),
    "credentials": (dict,),
    "windows": (dict,),
    **_POLICY_KEYS,
}
_EXPECT_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "calls": (list,),
    "calls_to": (dict,),
    "max_calls": (int,),
    "answered_by": (str,),
    "outcome": (str,),
    "reason": (str,),
    "skipped": (dict,),
    "state": (str,),
    "serving": (str,),
    "pinned": (str, bool),
    "home": (str,),
    "blocked": (list,),
    "notices": (list,),
    "cooling": (list,),
    "adopted": (str,),
    "elapsed_max": _NUMBER,
    "retry_at_max": _NUMBER,
    "output": (str,),
}
_WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "outcome": ("answered", "exhausted", "surfaced", "aborted", "interrupted"),
    "output": ("complete", "partial", "none"),
    "state": ("primary", "failover_active", "user_pinned", "cooldown_probe"),
}
_PROVIDER_KEYS: Final[Mapping[str, tuple[type, ...]]] = {
    "model": (str,),
    "does": (str,),
    "credential": (str,),
    "times": (int,),
    "retry_after": _NUMBER,
    "after_tokens": (int,),
    "takes": _NUMBER,
    "status": (int,),
    "body": (str,),
    "headers": (dict,),
}
_SESSION: Final[Mapping[str, tuple[type, ...]]] = {"session": (str,)}
_TURN_KEYS: Final[Mapping[str, tuple[type, ...]]] = {**_SESSION, "tokens": (int,), "stream": (bool,)}
_TABLE_KEYS: Final[Mapping[str, Mapping[str, tuple[type, ...]]]] = {
    "provider": _PROVIDER_KEYS,
    "turn": _TURN_KEYS,
    "turns": {**_TURN_KEYS, "sessions": (int,), "count": (int,), "concurrent": (int,)},
    "pin": {**_SESSION, "model": (str,), "strict": (bool,)},
    "unpin": _SESSION,
    "reset": _SESSION,
    "reconcile": _SESSION,
    "reload": _CONFIG_KEYS,
}
_PLAIN: Final[Mapping[str, tuple[type, ...]]] = {
    "advance": _NUMBER,
    "restart": (bool,),
    "abort": (bool,),
    "node": (str,),
    "note": (str,),
    "pin": (str,),
    "unpin": (bool,),
    "reset": (bool,),
    "reconcile": (bool,),
}
VERBS: Final = tuple(dict.fromkeys((*_TABLE_KEYS, *_PLAIN)))
ARMABLE: Final = ("pin", "unpin", "reload", "reconcile", "abort", "restart")


def load(path: Path) -> Story:
    """Read a scenario file.

    Raises:
        ScenarioError: it cannot be read, or breaks the format.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read: {error.strerror or error}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ScenarioError(f"{path}: is no TOML: {error}") from None
    reader = Reader(str(path))
    reader.keys(
        "",
        data,
        {
            "id": (str,),
            "source": (str,),
            "family": (str,),
            "summary": (str,),
            "config": (dict,),
            "step": (list,),
        },
    )
    name = data.get("id")
    if name != path.stem:
        reader.refuse("id", f"is {name!r}, but must equal the file's name {path.stem!r}")
    if "config" not in data:
        reader.refuse("config", "is missing; name at least a primary")
    config = config_of(data["config"], reader, "config")
    steps = data.get("step", [])
    return Story(path.stem, config, tuple(_step(reader, number, step) for number, step in enumerate(steps, 1)))


def config_of(table: Mapping[str, Any], reader: Reader, path: str, known: frozenset[str] = frozenset()) -> Config:
    """A scenario's ``[config]`` table as a configuration.

    Args:
        table: the table.
        reader: what refuses mistakes.
        path: where the table stands.
        known: the providers that earlier configurations named; those this one does not name are retired.
    """
    reader.keys(path, table, _CONFIG_KEYS)
    if "primary" not in table:
        reader.refuse(f"{path}.primary", "is missing")
    windows, credentials = table.get("windows", {}), table.get("credentials", {})
    for model, window in windows.items():
        reader.reference(f"{path}.windows.{model}", model)
        reader.kind(f"{path}.windows.{model}", window, (int,))
    for provider, names in credentials.items():
        reader.kind(f"{path}.credentials.{provider}", names, (list,))
        for name in names:
            reader.kind(f"{path}.credentials.{provider}", name, (str,))
    models = [table["primary"], *table.get("fallbacks", [])]
    for model in models:
        reader.reference(f"{path}.primary" if model is models[0] else f"{path}.fallbacks", model)
    values = {key: value for key, value in table.items() if key in _POLICY_KEYS}
    if values.get("on_all_cooling", "fail_fast") not in ("last_resort", "fail_fast"):
        reader.refuse(
            f"{path}.on_all_cooling",
            f"is {values['on_all_cooling']!r}, but must be 'last_resort' or 'fail_fast'",
        )
    named = frozenset(providers_of(table))
    policy = reader.made(path, lambda: _policy(values))
    return Config(
        Chain(models[0], tuple(models[1:])),
        policy,
        windows=dict(windows),
        credentials={provider: tuple(names) for provider, names in credentials.items()},
        retired=known - named,
    )


def providers_of(table: Mapping[str, Any]) -> set[str]:
    """The providers that a ``[config]`` table names."""
    models = [table["primary"], *table.get("fallbacks", []), *table.get("windows", {})]
    return {*(provider_of(model) for model in models), *table.get("credentials", {})}


def _policy(values: Mapping[str, Any]) -> Policy:
    given = {key: value for key, value in values.items() if key != "buffer_answers"}
    return evolve(SCENARIO_POLICY, stream="buffered" if values.get("buffer_answers") else "live", **given)


def _step(reader: Reader, number: int, step: Any) -> Step:
    path = f"step {number}"
    reader.kind(path, step, (dict,))
    verbs = [key for key in step if key in VERBS]
    unknown = [key for key in step if key not in (*VERBS, "at", "expect")]
    if unknown:
        reader.refuse(f"{path}.{unknown[0]}", f"is no verb; verbs are {', '.join(VERBS)}")
    if len(verbs) != 1:
        reader.refuse(
            path,
            f"has the verbs {', '.join(verbs) or 'none'}, but must have exactly one of {', '.join(VERBS)}",
        )
    verb, value = verbs[0], step[verbs[0]]
    _check_value(reader, f"{path}.{verb}", verb, value)
    at = _armed_at(reader, path, verb, step)
    expect = step.get("expect", {})
    reader.keys(f"{path}.expect", expect, _EXPECT_KEYS)
    for key, words in _WORDS.items():
        if key in expect and expect[key] not in words:
            reader.refuse(f"{path}.expect.{key}", f"is {expect[key]!r}, but must be one of {', '.join(words)}")
    return Step(number, verb, value, at, expect)


def _check_value(reader: Reader, path: str, verb: str, value: Any) -> None:
    if isinstance(value, dict) and verb in _TABLE_KEYS:
        reader.keys(path, value, _TABLE_KEYS[verb])
    else:
        reader.kind(path, value, (*_PLAIN.get(verb, ()), *((dict,) if verb in _TABLE_KEYS else ())))
    if verb == "pin":
        reader.reference(path, value["model"] if isinstance(value, dict) and "model" in value else value)
    if verb == "reload":
        config_of(value, reader, path)
    if verb == "turns" and len({"sessions", "count", "concurrent"} & set(value)) != 1:
        reader.refuse(path, "must say exactly one of sessions, count, concurrent")
    if verb == "provider":
        _check_provider(reader, path, value)
    if verb == "advance" and value < 0:
        reader.refuse(path, f"is {value!r}, but time does not run backwards")


def _check_provider(reader: Reader, path: str, value: Mapping[str, Any]) -> None:
    reader.reference(f"{path}.model", value.get("model"))
    if ("does" in value) == bool({"status", "body", "headers"} & set(value)):
        reader.refuse(path, "must say either what it does, or the status, body and headers of a raw reply")
    does = value.get("does", "answer")
    if does not in ("answer", "hang", *REASONS) or does == "aborted":
        words = ", ".join(("answer", "hang", *(r for r in REASONS if r != "aborted")))
        reader.refuse(f"{path}.does", f"is {does!r}, but must be one of {words}")


def _armed_at(reader: Reader, path: str, verb: str, step: Mapping[str, Any]) -> int | None:
    if "at" not in step:
        if verb == "abort":
            reader.refuse(path, 'aborts nothing: give it at = "n/attempt"')
        return None
    number, slash, word = str(step["at"]).partition("/")
    if verb not in ARMABLE:
        reader.refuse(f"{path}.at", f"cannot be given to {verb}, only to {', '.join(ARMABLE)}")
    if slash != "/" or word != "attempt" or not number.isdigit() or int(number) < 1:
        reader.refuse(f"{path}.at", f'is {step["at"]!r}, but must be like "1/attempt"')
    return int(number)


def reloaded(table: Mapping[str, Any], known: frozenset[str]) -> Config:
    """The configuration of a ``reload`` step that was checked when the file was read."""
    return config_of(table, Reader("reload"), "reload", known)
