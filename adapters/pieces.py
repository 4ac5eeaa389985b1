"""The pieces of a streamed answer: one at a time for whoever asks so, all that are there for whoever can take them.

Network packets often bring several events. To wait for each of them anew, with a limit on each wait, costs more than to
read it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator
from typing import Any

from .wire import Piece


class PieceStream:
    """An async iterator of pieces.

    Args:
        batches: the pieces, those that came together together.
    """

    def __init__(self, batches: AsyncGenerator[list[Piece], None]) -> None:
        self._batches = batches
        self._ready: deque[Piece] = deque()

    def __aiter__(self) -> PieceStream:
        return self

    async def __anext__(self) -> Piece:
        while not self._ready:
            self._ready.extend(await anext(self._batches))
        return self._ready.popleft()

    def ready(self) -> list[Piece]:
        """Take what is there without waiting."""
        pieces = list(self._ready)
        self._ready.clear()
        return pieces

    async def aclose(self) -> None:
        """Stop the call."""
        self._ready.clear()
        await self._batches.aclose()


def ready_in(stream: Any) -> list[Any]:
    """Take what a stream has there without waiting; of a stream that cannot tell, nothing."""
    ready = getattr(stream, "ready", None)
    pieces: list[Any] = [] if ready is None else ready()
    return pieces
