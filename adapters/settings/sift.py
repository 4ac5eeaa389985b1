"""Secrets are sifted out of the file before anything else reads it, so that no later message can quote one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from detent.fsm.mistakes import dotted

from .gateway import is_digest
from .problems import Problems
from .secret import HIDDEN, Secret, address_holds_secret, is_secret_header, is_secret_name, looks_secret

_LEAVE: Final = "or write allow_keys_in_file = true at the top of the file"
_VARIABLE: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_TABLES: Final = ("credentials", "headers", "headers_env", "headers_file", "extra_body")

_PROVIDER_KEY: Final = 3
_CREDENTIAL_KEY: Final = 5

Steps = tuple[str, ...]
"""The keys from the top of the file to a value, ``("providers", "openai", "credentials", "work", "key")``.

An item of a list stands under an empty key.
"""


def sift(data: Mapping[str, Any], problems: Problems) -> dict[str, Any]:
    """The file's data without secrets: those that are allowed are `Secret`, the others refused and hidden.

    Args:
        data: what tomllib has read.
        problems: where refusals are noted.
    """
    return _Sieve(problems, data.get("allow_keys_in_file") is True).table(data, "", ())


@frozen
class _Sieve:
    """One pass over the file; ``allowed``: keys may stand in it."""

    problems: Problems
    allowed: bool

    def table(self, data: Mapping[str, Any], path: str, steps: Steps) -> dict[str, Any]:
        clean = {}
        for name, value in data.items():
            key = HIDDEN if looks_secret(name) else name
            if key is HIDDEN:
                self._refuse(dotted(path, key), "looks like a key and not like a name; rename it")
            clean[key] = self._value(value, dotted(path, key), (*steps, key))
        return clean

    def _value(self, value: Any, path: str, steps: Steps) -> Any:
        if _holds_key(steps):
            return self._key(value, path, steps)
        if _holds_variable(steps):
            return self._variable(value, path)
        if _holds_digest(steps) and isinstance(value, str) and is_digest(value):
            return value
        if _under(steps, "headers", 4) and (is_secret_header(steps[3]) or _looks_secret(value)):
            return self._header(value, path, steps)
        if isinstance(value, Mapping):
            return self.table(value, path, steps)
        if _stands_for_table(steps):
            return HIDDEN
        if isinstance(value, list):
            return [self._value(item, f"{path}[{place}]", (*steps, "")) for place, item in enumerate(value)]
        if isinstance(value, str):
            return self._text(value, path, steps)
        return value

    def _key(self, value: Any, path: str, steps: Steps) -> Secret:
        if not self.allowed:
            way_out = "key_env" if len(steps) == _PROVIDER_KEY else "env"
            self._refuse(
                path,
                "a key is written in the file; keep it in an environment variable and name that instead: "
                f'{way_out} = "{_stem(steps[1])}_API_KEY", {_LEAVE}',
            )
        elif not _is_key(value):
            self._refuse(path, "is no key (not quoted, it may be a secret); write the key alone, as text")
        return Secret(value.strip() if isinstance(value, str) else HIDDEN)

    def _variable(self, value: Any, path: str) -> str:
        if isinstance(value, str) and _VARIABLE.fullmatch(value) and not looks_secret(value):
            return value
        self._refuse(
            path,
            "is no name of an environment variable (not quoted, it may be a secret); write the name of the "
            'variable that holds the key, e.g. "OPENAI_API_KEY"',
        )
        return HIDDEN

    def _header(self, value: Any, path: str, steps: Steps) -> Secret | str:
        if self.allowed and isinstance(value, str):
            return Secret(value)
        self._refuse(
            path,
            "a secret is written in the file; keep it in an environment variable and name that instead: "
            f'headers_env = {{ "{steps[3]}" = "{_stem(steps[1])}_{_stem(steps[3])}" }}, {_LEAVE}',
        )
        return HIDDEN

    def _text(self, value: str, path: str, steps: Steps) -> str:
        body = _under(steps, "extra_body", 4)
        if body and (any(map(is_secret_name, steps[3:])) or looks_secret(value)):
            if self.allowed:
                return value
            self._refuse(path, f"looks like a secret; send it as a header with headers_env, {_LEAVE}")
            return HIDDEN
        if len(steps) == _PROVIDER_KEY and _under(steps, "base_url", _PROVIDER_KEY):
            if self.allowed and address_holds_secret(value):
                return value
            if looks_secret(value):
                self._refuse(path, f"it holds a secret; send that as a header with headers_env, {_LEAVE}")
                return HIDDEN
            return value
        if looks_secret(value):
            self._refuse(
                path,
                "looks like a key, which has no place here; keep it in an environment variable and name that "
                "with key_env",
            )
            return HIDDEN
        return value

    def _refuse(self, path: str, says: str) -> None:
        self.problems.refused.setdefault(path, says)


def _under(steps: Steps, key: str, least: int) -> bool:
    return len(steps) >= least and steps[0] == "providers" and steps[2] == key


def _holds_key(steps: Steps) -> bool:
    if len(steps) == _PROVIDER_KEY:
        return _under(steps, "key", _PROVIDER_KEY)
    return len(steps) == _CREDENTIAL_KEY and _under(steps, "credentials", _CREDENTIAL_KEY) and steps[4] == "key"


def _holds_variable(steps: Steps) -> bool:
    return (
        _under(steps, "key_env", 3)
        or (_under(steps, "credentials", 5) and steps[4] == "env")
        or _under(steps, "headers_env", 4)
    )


def _holds_digest(steps: Steps) -> bool:
    """Here stands what may be kept in a file: the digest of a key of the gateway's own."""
    return steps[:2] == ("gateway", "keys") and steps[3:] == ("sha256",)


def _stands_for_table(steps: Steps) -> bool:
    """Here belongs a table; what stands in its place may be a secret that somebody took to belong here."""
    if steps[0] != "providers":
        return False
    provider, table, credential = range(2, 5)
    return (
        len(steps) == provider
        or (len(steps) == table and steps[2] in _TABLES)
        or (len(steps) == credential and steps[2] == "credentials")
    )


def _is_key(value: object) -> bool:
    if not isinstance(value, str):
        return False
    word = value.strip()
    return bool(word) and word.isascii() and word.isprintable() and " " not in word


def _looks_secret(value: object) -> bool:
    return isinstance(value, str) and looks_secret(value)


def _stem(name: str) -> str:
    """A name as environment variables are written: ``OPENAI`` for the provider ``openai``."""
    return re.sub(r"[^A-Z0-9]+", "_", name.upper()).strip("_")
