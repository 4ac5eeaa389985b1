"""The small worlds that are explored: an ordinary set, a thorough one, and rare ones for the cells few worlds reach.

Every switch multiplies the number of states, so no single world turns all of them on. They divide the work: each is
explored to its end, and between them every event meets every other that it can interfere with.
"""

from __future__ import annotations

from attrs import evolve

from detent.fsm import Chain, Config, Failure, Policy

from .environment import (
    BAD_KEY,
    BRIEFLY_LIMITED,
    EXPIRED,
    INVALID,
    MODELS,
    OVERLOADED,
    RATE_LIMITED,
    REFUSED,
    TOO_LONG,
    UNKNOWN,
    UNREACHABLE,
    UNSUPPORTED,
    Environment,
    small_policy,
    variants,
)


def standard(size: int = 3) -> tuple[Environment, ...]:
    """The worlds that an ordinary run explores, over a chain of so many candidates (2 to 5).

    Where two turns or two sessions meet, two candidates are enough to show what one does to the other;
    `thorough` has the same with all of them. Two turns that hedge at once make no last resorts here, which halves
    their world; `thorough` has them with last resorts, and with retries. Where a key is changed the reconciliation
    loop does not visit; it does in `thorough`.
    """
    chain = Chain.of(*MODELS[:size])
    plain = Config(chain, small_policy())
    patient = Config(chain, small_policy(Policy(retries=1)))
    quick = Config(chain, small_policy(Policy(retries=0, on_all_cooling="fail_fast")))
    pair = Config(Chain.of(*MODELS[: min(size, 2)]), small_policy())
    waiting = evolve(pair, policy=patient.policy)
    growing = Config(chain, small_policy(growth=2))
    keys = Config(Chain.of(*MODELS[: size - 1]), small_policy(), credentials={"a": ("k1", "k2")})
    ordered = evolve(keys, policy=evolve(keys.policy, keep_credential=False))
    house = Config(Chain.of("a/x", "a/y", *MODELS[1 : size - 1]), small_policy())
    hedged = Config(chain, small_policy(Policy(retries=1, backoff_s=0.0, hedge_after_s=1.0)))
    hasty = evolve(quick.policy, hedge_after_s=1.0)
    hedged_keys = evolve(hedged, chain=Chain.of(MODELS[0]), credentials={"a": ("k1", "k2")})
    replaced, removed, reordered = variants(plain)[1:]
    pin = (MODELS[1], None)
    return (
        Environment("one user, one turn at a time", (plain,), pins=(pin,), reset=True, restart=True),
        Environment("content, cuts and detours", (plain,), (OVERLOADED, UNSUPPORTED), content=True, abort=True,
                    deadline=True, late=True),
        Environment("failures of the request", (patient,), (UNSUPPORTED, EXPIRED, TOO_LONG, REFUSED, INVALID)),
        Environment("retries and stated waits", (patient,), (RATE_LIMITED, BRIEFLY_LIMITED), late=True),
        Environment("a failure nobody knows", (quick,), (UNKNOWN,)),
        Environment("two models of one house", (house,), (UNREACHABLE, OVERLOADED)),
        Environment("two keys of one model", (keys,), (RATE_LIMITED, BAD_KEY), reset=True),
        Environment("two keys, in their order each turn", (ordered,), (RATE_LIMITED, BAD_KEY)),
        Environment("a key is changed", (keys,), (RATE_LIMITED, BAD_KEY), reconcile=False, renewals=(("a", "k1"),)),
        Environment("rests that grow", (growing,), restart=True),
        Environment("a strict pin", (quick,), pins=((MODELS[1], True),)),
        Environment("a new primary is published", (plain, replaced)),
        Environment("a new primary, and retries", variants(waiting)[:2]),
        Environment("a model is removed", (plain, removed)),
        Environment("the pin's provider is removed", (pair, variants(pair)[2]), pins=(pin,)),
        Environment("a configuration mends a key", (pair, variants(pair)[3]), (OVERLOADED, BAD_KEY)),
        Environment("the chain is reordered", (plain, reordered), reset=True),
        Environment("two turns at once", (pair,), concurrent=2, late=True),
        Environment("two sessions", (pair,), sessions=2),
        Environment("a chain that hedges", (hedged,), (OVERLOADED, INVALID), content=True, abort=True, late=True),
        Environment("a chain that hedges, two turns at once", (evolve(pair, policy=hasty),), concurrent=2,
                    reconcile=False),
        Environment("a chain that hedges, and a key is changed", (hedged_keys,), (BAD_KEY,),
                    content=True, reconcile=False, renewals=(("a", "k1"), ("a", "k2"))),
    )  # fmt: skip


def thorough(size: int = 3) -> tuple[Environment, ...]:
    """The larger worlds for a run that may take minutes."""
    plain = Config(Chain.of(*MODELS[:size]), small_policy())
    waiting = Config(Chain.of(*MODELS[:2]), small_policy(Policy(retries=1)))
    hedged = small_policy(Policy(retries=1, backoff_s=0.0, hedge_after_s=1.0))
    hasty = evolve(hedged, retries=0)
    pin = (MODELS[1], None)
    keys = Config(Chain.of(*MODELS[: size - 1]), small_policy(), credentials={"a": ("k1", "k2")})
    return (
        Environment("a key is changed, and reconciliation", (keys,), (RATE_LIMITED, BAD_KEY), renewals=(("a", "k1"),)),
        Environment("two sessions, and retries", (waiting,), sessions=2, reconcile=False),
        Environment("three configurations, pins and restarts", variants(plain), pins=(pin,), restart=True),
        Environment("two turns at once, whole chain", (plain,), concurrent=2),
        Environment("two sessions, whole chain", (plain,), sessions=2),
        Environment("two turns at once, pins and cuts", (plain,), concurrent=2, pins=(pin,), abort=True, content=True),
        Environment("two turns at once, a new primary", variants(plain)[:2], concurrent=2),
        Environment(
            "a chain that hedges, two turns at once, and last resorts", (evolve(waiting, policy=hasty),), concurrent=2
        ),
        Environment(
            "a chain that hedges, two turns at once, and retries", (evolve(waiting, policy=hedged),), concurrent=2
        ),
        Environment("two nodes, one store, either may die", (plain,), sessions=2, nodes=2, death=True),
    )


def rare() -> tuple[Environment, ...]:
    """Worlds for the cells of the tables that the ordinary ones do not reach: odd policies, and odd company."""
    patient, pair = small_policy(Policy(retries=1)), Chain.of(*MODELS[:2])
    plain = Config(pair, small_policy())
    windows = dict.fromkeys(pair.models, 100)
    outgrown = Config(Chain.of(*MODELS[:3]), small_policy(), windows=windows)
    strictly = (MODELS[0], True)
    alone, lone = Config(Chain.of(MODELS[0]), patient), Config(Chain.of(MODELS[0]), small_policy())
    fitting = evolve(lone, windows=windows)
    keys = Config(pair, small_policy(), credentials={"a": ("k1", "k2")})
    restless = Config(Chain.of("a/x", "a/y", MODELS[1]), small_policy(Policy(retries=0, cooldown_s=0.0)))
    hedged = small_policy(Policy(retries=0, hedge_after_s=1.0))
    gathered = small_policy(Policy(retries=1, backoff_s=0.0, hedge_after_s=1.0, stream="buffered"))
    housed = Chain.of("b/y", "a/x", "a/z")
    pin = (MODELS[1], None)
    return (
        Environment("a chain of one", (lone,), (UNKNOWN, OVERLOADED)),
        Environment("prompts too long for everybody", (Config(pair, small_policy(), windows=windows),), tokens=500),
        Environment("a prompt that outgrows windows", (outgrown,), (TOO_LONG, OVERLOADED)),
        Environment("two keys, and failures of the request", (keys,), (UNSUPPORTED, RATE_LIMITED)),
        Environment("rests of no length", (restless,), (UNREACHABLE, OVERLOADED)),
        Environment("answers are buffered", (Config(pair, evolve(patient, stream="buffered")),), content=True,
                    late=True),
        Environment("retries without a wait", (Config(pair, evolve(patient, backoff_s=0.0)),), (OVERLOADED, EXPIRED)),
        Environment("two sessions that wait for one model", (alone,), sessions=2, reconcile=False),
        Environment("two sessions that wait, and nothing else", (Config(pair, patient),), sessions=2, reconcile=False),
        Environment("a strict pin that is outgrown", (fitting,), (TOO_LONG, OVERLOADED), sessions=2, pins=(strictly,),
                    reconcile=False),
        Environment("a strict pin with two keys", (evolve(keys, policy=patient),), (OVERLOADED, RATE_LIMITED),
                    sessions=2, pins=(strictly,), reconcile=False),
        Environment("waits that are cut", (Config(pair, patient),), abort=True, deadline=True, late=True),
        Environment("two sessions that wait", (Config(pair, patient),), sessions=2,
                    pins=((MODELS[0], True),)),
        Environment("two turns, two kinds of limits", (plain,), (RATE_LIMITED, OVERLOADED), concurrent=2,
                    content=True, late=True),
        Environment("two turns and a limit that grows", (Config(pair, small_policy(growth=2)),),
                    (RATE_LIMITED, Failure("rate_limit")), concurrent=2),
        Environment("two turns and pins", (plain,), concurrent=2, pins=(pin,), content=True, abort=True),
        Environment("two turns and configurations", variants(plain)[:2], (OVERLOADED, BAD_KEY), concurrent=2),
        Environment("pins and configurations", variants(plain), pins=(pin,)),
        Environment("a node that dies in a probe", (lone,), sessions=2, nodes=2, death=True, reconcile=False,
                    content=True),
        Environment("a hedge of gathered answers", (Config(pair, gathered),), content=True, deadline=True, late=True,
                    pins=(strictly,)),
        Environment("a hedge of two keys", (Config(Chain.of(MODELS[0]), hedged, credentials={"a": ("k1", "k2")}),),
                    (RATE_LIMITED, UNREACHABLE), content=True),
        Environment("a hedge of three", (Config(housed, hedged, windows=dict.fromkeys(housed.models, 100)),),
                    (UNREACHABLE, TOO_LONG), pins=(("a/z", None),), reconcile=False),
        Environment("a hedge of a strict pin", (Config(Chain.of(MODELS[0]), hedged, credentials={"a": ("k1", "k2")}),),
                    (UNREACHABLE,), pins=(strictly,), reconcile=False),
        Environment("a probe whose key is changed", (lone,), (BAD_KEY,), concurrent=2, content=True, reconcile=False,
                    renewals=(("a", ""),)),
        Environment("a hedge that waits", (Config(pair, evolve(patient, hedge_after_s=1.0)),), late=True),
        Environment("a node that dies", (plain,), sessions=2, nodes=2, death=True),
    )  # fmt: skip
