"""The decision log's lines: JSON, one a line, the first of each file saying in which schema the others are written.

::

    {"schema":1,"detent":"0.1.0"}
    {"decision":{"at":12.5,"machine":"session",…,"data":{"type":"TurnStarted",…}}}
    {"notice":{"kind":"failover",…}}
    {"lost":3}

The last kind stands where so many decisions and notices could not be written, because the disk was full, say.
"""

from __future__ import annotations

import json
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from attrs import frozen

from detent.fsm.decision import Decision, Notice
from detent.fsm.errors import BadDataError, DetentError
from detent.fsm.plain import from_plain, to_plain

SCHEMA: Final = 1
"""The schema of the lines that this Detent writes, and the newest that it reads."""

HEADER_START: Final = b'{"schema":'
"""How every log begins: what begins otherwise is somebody else's file."""


class JournalError(DetentError):
    """A decision log cannot be used; the message names the file, what is wrong with it, and the way out."""


@frozen
class Header:
    """The first line of a file.

    Attributes:
        schema: of the lines below.
        detent: the version that began the file; ``unknown`` where Detent is not installed as a package.
    """

    schema: int
    detent: str


@frozen
class Lost:
    """So many decisions and notices are missing here."""

    count: int


@frozen
class _Line:
    decision: Decision | None = None
    notice: Notice | None = None
    lost: int | None = None


@cache
def header() -> bytes:
    """The first line of a new file."""
    try:
        detent = version("detent")
    except PackageNotFoundError:
        detent = "unknown"
    return _written(to_plain(Header(SCHEMA, detent)))


def line_of(item: Decision | Notice | Lost) -> bytes:
    """One item as a line.

    Raises:
        BadDataError: it holds what JSON has no word for.
    """
    if isinstance(item, Lost):
        return _written({"lost": item.count})
    return _written({"decision" if isinstance(item, Decision) else "notice": to_plain(item)})


def read_header(line: bytes) -> Header:
    """The first line of a file, read.

    Raises:
        BadDataError: it is none.
        JournalError: a newer Detent wrote the file.
    """
    data = _parsed(line)
    schema = data.get("schema") if isinstance(data, dict) else None
    if type(schema) is int and schema > SCHEMA:
        raise JournalError(
            f"is of schema {schema}, written by Detent {data.get('detent')}; this Detent reads up to schema {SCHEMA}: "
            "upgrade it"
        )
    found = from_plain(Header, data)
    if found.schema != SCHEMA:
        raise BadDataError((f"schema: is {found.schema}, must be {SCHEMA}",))
    return found


def read_line(line: bytes) -> Decision | Notice | Lost:
    """A further line, read.

    Raises:
        BadDataError: it is none.
    """
    found = from_plain(_Line, _parsed(line))
    items = [item for item in (found.decision, found.notice, found.lost) if item is not None]
    if len(items) != 1:
        raise BadDataError(("line: must hold one of decision, notice, lost",))
    (item,) = items
    return Lost(item) if isinstance(item, int) else item


def _written(data: dict[str, Any]) -> bytes:
    # ASCII, so that no name whatever, a lone surrogate of a session's id among them, keeps a line from being written.
    return json.dumps(data, separators=(",", ":")).encode("ascii") + b"\n"


def _parsed(line: bytes) -> Any:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise BadDataError((f"is no JSON: {error}",)) from None
