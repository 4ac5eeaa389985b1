"""Detent's own calls: from a request to the provider that an attempt names, over that provider's wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final

from attrs import evolve, frozen

from detent.fsm.errors import DetentError
from detent.fsm.reasons import Failure

from .attempts import Attempt, CallFunction
from .keys import Keys
from .outcomes import ProviderError
from .wire import Endpoint, Piece, Request, Wire
from .wires import HttpWire, afresh

EndpointOf = Callable[[str, str], Endpoint]
"""``endpoint_of(provider, credential)``: where a provider is, with the secret of that credential.

It raises a `DetentError` where the provider is not configured or its secret is not there.
"""


_CONNECTIONS: Final = 100


@frozen
class _Providers:
    """The providers as one configuration has them.

    Attributes:
        since: its revision.
        endpoint_of: where a provider is.
        connections: how many calls of a provider may be in flight, where it says so.
    """

    since: int
    endpoint_of: EndpointOf
    connections: Mapping[str, int]


class Upstreams:
    """The providers that Detent calls by itself; owns their connections.

    A turn calls the providers of the configuration that it has planned from, to its end, whatever is published
    meanwhile. Connections are those of a provider and its limit, and none is closed under a call: where a provider has
    gone, or has another limit, those that were opened before are used no more, and close when they have been idle for
    a while.

    Use it as an async context manager, or end with `aclose`.

    Args:
        endpoint_of: where a provider is.
        wires: what calls a provider, by provider; by default HTTP, in the format that its endpoint names.
        connections: how many calls of a provider may be in flight, by provider; 100 by default.

    Attributes:
        keys: what the credentials were last called with.
    """

    def __init__(
        self,
        endpoint_of: EndpointOf,
        wires: Mapping[str, Wire] | None = None,
        connections: Mapping[str, int] | None = None,
    ) -> None:
        self.keys = Keys(endpoint_of)
        self._wires = dict(wires or {})
        self._own: dict[tuple[str, int], HttpWire] = {}
        self._published = [_Providers(0, endpoint_of, dict(connections or {}))]

    async def __aenter__(self) -> Upstreams:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; wires that were passed in are their maker's to close."""
        for wire in self._own.values():
            await wire.aclose()

    def replace(self, endpoint_of: EndpointOf, connections: Mapping[str, int], *, since: int) -> None:
        """Take over the providers of a configuration that is about to be published.

        Args:
            endpoint_of: where a provider is.
            connections: how many calls of a provider may be in flight, by provider; 100 by default.
            since: the revision of the configuration; turns that planned from an earlier one go on as they began.
        """
        # A turn makes its first call as soon as it has planned, and then keeps its providers by itself.
        before = [providers for providers in self._published if providers.since < since]
        self._published = [*before[-1:], _Providers(since, endpoint_of, dict(connections))]
        self.keys.replace(endpoint_of)

    def caller(self, request: Request) -> CallFunction:
        """What performs the attempts of one turn.

        Args:
            request: what is asked, whoever is asked.
        """
        known: _Providers | None = None

        def call(attempt: Attempt) -> AsyncIterator[Piece]:
            nonlocal known
            known = known or self._of(attempt.revision)
            endpoint = self._endpoint(known, attempt)
            asked = afresh(request) if attempt.fresh else request
            return self._wire(attempt.provider, known).stream(endpoint, attempt.name, asked)

        return call

    def _of(self, revision: int) -> _Providers:
        """The providers of a turn that has planned from this revision."""
        fitting = [providers for providers in self._published if providers.since <= revision]
        return fitting[-1] if fitting else self._published[0]

    def _wire(self, provider: str, providers: _Providers) -> Wire:
        """The provider's wire, with a connection pool of its own."""
        if provider in self._wires:
            return self._wires[provider]
        which = provider, providers.connections.get(provider, _CONNECTIONS)
        if which not in self._own:
            self._own[which] = HttpWire(connections=which[1])
        return self._own[which]

    def _endpoint(self, providers: _Providers, attempt: Attempt) -> Endpoint:
        # The keys of a turn that began before the last change say nothing of those that are configured now.
        find = self.keys.endpoint if providers is self._published[-1] else providers.endpoint_of
        try:
            endpoint = find(attempt.provider, attempt.credential)
        except DetentError as error:
            # A secret that is not there is a credential that does not work: the next one may.
            raise ProviderError(Failure("auth", message=str(error))) from error
        return endpoint if attempt.connect_s is None else evolve(endpoint, connect_s=attempt.connect_s)
