"""Other tables in the place of the shipped ones, so that the core runs on them for a while."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

from detent.fsm import COOLDOWN, SESSION, TURN
from detent.fsm.engine import Table

SHIPPED: Final[Mapping[str, Table[Any]]] = {table.name: table for table in (SESSION, TURN, COOLDOWN)}
"""The three tables by name."""


@contextmanager
def in_force(*tables: Table[Any]) -> Iterator[None]:
    """Have the whole core run on these tables instead of the shipped ones of their names.

    Wherever a module of `detent.fsm` knows a shipped table by name, it is exchanged, and put back in the end.
    """
    places = [(module, name, table) for table in tables for module, name in _places(SHIPPED[table.name])]
    for module, name, table in places:
        setattr(module, name, table)
    try:
        yield
    finally:
        for module, name, table in places:
            setattr(module, name, SHIPPED[table.name])


def _places(shipped: Table[Any]) -> list[tuple[ModuleType, str]]:
    modules = [module for name, module in sys.modules.items() if name.startswith("detent.fsm.")]
    return [(module, name) for module in modules for name, value in vars(module).items() if value is shipped]
