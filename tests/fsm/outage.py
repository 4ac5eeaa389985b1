"""A world for the pure core: sessions, turns in flight, cooldowns and a clock, all in plain dicts.

`World.take` is the only way in: it checks every promise that can be read off one step, stores the step, and remembers
what the turns were ordered to do. It knows the rules in its own words and never asks the code it checks.
"""

from __future__ import annotations

from collections import Counter
from itertools import count

from detent.fsm import core
from detent.fsm.chain import Candidate, Config
from detent.fsm.cooldown import Cooldown
from detent.fsm.decision import Call, Outcome, Step, Wait
from detent.fsm.reasons import Failure
from detent.fsm.session import Session
from detent.fsm.turn import Turn

COOLS: dict[str, str | None] = {
    "rate_limit": "credential_model",
    "quota_exhausted": "credential",
    "auth": "credential",
    "permission": "credential_model",
    "model_not_found": "model",
    "overloaded": "model",
    "server_error": "model",
    "timeout": "model",
    "empty_response": "model",
    "stream_interrupted": "model",
    "unknown": "model",
    "connection": "endpoint",
    "session_expired": None,
    "context_overflow": None,
    "unsupported": None,
    "content_filter": None,
    "invalid_request": None,
}
"""The failure table of the design, in the tests' own words."""

HARD = {"quota_exhausted", "auth", "permission", "model_not_found"}
MAY_CHANGE_SERVING = {"pin", "unpin", "reset", "failed_over", "answered", "reconcile", "planned"}
MAY_CHANGE_PIN = {"pin", "unpin", "reset"}


class Flight:
    """A turn in flight, and everything that was ordered for it."""

    def __init__(self, session: str, turn: Turn) -> None:
        self.session = session
        self.turn = turn
        self.order: Call | Wait | None = None
        self.calls: list[Candidate] = []
        self.shown = False
        self.alone = False
        self.outdated = False


class World:
    """Sessions, turns in flight, cooldowns, a configuration, and a clock."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.now = 0.0
        self.sessions: dict[str, Session] = {}
        self.health: dict[str, Cooldown] = {}
        self.flights: dict[str, Flight] = {}
        self.outcomes: dict[str, Outcome] = {}
        self.notices: list[tuple[str, str]] = []
        self.kept: dict[tuple[str, str], str] = {}
        self.ids = count(1)

    def session(self, name: str) -> Session:
        return self.sessions.get(name) or core.fresh(name, self.config)

    # What may happen

    def start(self, name: str, *, tokens: int | None = None, live: bool = True) -> Flight:
        session = self.session(name)
        request = core.Request(f"n.{next(self.ids)}", tokens, live)
        step = core.start(session, self.config, self.health, self.now, request)
        assert step.turn is not None
        self._plan_is_the_promised_order(step)
        flight = Flight(name, step.turn)
        self.flights[step.turn.id] = flight
        self.take(step, flight)
        return flight

    def fail(self, flight: Flight, failure: Failure) -> Step:
        assert isinstance(flight.order, Call)
        return self.take(
            core.failed(
                self.session(flight.session), flight.turn, self.health, self.now, flight.order.attempt, failure
            ),
            flight,
            failure,
        )

    def succeed(self, flight: Flight) -> Step:
        assert isinstance(flight.order, Call)
        return self.take(
            core.succeeded(self.session(flight.session), flight.turn, self.health, self.now, flight.order.attempt),
            flight,
        )

    def speak(self, flight: Flight) -> Step:
        assert isinstance(flight.order, Call)
        step = core.content(self.session(flight.session), flight.turn, self.health, self.now, flight.order.attempt)
        flight.shown = flight.shown or flight.turn.live
        return self.take(step, flight)

    def wake(self, flight: Flight) -> Step:
        assert isinstance(flight.order, Wait)
        self.now += flight.order.seconds
        return self.take(
            core.waited(self.session(flight.session), flight.turn, self.health, self.now, flight.order.attempt),
            flight,
        )

    def cut(self, flight: Flight, how: str) -> Step:
        decide = {"aborted": core.aborted, "deadline": core.deadline}[how]
        return self.take(decide(self.session(flight.session), flight.turn, self.health, self.now), flight)

    def pin(self, name: str, model: str, strict: bool | None = None) -> Step:
        return self.take(core.pin(self.session(name), self.config, self.health, self.now, model=model, strict=strict))

    def user(self, name: str, what: str) -> Step:
        decide = {"unpin": core.unpin, "reset": core.reset, "reconcile": core.reconcile}[what]
        if what == "reset":
            self.kept = {place: key for place, key in self.kept.items() if place[0] != name}
        return self.take(decide(self.session(name), self.config, self.health, self.now))

    def publish(self, config: Config) -> None:
        self.config = config
        self.health.update(core.lift(self.health, self.now).cooldowns)
        for name, session in list(self.sessions.items()):
            if session.pin is not None:
                self.take(core.published(self.session(name), config, self.health, self.now))

    def renew(self, provider: str, credential: str) -> None:
        """The key is changed: nothing is held against it, and nothing changes for anybody else."""
        step = core.renew(self.health, self.now, provider, credential, self.config.chain.models)
        for key, record in step.cooldowns.items():
            assert key.endswith(f" {provider}@{credential}") or f" {provider}/" in key
            assert key.partition(" ")[0] in ("credential", "credential_model")
            assert key.endswith(f"@{credential}")
            assert (record.state, record.strikes) == ("available", 0)
        self.health.update(step.cooldowns)
        for flight in self.flights.values():
            called = flight.calls[-1] if flight.calls else None
            if called is not None and (called.provider, called.credential) == (provider, credential):
                flight.outdated = True

    def restart(self) -> None:
        lost = list(self.flights)
        self.flights.clear()
        for name in list(self.sessions):
            step = core.restored(self.session(name), self.config, self.health, self.now, lost)
            self.take(step, left_open=True)
        self._one_probe_a_scope()

    def finish(self, flight: Flight) -> Outcome:
        """See a turn to its end, everybody answering."""
        while flight.turn.id not in self.outcomes:
            if isinstance(flight.order, Wait):
                self.wake(flight)
            else:
                self.succeed(flight)
        return self.outcomes[flight.turn.id]

    # What must hold of every step

    def take(
        self,
        step: Step,
        flight: Flight | None = None,
        failure: Failure | None = None,
        *,
        left_open: bool = False,
    ) -> Step:
        before = self.session(step.session.id)
        self._selection_moves_by_its_rows_alone(before, step)
        self._what_is_late_changes_nothing(before, step)
        self._rests_are_scoped_and_capped(step, flight, failure)
        self.sessions[step.session.id] = step.session
        self._state_says_what_serves(step.session)
        order = step.command
        if isinstance(order, Call):
            assert flight is not None
            assert step.turn is not None
            self._a_call_is_permitted(step, flight, order)
        self.health.update(step.cooldowns)
        self.notices.extend((notice.session, notice.kind) for notice in step.notices)
        if flight is not None and step.turn is not None:
            self._ranking_falls(flight, step.turn, order)
            flight.turn = step.turn
            if isinstance(order, Outcome):
                self._outcome_is_honest(flight, order)
                if order.kind == "answered":
                    self.kept[flight.session, order.model] = order.credential
                del self.flights[flight.turn.id]
            elif order is not None:
                flight.order = order
        if not left_open:
            self._one_probe_a_scope()
        return step

    def _plan_is_the_promised_order(self, step: Step) -> None:
        """Serving first, then pin, primary, fallbacks; home first when it is tried, its other keys then last."""
        session, turn = step.session, step.turn
        assert turn is not None
        named = [*([session.pin] if session.pin else []), *self.config.chain.models]
        home = named[0]
        began = [turn.began_on] if turn.began_on in named else []
        order = [session.pin] if turn.strict else list(dict.fromkeys([*began, *named]))
        walk = [Candidate(str(m), key) for m in order for key in self._keys(session.id, str(m))]
        on_the_way = any(decision.event == "home_reached" for decision in step.decisions)
        if session.prober == turn.id and not on_the_way and home != turn.began_on and not turn.strict:
            tried = turn.plan[0]
            assert tried.model == home
            others = [c for c in walk if c.model == home and c != tried]
            walk = [tried, *(c for c in walk if c.model != home), *others]
        assert list(turn.plan) == walk, "candidates stand in the promised order, and failing one never shortens it"

    def _keys(self, session: str, model: str) -> list[str]:
        """A model's keys as configured; or first the one that answered the session last, then the others."""
        keys = self.config.credentials.get(model.partition("/")[0], ("",))
        kept = self.kept.get((session, model)) if self.config.policy.keep_credential else None
        return [*(key for key in keys if key == kept), *(key for key in keys if key != kept)]

    def _selection_moves_by_its_rows_alone(self, before: Session, step: Step) -> None:
        events = {d.event for d in step.decisions if d.machine == "session" and d.kind == "move"}
        if step.session.serving != before.serving:
            assert events & MAY_CHANGE_SERVING, f"serving moved without a row that may: {events}"
        if step.session.pin != before.pin:
            assert events & MAY_CHANGE_PIN, f"the pin left without the user: {events}"
        visited = {"reconcile", "published"} & {d.event for d in step.decisions}
        if visited and before.state in ("failover_active", "cooldown_probe"):
            assert (step.session.serving, step.session.state) == (before.serving, before.state)

    def _what_is_late_changes_nothing(self, before: Session, step: Step) -> None:
        if any(d.machine == "turn" and d.kind == "stale" for d in step.decisions):
            assert step.session is before
            assert not step.cooldowns
            assert step.command is None

    def _rests_are_scoped_and_capped(self, step: Step, flight: Flight | None, failure: Failure | None) -> None:
        for key, record in step.cooldowns.items():
            old = self.health.get(key)
            policy = flight.turn.config.policy if flight is not None else self.config.policy
            longer = record.until > (old.until if old is not None else 0.0)
            if longer:
                assert flight is not None
                assert failure is not None
                called = flight.calls[-1]
                scope = COOLS[failure.reason]
                assert scope is not None, f"{failure.reason} puts nobody to rest"
                assert key == called.scope(scope), "a failure may condemn its own scope alone"
                hard = failure.reason in HARD
                assert record.until - self.now <= (policy.hard_cap_s if hard else policy.cooldown_cap_s) + 1e-6
                blank = old is not None and old.reason == ""
                assert not (blank and flight.outdated), "an old key's failure is not held against the new one"
            if old is not None and old.rests(self.now) and not record.rests(self.now):
                assert flight is not None
                assert key in flight.calls[-1].scopes, "a success ends its own scope's rest alone"

    def _state_says_what_serves(self, session: Session) -> None:
        if session.state == "primary":
            assert session.pin is None
            assert session.serving == session.adopted
        if session.state == "user_pinned":
            assert session.pin == session.serving
        assert (session.state == "cooldown_probe") == (session.prober is not None)

    def _a_call_is_permitted(self, step: Step, flight: Flight, order: Call) -> None:
        turn = step.turn
        assert turn is not None
        assert not flight.shown, "nobody is called after content was shown"
        again = bool(flight.calls) and flight.calls[-1] == order.candidate
        if not again:
            assert order.candidate not in flight.calls, "the walk never goes back"
            flight.alone = turn.alone
        flight.calls.append(order.candidate)
        flight.outdated = False
        for key in order.candidate.scopes:
            record = self.health.get(key)
            closed = (
                record is not None
                and record.state != "available"
                and (self.now < record.until or (record.state == "probing" and self.now < record.lease_until))
            )
            licensed = turn.resort or order.candidate == turn.licensed
            own = record is not None and record.holder.partition("#")[0] == turn.id
            assert not closed or licensed or own, f"{order.candidate.label} was called while {key} rests"
        tries = Counter(flight.calls)[order.candidate]
        assert tries <= 1 + (0 if flight.alone else turn.config.policy.retries)
        places = [turn.plan.index(candidate) for candidate in flight.calls]
        assert turn.resort or places == sorted(places), "candidates are called in the order of the plan"

    def _ranking_falls(self, flight: Flight, after: Turn, order: object) -> None:
        if isinstance(order, Call) and flight.turn is not after and flight.turn.attempt:
            was = (len(flight.turn.plan) - flight.turn.at, -flight.turn.tries, flight.turn.state == "backing_off")
            now = (len(after.plan) - after.at, -after.tries, after.state == "backing_off")
            assert now < was, "each call lowers the measure that ends the turn"

    def _outcome_is_honest(self, flight: Flight, outcome: Outcome) -> None:
        turn = flight.turn
        assert turn.id not in self.outcomes, "one turn, one outcome"
        self.outcomes[turn.id] = outcome
        assert turn.id not in self.session(flight.session).turns
        if outcome.kind == "exhausted":
            met = {fate.candidate for fate in outcome.fates}
            assert met >= set(turn.plan), "exhausted means that everybody was called or skipped, on record"
            assert {fate.candidate for fate in outcome.fates if fate.called} == set(flight.calls)

    def _one_probe_a_scope(self) -> None:
        holders = Counter(
            key
            for flight in self.flights.values()
            if isinstance(flight.order, Call)
            for key in flight.turn.leases
            if (record := self.health.get(key)) is not None
            and record.state == "probing"
            and self.now < record.lease_until
            and record.holder == f"{flight.turn.id}#{flight.turn.attempt}"
        )
        assert all(number == 1 for number in holders.values()), f"two probes of one scope: {holders}"
        for record in self.health.values():
            if record.state == "probing":
                assert record.holder.partition("#")[0] in self.flights, "a turn that ended gives its lease back"
