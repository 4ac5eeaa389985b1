"""LiteLLM's ``config.yaml``: its groups of deployments as chains, their fallbacks behind them.

The format: docs.litellm.ai/docs/proxy/configs, /docs/proxy/reliability and /docs/router/api_reference/configuration. A
group spreads its calls over its deployments; a chain asks them in turn. Only what decides on models is looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import define, field

from detent.adapters.settings import WELL_KNOWN

from .draft import Draft, ImportingError, table_at

_NAMES: Final[Mapping[str, str]] = {
    "fireworks_ai": "fireworks",
    "hosted_vllm": "vllm",
    "lm_studio": "lmstudio",
    "nvidia_nim": "nvidia",
    "ollama_chat": "ollama",
    "together_ai": "together",
}
"""Providers that LiteLLM knows under another name than Detent."""

_COMPATIBLE: Final = ("custom_openai", "litellm_proxy", "openai_like")
"""What LiteLLM calls any server that speaks OpenAI's format; its address is its own."""

_GUESSED: Final = (
    (re.compile(r"gpt-|o\d|chatgpt-"), "openai"),
    (re.compile(r"claude-"), "anthropic"),
    (re.compile(r"gemini-"), "gemini"),
)
"""Whose a model without a provider is; LiteLLM looks it up in a list."""

_ADDED_PATH: Final[Mapping[str, str]] = {"anthropic": "/v1", "ollama": "/v1"}
"""What LiteLLM adds to an ``api_base`` by itself."""

_READ: Final = frozenset(("api_base", "api_key", "base_url", "custom_llm_provider", "extra_headers", "model", "order"))
_VARIABLE: Final = re.compile(r"os\.environ/(\w+)")


def read_litellm(text: str) -> Draft:
    """What a ``config.yaml`` comes to.

    Args:
        text: the file.

    Raises:
        ImportingError: it is no YAML mapping, or there is no model in it that Detent could call.
    """
    import yaml

    try:
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        raise ImportingError(f"is no YAML{f', see line {mark.line + 1}' if mark else ''}") from None
    if not isinstance(data, Mapping):
        raise ImportingError("is no YAML mapping")
    draft = Draft()
    reading = _Reading(draft)
    groups = reading.groups(data.get("model_list"))
    _read_fallbacks(data, groups, draft)
    _read_policy(data, draft)
    _read_aliases(data, draft)
    _note_the_rest(data, draft)
    draft.complete()
    return draft


@define
class _Reading:
    """Deployments read one after the other: those of one address are one provider, each key a credential of it."""

    draft: Draft
    _keys: dict[str, list[str]] = field(factory=dict)
    _places: dict[tuple[str, str], str] = field(factory=dict)

    def groups(self, listed: object) -> dict[str, list[str]]:
        """The models of each group, in the order in which they are to be asked."""
        found: dict[str, list[tuple[int, str]]] = {}
        for place, entry in enumerate(listed if isinstance(listed, list) else []):
            at, name = f"model_list[{place}]", table_at(entry).get("model_name")
            if not isinstance(name, str) or "*" in name:
                self.draft.note(at, "is a pattern; a client may ask for any provider/model of a known provider")
                continue
            model = self._deployment(table_at(entry, "litellm_params"), f"{at}.litellm_params")
            if model is None:
                continue
            order = table_at(entry, "litellm_params").get("order")
            found.setdefault(name, []).append((order if isinstance(order, int) else 0, model))
            window = table_at(entry, "model_info").get("max_input_tokens")
            if isinstance(window, int) and window > 0:
                self.draft.windows[model] = window
        for provider, variables in self._keys.items():
            self._write_keys(provider, variables)
        return {name: [model for _, model in sorted(models, key=lambda m: m[0])] for name, models in found.items()}

    def _deployment(self, said: Mapping[str, Any], at: str) -> str | None:
        """The reference of a deployment's model, None: Detent cannot call it."""
        prefix, model = _provider_and_model(said)
        base = said.get("api_base", said.get("base_url"))
        provider = self._provider(prefix, base, at)
        if provider is None:
            return None
        if said.get("api_key") is not None:
            self._add_key(provider, said["api_key"], f"{at}.api_key")
        for name, value in table_at(said, "extra_headers").items():
            text = self.draft.header(name, value, f"{at}.extra_headers.{name}")
            if text is not None:
                self.draft.providers[provider].setdefault("headers", {})[name] = text
        for name in sorted(said.keys() - _READ):
            self.draft.note(f"{at}.{name}", "has no counterpart for one model")
        return f"{provider}/{model}"

    def _provider(self, prefix: str, base: object, at: str) -> str | None:
        """The provider at an address, under a name of its own for each further one; None: Detent cannot call it."""
        name = _NAMES.get(prefix, prefix)
        if not prefix or (base is None and name not in WELL_KNOWN):
            whose = f"{prefix!r} is a provider" if prefix else "the model names no provider"
            self.draft.note(at, f"{whose} that Detent cannot call without an address; it is left out")
            return None
        if base is None:
            self.draft.providers.setdefault(name, {})
            return name
        if not isinstance(base, str) or _VARIABLE.fullmatch(base) or name not in (*WELL_KNOWN, *_COMPATIBLE, "azure"):
            why = (
                "is not written in the file" if name in WELL_KNOWN else f"is of {prefix!r}, whose format is not spoken"
            )
            self.draft.note(f"{at}.api_base", f"{why}; it is left out")
            return None
        url = self.draft.base_url(_with_path(name, base), f"{at}.api_base")
        known = self._places.get((name, url))
        if known is None:
            taken = [place for place in self._places if place[0] == name]
            known = self._places[name, url] = f"{name}-{len(taken) + 1}" if taken else name
            api = WELL_KNOWN[name].api if name in WELL_KNOWN else "openai"
            self.draft.providers[known] = {"base_url": url, "api": api}
            if name == "azure":
                self.draft.note(f"{at}.api_base", "is called by Azure's v1 API, which needs no api_version")
        return known

    def _add_key(self, provider: str, said: object, at: str) -> None:
        found = _VARIABLE.fullmatch(said) if isinstance(said, str) else None
        keys = self._keys.setdefault(provider, [])
        # Keys that stand in the file are told apart by their number alone.
        variable = found[1] if found else self.draft.variable_for(at, provider, str(len(keys) + 1) if keys else "")
        if variable not in keys:
            keys.append(variable)

    def _write_keys(self, provider: str, variables: list[str]) -> None:
        table = self.draft.providers[provider]
        known = WELL_KNOWN.get(provider)
        if len(variables) > 1:
            table["credentials"] = {f"key-{number}": {"env": name} for number, name in enumerate(variables, 1)}
            self.draft.note(f"provider {provider!r}", "has several keys, each of which is tried for each of its models")
        elif "base_url" in table or known is None or known.key_env != variables[0]:
            table["key_env"] = variables[0]


def _provider_and_model(said: Mapping[str, Any]) -> tuple[str, str]:
    model = str(said.get("model", ""))
    own = said.get("custom_llm_provider")
    if isinstance(own, str):
        return own, model.removeprefix(f"{own}/")
    prefix, slash, rest = model.partition("/")
    if slash:
        return prefix, rest
    guessed = next((name for pattern, name in _GUESSED if pattern.match(model)), "")
    return guessed or ("openai" if said.get("api_base") else ""), model


def _with_path(name: str, base: str) -> str:
    if name == "azure":
        return base.rstrip("/").removesuffix("/openai/v1") + "/openai/v1"
    path = _ADDED_PATH.get(name, "")
    return base.rstrip("/").removesuffix(path) + path


def _settings(data: Mapping[str, Any], key: str) -> Iterator[tuple[str, Any]]:
    """What stands under a key of the router's settings, or of LiteLLM's own."""
    for table in ("router_settings", "litellm_settings"):
        if key in table_at(data, table):
            yield f"{table}.{key}", table_at(data, table)[key]


def _read_fallbacks(data: Mapping[str, Any], groups: Mapping[str, list[str]], draft: Draft) -> None:
    """Each group with the groups that take its place."""
    behind: dict[str, list[str]] = {}
    for at, said in _settings(data, "fallbacks"):
        for entry in said if isinstance(said, list) else []:
            for name, others in table_at(entry).items():
                behind.setdefault(name, []).extend(_known(others, groups, f"{at}.{name}", draft))
    usual = [name for at, said in _settings(data, "default_fallbacks") for name in _known(said, groups, at, draft)]
    for name, models in groups.items():
        others = behind.get(name, usual)
        draft.chains[name] = [*models, *(model for other in others for model in groups[other])]


def _known(names: object, groups: Mapping[str, list[str]], at: str, draft: Draft) -> list[str]:
    named = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    for name in named:
        if name not in groups:
            draft.note(at, f"names {name!r}, which is no group that Detent could call")
    return [name for name in named if name in groups]


def _read_policy(data: Mapping[str, Any], draft: Draft) -> None:
    for key, ours in (("num_retries", "retries"), ("cooldown_time", "cooldown_s"), ("timeout", "attempt_s")):
        for _, value in _settings(data, key):
            good = isinstance(value, (int, float)) and not isinstance(value, bool) and value >= (key == "timeout")
            if good and ours not in draft.policy:
                draft.policy[ours] = value if key == "num_retries" else float(value)
    rest = draft.policy.get("cooldown_s", 0.0)
    if rest > _LONGEST_REST_S:
        draft.policy["cooldown_cap_s"] = rest


_LONGEST_REST_S: Final = 3600.0
"""The usual ``cooldown_cap_s``, in seconds."""


def _read_aliases(data: Mapping[str, Any], draft: Draft) -> None:
    for at, said in _settings(data, "model_group_alias"):
        for alias, target in table_at(said).items():
            group = target if isinstance(target, str) else table_at(target).get("model")
            if group in draft.chains:
                draft.aliases[str(alias)] = str(group)
            else:
                draft.note(f"{at}.{alias}", "stands for no group that Detent could call")


def _note_the_rest(data: Mapping[str, Any], draft: Draft) -> None:
    for path, says in _WITHOUT_COUNTERPART.items():
        table, _, key = path.rpartition(".")
        if key in (table_at(data, table) if table else data):
            draft.note(path, says)


_CONTEXT: Final = "a request that is too large goes to the next model whose window is larger; see [models]"
_REFUSAL: Final = "a refusal is the answer, unless [policy] says content_filter_fails_over = true"
_WITHOUT_COUNTERPART: Final[Mapping[str, str]] = {
    "environment_variables": "variables are not set by detent.toml, and may be secrets; export them",
    "include": "other files are not read; put everything into one",
    "general_settings.master_key": "keys of the gateway are its own; `detent key NAME` makes one",
    "general_settings.database_url": "nothing is kept in a database; sessions and rests live as long as the gateway",
    "router_settings.routing_strategy": "deployments are asked in their order; calls are not spread over them",
    "router_settings.allowed_fails": "a model that fails rests at once; see cooldown_s",
    "router_settings.context_window_fallbacks": _CONTEXT,
    "litellm_settings.context_window_fallbacks": _CONTEXT,
    "router_settings.content_policy_fallbacks": _REFUSAL,
    "litellm_settings.content_policy_fallbacks": _REFUSAL,
    "router_settings.redis_host": "rests are shared within one gateway",
    "router_settings.retry_policy": "what is tried again depends on the failure; see retries",
    "router_settings.stream_timeout": "see first_token_s and idle_s",
    "litellm_settings.request_timeout": "see attempt_s, first_token_s and idle_s",
    "litellm_settings.cache": "answers are not cached",
}
