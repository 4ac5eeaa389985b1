"""The ``[journal]`` table: where every decision is written down."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import frozen

from detent.fsm.mistakes import shown

from ..journal import KEEP, LEAST_BYTES, MAX_BYTES
from .problems import Problems


@frozen
class JournalTable:
    """The keys of ``[journal]``."""

    path: str
    max_bytes: int = MAX_BYTES
    keep: int = KEEP


@frozen
class JournalSettings:
    """Where every decision is written down.

    Attributes:
        path: the file; one that was named without its folder stands beside ``detent.toml``.
        max_bytes: the size at which it is put aside, in bytes.
        keep: how many files that were put aside are kept.
    """

    path: Path
    max_bytes: int
    keep: int


def read_journal(table: Mapping[str, Any], folder: Path, problems: Problems) -> JournalSettings | None:
    """The journal, None: the table describes none, and the mistakes are noted.

    Args:
        table: what stands under ``[journal]``.
        folder: the folder of the file.
        problems: where mistakes are noted.
    """
    found = problems.read(JournalTable, table, "journal")
    if found is None:
        return None
    path = folder / os.path.expanduser(found.path)
    if not found.path.strip() or "\0" in found.path:
        problems.add("journal.path", f'is {shown(found.path)}, must name a file, e.g. "decisions.jsonl"')
    elif os.path.isdir(path):
        problems.add("journal.path", f"is {path}, which is a folder; name a file in it")
    for key, value, least in (("max_bytes", found.max_bytes, LEAST_BYTES), ("keep", found.keep, 1)):
        if value < least:
            problems.add(f"journal.{key}", f"is {value}, must be at least {least}")
    return JournalSettings(path, found.max_bytes, found.keep)
