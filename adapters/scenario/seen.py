"""What was seen of a step: the calls, the turns as their clients saw them, the decisions and the notices."""

from __future__ import annotations

from attrs import define, field

from detent.fsm.decision import Decision, Notice, Outcome

from ..status import SessionStatus


@define
class TurnSeen:
    """What a client saw of one turn."""

    session: str
    output: list[str] = field(factory=list)
    outcome: Outcome | None = None
    model: str = ""
    killed: bool = False

    @property
    def kind(self) -> str:
        """The outcome's name; a turn whose process died was interrupted."""
        return "interrupted" if self.killed or self.outcome is None else self.outcome.kind


@define
class StepSeen:
    """Everything that was seen of one step."""

    began: float
    ended: float = 0.0
    calls: list[tuple[str, str]] = field(factory=list)
    turns: list[TurnSeen] = field(factory=list)
    decisions: list[Decision] = field(factory=list)
    notices: list[Notice] = field(factory=list)
    statuses: list[SessionStatus] = field(factory=list)
