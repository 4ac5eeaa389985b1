"""The promises, checked step by step while Hypothesis plays providers, users, operators and the clock."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from detent.fsm.chain import Chain, Config, Policy, provider_of
from detent.fsm.decision import Call, Wait
from detent.fsm.reasons import REASONS, Failure

from .outage import Flight, World

MODELS = ("a/x", "a/y", "b/x", "c/x")
HANDS = ("unpin", "reset", "reconcile")
FAILURES = st.builds(
    Failure,
    reason=st.sampled_from([reason for reason in REASONS if reason != "aborted"]),
    wait_s=st.none() | st.sampled_from([0.0, 2.0, 30.0, 500.0]),
)
SCRIPTS: st.SearchStrategy[list[Any]] = st.lists(
    FAILURES | st.sampled_from(["answer", "content", 61.0, 1000.0, *HANDS, *MODELS]), min_size=4, max_size=16
)
POLICIES = st.builds(
    Policy,
    retries=st.integers(0, 2),
    backoff_s=st.sampled_from([0.0, 1.0]),
    cooldown_s=st.sampled_from([0.0, 10.0, 60.0]),
    cooldown_cap_s=st.sampled_from([60.0, 3600.0]),
    on_all_cooling=st.sampled_from(["last_resort", "fail_fast"]),
    pin_strict=st.booleans(),
    keep_credential=st.booleans(),
    content_filter_fails_over=st.booleans(),
    stream=st.sampled_from(["live", "buffered"]),
)


def chains() -> st.SearchStrategy[Chain]:
    return st.lists(st.sampled_from(MODELS), min_size=1, max_size=4).map(lambda models: Chain.of(*models))


class Promises(RuleBasedStateMachine):
    """Two sessions of one store; anything may happen at any moment."""

    @initialize(chain=chains(), policy=POLICIES, keys=st.integers(1, 2))
    def begin(self, chain: Chain, policy: Policy, keys: int) -> None:
        names = {"a": ("k1", "k2")[:keys]} if keys == 2 else {}
        self.world = World(Config(chain, policy, credentials=names, windows={"b/x": 100}))

    def flights(self, kind: type) -> list[Flight]:
        return [flight for flight in self.world.flights.values() if isinstance(flight.order, kind)]

    @rule(session=st.sampled_from(["s1", "s2"]), tokens=st.sampled_from([None, 50, 500]), live=st.booleans())
    def a_turn_starts(self, session: str, tokens: int | None, live: bool) -> None:
        if len(self.world.flights) < 4:
            self.world.start(session, tokens=tokens, live=live)

    @rule(session=st.sampled_from(["s1", "s2"]), tokens=st.sampled_from([None, 50, 500]), script=SCRIPTS)
    def a_session_lives_for_a_while(self, session: str, tokens: int | None, script: list[Any]) -> None:
        """Turn after turn of one session; the last of them may still be in flight afterwards."""
        world, flight = self.world, None
        for happening in script:
            if isinstance(happening, float):
                world.now += happening
            elif happening in HANDS:
                world.user(session, happening)
            elif happening in MODELS:
                if world.config.knows(happening):
                    world.pin(session, happening)
            else:
                if flight is None or flight.turn.id in world.outcomes:
                    flight = world.start(session, tokens=tokens)
                self.happens(flight, happening)
        world.user(session, "reconcile")

    def happens(self, flight: Flight, happening: Failure | str) -> None:
        if flight.turn.id in self.world.outcomes:
            return
        if isinstance(flight.order, Wait):
            self.world.wake(flight)
        elif isinstance(happening, Failure):
            self.world.fail(flight, happening)
        elif happening == "content":
            self.world.speak(flight)
        else:
            self.world.succeed(flight)

    @precondition(lambda self: self.flights(Call))
    @rule(data=st.data(), failure=FAILURES)
    def an_attempt_fails(self, data: Any, failure: Failure) -> None:
        self.world.fail(data.draw(st.sampled_from(self.flights(Call))), failure)

    @precondition(lambda self: self.flights(Call))
    @rule(data=st.data())
    def an_attempt_succeeds(self, data: Any) -> None:
        self.world.succeed(data.draw(st.sampled_from(self.flights(Call))))

    @precondition(lambda self: self.flights(Call))
    @rule(data=st.data())
    def content_comes(self, data: Any) -> None:
        self.world.speak(data.draw(st.sampled_from(self.flights(Call))))

    @precondition(lambda self: self.flights(Wait))
    @rule(data=st.data())
    def a_wait_ends(self, data: Any) -> None:
        self.world.wake(data.draw(st.sampled_from(self.flights(Wait))))

    @precondition(lambda self: self.world.flights)
    @rule(data=st.data(), how=st.sampled_from(["aborted", "deadline"]))
    def a_turn_is_cut(self, data: Any, how: str) -> None:
        self.world.cut(data.draw(st.sampled_from(list(self.world.flights.values()))), how)

    @precondition(lambda self: self.flights(Call))
    @rule(data=st.data(), failure=FAILURES)
    def a_superseded_attempt_speaks_up(self, data: Any, failure: Failure) -> None:
        flight = data.draw(st.sampled_from(self.flights(Call)))
        order = flight.order
        assert isinstance(order, Call)
        flight.order = Call(order.attempt - 1, order.candidate, 1.0, 1.0)
        for late in (lambda: self.world.fail(flight, failure), lambda: self.world.succeed(flight)):
            step = late()
            assert step.command is None
        flight.order = order

    @rule(
        session=st.sampled_from(["s1", "s2"]), model=st.sampled_from((*MODELS, "d/z")), strict=st.none() | st.booleans()
    )
    def the_user_pins(self, session: str, model: str, strict: bool | None) -> None:
        if self.world.config.knows(model):
            self.world.pin(session, model, strict)

    @rule(session=st.sampled_from(["s1", "s2"]), what=st.sampled_from(HANDS))
    def the_user_or_the_loop_visits(self, session: str, what: str) -> None:
        self.world.user(session, what)

    @rule(chain=chains(), dropped=st.sampled_from([None, "d", "c"]))
    def a_configuration_is_published(self, chain: Chain, dropped: str | None) -> None:
        old = self.world.config
        gone = {dropped} - {provider_of(model) for model in chain.models} - {None}
        new = old.next(chain)
        self.world.publish(
            Config(chain, new.policy, new.revision, old.windows, old.credentials, retired=frozenset(map(str, gone)))
        )

    @rule(credential=st.sampled_from(["k1", "k2"]))
    def a_key_is_changed(self, credential: str) -> None:
        self.world.renew("a", credential)

    @rule(seconds=st.sampled_from([1.0, 10.0, 60.0, 700.0, 90_000.0]))
    def time_passes(self, seconds: float) -> None:
        self.world.now += seconds

    @rule()
    def the_process_restarts(self) -> None:
        self.world.restart()

    @invariant()
    def turns_in_flight_are_known(self) -> None:
        if hasattr(self, "world"):
            for name, session in self.world.sessions.items():
                mine = {turn for turn, flight in self.world.flights.items() if flight.session == name}
                assert set(session.turns) == mine

    def teardown(self) -> None:
        """Whatever happened: when everybody is well again, every turn ends and every session comes home."""
        if not hasattr(self, "world"):
            return
        world = self.world
        for flight in list(world.flights.values()):
            world.finish(flight)
        world.now += 200_000.0
        for name in ("s1", "s2"):
            session = world.session(name)
            if session.pin is not None and not world.config.knows(session.pin):
                continue
            for _ in range(2):
                assert world.finish(world.start(name)).kind == "answered"
            session = world.session(name)
            wanted = session.pin or world.config.chain.primary
            assert session.serving == wanted
            assert session.state == ("user_pinned" if session.pin else "primary")
            world.user(name, "reconcile")
            assert world.session(name).adopted == world.config.chain.primary
            assert world.session(name).revision == world.config.revision


TestPromises = Promises.TestCase
TestPromises.settings = settings(max_examples=400, stateful_step_count=30, deadline=None, report_multiple_bugs=False)
