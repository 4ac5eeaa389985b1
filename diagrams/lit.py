"""A machine's picture lit for one session: where it stands now, and the row that brought it there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

from detent.fsm.decision import Decision, Notice
from detent.fsm.engine import Table
from detent.fsm.session import SESSION
from detent.fsm.turn import TURN

from .as_svg import svg
from .as_text import text
from .gallery import UnknownPictureError
from .timeline import TimelineError, TimelineFormat

_TABLES: Final[dict[str, Table[Any]]] = {"session": SESSION, "turn": TURN}


def lit(machine: str, items: Iterable[Decision | Notice], format: TimelineFormat = "svg") -> str:  # noqa: A002
    """The session machine as one session stands, or the turn machine as its latest turn does.

    Args:
        machine: ``session`` or ``turn``.
        items: the decisions of one session, oldest first; what is none is passed over.
        format: ``svg`` or ``text``.

    Raises:
        TimelineError: no decision is of that machine.
        UnknownPictureError: no such picture can be lit for a session.
    """
    if machine not in _TABLES:
        raise UnknownPictureError(
            f"the {machine} machine is not a session's own: sessions share cooldowns, and have several; "
            f"there are {', '.join(_TABLES)}"
        )
    mine = [item for item in items if isinstance(item, Decision) and item.machine == machine]
    if not mine:
        raise TimelineError(f"no decision of this session is of the {machine} machine; its timeline may show more")
    last, came = mine[-1], brought(mine)
    table = _TABLES[machine]
    if format == "text":
        return f"{text(table, state=last.after)}\n{came}\n"
    row = next((row for row in table.rows if row.name == came.row), None)
    return svg(table, last.after, row, before=came.before)


def brought(decisions: Sequence[Decision]) -> Decision:
    """The decision that brought a machine where it stands; the last one where none has moved it.

    Args:
        decisions: those of one machine, at least one, oldest first; of several subjects the last one's count.
    """
    last = decisions[-1]
    moves = (one for one in reversed(decisions) if one.subject == last.subject and one.before != one.after)
    return next(moves, last)
