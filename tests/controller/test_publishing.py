"""Providers are published with their chains: a turn calls those of the configuration it has planned from."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from detent.adapters import Attempt, Endpoint, Piece, Upstreams
from detent.adapters.wire import Completion, Request


class Noted:
    """A wire that notes where it is sent."""

    def __init__(self) -> None:
        self.addresses: list[str] = []

    async def answer(self, endpoint: Endpoint, model: str, request: Request) -> Completion:
        raise NotImplementedError

    async def stream(self, endpoint: Endpoint, model: str, request: Request) -> AsyncIterator[Piece]:
        self.addresses.append(endpoint.base_url)
        yield Piece(text="so")


def at(address: str) -> Any:
    return lambda provider, _credential: Endpoint(provider, f"http://{address}/v1")


def attempt(revision: int) -> Attempt:
    return Attempt("house/x", "house", "x", "", 1, False, 1.0, 1.0, revision=revision)


def test_a_turn_calls_the_providers_of_the_configuration_it_has_planned_from() -> None:
    async def story() -> None:
        wire = Noted()
        upstreams = Upstreams(at("old"), {"house": wire})
        begun, planned = upstreams.caller(Request({})), upstreams.caller(Request({}))

        async def call(caller: Any, revision: int) -> str:
            [_ async for _ in caller(attempt(revision))]
            return wire.addresses[-1]

        assert await call(begun, 0) == "http://old/v1"
        upstreams.replace(at("new"), {}, since=1)
        assert await call(planned, 0) == "http://old/v1"
        assert await call(upstreams.caller(Request({})), 1) == "http://new/v1"
        assert await call(upstreams.caller(Request({})), 7) == "http://new/v1"
        upstreams.replace(at("newest"), {}, since=2)
        assert await call(begun, 0) == "http://old/v1"
        assert await call(upstreams.caller(Request({})), 1) == "http://new/v1"
        assert await call(upstreams.caller(Request({})), 2) == "http://newest/v1"

    asyncio.run(story())


def test_a_configuration_that_could_not_be_published_leaves_no_providers_behind() -> None:
    async def story() -> None:
        wire = Noted()
        upstreams = Upstreams(at("old"), {"house": wire})
        for address in ("failed", "new"):
            upstreams.replace(at(address), {}, since=1)
        for revision in (0, 1):
            [_ async for _ in upstreams.caller(Request({}))(attempt(revision))]
        assert wire.addresses == ["http://old/v1", "http://new/v1"]

    asyncio.run(story())
