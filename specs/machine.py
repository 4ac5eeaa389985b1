"""Your application under Detent's promises: a Hypothesis state machine to subclass.

`SessionMachine` plays users, operators, outages, restarts and a clock around a real controller in virtual time. It
checks what Detent promises, and what an application's own call must keep for the promises to hold. A subclass says what
is the application's: its configuration, its call, or how it makes its controller::

    class MyApplication(SessionMachine):
        def config(self):
            return load(Path("detent.toml")).configs["default"]

        def call(self, attempt):
            return my_adapter(attempt, transport=self.upstream)

    TestMyApplication = MyApplication.TestCase

This is the one module of `detent.specs` that imports `detent.adapters`: the promises are made by the machines, but an
application meets them at the controller. It needs Hypothesis: ``pip install hypothesis``.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextvars import ContextVar
from typing import Any, Final, TypeVar

from attrs import define, evolve, field

from detent.adapters import (
    Attempt,
    Controller,
    LiveSession,
    MemoryStore,
    ProviderError,
    SessionStatus,
    Store,
    TurnError,
)
from detent.adapters.scenario.clock import VirtualLoop
from detent.adapters.scenario.mortal import MortalStore
from detent.fsm import Chain, Config, Failure, Outcome, Policy

from .strategies import Outage, scripts

try:
    from hypothesis import strategies as st
    from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
except ImportError as error:
    raise ImportError("detent.specs.machine needs Hypothesis; install it with: pip install hypothesis") from error

T = TypeVar("T")

ANSWER: Final = ("one ", "two ", "three")
"""The pieces of every answer that the simulated upstream gives."""

SESSIONS: Final = ("s1", "s2")
"""The sessions that are played."""

_MOMENT_S: Final = 0.01


class BrokenPromiseError(AssertionError):
    """A promise did not hold; the message says which, for whom, and what was decided last."""


@define
class _Asked:
    """One turn as its client sees it: whom the application was told to call, and whom it really called."""

    session: str
    config: Config
    pin: str | None
    attempts: list[tuple[Attempt, list[str]]] = field(factory=list)
    received: list[Any] = field(factory=list)
    outcome: Outcome | None = None


_PRESENT: Final[ContextVar[list[str] | None]] = ContextVar("detent_present_attempt", default=None)


class SessionMachine(RuleBasedStateMachine):
    """Plays an application against outages, and checks the promises that can be seen from outside.

    Override `config` (or `configurations`), `call`, `make_controller`, `text` and `raised` as far as the application
    has its own; run it as ``YourMachine.TestCase``.

    Attributes:
        desired: the configuration that is published.
        controller: the controller of the process that lives now.
        loop: virtual time, in which everything happens.
    """

    desired: Config
    controller: Controller

    def config(self) -> Config:
        """The application's configuration."""
        return Config(Chain.of("alpha/large", "beta/large", "gamma/small"), Policy(retries=1, backoff_s=1.0))

    def configurations(self) -> st.SearchStrategy[Config]:
        """What the first configuration is drawn from; by default it is always `config`."""
        return st.just(self.config())

    def make_controller(self, config: Config, store: Store) -> Controller:
        """The application's controller; it must be given this store and ``**self.virtual_time``."""
        return Controller(config, store=store, **self.virtual_time)

    def call(self, attempt: Attempt) -> Awaitable[Any] | AsyncIterator[Any]:
        """The application's own call, which reaches providers through `upstream` only."""
        return self.upstream(attempt.model)

    def text(self, piece: Any) -> str:
        """The text of one piece that a client receives, or of a whole answer."""
        return str(piece)

    def raised(self, failure: Failure) -> Exception:
        """What the application's transport raises where the simulated provider fails."""
        return ProviderError(failure)

    @property
    def virtual_time(self) -> dict[str, Any]:
        """The arguments of `Controller` that put it into virtual time."""
        return {"now": self.loop.now, "sleep": self.loop.sleep, "dice": lambda: 1.0}

    async def upstream(self, model: str) -> AsyncIterator[str]:
        """The simulated provider of a model: one call, which answers in the pieces of `ANSWER` or fails as scripted."""
        called = _PRESENT.get()
        if called is not None:
            called.append(model)
        outage = self._outage_of(model)
        await asyncio.sleep(self._takes)
        for piece in ANSWER if outage is None else ANSWER[: outage.after]:
            yield piece
        if outage is not None and outage.failure is None:
            await asyncio.get_running_loop().create_future()
        if outage is not None and outage.failure is not None:
            raise self.raised(outage.failure)

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(loop_factory=VirtualLoop)
        loop = self._runner.get_loop()
        assert isinstance(loop, VirtualLoop)  # made by the line before
        self.loop = loop
        self._shared = MemoryStore()
        self._outages: dict[str, Outage] = {}
        self._pins: dict[str, str] = {}
        self._takes = 0.0
        self._failed = False

    @initialize(data=st.data())
    def the_application_starts(self, data: st.DataObject) -> None:
        """A process comes up with its configuration."""
        self.desired = data.draw(self.configurations(), label="configuration")
        self._models = (*self.desired.chain.models, "alpha/other")
        self._wake()

    @rule(
        session=st.sampled_from(SESSIONS),
        together=st.integers(1, 3),
        streamed=st.booleans(),
        slowly=st.booleans(),
        visited=st.booleans(),
    )
    def users_ask(self, session: str, together: int, streamed: bool, slowly: bool, visited: bool) -> None:
        """Turns of one session, all at once; the reconciliation loop may visit it right after them."""
        policy = self.desired.policy
        self._takes = min(policy.first_token_s, policy.turn_deadline_s or policy.first_token_s) / 4 * slowly
        calm = not self._outages and not self._status(session).cooling

        async def story() -> list[_Asked]:
            return await asyncio.gather(*(self._ask(session, streamed) for _ in range(together)))

        turns = self._do(story)
        for asked in turns:
            self._check(asked)
        kinds = [_kind(asked) for asked in turns]
        # All but one of them may meet the one probe of a scope that has rested, and have nobody else to ask.
        said = f"nobody fails and nobody rests, but {together} turns ended {', '.join(kinds)}"
        self._promise(not calm or "answered" in kinds, session, said)
        self._check_at_rest(session)
        if visited:
            self.the_loop_reconciles(session)

    @rule(session=st.sampled_from(SESSIONS))
    def a_client_leaves(self, session: str) -> None:
        """A turn is cancelled before its first attempt could answer or fail."""
        before = self._status(session)
        self._takes = 1.0

        async def story() -> None:
            turn = asyncio.create_task(self._ask(session, streamed=True))
            await self.loop.sleep(_MOMENT_S)
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)

        self._do(story)
        blamed = set(self._status(session).cooling) - set(before.cooling)
        self._promise(not blamed, session, f"a client went away, and {', '.join(sorted(blamed))} was blamed for it")
        self._check_at_rest(session)

    @rule(data=st.data())
    def providers_fail(self, data: st.DataObject) -> None:
        """Some models fail from now on, or hang; what the chain begins with is the likeliest of them."""
        models = st.sampled_from((*self.desired.chain.models[:2], *self._models))
        for outage in data.draw(scripts(models, shortest=1), label="outages"):
            self._outages[outage.model] = outage

    @precondition(lambda self: self._outages)
    @rule(everybody=st.booleans())
    def a_provider_is_well_again(self, everybody: bool) -> None:
        """The oldest outage ends, or all of them do; what rests goes on resting."""
        for model in tuple(self._outages)[: None if everybody else 1]:
            del self._outages[model]

    @rule(seconds=st.sampled_from((1.0, 30.0, 60.0, 1000.0)))
    def time_passes(self, seconds: float) -> None:
        """Nobody does anything for a while."""
        self._do(lambda: self.loop.sleep(seconds))

    @rule(session=st.sampled_from(SESSIONS), data=st.data())
    def the_user_pins(self, session: str, data: st.DataObject) -> None:
        """A user selects a model, of the chain or not."""
        known = [model for model in self._models if self.desired.knows(model)]
        model = data.draw(st.sampled_from(known), label="model")
        self._do(lambda: self._live(session).pin(model))
        self._pins[session] = model
        serving = self._status(session).serving
        self._promise(serving == model, session, f"the user pinned {model!r}, but {serving!r} serves")
        self._check_at_rest(session)

    @rule(session=st.sampled_from(SESSIONS), afresh=st.booleans())
    def the_user_lets_go(self, session: str, afresh: bool) -> None:
        """A user removes the pin, or starts afresh."""
        self._do(self._live(session).reset if afresh else self._live(session).unpin)
        self._pins.pop(session, None)
        self._check_at_rest(session)

    @rule(session=st.sampled_from(SESSIONS))
    def the_loop_reconciles(self, session: str) -> None:
        """The reconciliation loop visits a session between its turns."""
        before = self._status(session)
        done = self._do(self._live(session).reconcile)
        after = self._status(session)
        live = before.state in ("failover_active", "cooldown_probe")
        moved = f"reconciliation moved a session in {before.state} from {before.serving!r} to {after.serving!r}"
        self._promise(not live or (before.state, before.serving) == (after.state, after.serving), session, moved)
        self._promise(done is not live, session, f"reconciliation in {before.state} said it was {_done(done)}")
        adopted = f"reconciliation ran, but {after.adopted!r} is adopted"
        self._promise(live or after.adopted == self.desired.chain.primary, session, adopted)

    @rule(data=st.data())
    def a_configuration_is_published(self, data: st.DataObject) -> None:
        """An operator reorders or shortens the chain."""
        models = data.draw(st.lists(st.sampled_from(self._models[:-1]), min_size=1, unique=True), label="chain")
        self.desired = evolve(self.desired, chain=Chain.of(*models))
        self._do(lambda: self.controller.publish(self.desired))

    @rule(in_flight=st.booleans())
    def the_process_dies(self, in_flight: bool) -> None:
        """The process is gone, perhaps with a turn, and another one takes up what was stored."""
        before = {session: self._status(session) for session in SESSIONS}
        self._takes = 1.0

        async def story() -> None:
            turn = asyncio.create_task(self._ask(SESSIONS[0], streamed=True))
            await self.loop.sleep(_MOMENT_S)
            self._store.die()
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)

        if in_flight:
            self._do(story)
        self._wake()
        for session, was in before.items():
            now = self._status(session)
            kept = (was.state, was.serving) == (now.state, now.serving)
            forgot = f"after a restart {now.serving!r} serves in {now.state}, not {was.serving!r} in {was.state}"
            self._promise(in_flight or kept, session, forgot)
            self._check_at_rest(session)

    def teardown(self) -> None:
        """All is well again and rests are over: every session is home within two turns."""
        try:
            # What failed before is the story; what follows from it must not take its place.
            if hasattr(self, "controller") and not self._failed:
                self._outages.clear()
                self._takes = 0.0
                policy = self.desired.policy
                rest_s = max(policy.cooldown_cap_s, policy.hard_cap_s) + policy.lease_s
                self._do(lambda: self.loop.sleep(rest_s))
                for session in SESSIONS:
                    self._check_comes_home(session)
        finally:
            self._runner.close()

    def _check_comes_home(self, session: str) -> None:
        for _ in range(2):
            asked = self._do(lambda: self._ask(session, streamed=True))
            self._check(asked)
            said = f"all is well again, but a turn ended {_kind(asked)!r}"
            self._promise(_kind(asked) == "answered", session, said)
        status = self._status(session)
        home = self._pins.get(session) or self.desired.chain.primary
        away = f"all is well again, but {status.serving!r} serves, and home is {home!r}"
        self._promise(status.serving == home, session, away)

    def _check_at_rest(self, session: str) -> None:
        """What holds between turns."""
        status = self._status(session)
        pin = self._pins.get(session)
        self._promise(status.pinned == pin, session, f"the user's pin is {pin!r}, the session's {status.pinned!r}")
        self._promise(status.turns == 0, session, f"every turn is over, but {status.turns} are counted")

    def _check(self, asked: _Asked) -> None:
        """What a turn's client and the providers saw of it."""
        kind, whole = _kind(asked), "".join(ANSWER)
        text = "".join(self.text(piece) for piece in asked.received)
        wanted = f"the whole answer {whole!r}, once" if kind == "answered" else "the answer's beginning, if interrupted"
        begun = whole.startswith(text) and bool(text) == (kind == "interrupted")
        fits = text == whole if kind == "answered" else begun
        self._promise(fits, asked.session, f"a turn ended {kind!r} and its client got {text!r}; it must get {wanted}")
        self._check_attempts(asked)
        fates = () if asked.outcome is None else asked.outcome.fates
        unheard = set(asked.config.chain.models) - {fate.candidate.model for fate in fates}
        said = f"a turn is exhausted, but says nothing of {', '.join(sorted(unheard))}"
        self._promise(kind != "exhausted" or not unheard, asked.session, said)

    def _check_attempts(self, asked: _Asked) -> None:
        tries: dict[tuple[str, str], int] = {}
        for attempt, called in asked.attempts:
            model = attempt.model
            who = model, attempt.credential
            tries[who] = tries.get(who, 0) + 1
            known = model in (*asked.config.chain.models, asked.pin)
            self._promise(known, asked.session, f"{model!r} was called, which is neither configured nor pinned")
            others = [other for other in called if other != model]
            self._promise(not others, asked.session, f"the attempt is for {model!r}, but the call went to {others}")
            often = f"one attempt called {model!r} {len(called)} times; switch the client's own retries off"
            self._promise(len(called) <= 1, asked.session, often)
        budget = 1 + asked.config.policy.retries
        for (model, _), times in tries.items():
            self._promise(times <= budget, asked.session, f"{model!r} had {times} attempts in a turn, of {budget}")

    def _promise(self, held: bool, session: str, otherwise: str) -> None:
        if not held:
            self._failed = True
            log = "".join(f"\n  {line}" for line in self._live(session).why(12))
            raise BrokenPromiseError(f"session {session!r}: {otherwise}\nwhat was decided last:{log or ' nothing'}")

    async def _ask(self, session: str, streamed: bool) -> _Asked:
        asked = _Asked(session, self.desired, self._pins.get(session))

        def told(attempt: Attempt) -> Awaitable[Any] | AsyncIterator[Any]:
            called: list[str] = []
            asked.attempts.append((attempt, called))
            _PRESENT.set(called)
            return self.call(attempt)

        try:
            async with await self._live(session).run(told, stream=streamed) as answer:
                async for piece in answer:
                    asked.received.append(piece)
            asked.outcome = answer.outcome
        except TurnError as error:
            asked.outcome = error.outcome
        return asked

    def _outage_of(self, model: str) -> Outage | None:
        outage = self._outages.get(model)
        if outage is not None and outage.times is not None:
            if outage.times == 1:
                del self._outages[model]
            else:
                self._outages[model] = evolve(outage, times=outage.times - 1)
        return outage

    def _wake(self) -> None:
        self._store = MortalStore(self._shared)
        self.controller = self.make_controller(self.desired, self._store)
        self._do(self.controller.open)

    def _live(self, session: str) -> LiveSession:
        return self.controller.session(session)

    def _status(self, session: str) -> SessionStatus:
        return self._do(lambda: self.controller.status(session))

    def _do(self, story: Callable[[], Coroutine[Any, Any, T]]) -> T:
        try:
            return self._runner.run(story())
        except BaseException:
            self._failed = True
            raise


def _kind(asked: _Asked) -> str:
    return "without an outcome" if asked.outcome is None else asked.outcome.kind


def _done(done: bool) -> str:
    return "done" if done else "blocked"
