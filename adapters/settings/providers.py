"""The ``[providers]`` tables: what may stand in them, and the providers they come to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from attrs import field, frozen

from detent.adapters.wire import Endpoint
from detent.adapters.wires import FORMATS
from detent.fsm.errors import BadDataError
from detent.fsm.mistakes import dotted, shown, suggestion

from .key_file import FromFile, KeyFiles
from .problems import Problems
from .provider import Provider
from .secret import FromEnvironment, Secret, Source
from .wellknown import WELL_KNOWN

_CREDENTIAL_NAME: Final = re.compile(r"[A-Za-z0-9._-]+")
_PROVIDER_NAME: Final = re.compile(r"[^\s/@]+")


@frozen
class CredentialTable:
    """One credential: ``env`` names the variable that holds the key, ``file`` the file."""

    env: str | None = None
    file: str | None = None
    key: Any = field(default=None, repr=False)


@frozen
class ProviderTable:
    """The keys of ``[providers.<name>]``; what they mean stands at `Provider`."""

    base_url: str | None = None
    api: str | None = None
    key_env: str | None = None
    key_file: str | None = None
    key: Any = field(default=None, repr=False)
    credentials: Mapping[str, Any] | None = None
    aggregator: bool | None = None
    headers: Mapping[str, Any] = field(factory=dict, repr=False)
    headers_env: Mapping[str, str] = field(factory=dict)
    headers_file: Mapping[str, str] = field(factory=dict)
    extra_body: Mapping[str, Any] = field(factory=dict, repr=False)
    connect_s: float = 10.0
    max_connections: int = 100


def read_providers(
    tables: Mapping[str, Any], chained: Iterable[str], files: KeyFiles, problems: Problems
) -> dict[str, Provider]:
    """The providers of the file, and the well-known ones that only chains name.

    Args:
        tables: what stands under ``[providers]``.
        chained: the providers that chains name.
        files: how key files are found.
        problems: where mistakes are noted.
    """
    found: dict[str, Provider] = {}
    for name, data in tables.items():
        at = dotted("providers", name)
        if not _PROVIDER_NAME.fullmatch(name):
            problems.add(at, 'is no name of a provider: it may hold no "/", no "@" and no white space')
        if not isinstance(data, Mapping):
            problems.read(ProviderTable, data, at)
            continue
        table = problems.read_key_by_key(ProviderTable, data, at)
        if (provider := _provider(name, table, at, files, problems)) is not None:
            found[name] = provider
    for name in chained:
        if name not in tables and name in WELL_KNOWN:
            known = WELL_KNOWN[name]
            source = FromEnvironment(known.key_env) if known.key_env else None
            found[name] = Provider(name, known.base_url, {"": source}, known.api, known.aggregator)
    return found


def _provider(name: str, table: ProviderTable, at: str, files: KeyFiles, problems: Problems) -> Provider | None:
    known = WELL_KNOWN.get(name)
    base_url = table.base_url or (known.base_url if known is not None else None)
    if base_url is None:
        near = suggestion(name, WELL_KNOWN)
        says = f'is missing, and {shown(name)} is not well known; write where it is, e.g. "https://host/v1"{near}'
        problems.add(f"{at}.base_url", says)
        return None
    usual = known.api if known is not None and _origin(known.base_url) == _origin(base_url) else "openai"
    api = table.api if table.api is not None else usual
    if api not in FORMATS:
        one_of = ", ".join(f'"{name}"' for name in sorted(FORMATS))
        problems.add(f"{at}.api", f"is {shown(api)}, must be one of {one_of}{suggestion(api, FORMATS)}")
    if table.max_connections < 1:
        problems.add(f"{at}.max_connections", f"is {table.max_connections}, must be at least 1")
    _check_body(table.extra_body, at, problems)
    headers = {key: value for key, value in table.headers.items() if isinstance(value, str)}
    for key, value in table.headers.items():
        if not isinstance(value, (str, Secret)):
            problems.add(dotted(f"{at}.headers", key), f"is {shown(value)}, must be text")
    _check_headers(table, at, problems)
    _try(Provider(name, base_url, headers=headers, connect_s=table.connect_s), at, problems)
    in_file = {key: value for key, value in table.headers.items() if isinstance(value, Secret)}
    secret_headers: dict[str, Source] = {
        **in_file,
        **{k: FromEnvironment(v) for k, v in table.headers_env.items()},
        **{k: files.at(v) for k, v in table.headers_file.items()},
    }
    credentials = _credentials(name, table, base_url, at, files, problems)
    _warn_of_transport(base_url, credentials, secret_headers, at, problems)
    return Provider(
        name,
        base_url,
        credentials,
        api,
        table.aggregator if table.aggregator is not None else known is not None and known.aggregator,
        headers,
        secret_headers,
        table.extra_body,
        table.connect_s,
        table.max_connections,
    )


def _try(provider: Provider, at: str, problems: Problems) -> None:
    """The endpoint's own checks, without its secrets."""
    try:
        Endpoint(provider.name, provider.base_url, headers=provider.headers, connect_s=provider.connect_s)
    except BadDataError as error:
        for problem in error.problems:
            problems.add(at, problem.removeprefix(f"endpoint {provider.name!r}: "))


def _check_headers(table: ProviderTable, at: str, problems: Problems) -> None:
    """A header has one value, and one place that it comes from."""
    seen: dict[str, str] = {}
    for where in ("headers", "headers_env", "headers_file"):
        for key in sorted(getattr(table, where)):
            if (other := seen.setdefault(key.lower(), where)) != where:
                problems.add(dotted(f"{at}.{where}", key), f"stands in {other} too; keep one of them")


def _check_body(body: Mapping[str, Any], at: str, problems: Problems) -> None:
    for key, value in body.items():
        try:
            json.dumps(value, allow_nan=False)
        except (TypeError, ValueError):
            says = "cannot be written as JSON; dates and infinite numbers are not to be had there, write text"
            problems.add(dotted(f"{at}.extra_body", key), says)


def _credentials(
    name: str, table: ProviderTable, base_url: str, at: str, files: KeyFiles, problems: Problems
) -> dict[str, Source | None]:
    ways = [key for key in ("key_env", "key_file", "key", "credentials") if getattr(table, key) is not None]
    if len(ways) > 1:
        problems.add(at, f"has {' and '.join(ways)}; keep one of them")
    if table.credentials is not None:
        return _named(table.credentials, f"{at}.credentials", files, problems)
    if table.key_file is not None:
        return {"": _in_file(table.key_file, f"{at}.key_file", files, problems)}
    if isinstance(table.key, Secret):
        return {"": table.key}
    known = WELL_KNOWN.get(name)
    # A key goes to the well-known address alone by itself: another host must not be sent it by omission.
    usual = known.key_env if known is not None and _origin(known.base_url) == _origin(base_url) else None
    variable = table.key_env or usual
    return {"": FromEnvironment(variable) if variable else None}


def _in_file(path: str, at: str, files: KeyFiles, problems: Problems) -> FromFile:
    if not path:
        problems.add(at, 'is empty; write the path of the file that holds the key, e.g. "~/.config/detent/work.key"')
    return files.at(path)


def _named(tables: Mapping[str, Any], at: str, files: KeyFiles, problems: Problems) -> dict[str, Source | None]:
    found: dict[str, Source | None] = {}
    if not tables:
        problems.add(at, 'names no credential; write e.g. work = { env = "WORK_API_KEY" }, or leave it out')
    for name, data in tables.items():
        path = dotted(at, name)
        if not _CREDENTIAL_NAME.fullmatch(name):
            problems.add(path, "is no name of a credential; use letters, digits, '.', '_' and '-'")
        table = problems.read(CredentialTable, data, path)
        if table is None:
            continue
        ways = [key for key in ("env", "file", "key") if getattr(table, key) is not None]
        if len(ways) > 1:
            problems.add(path, f"has {' and '.join(ways)}; keep one of them")
        elif isinstance(table.key, Secret):
            found[name] = table.key
        elif table.env is not None:
            found[name] = FromEnvironment(table.env)
        elif table.file is not None:
            found[name] = _in_file(table.file, f"{path}.file", files, problems)
        else:
            says = 'says not where its key is; write env = "NAME_OF_THE_VARIABLE" or file = "PATH"'
            problems.add(path, says)
    _warn_of_twins(found, at, problems)
    return found


def _warn_of_twins(credentials: Mapping[str, Source | None], at: str, problems: Problems) -> None:
    owners: dict[object, str] = {}
    for name, source in credentials.items():
        owner = owners.setdefault(source, name)
        if owner != name and source is not None and not isinstance(source, Secret):
            says = f"holds the same key as {shown(owner)}, from {source.place}; it helps against nothing"
            problems.warn(dotted(at, name), says)


def _warn_of_transport(
    base_url: str,
    credentials: Mapping[str, Source | None],
    secret_headers: Mapping[str, Source],
    at: str,
    problems: Problems,
) -> None:
    try:
        parts = urlsplit(base_url)
        near = is_near(parts.hostname or "")
    except ValueError:
        return
    keyless = not secret_headers and all(source is None for source in credentials.values())
    if keyless and not near:
        problems.warn(at, f"no key is sent to {parts.hostname}; name key_env if it wants one")
    elif not keyless and not near and parts.scheme == "http":
        problems.warn(f"{at}.base_url", f"keys travel in the clear to {parts.hostname}; write https://")


def _origin(url: str) -> tuple[str, str | None, int | None] | None:
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port
    except ValueError:
        return None


def is_near(host: str) -> bool:
    """The host is this machine or one of the same network, where servers often want no key."""
    try:
        return ip_address(host).is_private
    except ValueError:
        return "." not in host or host.endswith((".local", ".internal", ".localhost", ".lan"))
