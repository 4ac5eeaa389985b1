"""Keys that change while the process runs: noticed before a turn, by comparing them with those of their last use.

Keys are held in memory and compared there; nothing of them, nor of a hash of them, is stored, logged or shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from detent.fsm.errors import DetentError

from .wire import Endpoint

MISSING: Final = object()
"""Stands for the secrets of a credential that could not be read."""


class Keys:
    """What the credentials that were used are called with.

    Only credentials that were used are watched: against others nothing is held here. A key that could not be read and
    can be read now has changed. After a restart nothing is known of the keys before it; the application tells with
    `Controller.renew` where one was changed meanwhile.

    Args:
        endpoint_of: reads the secrets of a credential, anew each time; see `upstreams.EndpointOf`.
    """

    def __init__(self, endpoint_of: Callable[[str, str], Endpoint]) -> None:
        self._endpoint_of = endpoint_of
        self._used: dict[tuple[str, str], object] = {}

    def replace(self, endpoint_of: Callable[[str, str], Endpoint]) -> None:
        """Read secrets from now on as another configuration says; those that differ then have changed."""
        self._endpoint_of = endpoint_of

    def endpoint(self, provider: str, credential: str) -> Endpoint:
        """Where a provider is, for a call that is made now.

        Raises:
            DetentError: the provider is not configured, or its secret is not there.
        """
        who = provider, credential
        try:
            endpoint = self._endpoint_of(provider, credential)
        except DetentError:
            self._used.setdefault(who, MISSING)
            raise
        # A change that comes to light here is told before the next turn, like any other.
        self._used.setdefault(who, _secrets_of(endpoint))
        return endpoint

    async def follow(self, renew: Callable[[str, str], Awaitable[None]]) -> None:
        """Tell which credentials have another key than when they were last used; each change is told once.

        Args:
            renew: is told the provider and the credential's name.
        """
        for who, before in list(self._used.items()):
            now = self._now(*who)
            if now == before:
                continue
            self._used[who] = now
            if now is MISSING:
                continue
            try:
                await renew(*who)
            except BaseException:
                self._used[who] = before
                raise

    def _now(self, provider: str, credential: str) -> object:
        try:
            return _secrets_of(self._endpoint_of(provider, credential))
        except DetentError:
            return MISSING


def _secrets_of(endpoint: Endpoint) -> object:
    return endpoint.key, dict(endpoint.headers)
