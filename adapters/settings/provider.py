"""A provider as it is configured, and the endpoint that calls go to."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from attrs import field, frozen

from detent.adapters.wire import Endpoint
from detent.fsm.errors import DetentError

from .secret import MissingSecretError, Source


class UnknownCredentialError(DetentError, LookupError):
    """No provider of that name is configured, or it has no credential of that name."""


def _names(mapping: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{name!r}: ..." for name in sorted(mapping)) + "}"


def _address(url: str) -> str:
    return repr(without_secrets(url))


def without_secrets(url: str) -> str:
    """The address without user, query and fragment, which are places where people put secrets."""
    try:
        parts = urlsplit(url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()
    except ValueError:
        return "(no address)"


@frozen
class Provider:
    """One provider.

    Attributes:
        name: its name in model references.
        base_url: the address to which the wire adds its path.
        credentials: the name of each credential, in the order they are tried, and where its key is; None: the
            provider wants no key. A single one without a name is ``""``.
        api: the wire format.
        aggregator: it sells many providers' models, so a spent quota condemns one model only.
        headers: sent with every call.
        secret_headers: sent with every call too; each value is read when it is needed.
        extra_body: merged into every request body.
        connect_s: seconds a connection and its handshake may take.
        max_connections: calls in flight at the same time; more wait for their turn.
    """

    name: str
    base_url: str = field(repr=_address)
    credentials: Mapping[str, Source | None] = field(factory=lambda: {"": None})
    api: str = "openai"
    aggregator: bool = False
    headers: Mapping[str, str] = field(factory=dict, repr=_names)
    secret_headers: Mapping[str, Source] = field(factory=dict, repr=_names)
    extra_body: Mapping[str, Any] = field(factory=dict, repr=_names)
    connect_s: float = 10.0
    max_connections: int = 100

    def key(self, credential: str, environ: Mapping[str, str]) -> str | None:
        """The key of one of its credentials, read now; None: the provider wants none.

        Raises:
            MissingSecretError: it is not there, or is no key.
        """
        source = self.credentials[credential]
        whose = f"provider {self.name!r}" + (f", credential {credential!r}" if credential else "")
        key = None if source is None else source.read(environ, whose)
        if source is not None and key is not None and " " in key:
            raise MissingSecretError(f"{whose}: the key from {source.place} holds a space; set it to the key alone")
        return key

    def header(self, name: str, environ: Mapping[str, str]) -> str:
        """The value of one of its secret headers, read now.

        Raises:
            MissingSecretError: it is not there, or unusable.
        """
        return self.secret_headers[name].read(environ, f"provider {self.name!r}, header {name!r}")

    def endpoint(self, credential: str = "", environ: Mapping[str, str] | None = None) -> Endpoint:
        """The endpoint with one credential; its secrets are read now.

        Args:
            credential: the credential's name.
            environ: the environment; the process's own by default.

        Raises:
            UnknownCredentialError: the provider has no such credential.
            MissingSecretError: the environment variable or the file of a secret is not there or unusable; the message
                names it.
        """
        environ = os.environ if environ is None else environ
        if credential not in self.credentials:
            known = ", ".join(repr(name) for name in self.credentials)
            raise UnknownCredentialError(
                f"provider {self.name!r} has no credential {credential!r}; configured are {known}"
            )
        key = self.key(credential, environ)
        secrets = {name: self.header(name, environ) for name in self.secret_headers}
        return Endpoint(
            self.name,
            self.base_url,
            key,
            headers={**self.headers, **secrets},
            extra_body=self.extra_body,
            connect_s=self.connect_s,
            api=self.api,
        )
