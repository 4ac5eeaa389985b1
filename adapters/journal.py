"""The journal: every decision and notice of a controller on disk, so that a history outlives its process.

The history writes each step here as soon as the store holds it, before any subscriber hears of it and before its
command is performed. A subscription would not do: it drops its oldest items where its reader falls behind, and what
waits in it dies with the process.

A step is one ``write`` of all its lines, made at once and not by a thread: what was decided is the operating system's
before the turn goes on, so a crash of the process loses nothing. (A crash of the machine may: nothing is synced.) It
costs the event loop as long as it takes to copy some hundred bytes; `tests/bench/journal.py` measures it.

What cannot be written is counted, said once through `logging`, and marked in the log by the next line that can be;
turns go on. What a log holds of a failure is what the provider said, shortened and with its secrets masked; prompts,
answers and keys are no part of a decision.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from contextlib import suppress
from io import FileIO
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from detent.fsm.decision import Decision, Notice
from detent.fsm.errors import BadDataError, DetentError

from .journal_lines import HEADER_START, JournalError, Lost, header, line_of, read_header

MAX_BYTES: Final = 64 * 1024 * 1024
"""The size at which a file is put aside, in bytes, unless told otherwise."""

KEEP: Final = 5
"""How many files that were put aside are kept, unless told otherwise."""

LEAST_BYTES: Final = 64 * 1024
"""The smallest size at which a file may be put aside: room for the longest step many times over."""

_BLOCK: Final = 64 * 1024
_LOG: Final = logging.getLogger(__name__)


class JournalInUseError(JournalError):
    """Another controller writes to this file."""


class Journal:
    """A decision log on disk, append only, for one controller: ``Controller(config, journal=Journal("detent.jsonl"))``.

    The file is opened when the controller opens. Beside it stands an empty ``.lock``, held while it is open, for two
    writers would put each other's files aside. A file that is full becomes ``.1``, the one before it ``.2``, and so
    on; a line torn by a crash is cut off before the next is written.

    Args:
        path: the file; its folder is made if need be.
        max_bytes: the size at which it is put aside, in bytes.
        keep: how many files that were put aside are kept; the oldest goes.

    Attributes:
        path: the file.
        lost: how many decisions and notices could not be written.

    Raises:
        JournalError: a size is too small to work with.
    """

    def __init__(self, path: str | os.PathLike[str], *, max_bytes: int = MAX_BYTES, keep: int = KEEP) -> None:
        self.path = Path(path).absolute()
        if max_bytes < LEAST_BYTES:
            raise JournalError(f"journal {self.path}: max_bytes is {max_bytes}, must be at least {LEAST_BYTES}")
        if keep < 1:
            raise JournalError(f"journal {self.path}: keep is {keep}, must be at least 1")
        self.lost = 0
        self._max_bytes = max_bytes
        self._lock = FileLock(f"{self.path}.lock", timeout=0, thread_local=False)
        self._rotation = RotatingFileHandler(self.path, backupCount=keep, delay=True)
        self._file: FileIO | None = None
        self._size = 0
        self._closed = False
        self._unmarked = 0
        self._failing = False

    def __enter__(self) -> Journal:
        self.open()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def open(self) -> None:
        """Take the file, and make it ready to be written to. A file that cannot be is said, and tried again later.

        Raises:
            JournalInUseError: another controller writes to it.
            JournalError: something else stands there, or the log of a newer Detent.
        """
        if self._lock.is_locked:
            raise JournalInUseError(f"journal {self.path}: another controller has this Journal; give each its own file")
        self._closed = False
        try:
            self._take()
        except OSError as error:
            self._fail(0, error)

    def close(self) -> None:
        """Let go of the file. What turns decide that are still in flight is written all the same."""
        self._closed = True
        self._release()

    def write(self, items: Sequence[Decision | Notice]) -> None:
        """Write down what one step came to, in its order: all of it or nothing. Never raises.

        Args:
            items: the decisions and notices.
        """
        try:
            mark = line_of(Lost(self._unmarked)) if self._unmarked else b""
            self._append(mark + b"".join(line_of(item) for item in items))
        except (OSError, DetentError) as error:
            self._fail(len(items), error)
            return
        finally:
            if self._closed:
                self._release()
        if self._failing:
            _LOG.warning("journal %s is written again; %d of its lines are missing", self.path, self._unmarked)
        self._failing, self._unmarked = False, 0

    def _append(self, data: bytes) -> None:
        file = self._file or self._take()
        if self._size + len(data) > self._max_bytes:
            self._shut()
            self._rotation.doRollover()
            file = self._take()
        _write_whole(file, data)
        self._size += len(data)

    def _take(self) -> FileIO:
        """Open the file, and leave it at the end of a whole line."""
        if not self._lock.is_locked:
            try:
                self._lock.acquire()
            except Timeout:
                raise JournalInUseError(
                    f"journal {self.path}: another controller writes to it; give each its own file, with "
                    "Controller(journal=Journal(path)) or [journal] path in detent.toml"
                ) from None
        file = FileIO(self.path, "a+")
        try:
            self._size = _mended(file, self.path) or _begun(file)
        except (OSError, JournalError):
            file.close()
            self._release()
            raise
        self._file = file
        return file

    def _fail(self, count: int, error: Exception) -> None:
        self.lost += count
        self._unmarked += count
        if self._file is not None:
            with suppress(OSError):
                self._file.truncate(self._size)
        self._shut()
        if not self._failing:
            _LOG.warning("journal %s cannot be written: %s; turns go on, unrecorded", self.path, error)
        self._failing = True

    def _shut(self) -> None:
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._file = None

    def _release(self) -> None:
        self._shut()
        self._lock.release()


def _write_whole(file: FileIO, data: bytes) -> None:
    written = file.write(data)
    if written != len(data):
        raise OSError(f"only {written} of {len(data)} bytes found room")


def _begun(file: FileIO) -> int:
    """The size of a log with its first line alone."""
    first = header()
    try:
        _write_whole(file, first)
    except OSError:
        with suppress(OSError):
            file.truncate(0)
        raise
    return len(first)


def _mended(file: FileIO, path: Path) -> int:
    """The size of a log whose torn last line, if any, was cut off; 0: it is to be begun.

    Raises:
        JournalError: it is no log that this Detent can go on with.
    """
    size = file.seek(0, os.SEEK_END)
    if not size:
        return 0
    file.seek(0)
    first, newline, _ = file.read(_BLOCK).partition(b"\n")
    if newline or not first.startswith(HEADER_START[: len(first)]):
        try:
            read_header(first)
        except BadDataError:
            raise JournalError(f"journal {path}: what stands there is no decision log; name another file") from None
        except JournalError as error:
            raise JournalError(f"journal {path} {error}, or name another file") from None
    whole = _end_of_last_line(file, size)
    if whole < size:
        file.truncate(whole)
        _LOG.warning("journal %s ended in the middle of a line, which was cut off: %d bytes", path, size - whole)
    return whole


def _end_of_last_line(file: FileIO, size: int) -> int:
    end = size
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0
