"""The promises on a user's own chain and policies: what holds, in sentences, or the shortest run that breaks one.

A long chain is merged by equivalence: fallbacks that share the primary's house, the number of keys and whether a
window is known behave alike to the machines, so two of a kind stand for all. What a merged chain cannot show, that
each single candidate is reached, is tried on the whole chain. Durations are replaced by small ones (`small_policy`):
what is proved holds for every order in which rests, leases and turns may end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from attrs import evolve, frozen

from detent.fsm import Call, Chain, Config, Failure, Session, core
from detent.fsm.chain import provider_of

from .environment import BAD_KEY, OVERLOADED, RATE_LIMITED, UNSUPPORTED, Environment, small_policy, variants
from .explorer import Counterexample, Exploration, explore
from .properties import PROPERTIES
from .story import told

Watch = Callable[[int, int, str], None]
"""Called with the worlds explored, how many there are in all, and what is going on."""

SENTENCES: Final[Mapping[str, tuple[str, ...]]] = {
    "no livelock: every turn ends, and no turn goes on for ever": ("12", "12a", "3"),
    "reconciliation never undoes a failover": ("1",),
    "after the primary returns, home within one turn": ("13a", "13b"),
    "home is regained in the end, and by evidence alone": ("13", "13c"),
    "a published configuration is used from the next turn, and adopted once the failover is over": (
        "14",
        "14a",
        "5",
        "5b",
    ),
    "a pin leaves only by the user's hand": ("6", "6b"),
    "a turn is exhausted only when everybody was called or skipped for a true reason": ("4", "4b", "5c"),
    "a failure puts to rest what it condemns and nothing wider, and no rest is for ever": ("7", "7d", "7e", "7i"),
    "one probe of a scope at a time, over all sessions and processes": ("8", "8b", "8c"),
    "output is never sent twice, and every turn has one outcome": ("11", "11a", "11b", "9", "9b"),
    "a restart goes on with what was stored": ("10",),
    "no change of the served model is silent": ("2b",),
}
"""What is said of a chain, and the promises each sentence rests on."""

_LIMIT: Final = 6_000


@frozen
class Report:
    """What holds of one configuration.

    Attributes:
        config: the configuration that was checked.
        merged: the models that stood for the chain in the exploration.
        holds: what holds, in sentences.
        exceptions: what the policies themselves make untrue, in sentences that name them.
        broken: the promises that are broken, each with its shortest run.
        explored: the worlds that were explored.
    """

    config: Config
    merged: tuple[str, ...]
    holds: tuple[str, ...]
    exceptions: tuple[str, ...]
    broken: tuple[Counterexample, ...]
    explored: tuple[Exploration, ...]

    @property
    def ok(self) -> bool:
        """Nothing is broken; what the policies themselves give up is no violation."""
        return not self.broken

    @property
    def states(self) -> int:
        """How many worlds were looked at in all."""
        return sum(exploration.states for exploration in self.explored)

    @property
    def whole(self) -> bool:
        """Every reachable world was looked at; false: a limit ended the search of some environment."""
        return all(exploration.whole for exploration in self.explored)

    def __str__(self) -> str:
        lines = [f"holds: {sentence}" for sentence in self.holds]
        lines += [f"by policy: {sentence}" for sentence in self.exceptions]
        lines += [f"BROKEN: {told(counterexample)}" for counterexample in self.broken]
        models = len(self.config.chain.models)
        merged = f", standing for {models}" if len(self.merged) < models else ""
        part = "" if self.whole else "; the largest worlds were looked at in part"
        lines.append(f"{self.states} states over {len(self.merged)} models{merged}{part}")
        return "\n".join(lines)


def check(config: Config, *, limit: int = _LIMIT, watch: Watch | None = None) -> Report:
    """Check the promises on a configuration.

    Args:
        config: the user's own.
        limit: the most states that are looked at in one world; a world that has more is searched in part.
        watch: told after each world, and now and then within one.
    """
    small = merged(config)
    worlds = _worlds(small)
    explored: list[Exploration] = []
    for number, env in enumerate(worlds):
        if watch is not None:
            watch(number, len(worlds), env.name)
        explored.append(explore(env, limit=limit, stop=False))
    if watch is not None:
        watch(len(worlds), len(worlds), "done")
    broken: dict[str, Counterexample] = {}
    for counterexample in (c for exploration in explored for c in exploration.broken):
        shortest = broken.get(counterexample.promise.number)
        if shortest is None or len(counterexample.moves) < len(shortest.moves):
            broken[counterexample.promise.number] = counterexample
    parts = [exploration.env.name for exploration in explored if not exploration.whole]
    holds = [said + _hedge(numbers, parts) for said, numbers in SENTENCES.items() if not broken.keys() & set(numbers)]
    exceptions = _exceptions(config)
    missed = unreached(config)
    if not missed:
        count = sum(len(config.candidates(model)) for model in config.chain.models)
        holds.insert(0, f"every candidate is reachable: one turn calls all {count} of them, in the promised order")
    else:
        exceptions += tuple(f"{name} is never called: its provider is not configured" for name in missed)
    return Report(config, small.chain.models, tuple(holds), exceptions, tuple(broken.values()), tuple(explored))


def _hedge(numbers: tuple[str, ...], parts: list[str]) -> str:
    """What must be added to a sentence where some worlds were searched in part: there, liveness is not known at all."""
    if not parts:
        return ""
    lives = any(promise.kind == "liveness" and promise.number in numbers for promise in PROPERTIES)
    return f" (not known of: {', '.join(parts)})" if lives else " (as far as was looked)"


def merged(config: Config) -> Config:
    """The configuration with small durations, and one or two fallbacks for each kind, at most three models in all."""
    primary, rest = config.chain.primary, config.chain.models[1:]
    kinds: dict[tuple[object, ...], list[str]] = {}
    for model in rest:
        keys = min(len(config.candidates(model)), 2)
        kind = (provider_of(model) == provider_of(primary), keys, model in config.windows, config.knows(model))
        kinds.setdefault(kind, []).append(model)
    firsts = [models[0] for models in kinds.values()]
    seconds = [model for models in kinds.values() for model in models[1:2]]
    chosen = set((firsts + seconds)[:2])
    chain = Chain.of(primary, *(model for model in rest if model in chosen))
    credentials = {provider: names[:2] for provider, names in config.credentials.items()}
    return evolve(config, chain=chain, policy=small_policy(config.policy), credentials=credentials, revision=0)


def _worlds(config: Config) -> tuple[Environment, ...]:
    models = config.chain.models
    pair = evolve(config, chain=Chain.of(*models[:2]), credentials={})
    plain = evolve(config, credentials={})
    pin = ((models[-1], None),)
    replaced = variants(plain)[1]
    return (
        Environment("one user, one turn at a time", (plain,), pins=pin, reset=True, restart=True),
        Environment("content, cuts and detours", (plain,), (OVERLOADED, UNSUPPORTED), content=True, abort=True,
                    deadline=True, late=True),
        Environment("credentials and limits", (config,), (RATE_LIMITED, BAD_KEY)),
        Environment("a new primary is published", (plain, replaced)),
        Environment("two turns at once", (pair,), concurrent=2),
        Environment("two sessions", (pair,), sessions=2),
    )  # fmt: skip


def unreached(config: Config) -> tuple[str, ...]:
    """The candidates of the whole chain that a turn in which every attempt fails does not call, in chain order."""
    wanted = [candidate.label for model in config.chain.models for candidate in config.candidates(model)]
    session: Session = core.fresh("check", config)
    step = core.start(session, config, {}, 0.0, core.Request("check"))
    health, called = dict(step.cooldowns), []
    while isinstance(step.command, Call) and step.turn is not None:
        called.append(step.command.candidate.label)
        session, turn, attempt = step.session, step.turn, step.command.attempt
        step = core.failed(session, turn, health, 0.0, attempt, Failure("rate_limit"))
        health |= step.cooldowns
    return tuple(name for name in wanted if name not in called)


def _exceptions(config: Config) -> tuple[str, ...]:
    """What the policies give up, by name."""
    policy, said = config.policy, []
    if policy.pin_strict:
        said.append(
            "pin_strict: while a pinned model fails or rests, the user is shown its error; the chain is not used"
        )
    if policy.on_all_cooling == "fail_fast":
        said.append(
            "on_all_cooling = fail_fast: while every candidate rests, turns end at once, with the time to come back"
        )
    if not policy.keep_credential and any(len(names) > 1 for names in config.credentials.values()):
        said.append(
            "keep_credential = false: every turn begins with the first credential that is free, so prompt caches of "
            "the others are left behind"
        )
    if policy.content_filter_fails_over:
        said.append(
            "content_filter_fails_over: a refusal of the content is put to the next model instead of being shown"
        )
    if policy.turn_deadline_s is not None:
        said.append(
            f"turn_deadline_s = {policy.turn_deadline_s:g}: a turn may end before every candidate was tried, and then "
            "is surfaced, not exhausted"
        )
    if not policy.cooldown_s:
        said.append("cooldown_s = 0: a failed candidate does not rest, so every turn tries home again")
    if len(config.chain.models) == 1:
        said.append("no fallbacks: while the only model fails, nothing else can serve")
    return tuple(said)
