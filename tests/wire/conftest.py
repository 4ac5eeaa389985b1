"""What the tests of the wire share: every format, a provider that speaks it, and a line between the two.

A test that asks for `run` holds for every format; the tests of one vendor's words say so with a fixture of their own:

    @pytest.fixture
    def api():
        return "openai"
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager

import pytest
from attrs import define, field

from detent.adapters.local import Behaviour, LocalProvider
from detent.adapters.wire import Completion, Endpoint, Piece, Request, UpstreamError
from detent.adapters.wires import FORMATS, HttpWire, Limits

KEY = "sk-do-not-show-me"
BASE_PATHS: dict[str, str] = {"gemini": "/v1beta"}
"""Where a format lives at the local provider, if not under ``/v1``."""


def endpoint_of(provider: LocalProvider, api: str, **more: object) -> Endpoint:
    return Endpoint("local", provider.address + BASE_PATHS.get(api, "/v1"), KEY, **{"api": api, **more})


@define
class Line:
    """A provider, a wire and an endpoint that joins them."""

    provider: LocalProvider
    wire: HttpWire
    endpoint: Endpoint
    seen: list[Piece] = field(factory=list)

    async def whole(self, behaviour: Behaviour, **params: object) -> Completion:
        self.provider.behave(behaviour)
        return await self.wire.answer(self.endpoint, "large", asking(**params))

    async def pieces(self, behaviour: Behaviour, **params: object) -> list[Piece]:
        """All pieces; `seen` holds those that came before a failure."""
        self.provider.behave(behaviour)
        self.seen = []
        async for piece in self.wire.stream(self.endpoint, "large", asking(**params)):
            self.seen.append(piece)
        return self.seen

    async def failed_whole(self, behaviour: Behaviour) -> UpstreamError:
        with pytest.raises(UpstreamError) as caught:
            await self.whole(behaviour)
        return caught.value

    async def failed_stream(self, behaviour: Behaviour) -> UpstreamError:
        with pytest.raises(UpstreamError) as caught:
            await self.pieces(behaviour)
        return caught.value

    @asynccontextmanager
    async def streaming(self, behaviour: Behaviour) -> AsyncIterator[AsyncIterator[str]]:
        """The words of an answer as they come."""
        self.provider.behave(behaviour)
        async with aclosing(self.wire.stream(self.endpoint, "large", asking())) as pieces:
            yield (piece.text async for piece in pieces if piece.text)

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.seen)


def asking(**params: object) -> Request:
    return Request({"messages": [{"role": "user", "content": "How are you?"}], **params})


@asynccontextmanager
async def connected(api: str, limits: Limits | None) -> AsyncIterator[Line]:
    async with LocalProvider("local") as provider, HttpWire(limits=limits) as wire:
        yield Line(provider, wire, endpoint_of(provider, api))


@pytest.fixture(params=sorted(FORMATS))
def api(request: pytest.FixtureRequest) -> str:
    """A format that providers speak."""
    return request.param


@pytest.fixture
def run(api: str) -> Callable[..., None]:
    """Run a coroutine function on a fresh provider and wire; five seconds mean that it hangs."""

    def running(test: Callable[[Line], Awaitable[None]], limits: Limits | None = None) -> None:
        async def main() -> None:
            async with asyncio.timeout(5), connected(api, limits) as line:
                await test(line)

        asyncio.run(main())

    return running
