"""The controller played by Hypothesis: simulated providers, users, operators, restarts and a clock, on virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from detent.adapters import Attempt, Controller, MemoryStore, ProviderError, TurnError
from detent.adapters.scenario.clock import VirtualLoop
from detent.adapters.scenario.mortal import MortalStore
from detent.fsm import Chain, Config, Failure, Policy

MODELS = ("a/x", "a/y", "b/x", "c/x")
REASONS = (
    "overloaded",
    "rate_limit",
    "quota_exhausted",
    "connection",
    "context_overflow",
    "invalid_request",
    "unknown",
)
SESSIONS = st.sampled_from(["s1", "s2"])


class Outages(RuleBasedStateMachine):
    """A small reference model beside the controller: who is down, what the user pinned, what is configured."""

    @initialize(live=st.booleans(), strict=st.booleans())
    def begin(self, live: bool, strict: bool) -> None:
        self.runner = asyncio.Runner(loop_factory=VirtualLoop)
        loop = self.runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        self.loop = loop
        self.policy = Policy(retries=1, backoff_s=1.0, stream="live" if live else "buffered", pin_strict=strict)
        self.chain = Chain.of(*MODELS[:3])
        self.shared = MemoryStore()
        self.down: dict[str, str] = {}
        self.pins: dict[str, str] = {}
        self.tick = 0
        self.wake()

    def wake(self) -> None:
        self.mortal = MortalStore(self.shared)
        self.host = Controller(
            Config(self.chain, self.policy),
            store=self.mortal,
            node="n1",
            now=self.loop.now,
            sleep=self.loop.sleep,
            dice=lambda: 1.0,
        )

    def do(self, story: Callable[[], Awaitable[Any]]) -> Any:
        async def told() -> Any:
            return await story()

        return self.runner.run(told())

    async def call(self, attempt: Attempt) -> AsyncIterator[str]:
        stored, _ = await self.shared.read(self.asking)
        assert stored is not None
        assert stored.turns, "a call is made only for a turn that is stored"
        assert attempt.model in (*self.known, self.pins.get(self.asking)), "removed models are not called"
        await asyncio.sleep(self.takes)
        if attempt.model in self.down:
            raise ProviderError(Failure(self.down[attempt.model]))  # type: ignore[arg-type]
        for piece in ("one ", "two ", "three"):
            yield piece

    async def ask(self, session: str) -> str:
        self.asking = session
        self.known = self.chain.models
        try:
            async with await self.host.session(session).run(self.call) as answer:
                text = "".join([piece async for piece in answer])
        except TurnError as error:
            return error.outcome.kind
        assert text == "one two three", "an answer is whole, and told once"
        return "answered"

    @rule(session=SESSIONS, together=st.integers(1, 3), takes=st.sampled_from([0, 1, 20]))
    def users_ask(self, session: str, together: int, takes: int) -> None:
        self.takes = takes

        async def story() -> list[str]:
            return await asyncio.gather(*(self.ask(session) for _ in range(together)))

        outcomes = self.do(story)
        status = self.do(lambda: self.host.status(session))
        assert status.turns == 0
        assert status.pinned == self.pins.get(session), "only the user's hand moves the pin"
        if not self.down and not status.cooling:
            assert set(outcomes) == {"answered"}

    @rule(model=st.sampled_from(MODELS), reason=st.sampled_from(REASONS))
    def a_model_fails_from_now_on(self, model: str, reason: str) -> None:
        self.down[model] = reason

    @rule()
    def everybody_is_well(self) -> None:
        self.down.clear()

    @rule(seconds=st.sampled_from([1, 30, 60, 1000]))
    def time_passes(self, seconds: int) -> None:
        self.do(lambda: asyncio.sleep(seconds))

    @rule(session=SESSIONS, model=st.sampled_from((*MODELS, "d/z")))
    def the_user_pins(self, session: str, model: str) -> None:
        self.do(lambda: self.host.session(session).pin(model))
        self.pins[session] = model

    @rule(session=SESSIONS, hand=st.sampled_from(["unpin", "reset"]))
    def the_user_lets_go(self, session: str, hand: str) -> None:
        self.do(getattr(self.host.session(session), hand))
        self.pins.pop(session, None)

    @rule(session=SESSIONS)
    def the_loop_reconciles(self, session: str) -> None:
        before = self.do(lambda: self.host.status(session))
        allowed = self.do(self.host.session(session).reconcile)
        after = self.do(lambda: self.host.status(session))
        assert allowed == (before.state in ("primary", "user_pinned"))
        if not allowed:
            assert (after.serving, after.state) == (before.serving, before.state)

    @rule(models=st.permutations(MODELS).map(lambda models: models[:3]))
    def a_configuration_is_published(self, models: list[str]) -> None:
        self.chain = Chain.of(*models)
        self.do(lambda: self.host.publish(Config(self.chain, self.policy)))

    @rule(in_flight=st.booleans())
    def the_process_dies(self, in_flight: bool) -> None:
        before = {name: self.do(lambda name=name: self.host.status(name)) for name in ("s1", "s2")}

        async def story() -> None:
            self.takes = 50
            turn = asyncio.create_task(self.ask("s1"))
            await asyncio.sleep(0)
            self.mortal.die()
            turn.cancel()
            await asyncio.gather(turn, return_exceptions=True)

        if in_flight:
            self.do(story)
        self.wake()
        for name, was in before.items():
            now = self.do(lambda name=name: self.host.status(name))
            assert now.turns == 0
            assert now.pinned == was.pinned
            if not in_flight:
                assert (now.state, now.serving, dict(now.cooling)) == (was.state, was.serving, dict(was.cooling))

    def teardown(self) -> None:
        if not hasattr(self, "runner"):
            return
        self.down.clear()
        self.takes = 0
        self.do(lambda: asyncio.sleep(200_000))
        for session in ("s1", "s2"):
            for _ in range(2):
                assert self.do(lambda session=session: self.ask(session)) == "answered"
            status = self.do(lambda session=session: self.host.status(session))
            assert status.serving == status.home == (self.pins.get(session) or self.chain.primary)
            assert status.cooling == {}
        self.runner.close()


TestOutages = Outages.TestCase
TestOutages.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
