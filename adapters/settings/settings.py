"""What ``detent.toml`` says, read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen

from detent.adapters.wire import Endpoint
from detent.fsm.chain import Config

from .gateway import GatewayTable
from .journal import JournalSettings
from .provider import Provider, UnknownCredentialError


@frozen
class Settings:
    """Everything that Detent needs to know to serve sessions. Nothing in its repr is a secret.

    Attributes:
        path: the file it was read from.
        configs: the configuration of each chain by its name; one of them is ``default``.
        providers: every provider that is configured, or is well known and named by a chain.
        warnings: what is odd in the file, one sentence each.
        journal: where every decision is written down, None: nowhere.
        gateway: where ``detent serve`` listens, and what it lets in.
    """

    path: Path
    configs: Mapping[str, Config]
    providers: Mapping[str, Provider]
    warnings: tuple[str, ...] = ()
    journal: JournalSettings | None = None
    gateway: GatewayTable = field(factory=GatewayTable)

    @property
    def connections(self) -> Mapping[str, int]:
        """How many calls of each provider may be in flight."""
        return {name: provider.max_connections for name, provider in self.providers.items()}

    def endpoint(self, provider: str, credential: str = "", *, environ: Mapping[str, str] | None = None) -> Endpoint:
        """What calls to a provider with one of its credentials need; secrets are read now and not before.

        Args:
            provider: the provider's name.
            credential: the credential's name; empty where the provider has one unnamed.
            environ: the environment; the process's own by default.

        Raises:
            UnknownCredentialError: no such provider, or no such credential.
            MissingSecretError: the environment variable or the file of the key is not there or unusable; the message
                names it.
        """
        found = self.providers.get(provider)
        if found is None:
            known = ", ".join(sorted(self.providers))
            raise UnknownCredentialError(
                f"no provider {provider!r} is configured; configured are {known}. Add [providers.{provider}]"
            )
        return found.endpoint(credential, environ)
