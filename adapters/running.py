"""Running one turn: perform what the core orders, bring back what came of it, until the turn has its outcome.

The turn runs in its caller's task, and so does each call, unless the chain hedges: then calls live in tasks of their
own, and none of these outlives its turn. Whatever ends a turn from outside (the caller cancels, the deadline passes,
the client drops the stream) settles it exactly once; nobody is blamed for that.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from typing import Any

from attrs import field, frozen

from detent.fsm import core
from detent.fsm.chain import Candidate
from detent.fsm.decision import Call, Notice, Outcome, Step, Wait
from detent.fsm.reasons import Failure
from detent.fsm.turn import Turn

from .apart import apart
from .attempting import Attempting, DeadlinePassed, Opened, Whole
from .attempts import CallFunction
from .outcomes import Sent, error_of
from .racing import Race
from .reading import failure_of_exception
from .reports import TurnRecord
from .store import StoreClosedError
from .writer import ControllerClosedError, Decide, Writer


@frozen
class Broken:
    """An attempt failed."""

    attempt: int
    failure: Failure
    cause: BaseException | None = field(default=None, repr=False)


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
        self._present: Attempting | None = None
        self._sent = Sent()
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
                if not isinstance(came, Step):
                    await self._decide(core.content if isinstance(came, Opened) else core.succeeded)
                    return came
                step = came
        except DeadlinePassed:
            await self._decide_cut(core.deadline)
            raise self._error()  # noqa: B904 - its cause is the last attempt's exception
        except BaseException:
            await self.abort()
            raise

    async def rest_of(self, opened: Opened) -> AsyncGenerator[list[Any], None]:
        """The pieces of a live answer, the first ones included, to its end; those that came together together.

        Raises:
            InterruptedTurnError: the answer broke off; what was yielded is all there is.
        """
        try:
            pieces, more = opened.pieces, True
            while True:
                for piece in pieces:
                    self._sent.count(piece)
                if pieces:
                    yield pieces
                if not more:
                    break
                pieces, more = await self._further(opened.attempting)
            await self._decide(core.succeeded)
        except DeadlinePassed:
            await self._decide_cut(core.deadline)
            raise self._error()  # noqa: B904 - its cause is the last attempt's exception
        except (Exception, asyncio.CancelledError) as error:
            if not self._is_failure(error):
                raise
            await self._fail(self._broken(opened.attempting, error))
            raise self._error() from error
        finally:
            await self.abort()

    async def abort(self) -> None:
        """Settle the turn as aborted, unless it has its outcome or never began, and stop what is in flight.

        Where the store is gone there is nothing left to settle it in; whoever comes back restores the session.
        """
        if self._turn is not None and not self.is_over:
            with suppress(StoreClosedError, ControllerClosedError):
                await asyncio.shield(self._decide_cut(core.aborted))
        if self._present is not None:
            await self._present.close()

    @property
    def called(self) -> Candidate:
        """Whom the last attempt called."""
        assert self._present is not None  # asked of a turn that was answered
        return self._present.order.candidate

    async def _attempt(self, order: Call) -> Whole | Opened | Step:
        """Perform a call: to its first content where that is passed on, else to its end; or what its failure came to.

        On a chain that hedges, another call may be made beside it, and answer in its place.
        """
        assert self._turn is not None  # an attempt belongs to a turn that began
        if order.hedge_after_s is None:
            self._present = self._made(order, self._call)
            came: Whole | Opened | Broken | Step = await self._begun(self._present)
        else:
            came = await self._first_of_two(order)
        if isinstance(came, Opened):
            self._record.content(came.attempting.order.attempt)
        if isinstance(came, Opened) and not self._turn.live:
            came = await self._gathered(came)
        return await self._fail(came) if isinstance(came, Broken) else came

    async def _first_of_two(self, order: Call) -> Whole | Opened | Broken | Step:
        """Perform a call, and where it is slow the next candidate's beside it; nothing is in flight afterwards."""
        async with Race(self._begun) as race:
            self._present = self._made(order, apart(self._call))
            race.enter(self._present)
            while True:
                finisher = await race.finisher()
                if finisher is None:
                    step = await self._decide(core.slow)
                    if isinstance(step.command, Call):
                        race.enter(self._made(step.command, apart(self._call)))
                    continue
                attempting, came = finisher
                if not isinstance(came, Broken):
                    self._present = attempting
                    return came
                step = await self._fail(came)
                if step.command is not None:
                    return step
                self._present = race.last

    def _made(self, order: Call, call: CallFunction) -> Attempting:
        self.attempts.append(order.candidate.label)
        self._record.called(order.attempt, order.candidate)
        assert self._turn is not None  # an attempt belongs to a turn that began
        return Attempting(call, order, self._left, self._turn.config.revision)

    async def _begun(self, attempting: Attempting) -> Whole | Opened | Broken:
        try:
            return await attempting.begin()
        except (Exception, asyncio.CancelledError) as error:
            if not self._is_failure(error):
                raise
            return self._broken(attempting, error)

    async def _gathered(self, opened: Opened) -> Whole | Broken:
        """The whole of an answer that is not passed on as it comes."""
        assert self._turn is not None  # an attempt belongs to a turn that began
        pieces, more = opened.pieces, True
        try:
            if self._turn.beside is not None:
                await self._decide(core.content)
            while more:
                further, more = await self._further(opened.attempting)
                pieces.extend(further)
        except (Exception, asyncio.CancelledError) as error:
            if not self._is_failure(error):
                raise
            return self._broken(opened.attempting, error)
        finally:
            await opened.attempting.close()
        return Whole(pieces)

    async def _further(self, attempting: Attempting) -> tuple[list[Any], bool]:
        came = await attempting.more()
        await self._show_life()
        return came

    def _broken(self, attempting: Attempting, error: BaseException) -> Broken:
        """Why a call failed, content having come or not."""
        assert self._turn is not None  # an attempt belongs to a turn that began
        provider = attempting.order.candidate.provider
        failure = failure_of_exception(
            error,
            provider,
            now=self._writer.now(),
            mid_stream=attempting.has_begun,
            aggregator=provider in self._turn.config.aggregators,
        )
        return Broken(attempting.order.attempt, failure, error)

    async def _show_life(self) -> None:
        """Prolong the lease of a probe that goes on speaking, well before it runs out."""
        turn, now = self._turn, self._writer.now()
        if turn is None or not turn.leases:
            return
        if now >= self._lease_renewed + turn.config.policy_of(self.called.model).lease_s / 3:
            self._lease_renewed = now
            await self._decide(core.content)

    def _left(self) -> float | None:
        """The seconds until the turn's deadline, None: it has none."""
        if self._turn is None or self._turn.deadline is None:
            return None
        return self._turn.deadline - self._writer.now()

    async def _wait(self, order: Wait) -> Step:
        await self._writer.sleep(order.seconds)  # the core orders no wait beyond the deadline
        return await self._decide(core.waited)

    def _is_failure(self, error: BaseException) -> bool:
        """The call failed by itself; neither its caller ended it nor could the controller not go on.

        A cancellation that came out of the call, while nobody cancelled the task that waits for it, is a failure.
        """
        if isinstance(error, (DeadlinePassed, StoreClosedError, ControllerClosedError)):
            return False
        task = asyncio.current_task()
        return not isinstance(error, asyncio.CancelledError) or (task is not None and not task.cancelling())

    def _error(self) -> BaseException:
        assert self.outcome is not None  # only a settled turn has an error
        error = error_of(self.outcome, self._writer.now(), self._sent)
        error.__cause__ = self._cause
        return error

    async def _decide_start(self) -> Step:
        return await self._decided(lambda s, config, health, now: core.start(s, config, health, now, self._request))

    async def _decide(self, step: Callable[..., Step]) -> Step:
        """Have an event of the present attempt decided."""
        turn, present = self._turn, self._present
        assert turn is not None  # begun by _decide_start
        assert present is not None  # made by _attempt
        number = present.order.attempt
        return await self._decided(lambda s, _config, health, now: step(s, turn, health, now, number))

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
        answered = self._present.order.attempt if self._present is not None and outcome.kind == "answered" else None
        self._writer.history.settled(self._record.report(outcome, self._chain, answered))

    async def _fail(self, broken: Broken) -> Step:
        turn, dice = self._turn, self._writer.dice()
        assert turn is not None  # begun by _decide_start
        self._cause = broken.cause
        self._record.failed(broken.attempt, broken.failure.reason)
        return await self._decided(
            lambda s, _config, health, now: core.failed(s, turn, health, now, broken.attempt, broken.failure, dice)
        )
