"""Reading ``detent.toml``: every mistake of every table is found before one is told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from attrs import field, frozen

from detent.fsm.chain import Config, provider_of

from .chains import check_providers, named_models, read_chains, read_models
from .gateway import read_gateway
from .journal import read_journal
from .key_file import KeyFiles
from .problems import Problems, SettingsError
from .providers import read_providers
from .secret import HIDDEN, looks_secret
from .settings import Settings
from .sift import sift

_PLACE: Final = re.compile(r"(.*) \(at (line \d+, column \d+|end of document)\)", re.DOTALL)


@frozen
class FileTable:
    """The keys at the top of the file."""

    allow_keys_in_file: bool = False
    allow_readable_key_files: bool = False
    policy: Mapping[str, Any] = field(factory=dict)
    chains: Mapping[str, Any] = field(factory=dict)
    providers: Mapping[str, Any] = field(factory=dict)
    models: Mapping[str, Any] = field(factory=dict)
    journal: Mapping[str, Any] = field(factory=dict)
    gateway: Mapping[str, Any] = field(factory=dict)


def load(path: str | Path) -> Settings:
    """Read a configuration file.

    Raises:
        SettingsError: it cannot be read or used; ``problems`` lists every mistake.
    """
    settings, problems = examine(Path(path))
    if settings is None:
        raise SettingsError(Path(path), problems.wrong)
    return settings


def examine(path: Path) -> tuple[Settings | None, Problems]:
    """Read a configuration file without complaint: the settings, None if there are mistakes, and what was found."""
    problems = Problems()
    data = _parsed(path, problems)
    if data is None:
        return None, problems
    clean = sift(data, problems)
    problems.read(FileTable, clean, "")
    policy, chains, provider_tables, model_tables = (
        _table(clean, key) for key in ("policy", "chains", "providers", "models")
    )
    named = list(named_models(chains))
    models = [model for _, model in named]
    check_providers(named, provider_tables, problems)
    files = KeyFiles(path.absolute().parent, clean.get("allow_readable_key_files") is True)
    providers = read_providers(provider_tables, [provider_of(model) for model in models], files, problems)
    walks = read_chains(chains, policy, problems)
    windows, limits = read_models(model_tables, models, problems)
    table = clean.get("journal")
    journal = read_journal(table, path.parent, problems) if isinstance(table, Mapping) else None
    gateway = read_gateway(_table(clean, "gateway"), problems)
    if problems.wrong:
        return None, problems
    credentials = {
        name: tuple(provider.credentials)
        for name, provider in providers.items()
        if tuple(provider.credentials) != ("",)
    }
    configs = {
        name: Config(
            chain,
            walk,
            windows=windows,
            limits=limits,
            credentials=credentials,
            providers=frozenset(providers),
            aggregators=frozenset(name for name, provider in providers.items() if provider.aggregator),
        )
        for name, (chain, walk) in walks.items()
    }
    return Settings(path, configs, providers, tuple(problems.warnings), journal, gateway), problems


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """The table under a key; empty where something else stands there, which `FileTable` has complained of."""
    found = data.get(key)
    return found if isinstance(found, Mapping) else {}


def _parsed(path: Path, problems: Problems) -> dict[str, Any] | None:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except OSError as error:
        problems.add("file", f"cannot be read: {error.strerror or error}; `detent init` writes an example")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        problems.add(f"line {line}", "is not UTF-8; save the file in that encoding")
    except tomllib.TOMLDecodeError as error:
        says, place = str(error), "file"
        if found := _PLACE.fullmatch(says):
            says, place = found[1], found[2]
        problems.add(place, f"is no TOML: {_hidden(says)}")
    except (ValueError, RecursionError) as error:
        # tomllib lets through what int() says of a number of thousands of digits, and does not count brackets.
        problems.add("file", f"is no TOML that can be read: {type(error).__name__}: a number or nesting is too long")
    return None


def _hidden(says: str) -> str:
    """What the parser says, without keys that it quotes and that look like secrets."""
    return re.sub(r"[\w.+=-]{12,}", lambda word: HIDDEN if looks_secret(word[0]) else word[0], says)
