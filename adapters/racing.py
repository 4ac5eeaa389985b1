"""Two attempts in flight: each is begun in a task of its own, and those that are not wanted any more are called off."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from .attempting import Attempting

T = TypeVar("T")


class Race(Generic[T]):
    """The attempts of one turn that are in flight at once.

    An async context manager: whoever is in flight at its end is called off, and has stopped when it is left.

    Args:
        begin: begins an attempt, and returns what came of it.
    """

    def __init__(self, begin: Callable[[Attempting], Awaitable[T]]) -> None:
        self._begin = begin
        self._running: dict[Attempting, asyncio.Future[T]] = {}
        self._slow_at: dict[Attempting, float] = {}

    async def __aenter__(self) -> Race[T]:
        return self

    async def __aexit__(self, *_: object) -> None:
        running, self._running = self._running, {}
        for task in running.values():
            task.cancel()
        await asyncio.gather(*running.values(), return_exceptions=True)
        for attempting in running:
            await attempting.close()

    def enter(self, attempting: Attempting) -> None:
        """Begin an attempt beside those that are in flight."""
        self._running[attempting] = asyncio.ensure_future(self._begin(attempting))
        if attempting.order.hedge_after_s is not None:
            self._slow_at[attempting] = asyncio.get_running_loop().time() + attempting.order.hedge_after_s

    @property
    def last(self) -> Attempting:
        """The attempt that is in flight, where there is one."""
        (attempting,) = self._running
        return attempting

    async def finisher(self) -> tuple[Attempting, T] | None:
        """The next attempt that something came of; None: the only one in flight is slow, which is said once.

        Raises:
            Exception: whatever the attempt raises.
        """
        due = self._slow_at.get(self.last) if len(self._running) == 1 else None
        timeout = None if due is None else max(0.0, due - asyncio.get_running_loop().time())
        done, _ = await asyncio.wait(self._running.values(), timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        if not done:
            del self._slow_at[self.last]
            return None
        first = next(attempting for attempting, task in self._running.items() if task in done)
        return first, self._running.pop(first).result()
