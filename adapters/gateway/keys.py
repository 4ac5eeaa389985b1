"""Who may ask the gateway, and for what: keys that are kept as digests, compared in constant time, each with scopes."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Final, Literal

from attrs import field, frozen

Scope = Literal["call", "admin"]
"""``call``: run turns and see one's models; ``admin``: see and change every session, and the configuration."""

SCOPES: Final[tuple[Scope, ...]] = ("call", "admin")
_PREFIX: Final = "dt-"
_BEARER: Final = "bearer "


@frozen
class Key:
    """A key as it is kept.

    Attributes:
        digest: the SHA-256 of the key, in hexadecimal; keys are random, so nothing slower is called for.
        scopes: what it is good for.
    """

    digest: str = field(repr=False)
    scopes: tuple[Scope, ...] = ("call",)


@frozen
class Caller:
    """Who asks.

    Attributes:
        name: the name of the key; where no keys are configured, a name that tells one client's key from another's.
        scopes: what may be asked for.
    """

    name: str
    scopes: tuple[Scope, ...]


def new_key() -> str:
    """A new random key."""
    return _PREFIX + secrets.token_urlsafe(32)


def digest_of(key: str) -> str:
    """What is kept of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def key_in(headers: Mapping[str, str]) -> str:
    """The key that a request came with, in whichever header its client sends it; empty: none.

    Args:
        headers: the request's headers.
    """
    authorization = headers.get("Authorization", "")
    if authorization.lower().startswith(_BEARER):
        return authorization[len(_BEARER) :].strip()
    return headers.get("X-Api-Key", "").strip()


@frozen
class Keys:
    """The keys of a gateway.

    Attributes:
        known: each key by its name; none: everybody may ask for everything, on this machine alone.
    """

    known: Mapping[str, Key] = field(factory=dict)

    def caller(self, headers: Mapping[str, str]) -> Caller | None:
        """Who sends a request with these headers; None: nobody whom the gateway knows.

        Args:
            headers: the request's headers.
        """
        said = key_in(headers)
        digest = digest_of(said)
        if not self.known:
            return Caller(f"key-{digest[:8]}" if said else "local", SCOPES)
        found = None
        # Every key is compared, whichever fits: the time that takes tells nothing.
        for name, key in self.known.items():
            if hmac.compare_digest(key.digest, digest):
                found = Caller(name, key.scopes)
        return found
