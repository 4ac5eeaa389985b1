"""What Prometheus is told.

==========================================  =========================================================
``detent_turns_total``                      turns by ``chain`` and ``outcome``
``detent_attempts_total``                   attempts by ``model`` and ``result`` (answered, a reason, called_off)
``detent_first_token_seconds``              how long the first content of a streamed attempt took, by ``model``
``detent_failovers_total``                  sessions that went to a fallback
``detent_recoveries_total``                 sessions that came home from one
``detent_blocked_total``                    events that a row held off, by ``machine`` and ``event``
``detent_cooldowns_total``                  rests that were set, by the ``scope``'s kind and ``reason``
``detent_cooldowns_now``                    scopes that rest or are probed now, by ``state``
``detent_sessions``                         sessions now, by ``state``
==========================================  =========================================================

No label holds what a caller can choose freely: sessions and turns are in none, and of models and chains, which a pin
may name, those beyond `MOST_NAMES` are called ``other``.
"""

from __future__ import annotations

from collections import Counter as Counted
from collections.abc import Iterable, Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from detent.adapters.reports import TurnReport
from detent.adapters.status import Rest
from detent.fsm import SESSION
from detent.fsm.cooldown import COOLING, PROBING
from detent.fsm.decision import Decision, Step
from detent.fsm.session import COOLDOWN_PROBE, FAILOVER_ACTIVE

MOST_NAMES: Final = 200
"""How many models, and how many chains, have labels of their own."""

OTHER: Final = "other"
_BUCKETS: Final = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 60.0, 120.0)


class Metrics:
    """Counts what a controller does; give it to `Controller.observe`.

    Args:
        registry: where the metrics are registered; a new one by default.

    Attributes:
        registry: the same, for whoever exposes it.
    """

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry = CollectorRegistry() if registry is None else registry
        self._models: set[str] = set()
        self._chains: set[str] = set()

        def counter(name: str, says: str, *labels: str) -> Counter:
            return Counter(f"detent_{name}", says, labels, registry=registry)

        self._turns = counter("turns", "Turns that are over", "chain", "outcome")
        self._attempts = counter("attempts", "Calls of models", "model", "result")
        self._failovers = counter("failovers", "Sessions that went to a fallback")
        self._recoveries = counter("recoveries", "Sessions that came home")
        self._blocked = counter("blocked", "Events that a row held off", "machine", "event")
        self._rests = counter("cooldowns", "Rests that were set", "scope", "reason")
        self._first = Histogram(
            "detent_first_token_seconds", "To the first content", ("model",), registry=registry, buckets=_BUCKETS
        )
        self._resting = Gauge("detent_cooldowns_now", "Scopes that rest or are probed", ("state",), registry=registry)
        self._sessions = Gauge("detent_sessions", "Sessions", ("state",), registry=registry)

    def step(self, step: Step) -> None:
        """Count what was decided."""
        for decision in step.decisions:
            if decision.kind == "blocked":
                self._blocked.labels(decision.machine, decision.event).inc()
            elif decision.machine == "session":
                self._count_move(decision)
            elif decision.machine == "cooldown" and decision.event == "failed" and decision.after == COOLING:
                self._rests.labels(decision.subject.partition(" ")[0], decision.detail).inc()

    def turn(self, report: TurnReport) -> None:
        """Count a turn and its attempts."""
        self._turns.labels(_bounded(report.chain, self._chains), report.outcome).inc()
        for attempt in report.attempts:
            model = _bounded(attempt.model, self._models)
            self._attempts.labels(model, attempt.result).inc()
            if attempt.first_content_s is not None:
                self._first.labels(model).observe(attempt.first_content_s)

    def stand(self, sessions: Mapping[str, int], rests: Iterable[Rest]) -> None:
        """How things are now, for those who look.

        Args:
            sessions: how many there are in each state.
            rests: the scopes that rest or are probed.
        """
        for state in SESSION.states:
            self._sessions.labels(state).set(sessions.get(state, 0))
        resting = Counted(rest.state for rest in rests)
        for state in (COOLING, PROBING):
            self._resting.labels(state).set(resting[state])

    def _count_move(self, decision: Decision) -> None:
        if decision.event == "failed_over" and decision.before != decision.after == FAILOVER_ACTIVE:
            self._failovers.inc()
        if decision.event == "answered" and decision.before == COOLDOWN_PROBE != decision.after:
            self._recoveries.inc()


def _bounded(name: str, known: set[str]) -> str:
    if name not in known and len(known) >= MOST_NAMES:
        return OTHER
    known.add(name)
    return name
