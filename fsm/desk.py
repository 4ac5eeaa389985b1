"""The desk: where the machines meet while one event is decided.

It holds the working copies of a session, a turn and the cooldowns that change, passes events to the three tables, and
collects decisions and notices. It chooses nothing by itself.
"""

from __future__ import annotations

from typing import Any

from .chain import Candidate, Config
from .cooldown import COOLDOWN, Cooldown
from .decision import Command, Decision, Notice, NoticeKind, Step
from .engine import Fired, Table
from .session import SESSION, Session
from .turn import TURN, Turn
from .walk import Health


class Desk:
    """The working copies of one step.

    Args:
        session: the session.
        health: the cooldown records as they stand.
        now: the time, in seconds.
        turn: the turn the event is about, if any.
    """

    def __init__(self, session: Session, health: Health, now: float, turn: Turn | None = None) -> None:
        self.session = session
        self.turn = turn
        self.now = now
        self.decisions: list[Decision] = []
        self.notices: list[Notice] = []
        self._stored = health
        self._changed: dict[str, Cooldown] = {}

    @property
    def open_turn(self) -> Turn:
        """The turn of this step, which has one."""
        assert self.turn is not None  # steps of a turn are taken with their turn
        return self.turn

    @property
    def candidate(self) -> Candidate:
        """Whom the turn calls, or called last."""
        assert self.open_turn.current is not None  # set by the row that orders a call
        return self.open_turn.current

    @property
    def health(self) -> Health:
        """The cooldown records with this step's changes."""
        return {**self._stored, **self._changed} if self._changed else self._stored

    def record(self, key: str) -> Cooldown | None:
        """The record of a scope, None: nothing was ever held against it."""
        return self._changed.get(key) or self._stored.get(key)

    def to_session(self, name: str, event: Any, config: Config, detail: str = "") -> Fired[Session]:
        """Pass an event to the session machine; its row's notice is made here."""
        fired = SESSION.fire(self.session, name, event)
        self.session = fired.after
        self._log(SESSION, self.session.id, fired, event, detail)
        if fired.row is not None and fired.row.tell is not None:
            self.tell(fired.row.tell, fired.row.why, config)  # type: ignore[arg-type]
        return fired

    def to_turn(self, name: str, event: Any, detail: str = "") -> Fired[Turn]:
        """Pass an event to the turn machine."""
        fired = TURN.fire(self.open_turn, name, event)
        self.turn = fired.after
        self._log(TURN, fired.after.id, fired, event, detail)
        return fired

    def to_cooldown(self, key: str, name: str, event: Any, detail: str = "", *, create: bool = False) -> None:
        """Pass an event to the record of a scope; a scope without a record has nothing to hear unless it is made."""
        record = self.record(key)
        if record is None:
            if not create:
                return
            record = Cooldown(key)
        fired = COOLDOWN.fire(record, name, event)
        if fired.after is not record:
            self._changed[key] = fired.after
        self._log(COOLDOWN, key, fired, event, detail or getattr(event, "reason", ""))

    def tell(self, kind: NoticeKind, because: str, config: Config) -> None:
        """Make a notice."""
        session = self.session
        wanted = session.pin or config.chain.primary
        self.notices.append(Notice(kind, session.id, wanted, session.serving, because, self.now))

    def step(self, command: Command | None = None) -> Step:
        """Everything that was decided, as one value."""
        return Step(self.session, self.turn, self._changed, tuple(self.decisions), tuple(self.notices), command)

    def _log(self, table: Table[Any], subject: str, fired: Fired[Any], event: Any, detail: str) -> None:
        row = fired.row
        why = row.why if row is not None else f"no row of '{fired.event}' applies in {fired.before}"
        self.decisions.append(
            Decision(
                self.now,
                table.name,
                subject,
                self.session.id,
                self.turn.id if self.turn is not None else "",
                fired.event,
                row.name if row is not None else "",
                fired.kind,
                fired.before,
                fired.after.state,
                why,
                detail,
                event,
            )
        )
