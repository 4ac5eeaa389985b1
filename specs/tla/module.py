"""``Session.tla``: a hand-written environment around transitions that come from the session table.

The text between the two marks is generated and everything else is written by hand, in the file itself. The committed
file is what `generate` gives (a test says so); ``python -m detent.specs.tla`` writes it anew.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any, Final

from detent.fsm.engine import Table
from detent.fsm.session import SESSION

from ..language_tla import transitions

FIELDS: Final = (
    "state",
    "serving",
    "adopted",
    "revision",
    "pin",
    "suspended",
    "epoch",
    "turns",
    "prober",
    "told_exhausted",
)
"""The fields of a session that the spec models: those on which the table's decisions hang."""

OPENS: Final = "\\* generated from the session table: begin"
CLOSES: Final = "\\* generated from the session table: end"


def committed(name: str = "Session.tla") -> str:
    """The text of a file of this package."""
    return files(__package__).joinpath(name).read_text(encoding="utf-8")


def generate(table: Table[Any] = SESSION) -> str:
    """The spec with the transitions of a table.

    Args:
        table: the session table, or an altered one, to see what its environment makes of it.

    Raises:
        UntranslatableError: the table cannot be written in TLA+.
    """
    head, _, rest = committed().partition(OPENS)
    _, _, tail = rest.partition(CLOSES)
    return f"{head}{OPENS}\n\n{transitions(table, FIELDS)}\n\n{CLOSES}{tail}"
