"""Detent's own calls: from a request to the provider that an attempt names, over that provider's wire."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping

from attrs import evolve

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


class Upstreams:
    """The providers that Detent calls by itself; owns their connections.

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
        self._connections = dict(connections or {})
        self._own: dict[str, HttpWire] = {}

    async def __aenter__(self) -> Upstreams:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; wires that were passed in are their maker's to close."""
        for wire in self._own.values():
            await wire.aclose()

    def caller(self, request: Request) -> CallFunction:
        """What performs the attempts of one turn.

        Args:
            request: what is asked, whoever is asked.
        """

        def call(attempt: Attempt) -> AsyncIterator[Piece]:
            endpoint = self._endpoint(attempt)
            asked = afresh(request) if attempt.fresh else request
            return self._wire(attempt.provider).stream(endpoint, attempt.name, asked)

        return call

    def _wire(self, provider: str) -> Wire:
        """The provider's wire, with a connection pool of its own."""
        found = self._wires.get(provider) or self._own.get(provider)
        if found is None:
            found = self._own[provider] = HttpWire(connections=self._connections.get(provider, 100))
        return found

    def _endpoint(self, attempt: Attempt) -> Endpoint:
        try:
            endpoint = self.keys.endpoint(attempt.provider, attempt.credential)
        except DetentError as error:
            # A secret that is not there is a credential that does not work: the next one may.
            raise ProviderError(Failure("auth", message=str(error))) from error
        return endpoint if attempt.connect_s is None else evolve(endpoint, connect_s=attempt.connect_s)
