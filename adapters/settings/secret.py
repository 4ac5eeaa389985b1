"""Secrets: what holds one, where one is read, and what looks like one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, Protocol
from urllib.parse import parse_qsl, urlsplit

from attrs import frozen

from detent.fsm.errors import DetentError

HIDDEN: Final = "[secret]"
"""What stands in a message in place of a secret."""


class MissingSecretError(DetentError, LookupError):
    """An environment variable or a file that should hold a secret is not there, empty or unusable."""


class Secret:
    """A secret that was written in the file, by leave of ``allow_keys_in_file``; nothing shows it.

    It is no attrs class, so that neither ``attrs.asdict`` nor `to_plain` looks inside.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __repr__(self) -> str:
        return HIDDEN

    @property
    def place(self) -> str:
        """Where the secret is, for messages."""
        return "detent.toml"

    def read(self, _environ: Mapping[str, str], _whose: str) -> str:
        """The secret itself."""
        return self._text


@frozen
class FromEnvironment:
    """A secret that an environment variable holds, read each time it is asked for.

    Attributes:
        variable: the variable's name.
    """

    variable: str

    @property
    def place(self) -> str:
        """Where the secret is, for messages."""
        return self.variable

    def read(self, environ: Mapping[str, str], whose: str) -> str:
        """The secret itself, without the white space around it.

        Args:
            environ: the environment.
            whose: what it is needed for, for the message.

        Raises:
            MissingSecretError: the variable is unset, empty, or holds characters that no header may have.
        """
        value = environ.get(self.variable, "").strip()
        if not value:
            how = "is empty" if self.variable in environ else "is not set"
            raise MissingSecretError(
                f"{whose}: environment variable {self.variable} {how}; "
                f"export {self.variable}=... or name another variable in detent.toml"
            )
        if not is_one_line(value):
            raise MissingSecretError(
                f"{whose}: environment variable {self.variable} holds a line end or a character that is not "
                "ASCII; set it to the key alone"
            )
        return value


class Source(Protocol):
    """Where a secret is: an environment variable, a file, or by leave of its owner ``detent.toml`` itself."""

    @property
    def place(self) -> str:
        """Where the secret is, for messages."""

    def read(self, environ: Mapping[str, str], whose: str, /) -> str:
        """The secret itself, read now.

        Args:
            environ: the environment.
            whose: what it is needed for, for the message.

        Raises:
            MissingSecretError: it is not there, or unusable.
        """


def is_one_line(text: str) -> bool:
    """The text can stand in a header: no line end, no control character, nothing but ASCII."""
    return text.isascii() and text.isprintable()


_SECRET_NAMES: Final = frozenset(("key", "apikey", "api_key", "token", "secret", "password", "authorization", "bearer"))
_SECRET_WORDS: Final = frozenset(
    ("key", "apikey", "token", "secret", "password", "authorization", "auth", "cookie", "bearer")
)
_PREFIXED: Final = re.compile(
    r"(?:sk-[\w-]{8,}|(?:sk_|pk-|gsk_|xai-|nvapi-|hf_|r8_|fw_|pplx-|csk-|ghp_|github_pat_|glpat-|tgp_)[\w-]{16,}"
    r"|AIza[\w-]{20,}|A[KS]IA[A-Z0-9]{12,}|eyJ[\w-]{8,}\.[\w.-]+)"
)
_RUN: Final = re.compile(r"[A-Za-z0-9]{28,}")


def looks_secret(text: str) -> bool:
    """A word of the text has the form of a key: a vendor's prefix, a signed token, a long run of letters and digits.

    A word with a slash is a path, a model reference, or an address, which may hold a secret of its own.
    """
    return any(address_holds_secret(word) if "/" in word else _is_secret_word(word) for word in text.split())


def address_holds_secret(url: str) -> bool:
    """The address holds a user, or a key or token in its query."""
    try:
        parts = urlsplit(url)
        pairs = parse_qsl(parts.query)
    except ValueError:
        return "://" in url
    named = any(is_secret_header(name) or _is_secret_word(value) for name, value in pairs)
    return named or "@" in parts.netloc


def _is_secret_word(word: str) -> bool:
    runs = _RUN.findall(word)
    return bool(_PREFIXED.fullmatch(word)) or any(
        any(c.isdigit() for c in run) and any(c.isalpha() for c in run) for run in runs
    )


def is_secret_name(name: str) -> bool:
    """A key of this name holds a secret, whatever the value looks like."""
    return name.lower().replace("-", "_") in _SECRET_NAMES


def is_secret_header(name: str) -> bool:
    """A header of this name holds a secret: ``Authorization``, ``api-key``, ``X-Auth-Token``."""
    return not _SECRET_WORDS.isdisjoint(re.split(r"[-_.]", name.lower()))
