"""The three machines in every format, and the pictures that are kept as files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal

from detent.fsm.cooldown import COOLDOWN
from detent.fsm.engine import Table
from detent.fsm.errors import DetentError
from detent.fsm.session import SESSION
from detent.fsm.turn import TURN

from .as_dot import dot
from .as_mermaid import mermaid
from .as_svg import svg
from .as_text import text

Format = Literal["svg", "mermaid", "dot", "text"]

pictures: Final[Mapping[str, Table[Any]]] = MappingProxyType({"session": SESSION, "turn": TURN, "cooldown": COOLDOWN})
"""The machines that can be drawn, by name."""

_DRAWN: Final[Mapping[str, Callable[[Table[Any]], str]]] = {
    "svg": svg,
    "mermaid": mermaid,
    "dot": dot,
    "text": text,
}


class UnknownPictureError(DetentError, LookupError):
    """A machine or a format was named that cannot be drawn."""


def draw(machine: str, format: Format) -> str:  # noqa: A002  the word the command line uses
    """One machine in one format.

    Args:
        machine: ``session``, ``turn`` or ``cooldown``.
        format: ``svg``, ``mermaid``, ``dot`` or ``text``.

    Raises:
        UnknownPictureError: there is no such machine or format.
        LayoutError: the table has changed and its layout has not.
    """
    if machine not in pictures:
        raise UnknownPictureError(f"no machine is called {machine!r}; there are {', '.join(pictures)}")
    if format not in _DRAWN:
        raise UnknownPictureError(f"no format is called {format!r}; there are {', '.join(_DRAWN)}")
    return _DRAWN[format](pictures[machine])


def write(folder: Path) -> tuple[Path, ...]:
    """Write the SVG of every machine into a folder, and say which files these are.

    Raises:
        LayoutError: a table has changed and its layout has not.
    """
    files = []
    for machine in pictures:
        file = folder / f"{machine}.svg"
        file.write_text(draw(machine, "svg"), encoding="utf-8")
        files.append(file)
    return tuple(files)
