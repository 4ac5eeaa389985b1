"""A counterexample as a scenario file that fails as long as the promise is broken.

The scenario format tells turns one after another, with what happens during an attempt armed beforehand. A run whose
turns overlap, or in which a turn is cut by its deadline, has no such telling; then there is a reason instead of a file.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final

from detent.fsm import Call, Candidate, Config, Failure, Outcome
from detent.fsm.decision import Wait
from detent.fsm.errors import DetentError

from .explorer import Counterexample
from .selection import home_of
from .world import Moment

_POLICY: Final = (
    "retries", "cooldown_s", "cooldown_cap_s", "hard_cooldown_s", "hard_cap_s", "strike_window_s", "max_wait_s",
    "on_all_cooling", "last_resort_gap_s", "pin_strict", "content_filter_fails_over",
)  # fmt: skip
_ROUNDS: Final = 3
"""How often what goes on for ever is told."""


class NotTellableError(DetentError):
    """The run cannot be told in the scenario format; the message says why."""


def scenario(counterexample: Counterexample, name: str) -> str:
    """The text of a scenario file for a counterexample.

    Args:
        counterexample: the run.
        name: the file's name without its ending, which is the scenario's id.

    Raises:
        NotTellableError: the format has no words for the run.
    """
    env = counterexample.env
    if env.sessions > 1 and any(move.session > 0 for move in counterexample.moves):
        raise NotTellableError("the run needs two sessions at work at once; the format tells turns one after another")
    moments = counterexample.moments()
    expected = _expected(counterexample, moments[-1])
    if not expected:
        number = counterexample.promise.number
        raise NotTellableError(f"promise {number} is about what no expectation of the format can see")
    way, cycle = moments[: len(counterexample.moves)], moments[len(counterexample.moves) :]
    writer = _Writer(env.configs)
    for m in (*way, *(cycle * _ROUNDS)):
        writer.hear(m)
    writer.end(expected)
    head = [
        f"id = {_toml(name)}",
        f"source = {_toml(f'found by the explorer in the world: {env.name}')}",
        'family = "explorer"',
        f"summary = {_toml(f'{counterexample.promise.says} (promise {counterexample.promise.number})')}",
        "",
        "[config]",
        *(f"{key} = {_toml(value)}" for key, value in config_table(env.configs[0]).items()),
    ]
    steps = ["\n".join(("", "[[step]]", *(f"{k} = {_toml(v)}" for k, v in step.items()))) for step in writer.steps]
    return "\n".join((*head, *steps, ""))


def _expected(counterexample: Counterexample, last: Moment) -> Mapping[str, Any]:
    promise = counterexample.promise
    if promise.kind == "liveness":
        home = home_of(last.after.sessions[0], last.config)
        return {"serving": home, "adopted": last.config.chain.primary} if promise.number != "12a" else {}
    return promise.expect(last) if promise.expect is not None else {}


def config_table(config: Config) -> dict[str, Any]:
    """A configuration as a scenario's ``[config]`` table."""
    table: dict[str, Any] = {"primary": config.chain.primary, "fallbacks": list(config.chain.models[1:])}
    table |= {key: getattr(config.policy, key) for key in _POLICY}
    table["buffer_answers"] = config.policy.stream == "buffered"
    if config.credentials:
        table["credentials"] = {provider: list(names) for provider, names in config.credentials.items()}
        table["keep_credential"] = config.policy.keep_credential
    if config.windows:
        table["windows"] = dict(config.windows)
    return table


class _Writer:
    """Gathers what happens in a turn, and tells it as one step with what must be set up and armed before."""

    def __init__(self, configs: Sequence[Config]) -> None:
        self._configs = configs
        self.steps: list[dict[str, Any]] = []
        self._open = False
        self._attempt = 0
        self._callee: Candidate | None = None
        self._takes = 0.0
        self._shown = False
        self._script: list[dict[str, Any]] = []
        self._armed: list[dict[str, Any]] = []

    def hear(self, m: Moment) -> None:
        """One more thing happened."""
        match m.move.kind:
            case "start":
                if self._open:
                    raise NotTellableError("two turns overlap; the format tells them one after another")
                self._open, self._attempt, self._shown = True, 0, False
                self._script, self._armed = [], []
                self._ordered(m)
            case "succeed":
                self._outcome({"does": "answer"})
                self._ordered(m)
            case "fail":
                assert isinstance(m.move.what, Failure)
                stated = {} if m.move.what.wait_s is None else {"retry_after": m.move.what.wait_s}
                self._outcome({"does": m.move.what.reason, **stated, **({"after_tokens": 1} if self._shown else {})})
                self._ordered(m)
            case "waited":
                self._ordered(m)
            case "content":
                self._shown = True
            case "wait":
                self._pass(m)
            case "late":
                pass
            case "deadline" | "die" | "come_back" | "renew" | "slow":
                raise NotTellableError(f"the format has no word for the move {m.move.kind!r}")
            case _:
                self._by_hand(m)

    def _pass(self, m: Moment) -> None:
        keys = {record.key: record for record in m.before.health}
        gone = [keys[r.key].until - r.until for r in m.after.health if r.key in keys and keys[r.key].until > r.until]
        seconds = max(gone, default=30.0)
        if self._open:
            self._takes += seconds
        else:
            self.steps.append({"advance": seconds})

    def _ordered(self, m: Moment) -> None:
        if isinstance(m.command, Call):
            self._attempt += 1
            self._callee = m.command.candidate
        elif isinstance(m.command, Outcome):
            self._close()
        elif not isinstance(m.command, Wait):
            raise NotTellableError(f"the move {m.move.kind!r} ordered nothing")

    def _outcome(self, does: dict[str, Any]) -> None:
        assert self._callee is not None
        who = {"model": self._callee.model}
        if self._callee.credential:
            who["credential"] = self._callee.credential
        takes = {"takes": self._takes} if self._takes else {}
        self._script.append({**who, **does, **takes})
        self._takes = 0.0

    def _close(self) -> None:
        """Tell the turn: the script of each candidate, then what is armed, then the turn."""
        told: dict[tuple[str, str], dict[str, Any]] = {}
        for entry in self._script:
            key = (entry["model"], entry.get("credential", ""))
            first = told.setdefault(key, dict(entry))
            if first is not entry and entry["does"] != first["does"]:
                if entry["does"] != "answer":
                    raise NotTellableError(f"{key[0]} fails in two ways in one turn")
                first.setdefault("times", 1)
        self.steps += [{"provider": entry} for entry in told.values()]
        self.steps += self._armed
        self.steps.append({"turn": {}})
        self._open = False

    def _by_hand(self, m: Moment) -> None:
        kind, what = m.move.kind, m.move.what
        step: dict[str, Any]
        if kind == "pin":
            model, strict = what
            step = {"pin": model if strict is None else {"model": model, "strict": strict}}
        elif kind == "publish":
            assert isinstance(what, int)
            step = {"reload": config_table(self._configs[what])}
        else:
            step = {kind: True}
        if self._open:
            self._armed.append({**step, "at": f"{self._attempt}/attempt"})
            if kind in ("abort", "restart"):
                self._close()
        else:
            self.steps.append(step)

    def end(self, expected: Mapping[str, Any]) -> None:
        """The run is over; what it left in flight ends with everybody answering, and the last step is judged."""
        if self._open:
            assert self._callee is not None
            self._outcome({"does": "answer"})
            self._close()
        if not self.steps:
            self.steps.append({"note": "nothing happened"})
        if expected:
            self.steps[-1]["expect"] = dict(expected)


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(_toml(inner) for inner in value) + "]"
    return json.dumps(value)


def _key(key: str) -> str:
    return key if key.replace("_", "").isalnum() else json.dumps(key)
