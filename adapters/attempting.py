"""One attempt: a call to one candidate, up to its first content and on to its end, within its limits.

Whatever limit passes, the call is stopped: its await is cancelled, or its stream closed. Pieces without content
prolong no wait, so a provider that only keeps the connection alive is as silent as one that says nothing. A stream that
ends in the middle of a tool call has broken off.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final, TypeVar

from attrs import field, frozen

from detent.fsm.decision import Call
from detent.fsm.reasons import Failure

from .attempts import Attempt, CallFunction
from .content import has_content, is_in_tool_call, shows_life
from .outcomes import ProviderError
from .pieces import ready_in
from .reading import EmptyAnswerError

T = TypeVar("T")

_SAYS: Final = {
    "first_token_s": "no content came within first_token_s, {:g} s",
    "idle_s": "no further content came within idle_s, {:g} s",
    "attempt_s": "no whole answer came within attempt_s, {:g} s",
}


class DeadlinePassed(Exception):  # noqa: N818 - no error: the turn's time is up
    """The turn's time is up."""


@frozen
class Whole:
    """A call returned a whole answer."""

    value: Any


@frozen
class Opened:
    """A call returned a stream, and its first content is here: ``pieces`` so far, the rest is `Attempting.more`."""

    pieces: list[Any]
    attempting: Attempting = field(repr=False)


class Attempting:
    """One attempt in flight.

    Args:
        call: what performs it.
        order: whom to call, and within which limits.
        left: tells the seconds until the turn's deadline, None: it has none.
        revision: the revision of the configuration that the turn has planned from.

    Attributes:
        order: as it was given.
        has_begun: content has come.
    """

    def __init__(self, call: CallFunction, order: Call, left: Callable[[], float | None], revision: int = 0) -> None:
        self.order = order
        self.has_begun = False
        self._call = call
        self._left = left
        self._revision = revision
        self._ends: float | None = None
        self._stream: AsyncIterator[Any] | None = None
        self._in_tool_call = False

    async def begin(self) -> Whole | Opened:
        """Make the call, and wait for a whole answer or for the first content of a stream.

        Raises:
            ProviderError: a limit of the attempt passed.
            EmptyAnswerError: there is no content in the answer.
            DeadlinePassed: the turn's time is up.
            Exception: whatever the call raises.
        """
        if self.order.attempt_s is not None:
            self._ends = asyncio.get_running_loop().time() + self.order.attempt_s
        try:
            came = await self._within("first_token_s", self.order.first_token_s, self._open())
            if isinstance(came, Whole):
                return came
            pieces, more = came
            self.has_begun = any(map(has_content, pieces))
            while more and not self.has_begun:
                further, more = await self.more()
                self.has_begun = any(map(has_content, further))
                pieces += further
            if not self.has_begun:
                raise EmptyAnswerError
            return Opened(pieces, self)
        except BaseException:
            await self.close()
            raise

    async def more(self) -> tuple[list[Any], bool]:
        """The pieces up to the next sign of life, with what came together with it, and whether more may come.

        Raises:
            ProviderError: a limit of the attempt passed, or the stream ended in the middle of a tool call.
            DeadlinePassed: the turn's time is up.
            Exception: whatever the stream raises.
        """
        return await self._within("idle_s", self.order.idle_s, self._to_life())

    async def close(self) -> None:
        """Stop the stream, if the call has opened one."""
        stream, self._stream = self._stream, None
        await close(stream)

    async def _open(self) -> Whole | tuple[list[Any], bool]:
        """Make the call: the whole answer, or the first pieces of a stream."""
        result = self._call(_told(self.order, self._revision))
        if inspect.isawaitable(result):
            result = await result
        if hasattr(result, "__aiter__"):
            self._stream = result.__aiter__()
            return await self._to_life()
        if not has_content(result):
            raise EmptyAnswerError
        return Whole(result)

    async def _to_life(self) -> tuple[list[Any], bool]:
        """The pieces up to the next sign of life, and whether there was one."""
        assert self._stream is not None  # the call returned a stream
        pieces: list[Any] = []
        async for piece in self._stream:
            pieces.append(piece)
            self._in_tool_call = is_in_tool_call(piece, self._in_tool_call)
            if shows_life(piece):
                return pieces + self._ready(), True
        if self._in_tool_call:
            raise ProviderError(Failure("stream_interrupted", message="the stream ended in the middle of a tool call"))
        return pieces, False

    def _ready(self) -> list[Any]:
        """What the stream has there already, where it can tell."""
        pieces = ready_in(self._stream)
        for piece in pieces:
            self._in_tool_call = is_in_tool_call(piece, self._in_tool_call)
        return pieces

    async def _within(self, name: str, seconds: float, job: Awaitable[T]) -> T:
        """Do a job, and stop it at the turn's deadline, or where this limit or the whole attempt's passes."""
        nearest, wait = name, seconds
        if self._ends is not None and (left := self._ends - asyncio.get_running_loop().time()) < wait:
            nearest, wait = "attempt_s", left
        if (left_of_turn := self._left()) is not None and left_of_turn <= wait:
            nearest, wait = "", left_of_turn
        try:
            async with asyncio.timeout(max(0.0, wait)) as watch:
                return await job
        except TimeoutError:
            if not watch.expired():
                raise
            if not nearest:
                raise DeadlinePassed from None
            stated = seconds if nearest == name else self.order.attempt_s
            raise ProviderError(Failure("timeout", message=_SAYS[nearest].format(stated))) from None


def _told(order: Call, revision: int) -> Attempt:
    who = order.candidate
    return Attempt(
        model=who.model,
        provider=who.provider,
        name=who.model.partition("/")[2],
        credential=who.credential,
        number=order.attempt,
        fresh=order.fresh,
        first_token_s=order.first_token_s,
        idle_s=order.idle_s,
        connect_s=order.connect_s,
        attempt_s=order.attempt_s,
        revision=revision,
    )


async def close(stream: Any) -> None:
    """Stop a stream, if it is one; that it cannot be stopped, or fails to, is nobody's failure any more."""
    end = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    if end is None:
        return
    try:
        result = end()
        if inspect.isawaitable(result):
            await result
    except Exception:
        return
