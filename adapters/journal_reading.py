"""Reading a decision log: strictly, line by line, the files that were put aside first."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Final

from detent.fsm.decision import Decision, Notice
from detent.fsm.errors import BadDataError
from detent.fsm.mistakes import suggestion

from .journal_lines import JournalError, Lost, read_header, read_line

LONGEST_LINE: Final = 16 * 1024 * 1024
"""The most bytes of one line that are read."""


class UnknownSessionError(JournalError, LookupError):
    """The log holds no such session."""


class JournalReader:
    """What a log holds, oldest first: ``for item in JournalReader(path)`` yields `Decision` and `Notice` values.

    A log of any length is read in little memory, also while its controller goes on writing to it.

    Args:
        path: the file; those that were put aside (``.1``, ``.2``, …) are read before it.

    Attributes:
        path: the file.
        remarks: what is missing, a sentence each: a last line torn by a crash, lines that could not be written;
            complete when the iteration is.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.remarks: list[str] = []

    def __iter__(self) -> Iterator[Decision | Notice]:
        """The decisions and notices.

        Raises:
            JournalError: there is no such log, a newer Detent wrote it, or a line of it is broken.
        """
        self.remarks = []
        with ExitStack() as stack:
            # All of them at once: what the writer puts aside meanwhile is renamed, and read all the same.
            files = [(path, stack.enter_context(_opened(path))) for path in _files(self.path)]
            for path, file in files:
                yield from self._items(path, file, newest=path == files[-1][0])

    def _items(self, path: Path, file: BinaryIO, *, newest: bool) -> Iterator[Decision | Notice]:
        number = 0
        while line := file.readline(LONGEST_LINE):
            number += 1
            try:
                item = read_header(line) if number == 1 else read_line(line)
            except JournalError as error:
                raise JournalError(f"{path} {error}") from None
            except BadDataError as error:
                if newest and not line.endswith(b"\n") and len(line) < LONGEST_LINE:
                    self.remarks.append(f"{path}:{number}: the last line is torn, as a crash leaves it; it is left out")
                    return
                raise JournalError(_broken(path, number, line, error)) from None
            if isinstance(item, Lost):
                self.remarks.append(f"{path}:{number}: {item.count} decisions and notices could not be written here")
            elif isinstance(item, (Decision, Notice)):
                yield item


def history_of(session: str, reader: JournalReader) -> list[Decision | Notice]:
    """What a log holds of one session, oldest first.

    Raises:
        UnknownSessionError: nothing; the message counts the sessions there are, and names the nearest.
        JournalError: the log cannot be read.
    """
    known: set[str] = set()
    mine = []
    for item in reader:
        known.add(item.session)
        if item.session == session:
            mine.append(item)
    known.discard("")
    if not mine or not session:
        count = "one session" if len(known) == 1 else f"{len(known) or 'no'} sessions"
        near = suggestion(session, known) or (f"; there are {', '.join(sorted(known))}" if 0 < len(known) <= 5 else "")
        raise UnknownSessionError(f"{reader.path} holds {count}, but none called {session!r}{near}")
    return mine


def _files(path: Path) -> list[Path]:
    """The files of a log, oldest first."""
    numbered = re.compile(re.escape(path.name) + r"\.([1-9]\d*)")
    siblings = path.parent.iterdir() if path.parent.is_dir() else ()
    aside = {int(named[1]): sibling for sibling in siblings if (named := numbered.fullmatch(sibling.name))}
    found = [aside[number] for number in sorted(aside, reverse=True)]
    return [*found, path] if path.exists() or not found else found


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except FileNotFoundError:
        raise JournalError(
            f"{path}: there is no such log; a controller with journal=Journal({str(path)!r}) writes one, and so does "
            f"'detent scenario STORY.toml --log {path}'"
        ) from None
    except OSError as error:
        raise JournalError(f"{path} cannot be read: {error.strerror or error}") from None


def _broken(path: Path, number: int, line: bytes, error: BadDataError) -> str:
    says = f"is longer than {LONGEST_LINE} bytes" if len(line) >= LONGEST_LINE else str(error)
    if number == 1:
        return f"{path}:1: this is no decision log: {says}; name the file that a controller's journal writes"
    return f"{path}:{number}: the line is broken: {says}; take that line out to read the others"
