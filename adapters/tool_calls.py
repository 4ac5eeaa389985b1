"""Tool calls, whole: an incomplete one is never delivered, and a delivered one is never delivered twice.

The fragments of a call are held back until the call is complete: it is a JSON object and something else follows, or the
answer is finished. Text flows on meanwhile. While fragments come the provider is alive, but nothing of the call has
reached the client, so that another candidate may still take its place.

Pieces that carry the events they came in are held back and let go as they are, in their order: what is passed on then
is the provider's own words.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import AsyncGenerator, Iterator
from itertools import takewhile
from typing import Any, Final

from attrs import evolve, frozen

from detent.fsm.reasons import Failure

from .attempting import close
from .attempts import Attempt, CallFunction
from .outcomes import ProviderError
from .pieces import PieceStream, ready_in
from .wire import Piece, ToolCall

_LENGTH: Final = "length"


@frozen(kw_only=True)
class Held(Piece):
    """Fragments were held back: a sign of life, with nothing in it to deliver."""

    shows_life: bool = True


def with_whole_calls(call: CallFunction) -> CallFunction:
    """The same call of Detent's own pieces: each tool call in one piece, or in its own events together."""

    def pieces(attempt: Attempt) -> PieceStream:
        return PieceStream(batches(attempt))

    async def batches(attempt: Attempt) -> AsyncGenerator[list[Piece], None]:
        came = call(attempt)
        stream = await came if inspect.isawaitable(came) else came
        gathering = _Gathering()
        try:
            async for piece in stream:
                whole, wrong = _all_whole(gathering, [piece, *ready_in(stream)])
                if whole:
                    yield whole
                if wrong is not None:
                    raise wrong
            gathering.end()
        finally:
            await close(stream)

    return pieces


def _all_whole(gathering: _Gathering, came: list[Piece]) -> tuple[list[Piece], ProviderError | None]:
    """What may be delivered of these pieces, and what is wrong after that."""
    whole: list[Piece] = []
    try:
        for piece in came:
            whole.extend(gathering.next(piece))
    except ProviderError as error:
        return whole, error
    return whole, None


class _Gathering:
    """The tool calls of one answer, as far as they have come."""

    def __init__(self) -> None:
        self._open: dict[int, ToolCall] = {}
        self._delivered: set[int] = set()
        self._waiting: list[Piece] = []

    def next(self, piece: Piece) -> list[Piece]:
        """What may be delivered: the pieces without the fragments of calls that are not complete.

        Raises:
            ProviderError: the answer is finished and a call is not, or a delivered call goes on.
        """
        for part in piece.tool_calls:
            self._add(part)
        done = tuple(self._rest(piece.finish_reason) if piece.finish_reason is not None else self._before(piece))
        if piece.event:
            return self._in_order(piece)
        whole = evolve(piece, tool_calls=done)
        silent = not (whole.has_content or whole.usage or whole.finish_reason)
        return [Held()] if silent and piece.tool_calls else [whole]

    def _in_order(self, piece: Piece) -> list[Piece]:
        """The pieces that wait, up to the first one of a call that is still open.

        Text overtakes fragments, but no other event: one may have opened the very block that the text goes into.
        """
        self._waiting.append(piece)
        ready = list(takewhile(lambda waiting: not self._is_open(waiting), self._waiting))
        del self._waiting[: len(ready)]
        words = (piece.text or piece.reasoning) and not piece.tool_calls
        if words and self._waiting and all(waiting.tool_calls for waiting in self._waiting[:-1]):
            ready.append(self._waiting.pop())
        return ready or ([Held()] if piece.has_content else [])

    def _is_open(self, piece: Piece) -> bool:
        return any(part.index in self._open for part in piece.tool_calls)

    def end(self) -> None:
        """The stream is at its end.

        Raises:
            ProviderError: it broke off in a call.
        """
        for call in self._open.values():
            raise _cut_off(call, "")

    def _add(self, part: ToolCall) -> None:
        if part.index in self._delivered:
            if part.id or part.name or part.arguments.strip():
                raise _cut_off(part, "goes on after its end")
            return
        call = self._open.get(part.index, ToolCall(part.index, "", "", ""))
        self._open[part.index] = evolve(
            call, id=call.id or part.id, name=call.name + part.name, arguments=call.arguments + part.arguments
        )

    def _before(self, piece: Piece) -> Iterator[ToolCall]:
        """The calls that are over because something else has begun; one that is no object yet may still go on."""
        latest = max((part.index for part in piece.tool_calls), default=None)
        for index in sorted(self._open):
            if (latest is None or index < latest) and isinstance(_parsed(self._open[index]), dict):
                yield self._take(index)

    def _rest(self, finish_reason: str) -> Iterator[ToolCall]:
        for index in sorted(self._open):
            call = self._open[index]
            if not call.name or (call.arguments.strip() and _parsed(call) is _NO_JSON):
                raise _cut_off(call, finish_reason)
            yield self._take(index)

    def _take(self, index: int) -> ToolCall:
        self._delivered.add(index)
        return self._open.pop(index)


_NO_JSON: Final = object()


def _parsed(call: ToolCall) -> Any:
    try:
        return json.loads(call.arguments)
    except ValueError:
        return _NO_JSON


def _cut_off(call: ToolCall, why: str) -> ProviderError:
    """The failure that an incomplete call stands for; one that the request's own token limit cut is the request's."""
    name = f"the tool call {call.name!r}" if call.name else "a tool call without a name"
    if why == _LENGTH:
        message = f"{name} was cut at the request's own limit of tokens; raise it"
        return ProviderError(Failure("invalid_request", message=message))
    return ProviderError(Failure("stream_interrupted", message=f"{name} was cut off: {why or 'its stream ended'}"))
