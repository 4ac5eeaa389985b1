"""One decision in the words of ``Session.tla``: its event as a record, and the session that it claims as another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from attrs import frozen

from detent.fsm.decision import Decision
from detent.fsm.session import (
    Answered,
    Desired,
    Pin,
    Restored,
    Session,
    TurnEnded,
    TurnEvent,
    TurnStarted,
)

from .model import NONE, REVISIONS, TURN
from .module import FIELDS

LATE = "late"
"""The name of a turn that is not the one that began last."""

_EVENTS: Final[Mapping[str, type]] = {
    "pin": Pin,
    **dict.fromkeys(("unpin", "reset", "published", "reconcile", "planned"), Desired),
    "turn_started": TurnStarted,
    **dict.fromkeys(("failed_over", "home_reached", "probe_failed", "told"), TurnEvent),
    "answered": Answered,
    "turn_ended": TurnEnded,
    "restored": Restored,
}


@frozen
class Names:
    """What models and primaries are called in the spec, where revision n is the one whose primary is the model mn.

    Attributes:
        models: the names of the models.
        revisions: the revision of each primary.
    """

    models: Mapping[str, str]
    revisions: Mapping[str, int]

    @classmethod
    def of(cls, decisions: Sequence[Decision], chain: Sequence[str]) -> Names:
        """The names for a log.

        Raises:
            ValueError: more primaries were desired than the spec has revisions.
        """
        events = [decision.data for decision in decisions]
        events += [event.adopts for event in events if hasattr(event, "adopts")]
        primaries = dict.fromkeys((chain[0], *(event.primary for event in events if hasattr(event, "primary"))))
        if len(primaries) > len(REVISIONS):
            raise ValueError(f"the spec has {len(REVISIONS)} primaries, and the log {len(primaries)}: {[*primaries]}")
        called = (event.model for event in events if getattr(event, "model", ""))
        models = dict.fromkeys((*primaries, *chain, *called))
        numbered = {model: f"m{number}" for number, model in enumerate(models, 1)}
        return cls(numbered, dict(zip(primaries, REVISIONS, strict=False)))

    def configuration(self, pinned: set[str]) -> str:
        """The configuration under which the checker looks for the end of a log."""
        models = {*self.models.values(), "m1", "m2"}
        return (
            f"SPECIFICATION TraceSpec\n\nCONSTANT Models = {_set(models)}\n"
            f"CONSTANT Pinnable = {_set(self.models[model] for model in pinned)}\n\nINVARIANT TheLogGoesOn\n"
        )


@frozen
class Line:
    """One decision in the words of the spec.

    Attributes:
        decision: the decision.
        said: what the log claims that the session is afterwards, None: what no row assigns.
        turn: the id of the turn that began last.
        names: what models and primaries are called.
    """

    decision: Decision
    said: Session | None
    turn: str
    names: Names

    @property
    def can_be_said(self) -> bool:
        """The decision holds the kind of event that it names, and there is a row that does what it claims."""
        kind = _EVENTS.get(self.decision.event)
        return kind is not None and isinstance(self.decision.data, kind) and self.said is not None

    @property
    def event(self) -> str:
        """The event, as a record."""
        e = self.decision.data
        match self.decision.event:
            case "pin":
                return f'[model |-> "{self._model(e.model)}"]'
            case "turn_started":
                free, due = str(e.home_free).upper(), str(e.home_due).upper()
                return f'[turn |-> "{self._turn(e.turn)}", home_free |-> {free}, home_due |-> {due}]'
            case "answered":
                who = f'turn |-> "{self._turn(e.turn)}", model |-> "{self._model(e.model)}"'
                return f"[{who}, adopts |-> {self._desired(e.adopts)}]"
            case "turn_ended":
                return f'[turn |-> "{self._turn(e.turn)}", outcome |-> "{e.outcome}"]'
            case "restored":
                return f"[lost |-> {_set(self._turn(turn) for turn in e.lost)}]"
            case "failed_over" | "home_reached" | "probe_failed" | "told":
                return f'[turn |-> "{self._turn(e.turn)}", model |-> "{self._model(e.model)}"]'
        return self._desired(e)

    @property
    def claim(self) -> str:
        """The session afterwards, as a record."""
        assert self.said is not None  # of what cannot be said there is no step
        values: dict[str, str] = {name: f'"{self._model(getattr(self.said, name))}"' for name in ("serving", "adopted")}
        pin, prober = self.said.pin, self.said.prober
        values["state"] = f'"{self.said.state}"'
        values["revision"] = str(self.names.revisions.get(self.said.adopted, 0))
        values["pin"] = f'"{NONE if pin is None else self._model(pin)}"'
        values["suspended"] = str(self.said.suspended).upper()
        values["turns"] = _set(self._turn(turn) for turn in self.said.turns)
        values["prober"] = f'"{NONE if prober is None else self._turn(prober)}"'
        values |= {"epoch": "0", "told_exhausted": "FALSE"}
        return "[" + ", ".join(f"{name} |-> {values[name]}" for name in FIELDS) + "]"

    def facts(self, action: str) -> Iterator[str]:
        """What the event says of the world around the session before the step."""
        e = self.decision.data
        match self.decision.event:
            case "probe_failed":
                yield f'turn.calls = "{self._model(e.model)}"'
            case "answered":
                yield f'turn.calls = "{self._model(e.model)}"'
                yield f"turn.plan = {self.names.revisions[e.adopts.primary]}"
            case "unpin" | "reset" | "reconcile" | "published" | "planned" if action != "Publish":
                yield f"desired = {self.names.revisions[e.primary]}"

    @property
    def comes_to(self) -> str:
        """What the event says of the world around the session after the step."""
        e = self.decision.data
        match self.decision.event:
            case "failed_over" | "home_reached":
                return f'turn\'.calls = "{self._model(e.model)}"'
            case "published":
                return f"desired' = {self.names.revisions[e.primary]}"
        return ""

    @property
    def begins(self) -> str:
        """The beginnings that a turn's start may be: a home that rests may be called all the same by a licence."""
        e = self.decision.data
        if e.home_free:
            return "BeginAtHomesProbe" if e.home_due else "BeginWithHomeFree"
        return "(BeginWithHomeAtRest \\/ BeginWithHomeFree)"

    def _turn(self, turn: str) -> str:
        return TURN if turn == self.turn else LATE

    def _model(self, model: str) -> str:
        return self.names.models.get(model, NONE)

    def _desired(self, desired: Desired) -> str:
        known, revision = str(desired.pin_known).upper(), self.names.revisions[desired.primary]
        return f'[primary |-> "{self._model(desired.primary)}", revision |-> {revision}, pin_known |-> {known}]'


def _set(values: Iterable[str]) -> str:
    return "{" + ", ".join(f'"{value}"' for value in sorted(values)) + "}"
