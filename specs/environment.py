"""What may happen around the machines: the switches of the explored world, and the small worlds that are checked.

Every switch multiplies the number of states, so no single world turns all of them on. The worlds of `STANDARD` divide
the work: each is explored to its end, and between them every event meets every other that it can interfere with.
"""

from __future__ import annotations

from typing import Final

from attrs import evolve, field, frozen

from detent.fsm import Chain, Config, Failure, Policy
from detent.fsm.chain import provider_of

UNIT_S: Final = 30.0
"""The world's unit of time, in seconds: a soft rest lasts one, a hard one and a probe's lease two."""

OVERLOADED: Final = Failure("overloaded")
RATE_LIMITED: Final = Failure("rate_limit", wait_s=2 * UNIT_S)
BRIEFLY_LIMITED: Final = Failure("rate_limit", wait_s=2.0)
BAD_KEY: Final = Failure("auth")
UNREACHABLE: Final = Failure("connection")
UNKNOWN: Final = Failure("unknown")
EXPIRED: Final = Failure("session_expired")
UNSUPPORTED: Final = Failure("unsupported")
TOO_LONG: Final = Failure("context_overflow")
REFUSED: Final = Failure("content_filter")
INVALID: Final = Failure("invalid_request")

EVERY_BEHAVIOUR: Final = (
    OVERLOADED,
    RATE_LIMITED,
    BRIEFLY_LIMITED,
    BAD_KEY,
    UNREACHABLE,
    UNKNOWN,
    EXPIRED,
    UNSUPPORTED,
    TOO_LONG,
    REFUSED,
    INVALID,
)
"""One failure for each way in which reasons differ to the selection: what is retried, where the walk goes on, and
which scope rests for how long. Reasons that differ in none of these (``overloaded``, ``server_error``) stand as one."""

MODELS: Final = ("a/x", "b/y", "c/z", "d/w", "e/v")


@frozen
class Environment:
    """One small world: a configuration and what may happen to it.

    Attributes:
        name: what it is called in reports.
        configs: the configurations that may be published; the first is in force when the world begins.
        failures: the ways in which an attempt may fail.
        sessions: how many sessions there are.
        concurrent: how many turns of one session may be in flight at once.
        nodes: how many processes there are; with two, the second session lives on the second.
        pins: what the user may pin, with what is said about strictness.
        reset: the user may reset a session.
        reconcile: the reconciliation loop may visit at any moment.
        restart: a process may die and come back at any moment.
        death: a process may die and stay away for a while, so that its leases are left to run out.
        content: content may be shown before an attempt ends.
        abort: the client may call a turn off.
        deadline: a turn's time may be up at any moment.
        late: superseded attempts and finished turns may speak up.
        tokens: the size of every prompt in tokens, None: unknown.
        renewals: the credentials whose key may be changed at any moment, each as provider and name.
    """

    name: str
    configs: tuple[Config, ...]
    failures: tuple[Failure, ...] = (OVERLOADED,)
    sessions: int = 1
    concurrent: int = 1
    nodes: int = 1
    pins: tuple[tuple[str, bool | None], ...] = ()
    reset: bool = False
    reconcile: bool = True
    restart: bool = False
    death: bool = False
    content: bool = False
    abort: bool = False
    deadline: bool = False
    late: bool = False
    tokens: int | None = None
    renewals: tuple[tuple[str, str], ...] = ()
    providers: frozenset[str] = field(init=False, repr=False)

    @providers.default
    def _all_providers(self) -> frozenset[str]:
        return frozenset(provider_of(model) for config in self.configs for model in config.chain.models)


def small_policy(policy: Policy | None = None, *, growth: int = 1) -> Policy:
    """A policy with the same switches and small round durations, so that the world has finitely many clocks.

    A duration of zero stays zero, and at most one retry is kept: what a second one can do, the first has done.

    Args:
        policy: the policy whose switches are kept.
        growth: a soft rest may grow to so many units, and a lease lasts as many; with more than one, last resorts
            keep their gap too.
    """
    policy = policy or Policy(retries=0)
    return evolve(
        policy,
        retries=min(policy.retries, 1),
        backoff_s=min(policy.backoff_s, 1.0),
        backoff_cap_s=min(policy.backoff_cap_s, 1.0),
        cooldown_s=UNIT_S if policy.cooldown_s else 0.0,
        cooldown_cap_s=growth * UNIT_S if policy.cooldown_cap_s else 0.0,
        hard_cooldown_s=2 * UNIT_S if policy.hard_cooldown_s else 0.0,
        hard_cap_s=2 * UNIT_S if policy.hard_cap_s else 0.0,
        strike_window_s=0.0,
        turn_deadline_s=None,
        first_token_s=(growth - 1) * UNIT_S,
        idle_s=0.0,
        max_wait_s=min(policy.max_wait_s, 5.0),
        last_resort_gap_s=UNIT_S if growth > 1 and policy.last_resort_gap_s else 0.0,
    )


def variants(config: Config) -> tuple[Config, ...]:
    """A configuration and three that differ: primary replaced, first fallback removed, first two swapped."""
    models = config.chain.models
    first, rest = models[0], models[1:]
    chains = [Chain.of("new/n", *rest)]
    if rest:
        chains += [Chain.of(first, *rest[1:]), Chain.of(rest[0], first, *rest[1:])]
    before = {provider_of(model) for model in models}
    result = [config]
    for revision, chain in enumerate(chains, config.revision + 1):
        kept = before - {provider_of(model) for model in chain.models} - {provider_of(first)}
        result.append(evolve(config, chain=chain, revision=revision, retired=config.retired | kept))
    return tuple(result)
