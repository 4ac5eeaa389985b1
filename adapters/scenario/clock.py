"""Virtual time: an event loop that never sleeps.

Where asyncio would wait for the next timer, the clock jumps to it instead. Everything that is built on the loop's time
runs unchanged. Things due at one instant happen in the order in which they were asked for, and before any limit that
runs out at that same instant. Servers and clients of one loop may talk over real sockets, if it has a little patience
with the kernel between them.
"""

from __future__ import annotations

import asyncio
import heapq
import selectors
from itertools import count
from typing import Any


class StuckError(RuntimeError):
    """Every task waits, and no timer is set: time cannot bring what they wait for."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop in virtual time, which begins at zero seconds.

    Args:
        patience_s: how long, in real seconds, sockets may take to bring something before time jumps.
    """

    def __init__(self, patience_s: float = 0.0) -> None:
        self._virtual = 0.0
        self._due: list[tuple[float, int, asyncio.Future[None]]] = []
        self._order = count()
        super().__init__(_Jumping(self, patience_s))

    def time(self) -> float:
        """The virtual time, in seconds."""
        return self._virtual

    def now(self) -> float:
        """The virtual time in whole microseconds, as seconds: what a controller's clock shows."""
        return round(self._virtual, 6)

    def after(self, seconds: float) -> asyncio.Future[None]:
        """What is done so many seconds from now; things due at one instant are done in the order asked for."""
        wakes: asyncio.Future[None] = self.create_future()
        if seconds != float("inf"):
            heapq.heappush(self._due, (self.now() + seconds, next(self._order), wakes))
        return wakes

    async def sleep(self, seconds: float) -> None:
        """Wait in virtual time."""
        await self.after(seconds)

    def jump(self, timeout: float | None) -> None:
        """Let time pass until something is due, at most ``timeout`` seconds."""
        while self._due and self._due[0][2].done():
            heapq.heappop(self._due)
        limit = None if timeout is None else self._virtual + max(timeout, 0.0)
        if self._due and (limit is None or self._due[0][0] <= round(limit, 6)):
            self._virtual = max(self._virtual, self._due[0][0])
            while self._due and self._due[0][0] <= self._virtual:
                _, _, wakes = heapq.heappop(self._due)
                if not wakes.done():
                    wakes.set_result(None)
        elif limit is not None:
            self._virtual = limit
        else:
            raise StuckError("nothing will ever happen: every task waits for something that no timer brings")


class _Jumping(selectors.SelectSelector):
    """A selector that does not wait: it tells its loop how long it would have."""

    def __init__(self, loop: VirtualLoop, patience_s: float) -> None:
        super().__init__()
        self._loop = loop
        self._patience_s = patience_s

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        idle = timeout is None or timeout > 0
        ready: list[Any] = super().select(self._patience_s if idle else 0)
        if not ready and idle:
            self._loop.jump(timeout)
        return ready
