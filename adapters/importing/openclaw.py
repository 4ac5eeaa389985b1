"""OpenClaw's ``openclaw.json``: its default model with fallbacks, its agents' own, and its providers.

The format: docs.openclaw.ai/gateway/configuration-reference (JSON5), and of models, secrets and profiles
docs.openclaw.ai/concepts/models, /gateway/secrets and /concepts/model-failover. Only what decides on models is looked
at.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from detent.fsm.chain import DEFAULT_CHAIN

from .draft import Draft, ImportingError, table_at

_APIS: Final[Mapping[str, str]] = {
    "openai-completions": "openai",
    "openai-responses": "responses",
    "anthropic-messages": "anthropic",
    "google-generative-ai": "gemini",
    "ollama": "openai",
}
"""Detent's formats by OpenClaw's names; the others are signed in to, not called with a key."""

_ADDED_PATH: Final[Mapping[str, str]] = {"anthropic-messages": "/v1", "ollama": "/v1"}
"""What OpenClaw's clients add to a base URL by themselves."""

_BUILT_IN: Final[Mapping[str, Mapping[str, str]]] = {
    "google": {
        "base_url": "https://generativelanguage.googleapis.com/v1beta",
        "api": "gemini",
        "key_env": "GEMINI_API_KEY",
    }
}
"""Providers that OpenClaw knows under another name than Detent; they keep theirs, for model references have it."""

_VARIABLE: Final = re.compile(
    r"\$\{([A-Z][A-Z0-9_]*)\}|\$([A-Z][A-Z0-9_]*)|(?:secretref-env:|__env__:)([A-Z][A-Z0-9_]*)"
)
_PLACE: Final = re.compile(r":(\d+) ")
_BARE_VARIABLE: Final = re.compile(r"[A-Z][A-Z0-9_]*_(?:KEY|TOKEN)")


def read_openclaw(text: str) -> Draft:
    """What an ``openclaw.json`` comes to.

    Args:
        text: the file.

    Raises:
        ImportingError: it is no JSON5 object, or there is no model in it that Detent could call.
    """
    import json5

    try:
        data = json5.loads(text)
    except (ValueError, RecursionError) as error:
        place = _PLACE.search(str(error))
        raise ImportingError(f"is no JSON5{f', see line {place[1]}' if place else ''}") from None
    if not isinstance(data, Mapping):
        raise ImportingError("is no JSON5 object")
    draft = Draft()
    _read_providers(data, draft)
    _read_chains(data, draft)
    _read_profiles(data, draft)
    _note_the_rest(data, draft)
    draft.complete()
    return draft


def _read_chains(data: Mapping[str, Any], draft: Draft) -> None:
    defaults = table_at(data, "agents", "defaults")
    chain = _walk(defaults.get("model"), [])
    if chain:
        draft.chains[DEFAULT_CHAIN] = chain
    for model, said in table_at(defaults, "models").items():
        alias = table_at(said).get("alias")
        if isinstance(alias, str):
            draft.aliases[alias] = model
        if set(table_at(said)) - {"alias"}:
            draft.note(f"agents.defaults.models.{model}", "parameters of a model are the request's own matter here")
    agents = table_at(data, "agents").get("list")
    for place, agent in enumerate(agents if isinstance(agents, list) else []):
        name = table_at(agent).get("id")
        own = _walk(table_at(agent).get("model"), chain[1:])
        if isinstance(name, str) and own:
            draft.chains.setdefault(name, own)
            draft.note(f"agents.list[{place}].model", f"is the chain {name!r}; ask for it as the model {name!r}")
    used = {model.partition("/")[0] for models in draft.chains.values() for model in models}
    draft.providers |= {
        name: dict(_BUILT_IN[name]) for name in sorted(used & _BUILT_IN.keys() - draft.providers.keys())
    }


def _walk(model: object, fallbacks: list[str]) -> list[str]:
    """The models of a chain: text names the primary alone, an object the fallbacks as well."""
    if isinstance(model, str):
        return [model, *fallbacks]
    said = table_at(model)
    primary, own = said.get("primary"), said.get("fallbacks", fallbacks)
    if not isinstance(primary, str):
        return []
    return [primary, *(each for each in (own if isinstance(own, list) else []) if isinstance(each, str))]


def _read_providers(data: Mapping[str, Any], draft: Draft) -> None:
    for name, said in table_at(data, "models", "providers").items():
        at = f"models.providers.{name}"
        api, base_url = table_at(said).get("api", "openai-completions"), table_at(said).get("baseUrl")
        if api not in _APIS or not isinstance(base_url, str) or "${" in base_url:
            why = (
                f"speaks {api!r}, which Detent does not"
                if api not in _APIS
                else "has no baseUrl that stands in the file"
            )
            draft.note(at, f"{why}; it is left out")
            continue
        path = _ADDED_PATH.get(api, "")
        base_url = draft.base_url(base_url.rstrip("/").removesuffix(path) + path, f"{at}.baseUrl")
        table: dict[str, Any] = {"base_url": base_url, "api": _APIS[api]}
        table |= _key(said.get("apiKey"), f"{at}.apiKey", name, draft) | _headers(said, at, draft)
        draft.providers[name] = table
        for model in said.get("models") or ():
            window = table_at(model).get("contextWindow")
            if isinstance(window, int) and window > 0:
                draft.windows[f"{name}/{table_at(model).get('id')}"] = window


def _key(said: object, at: str, provider: str, draft: Draft) -> dict[str, str]:
    if said is None or said == "":
        return {}
    variable = _variable(said)
    if variable is None and isinstance(said, Mapping):
        draft.note(at, f"is read from {said.get('source')!r} by OpenClaw; write key_env or key_file")
        return {}
    return {"key_env": variable or draft.variable_for(at, provider)}


def _headers(said: Mapping[str, Any], at: str, draft: Draft) -> dict[str, dict[str, str]]:
    plain: dict[str, str] = {}
    by_variable: dict[str, str] = {}
    for name, value in table_at(said, "headers").items():
        variable = _variable(value)
        if variable is not None:
            by_variable[name] = variable
        elif (text := draft.header(name, value, f"{at}.headers.{name}")) is not None:
            plain[name] = text
    tables = {"headers": plain, "headers_env": by_variable}
    return {key: table for key, table in tables.items() if table}


def _variable(said: object) -> str | None:
    """The environment variable that a secret is taken from, None: it is not."""
    if isinstance(said, Mapping):
        return str(said["id"]) if said.get("source") == "env" and said.get("id") else None
    if not isinstance(said, str):
        return None
    found = _VARIABLE.fullmatch(said.strip())
    if found is not None:
        return next(name for name in found.groups() if name)
    return said if _BARE_VARIABLE.fullmatch(said) else None


def _read_profiles(data: Mapping[str, Any], draft: Draft) -> None:
    """Several keys of one provider, in their order; OpenClaw keeps the keys themselves in a store of its own."""
    profiles, order = table_at(data, "auth", "profiles"), table_at(data, "auth", "order")
    of: dict[str, list[str]] = {}
    for name, profile in profiles.items():
        provider, mode = table_at(profile).get("provider"), table_at(profile).get("mode")
        if mode == "api_key" and isinstance(provider, str):
            of.setdefault(provider, []).append(name)
        else:
            draft.note(f"auth.profiles.{name}", f"signs in ({mode!r}); Detent calls with keys alone")
    for provider, names in of.items():
        said = order.get(provider)
        first = [name for name in said if name in names] if isinstance(said, list) else []
        ordered = list(dict.fromkeys([*first, *names]))
        if len(ordered) < 2:
            continue
        table = draft.providers.setdefault(provider, {})
        table.pop("key_env", None)
        credentials = {}
        for name in ordered:
            credential = re.sub(r"[^A-Za-z0-9._-]+", "-", name.rpartition(":")[2]) or "default"
            credentials[credential] = {"env": draft.variable_for(f"auth.profiles.{name}", provider, credential)}
        table["credentials"] = credentials


def _note_the_rest(data: Mapping[str, Any], draft: Draft) -> None:
    for path, says in _WITHOUT_COUNTERPART.items():
        *folders, last = path.split(".")
        if last in table_at(data, *folders):
            draft.note(path, says)


_WITHOUT_COUNTERPART: Final[Mapping[str, str]] = {
    "$include": "other files are not read; put everything into one",
    "agents.defaults.imageModel": "what to ask for is the client's choice: name a chain of its own",
    "agents.defaults.pdfModel": "what to ask for is the client's choice: name a chain of its own",
    "auth.cooldowns": "rests go by [policy] here: cooldown_s, cooldown_cap_s, hard_cooldown_s, hard_cap_s",
    "env": "environment variables are not set by detent.toml; export them",
    "models.bedrockDiscovery": "Bedrock is not called",
    "models.proxy": "no proxy is used",
}
