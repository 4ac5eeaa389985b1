"""A session as an application sees it: run turns, pin, let go, ask why."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from types import TracebackType
from typing import Any

from detent.fsm import core
from detent.fsm.chain import DEFAULT_CHAIN
from detent.fsm.decision import Decision, Notice, Outcome, Step
from detent.fsm.errors import DetentError

from .attempting import Opened, Whole
from .attempts import CallFunction
from .history import Subscription, sentences
from .running import TurnRun
from .status import CandidateStatus, SessionStatus
from .tool_calls import Held, with_whole_calls
from .upstreams import Upstreams
from .wire import Form, Piece, Request, joined
from .writer import Writer


class NoUpstreamsError(DetentError):
    """Detent was asked to call a provider by itself, but was given none."""


class Answer:
    """What a turn was answered with.

    A whole answer stands in ``value``. A live one is an async iterator: the first content is already here, the rest
    is read as it comes; leave it early with ``aclose()`` or by leaving an ``async with`` block.

    Attributes:
        value: the whole answer: what the call returned, or the list of its pieces where the chain buffers; None
            for a live one.
        model: the model that answers.
        credential: the name of the credential it was called with.
    """

    def __init__(self, run: TurnRun, came: Whole | Opened) -> None:
        self._run = run
        self.value: Any = came.value if isinstance(came, Whole) else None
        self._batches = _whole(came.value) if isinstance(came, Whole) else run.rest_of(came)
        self._pieces = _flat(self._batches)
        self.model, self.credential = run.called.model, run.called.credential

    @property
    def attempts(self) -> tuple[str, ...]:
        """Whom the turn called, in order: ``provider/model``, with ``@credential`` where it has a name."""
        return tuple(self._run.attempts)

    @property
    def turn(self) -> str:
        """The turn's id."""
        return self._run.id

    @property
    def state(self) -> str:
        """The session's state, as this turn last saw it."""
        return self._run.state

    @property
    def outcome(self) -> Outcome | None:
        """How the turn ended; None while a live answer is still coming."""
        return self._run.outcome

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the user should be told of this turn; complete once it has its outcome."""
        return tuple(self._run.notices)

    def __aiter__(self) -> AsyncIterator[Any]:
        return self._pieces

    def batches(self) -> AsyncIterator[list[Any]]:
        """The pieces, those that came together together; in place of iterating over them one by one."""
        return self._batches

    async def __aenter__(self) -> Answer:
        return self

    async def __aexit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Leave the answer: a live one that is not at its end is called off, and its upstream call stopped."""
        await self._pieces.aclose()
        await self._batches.aclose()
        await self._run.abort()


async def _whole(value: Any) -> AsyncGenerator[list[Any], None]:
    yield value if isinstance(value, list) else [value]


async def _flat(batches: AsyncGenerator[list[Any], None]) -> AsyncGenerator[Any, None]:
    async for pieces in batches:
        for piece in pieces:
            yield piece


class LiveSession:
    """One session of a controller. Handles are cheap, hold nothing, and may be made as often as one likes.

    Args:
        writer: what stores and tells.
        session_id: the session's id.
        chain: the chain it walks, where it begins here.
        upstreams: the providers that `send` and `stream` call.
    """

    def __init__(
        self, writer: Writer, session_id: str, chain: str = DEFAULT_CHAIN, upstreams: Upstreams | None = None
    ) -> None:
        self.id = session_id
        self._providers = upstreams
        self._writer = writer
        self._chain = chain

    async def run(
        self,
        call: CallFunction,
        *,
        stream: bool | None = None,
        tokens: int | None = None,
        deadline_s: float | None = None,
    ) -> Answer:
        """Run one turn with the application's own call.

        ``call(candidate)`` is awaited for each attempt, with the `Attempt` that tells whom to call; it returns an
        answer or an async iterator of pieces, and raises what its client raises. Before the first content a failure
        is invisible here and the walk goes on; after it, iterating the answer raises `InterruptedTurnError`. The call
        runs in the caller's task, unless the chain hedges: then each call runs in one task of its own.

        Its pieces are passed on as they are, fragments of tool calls too; where an answer breaks off in the middle of
        one, the error says so. `stream` and `send` deliver tool calls whole.

        Args:
            call: performs one attempt.
            stream: False: a streamed answer is gathered and returned whole; else it is passed on as it comes, unless
                the chain buffers.
            tokens: the size of the prompt in tokens, so that models with smaller windows are passed over.
            deadline_s: the longest the turn may take, in seconds; the chain's own limit by default.

        Raises:
            ExhaustedError: every candidate was called or skipped.
            SurfacedError: a failure that no other candidate can help with.
            asyncio.CancelledError: the caller was cancelled; nobody is blamed.
        """
        if self._providers is not None:
            await self._providers.keys.follow(self._writer.renew)
        run = TurnRun(
            self._writer,
            self.id,
            self._chain,
            call,
            live=stream is not False,
            tokens=tokens,
            deadline_s=deadline_s,
        )
        return Answer(run, await run.until_content())

    async def send(
        self,
        *,
        form: Form = "openai",
        tokens: int | None = None,
        deadline_s: float | None = None,
        **fields: Any,
    ) -> Answer:
        """Run one turn with Detent's own call and wait for the whole answer.

        Upstream it is streamed all the same, so that the limits on the first token and on gaps hold.

        Args:
            form: how the request is written: ``openai`` (chat completions), ``responses`` or ``anthropic``; it is
                rendered for providers that speak another format.
            tokens: the size of the prompt in tokens, so that models with smaller windows are passed over.
            deadline_s: the longest the turn may take, in seconds; the chain's own limit by default.
            fields: the request's fields (``messages``, ``tools``, ``temperature``, …).

        Returns:
            an answer whose ``value`` is a `Completion`.

        Raises:
            NoUpstreamsError: the controller was given no providers to call.
            TurnError: the turn ended without an answer.
        """
        call = with_whole_calls(self._upstreams().caller(Request(fields, form)))
        answer = await self.run(call, stream=False, tokens=tokens, deadline_s=deadline_s)
        answer.value = joined(answer.value, answer.model)
        return answer

    async def stream(
        self,
        *,
        form: Form = "openai",
        tokens: int | None = None,
        deadline_s: float | None = None,
        **fields: Any,
    ) -> AsyncIterator[Piece]:
        """Run one turn with Detent's own call, and yield the pieces of its answer as they come.

        A tool call comes whole, in one piece and once; an incomplete one never comes.

        Args:
            form: how the request is written: ``openai`` (chat completions), ``responses`` or ``anthropic``; it is
                rendered for providers that speak another format.
            tokens: the size of the prompt in tokens, so that models with smaller windows are passed over.
            deadline_s: the longest the turn may take, in seconds; the chain's own limit by default.
            fields: the request's fields (``messages``, ``tools``, ``temperature``, …).

        Raises:
            NoUpstreamsError: the controller was given no providers to call.
            TurnError: the turn ended without a whole answer; `InterruptedTurnError` after some of it was yielded.
        """
        call = with_whole_calls(self._upstreams().caller(Request(fields, form)))
        async with await self.run(call, tokens=tokens, deadline_s=deadline_s) as answer:
            async for piece in answer:
                if not isinstance(piece, Held):
                    yield piece

    async def pin(self, model: str, *, strict: bool | None = None) -> tuple[Notice, ...]:
        """Select a model, of the chain or not; it stays selected until `unpin` or `reset`.

        Args:
            model: the model reference.
            strict: True: nothing else may answer while it is pinned; None: as the policy says.

        Raises:
            BadReferenceError: it is no model reference.
            UnknownModelError: its provider is not configured.
        """
        step = await self._decide(
            lambda s, config, health, now: core.pin(s, config, health, now, model=model, strict=strict)
        )
        return step.notices

    async def unpin(self) -> tuple[Notice, ...]:
        """Let go of the pin: home is the desired primary again."""
        return (await self._decide(core.unpin)).notices

    async def reset(self) -> tuple[Notice, ...]:
        """Start the session afresh on the desired primary, without a pin."""
        return (await self._decide(core.reset)).notices

    async def reconcile(self) -> bool:
        """Bring the session in line with its configuration, unless a failover is live or a turn is in flight.

        Returns:
            False when it was blocked; `why` tells the cause.
        """
        step = await self._decide(core.reconcile)
        return all(decision.kind != "blocked" for decision in step.decisions)

    async def status(self) -> SessionStatus:
        """What the session is doing. Looking changes nothing."""
        return await self._writer.status(self.id, self._chain)

    async def candidates(self) -> tuple[CandidateStatus, ...]:
        """How each candidate of its chain is: what rests, why and how long, and who probes. Looking changes nothing."""
        return await self._writer.candidates(self.id, self._chain)

    def decisions(self) -> list[Decision]:
        """The decisions of this session that the controller still keeps, oldest first."""
        return self._writer.history.of(self.id)

    def why(self, last: int = 20) -> list[str]:
        """The last decisions of this session in sentences, oldest first, with everybody who was passed over.

        Args:
            last: how many decisions.
        """
        return sentences(self.decisions()[-last:])

    def subscribe(self, size: int = 1000) -> Subscription:
        """A live view of this session's decisions and notices."""
        return self._writer.subscribe(self.id, size)

    def _upstreams(self) -> Upstreams:
        if self._providers is None:
            raise NoUpstreamsError(
                f"session {self.id!r} cannot call a provider by itself: give Controller(upstreams=Upstreams(...)), "
                "or run your own call with session.run(call)"
            )
        return self._providers

    async def _decide(self, decide: Any) -> Step:
        return await self._writer.decide(self.id, decide, self._chain)
