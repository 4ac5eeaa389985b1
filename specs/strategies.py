"""Hypothesis strategies for what an application configures, and for what providers do to it.

Every value drawn is one that Detent accepts. The defaults are small on purpose: few providers, so that models share
endpoints and credentials, and limits of a few seconds, so that they are reached. Needs Hypothesis, which Detent itself
does not: ``pip install hypothesis``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, get_args

from attrs import frozen

from detent.fsm import Chain, Config, Failure, Policy
from detent.fsm.chain import OnAllCooling, Stream, provider_of
from detent.fsm.reasons import NARROWER, RULINGS, Reason

try:
    from hypothesis import strategies as st
except ImportError as error:
    raise ImportError("detent.specs.strategies needs Hypothesis; install it with: pip install hypothesis") from error

PROVIDERS: Final = ("alpha", "beta", "gamma")
"""The providers that references are drawn from."""

NAMES: Final = ("small", "large", "labs/thinking-4.5")
"""The models' names at their providers; one has a slash of its own, as at providers that sell others' models."""

FAILURES: Final[tuple[Reason, ...]] = tuple(reason for reason in get_args(Reason) if reason != "aborted")
"""The reasons for which a provider's call may fail; ``aborted`` is the client's doing, not a provider's."""


@frozen
class Outage:
    """What a model's provider does from now on: one line of a script.

    Attributes:
        model: the model reference it is about.
        failure: how its calls fail; None: they hang until somebody's limit runs out.
        after: how many pieces of the answer come first.
        times: how many calls it spoils before the model is well again; None: until the script says otherwise.
    """

    model: str
    failure: Failure | None
    after: int = 0
    times: int | None = None


def references(providers: Sequence[str] = PROVIDERS, names: Sequence[str] = NAMES) -> st.SearchStrategy[str]:
    """Model references ``provider/model``.

    Args:
        providers: the providers' names to draw from.
        names: the models' names to draw from.
    """
    return st.sampled_from([f"{provider}/{name}" for provider in providers for name in names])


def chains(
    models: st.SearchStrategy[str] | None = None, *, shortest: int = 1, longest: int = 4
) -> st.SearchStrategy[Chain]:
    """Chains in which no model stands twice.

    Args:
        models: the models to draw from; `references` by default.
        shortest: the fewest models, the primary included.
        longest: the most.
    """
    drawn = st.lists(references() if models is None else models, min_size=shortest, max_size=longest, unique=True)
    return drawn.map(lambda chosen: Chain.of(*chosen))


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Policies under which a healthy provider can answer: no limit is zero, and caps are at least their base."""
    seconds = st.sampled_from((1.0, 5.0, 30.0))
    backoff_s, backoff_cap_s = draw(st.sampled_from(((0.0, 0.0), (0.5, 8.0))))
    cooldown_s, cooldown_cap_s = draw(st.sampled_from(((10.0, 10.0), (60.0, 3600.0))))
    hard_cooldown_s, hard_cap_s = draw(st.sampled_from(((60.0, 60.0), (900.0, 86400.0))))
    return Policy(
        retries=draw(st.integers(0, 2)),
        backoff_s=backoff_s,
        backoff_cap_s=backoff_cap_s,
        cooldown_s=cooldown_s,
        cooldown_cap_s=cooldown_cap_s,
        hard_cooldown_s=hard_cooldown_s,
        hard_cap_s=hard_cap_s,
        strike_window_s=draw(st.sampled_from((0.0, 600.0))),
        turn_deadline_s=draw(st.none() | st.sampled_from((10.0, 60.0))),
        first_token_s=draw(seconds),
        idle_s=draw(seconds),
        hedge_after_s=draw(st.none() | st.sampled_from((0.0, 0.5, 20.0))),
        max_wait_s=draw(st.sampled_from((0.0, 5.0))),
        on_all_cooling=draw(st.sampled_from(get_args(OnAllCooling))),
        last_resort_gap_s=draw(st.sampled_from((0.0, 30.0))),
        pin_strict=draw(st.booleans()),
        keep_credential=draw(st.booleans()),
        content_filter_fails_over=draw(st.booleans()),
        stream=draw(st.sampled_from(get_args(Stream))),
    )


@st.composite
def configs(
    draw: st.DrawFn,
    chain: st.SearchStrategy[Chain] | None = None,
    policy: st.SearchStrategy[Policy] | None = None,
) -> Config:
    """Whole configurations: a chain, how it is walked, credentials, windows, and who is an aggregator.

    Args:
        draw: given by Hypothesis.
        chain: the chains to draw from; `chains` by default.
        policy: the policies to draw from; `policies` by default.
    """
    drawn = draw(chains() if chain is None else chain)
    providers = sorted({provider_of(model) for model in drawn.models})
    names = st.sampled_from((("",), ("main",), ("main", "spare")))
    return Config(
        drawn,
        draw(policies() if policy is None else policy),
        windows=draw(st.dictionaries(st.sampled_from(drawn.models), st.sampled_from((1_000, 100_000)))),
        credentials=draw(st.dictionaries(st.sampled_from(providers), names)),
        aggregators=draw(st.frozensets(st.sampled_from(providers), max_size=1)),
    )


@st.composite
def failures(draw: st.DrawFn, reasons: Sequence[Reason] = FAILURES) -> Failure:
    """Failures as a classifier tells them: a scope is only ever narrower than the reason's own.

    Args:
        draw: given by Hypothesis.
        reasons: the reasons to draw from.
    """
    reason = draw(st.sampled_from(reasons))
    wide = RULINGS[reason].cools
    scope = None if wide is None else draw(st.none() | st.sampled_from(NARROWER[wide]))
    return Failure(reason, scope=scope, wait_s=draw(st.none() | st.sampled_from((0.5, 5.0, 120.0))))


def outages(
    models: st.SearchStrategy[str] | None = None, failure: st.SearchStrategy[Failure] | None = None
) -> st.SearchStrategy[Outage]:
    """What one model's provider does from now on: calls that fail at once, in mid-answer, some times only, or hang.

    Args:
        models: the models it may be about; `references` by default.
        failure: how calls may fail; `failures` by default.
    """
    return st.builds(
        Outage,
        model=references() if models is None else models,
        failure=st.none() | (failures() if failure is None else failure),
        after=st.sampled_from((0, 0, 1, 2)),
        times=st.sampled_from((None, None, None, 1, 2, 3)),
    )


def scripts(
    models: st.SearchStrategy[str] | None = None,
    failure: st.SearchStrategy[Failure] | None = None,
    *,
    shortest: int = 0,
    longest: int = 4,
) -> st.SearchStrategy[tuple[Outage, ...]]:
    """Several outages at once, the later ones about the same model taking the place of the earlier.

    Args:
        models: the models they may be about; `references` by default.
        failure: how calls may fail; `failures` by default.
        shortest: the fewest outages.
        longest: the most.
    """
    return st.lists(outages(models, failure), min_size=shortest, max_size=longest).map(tuple)
