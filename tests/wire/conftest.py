import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from attrs import define, field

from detent.adapters.local import Behaviour, LocalProvider
from detent.adapters.wire import Completion, Endpoint, Piece, Request, UpstreamError
from detent.adapters.wires import HttpWire, Limits

KEY = "sk-do-not-show-me"


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

    @property
    def text(self) -> str:
        return "".join(piece.text for piece in self.seen)


def asking(**params: object) -> Request:
    return Request({"messages": [{"role": "user", "content": "How are you?"}], **params})


@asynccontextmanager
async def connected(limits: Limits | None) -> AsyncIterator[Line]:
    async with LocalProvider("local") as provider, HttpWire(limits=limits) as wire:
        yield Line(provider, wire, Endpoint("local", provider.base_url, KEY))


@pytest.fixture
def run() -> Callable[..., None]:
    """Run a coroutine function on a fresh provider and wire; five seconds mean that it hangs."""

    def running(test: Callable[[Line], Awaitable[None]], limits: Limits | None = None) -> None:
        async def main() -> None:
            async with asyncio.timeout(5), connected(limits) as line:
                await test(line)

        asyncio.run(main())

    return running
