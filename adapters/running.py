"""Running one turn: perform what the core orders, bring back what came of it, until the turn has its outcome.

The turn runs in its caller's task. Whatever ends it from outside — the caller cancels, the deadline passes, the client
drops the stream — settles it exactly once; nobody is blamed for that.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

from attrs import field, frozen

from detent.fsm import core
from detent.fsm.chain import Candidate
from detent.fsm.decision import Call, Notice, Outcome, Step, Wait
from detent.fsm.reasons import Failure
from detent.fsm.turn import Turn

from .attempts import Attempt, CallFunction
from .content import has_content
from .outcomes import error_of
from .reading import EmptyAnswerError, failure_of_exception
from .reports import TurnRecord
from .store import StoreClosedError
from .writer import ControllerClosedError, Decide, Writer


@frozen
class Whole:
    """A call returned a whole answer."""

    value: Any


@frozen
class Opened:
    """A call returned a stream, and its first content is here: ``pieces`` so far, ``rest`` to come."""

    pieces: list[Any]
    rest: AsyncIterator[Any] = field(repr=False)


@frozen
class Broken:
    """A call failed."""

    failure: Failure
    cause: BaseException | None = field(default=None, repr=False)


class DeadlinePassed(Exception):  # noqa: N818 - no error: the turn's time is up
    """The turn's time is up."""


class TurnRun:
    """One turn, from its first decision to its outcome.

    Args:
        writer: what stores and tells.
        session_id: the session.
        chain: the chain of a session that begins here.
        call: what performs an attempt.
        live: content is to reach the client as it comes.
        tokens: the size of the prompt in tokens, None: unknown.
        deadline_s: the longest the turn may take, in seconds, None: as the policy says.
    """

    def __init__(
        self,
        writer: Writer,
        session_id: str,
        chain: str,
        call: CallFunction,
        *,
        live: bool,
        tokens: int | None,
        deadline_s: float | None,
    ) -> None:
        self.outcome: Outcome | None = None
        self.notices: list[Notice] = []
        self.attempts: list[str] = []
        self.state = ""
        self._writer = writer
        self._session_id = session_id
        self._chain = chain
        self._call = call
        self._request = core.Request(writer.turn_id(), tokens, live, deadline_s)
        self._turn: Turn | None = None
        self._order: Call | None = None
        self._cause: BaseException | None = None
        self._lease_renewed = writer.now()
        self._record = TurnRecord(writer.now)

    @property
    def id(self) -> str:
        """The turn's id."""
        return self._request.turn

    @property
    def is_over(self) -> bool:
        """The turn has its outcome."""
        return self.outcome is not None

    async def until_content(self) -> Whole | Opened:
        """Walk the chain until an answer is whole, or the first content of a live one is here.

        Raises:
            TurnError: the turn ended without an answer.
            asyncio.CancelledError: the caller's task was cancelled; the turn is settled as aborted.
        """
        try:
            step = await self._decide_start()
            while True:
                if isinstance(step.command, Wait):
                    step = await self._wait(step.command)
                    continue
                if not isinstance(step.command, Call):
                    raise self._error()
                came = await self._attempt(step.command)
                if isinstance(came, Broken):
                    step = await self._fail(came)
                elif isinstance(came, Opened) and self._live:
                    await self._decide(core.content)
                    return came
                else:
                    await self._decide(core.succeeded)
                    return came
        except DeadlinePassed:
            await self._decide_cut(core.deadline)
            raise self._error() from None
        except BaseException:
            await self.abort()
            raise

    async def rest_of(self, opened: Opened) -> AsyncIterator[Any]:
        """The pieces of a live answer, the first ones included, to its end.

        Raises:
            InterruptedTurnError: the answer broke off; what was yielded is all there is.
        """
        try:
            pieces, more = opened.pieces, True
            while True:
                for piece in pieces:
                    yield piece
                if not more:
                    break
                pieces, more = await self._until_more_content(opened.rest)
            await self._decide(core.succeeded)
        except DeadlinePassed:
            await self._decide_cut(core.deadline)
            raise self._error() from None
        except (Exception, asyncio.CancelledError) as error:
            if not self._is_failure(error):
                raise
            await self._fail(Broken(self._read(error, mid_stream=True), error))
            raise self._error() from error
        finally:
            await self.abort()
            await _close(opened.rest)

    async def abort(self) -> None:
        """Settle the turn as aborted, unless it has its outcome or never began.

        Where the store is gone there is nothing left to settle it in; whoever comes back restores the session.
        """
        if self._turn is not None and not self.is_over:
            with suppress(StoreClosedError, ControllerClosedError):
                await asyncio.shield(self._decide_cut(core.aborted))

    @property
    def called(self) -> Candidate:
        """Whom the last attempt called."""
        assert self._order is not None  # asked of a turn that was answered
        return self._order.candidate

    @property
    def _live(self) -> bool:
        return self._turn is not None and self._turn.live

    def _read(self, error: BaseException, *, mid_stream: bool) -> Failure:
        assert self._turn is not None  # an attempt belongs to a turn that began
        provider = self.called.provider
        return failure_of_exception(
            error,
            provider,
            now=self._writer.now(),
            mid_stream=mid_stream,
            aggregator=provider in self._turn.config.aggregators,
        )

    async def _attempt(self, order: Call) -> Whole | Opened | Broken:
        assert self._turn is not None  # an attempt belongs to a turn that began
        self._order = order
        who = order.candidate
        self.attempts.append(who.label)
        self._record.called(who)
        attempt = Attempt(
            who.model,
            who.provider,
            who.model.partition("/")[2],
            who.credential,
            order.attempt,
            order.fresh,
            order.first_token_s,
            self._turn.config.revision,
        )
        try:
            return await self._opened(attempt, order)
        except (Exception, asyncio.CancelledError) as error:
            if not self._is_failure(error):
                raise
            return Broken(self._read(error, mid_stream=False), error)

    async def _opened(self, attempt: Attempt, order: Call) -> Whole | Opened:
        stream: AsyncIterator[Any] | None = None
        try:
            async with self._limit(order.first_token_s):
                result = self._call(attempt)
                if inspect.isawaitable(result):
                    result = await result
                if not hasattr(result, "__aiter__"):
                    if not has_content(result):
                        raise EmptyAnswerError
                    return Whole(result)
                stream = result.__aiter__()
                pieces, more = await _to_content(stream)
                if more:
                    self._record.content()
            if not any(has_content(piece) for piece in pieces):
                raise EmptyAnswerError
            if self._live:
                return Opened(pieces, stream)
            while more:
                further, more = await self._until_more_content(stream)
                pieces.extend(further)
            return Whole(pieces)
        except BaseException:
            if stream is not None:
                await _close(stream)
            raise

    async def _until_more_content(self, stream: AsyncIterator[Any]) -> tuple[list[Any], bool]:
        """The pieces up to the next content, and whether more may come: silent pieces prolong no wait."""
        assert self._order is not None  # a stream is read because a call was ordered
        async with self._limit(self._order.idle_s):
            pieces, more = await _to_content(stream)
        await self._show_life()
        return pieces, more

    async def _show_life(self) -> None:
        """Prolong the lease of a probe that goes on speaking, well before it runs out."""
        turn, now = self._turn, self._writer.now()
        if turn is not None and turn.leases and now >= self._lease_renewed + turn.config.policy.lease_s / 3:
            self._lease_renewed = now
            await self._decide(core.content)

    def _limit(self, seconds: float) -> _Limit:
        left = None
        if self._turn is not None and self._turn.deadline is not None:
            left = self._turn.deadline - self._writer.now()
        return _Limit(seconds, left)

    async def _wait(self, order: Wait) -> Step:
        async with self._limit(float("inf")):
            await self._writer.sleep(order.seconds)
        return await self._decide(core.waited)

    def _is_failure(self, error: BaseException) -> bool:
        """The call failed by itself; neither its caller ended it nor could the controller not go on.

        A cancellation that came out of the call, while nobody cancelled the task that runs this turn, is a failure.
        """
        if isinstance(error, (DeadlinePassed, StoreClosedError, ControllerClosedError)):
            return False
        task = asyncio.current_task()
        return not isinstance(error, asyncio.CancelledError) or (task is not None and not task.cancelling())

    def _error(self) -> BaseException:
        assert self.outcome is not None  # only a settled turn has an error
        error = error_of(self.outcome, self._writer.now())
        error.__cause__ = self._cause
        return error

    async def _decide_start(self) -> Step:
        return await self._decided(lambda s, config, health, now: core.start(s, config, health, now, self._request))

    async def _decide(self, step: Callable[..., Step]) -> Step:
        turn = self._turn
        assert turn is not None  # begun by _decide_start
        return await self._decided(lambda s, _config, health, now: step(s, turn, health, now, turn.attempt))

    async def _decide_cut(self, step: Callable[..., Step]) -> Step:
        turn = self._turn
        assert turn is not None  # begun by _decide_start
        return await self._decided(lambda s, _config, health, now: step(s, turn, health, now))

    async def _decided(self, decide: Decide) -> Step:
        """Have an event of this turn decided and stored.

        Where the caller is cancelled in between, nobody knows whether it was: the turn is forgotten, whole.
        """
        try:
            step = await self._writer.decide(self._session_id, decide, self._chain)
        except asyncio.CancelledError:
            self._settle(Outcome("aborted", self._session_id, self._request.turn))
            with suppress(StoreClosedError, ControllerClosedError):
                await asyncio.shield(self._writer.forget(self._session_id, [self._request.turn]))
            raise
        self._turn, self.state, self._chain = step.turn, step.session.state, step.session.chain
        self.notices.extend(step.notices)
        if isinstance(step.command, Outcome):
            self._settle(step.command)
        return step

    def _settle(self, outcome: Outcome) -> None:
        self.outcome = outcome
        report = self._record.report(
            self._session_id, self._chain, self.id, outcome.kind, outcome.model, outcome.reason
        )
        self._writer.history.settled(report)

    async def _fail(self, broken: Broken) -> Step:
        self._cause = broken.cause
        self._record.failed(broken.failure.reason)
        dice = self._writer.dice()
        return await self._decide(
            lambda s, turn, health, now, attempt: core.failed(s, turn, health, now, attempt, broken.failure, dice)
        )


class _Limit:
    """A limit on one wait, and the turn's deadline, whichever comes first.

    Args:
        seconds: the limit of the wait.
        left: the seconds until the turn's deadline, None: it has none.
    """

    def __init__(self, seconds: float, left: float | None) -> None:
        self._is_deadline = left is not None and left <= seconds
        limit = max(0.0, left) if self._is_deadline and left is not None else seconds
        self._timeout = asyncio.timeout(None if limit == float("inf") else limit)

    async def __aenter__(self) -> None:
        await self._timeout.__aenter__()

    async def __aexit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            if self._timeout.expired() and self._is_deadline:
                raise DeadlinePassed from None
            raise


async def _to_content(stream: AsyncIterator[Any]) -> tuple[list[Any], bool]:
    """The pieces up to the next content, and whether the stream may go on."""
    pieces: list[Any] = []
    async for piece in stream:
        pieces.append(piece)
        if has_content(piece):
            return pieces, True
    return pieces, False


async def _close(stream: AsyncIterator[Any]) -> None:
    """Stop an upstream stream; one that cannot be stopped, or fails to, is nobody's failure any more."""
    close = getattr(stream, "aclose", None) or getattr(stream, "close", None)
    if close is None:
        return
    try:
        result = close()
        if inspect.isawaitable(result):
            await result
    except Exception:
        return
