"""A call in a task of its own: what a turn needs that has two of them in flight.

From first to last the call lives in one task, so that what it opens there (a timeout, a context variable, a span) is
closed there, whoever reads its pieces. It is never more than one piece ahead of its reader.
"""

from __future__ import annotations

import asyncio
import inspect
from typing import Any, Final

from attrs import frozen

from .attempting import close
from .attempts import Attempt, CallFunction


def apart(call: CallFunction) -> CallFunction:
    """The same call, performed in a task of its own."""

    async def opened(attempt: Attempt) -> Any:
        feed = _Feed(call, attempt)
        try:
            return await feed.answer()
        except BaseException:
            await feed.aclose()
            raise

    return opened


@frozen
class _Answered:
    """The call returned this: a whole answer, or a stream whose pieces follow."""

    value: Any


@frozen
class _Raised:
    """The call, or its stream, raised this."""

    error: BaseException


_END: Final = object()


class _Feed:
    """One call in its task, and an async iterator of the pieces of its stream."""

    def __init__(self, call: CallFunction, attempt: Attempt) -> None:
        self._came: asyncio.Queue[Any] = asyncio.Queue()
        self._taken = asyncio.Semaphore(0)
        self._task = asyncio.create_task(self._perform(call, attempt), name=f"detent {attempt.model}")

    async def answer(self) -> Any:
        """The whole answer, or this feed where the call returned a stream."""
        answered = await self._next()
        return self if hasattr(answered.value, "__aiter__") else answered.value

    def __aiter__(self) -> _Feed:
        return self

    async def __anext__(self) -> Any:
        piece = await self._next()
        if piece is _END:
            raise StopAsyncIteration
        self._taken.release()
        return piece

    async def aclose(self) -> None:
        """Stop the call, and wait until it has stopped."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _next(self) -> Any:
        came = await self._came.get()
        if isinstance(came, _Raised):
            raise came.error
        return came

    async def _perform(self, call: CallFunction, attempt: Attempt) -> None:
        try:
            result = call(attempt)
            if inspect.isawaitable(result):
                result = await result
            self._came.put_nowait(_Answered(result))
            if hasattr(result, "__aiter__"):
                await self._pass_on(result)
        except (Exception, asyncio.CancelledError) as error:
            self._came.put_nowait(_Raised(error))

    async def _pass_on(self, stream: Any) -> None:
        try:
            async for piece in stream:
                self._came.put_nowait(piece)
                await self._taken.acquire()
            self._came.put_nowait(_END)
        finally:
            await close(stream)
