"""The ``[chains]``, ``[policy]`` and ``[models]`` tables: what may stand in them, and what they come to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, Final

from attrs import asdict, field, frozen

from detent.fsm.chain import DEFAULT_CHAIN, Chain, Limits, Policy, checked_reference, provider_of
from detent.fsm.errors import BadReferenceError
from detent.fsm.mistakes import dotted, shown, suggestion
from detent.fsm.plain import ModelReference

from .problems import Problems
from .wellknown import WELL_KNOWN

_CAPS: Final = (
    ("backoff_s", "backoff_cap_s"),
    ("cooldown_s", "cooldown_cap_s"),
    ("hard_cooldown_s", "hard_cap_s"),
)
_ABOVE_ZERO: Final[Mapping[str, str]] = {
    "first_token_s": "",
    "idle_s": "",
    "turn_deadline_s": "; leave it out for no limit",
}


@frozen
class ChainTable:
    """The keys of ``[chains.<name>]``: a chain, and the policy keys in which it differs from ``[policy]``."""

    primary: ModelReference
    fallbacks: tuple[ModelReference, ...] = ()
    policy: Mapping[str, Any] = field(factory=dict)


@frozen
class ModelTable(Limits):
    """The keys of ``[models."<provider>/<model>"]``: its context window, in tokens, and its own limits."""

    window: int | None = None


def read_chains(
    tables: Mapping[str, Any], base: Mapping[str, Any], problems: Problems
) -> dict[str, tuple[Chain, Policy]]:
    """The chains and how each is walked.

    Args:
        tables: what stands under ``[chains]``.
        base: what stands under ``[policy]``.
        problems: where mistakes are noted.
    """
    if DEFAULT_CHAIN not in tables:
        near = suggestion(DEFAULT_CHAIN, tables)
        problems.add("chains", f"has no {shown(DEFAULT_CHAIN)}, on which sessions begin; write [chains.default]{near}")
    base = _without_old_names(base, "policy", problems)
    base_policy = problems.read(Policy, base, "policy")
    _check_policy({}, base, "policy", problems)
    found: dict[str, tuple[Chain, Policy]] = {}
    for name, data in tables.items():
        at = dotted("chains", name)
        table = problems.read(ChainTable, data, at)
        own = data.get("policy", {}) if isinstance(data, Mapping) else {}
        if not isinstance(own, Mapping):
            continue
        own = _without_old_names(own, f"{at}.policy", problems)
        good = problems.read(Policy, own, f"{at}.policy")
        _check_policy(base, own, f"{at}.policy", problems)
        if table is None or good is None or base_policy is None:
            continue
        _warn_of_duplicates(table, at, problems)
        policy = problems.read(Policy, {**base, **own}, f"{at}.policy")
        if policy is not None:
            found[name] = (Chain(table.primary, table.fallbacks), policy)
    return found


def named_models(tables: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Every model reference in the chains with its path, whatever else is wrong with them."""
    for name, data in tables.items():
        if isinstance(data, Mapping):
            at = dotted("chains", name)
            places = [(f"{at}.primary", data.get("primary"))]
            fallbacks = data.get("fallbacks")
            if isinstance(fallbacks, list):
                places += [(f"{at}.fallbacks[{place}]", model) for place, model in enumerate(fallbacks)]
            for path, model in places:
                try:
                    yield path, checked_reference(model)
                except BadReferenceError:
                    continue


def check_providers(models: Iterable[tuple[str, str]], configured: Iterable[str], problems: Problems) -> None:
    """Note each model of a provider that is neither configured nor well known."""
    known = {*configured, *WELL_KNOWN}
    for path, model in models:
        provider = provider_of(model)
        if provider not in known:
            problems.add(
                path,
                f"is {shown(model)}, but provider {shown(provider)} is neither configured nor well known; "
                f"add [{dotted('providers', provider)}] with a base_url{suggestion(provider, known)}",
            )


def read_models(
    tables: Mapping[str, Any], chained: Iterable[str], problems: Problems
) -> tuple[dict[str, int], dict[str, Limits]]:
    """The context windows, in tokens, and the limits of their own, by model.

    Args:
        tables: what stands under ``[models]``.
        chained: the models that chains name.
        problems: where mistakes are noted.
    """
    known = set(chained)
    windows: dict[str, int] = {}
    limits: dict[str, Limits] = {}
    for model, data in tables.items():
        at = dotted("models", model)
        try:
            checked_reference(model)
        except BadReferenceError:
            problems.add(at, 'is no model reference; write [models."provider/model"]')
            known.add(model)
        table = problems.read(ModelTable, data, at)
        said = {} if table is None else {key: value for key, value in asdict(table).items() if value is not None}
        if not said:
            continue
        if said.get("window", 1) < 1:
            problems.add(f"{at}.window", f"is {said['window']}, must be at least 1")
        if model not in known:
            problems.warn(
                f"{at}.{next(key for key in data if key in said)}",
                f"no chain names {shown(model)}; it counts for pins alone{suggestion(model, known)}",
            )
        if "window" in said:
            windows[model] = said.pop("window")
        if said:
            limits[model] = Limits(**said)
    return windows, limits


def _warn_of_duplicates(table: ChainTable, at: str, problems: Problems) -> None:
    seen: set[str] = {table.primary}
    for place, model in enumerate(table.fallbacks):
        if model in seen:
            says = f"{shown(model)} stands in the chain already; it counts once, at its first place"
            problems.warn(f"{at}.fallbacks[{place}]", says)
        seen.add(model)


def _without_old_names(own: Mapping[str, Any], at: str, problems: Problems) -> Mapping[str, Any]:
    """The table without the key that had another name before."""
    if "buffer_answers" in own:
        now = "live" if own["buffer_answers"] is False else "buffered"
        problems.add(f"{at}.buffer_answers", f'is no key any more; write stream = "{now}"')
    return {key: value for key, value in own.items() if key != "buffer_answers"}


def _check_policy(base: Mapping[str, Any], own: Mapping[str, Any], at: str, problems: Problems) -> None:
    """What `Policy` cannot see of one value by itself. Only what ``own`` says is complained of."""
    for key, more in _ABOVE_ZERO.items():
        if _number(own.get(key)) == 0:
            problems.add(f"{at}.{key}", f"is {shown(own[key])}, must be above 0{more}")
    merged = {**{key: getattr(Policy(), key) for pair in _CAPS for key in pair}, **base, **own}
    for low, cap in _CAPS:
        least, most = _number(merged[low]), _number(merged[cap])
        if least is None or most is None or most >= least:
            continue
        if cap in own:
            problems.add(
                f"{at}.{cap}",
                f"is {shown(merged[cap])}, must be at least {low}, which is {shown(merged[low])}",
            )
        elif low in own:
            problems.add(
                f"{at}.{low}",
                f"is {shown(merged[low])}, must be at most {cap}, which is {shown(merged[cap])}",
            )


def _number(value: object) -> float | None:
    try:
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and isfinite(value)
        return float(value) if good else None  # type: ignore[arg-type]
    except OverflowError:
        return None
