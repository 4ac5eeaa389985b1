"""Keys in files: read when a call needs them, read again when the file has changed, and only where nobody else may.

The rules are those that ssh has for private keys, so that a mistake is found before it is a leak. The file must be a
regular one, belong to the user or to root, and be closed to group and others (mode 0600 or 0400); nor may everybody be
able to put another in its place. Links are followed, and what they lead to is what counts: Kubernetes mounts secrets as
links that it swaps when they change. Container runtimes mount secrets readable by all (Docker: 0444), which is
``allow_readable_key_files`` to allow; writable by others is never allowed. A folder that its group may write to is, for
many systems give each user a group of their own, and a file that another user puts there is not the user's or root's.

Windows has no such modes; there the content alone is checked, and who may read the file is its owner's to see to.
"""

from __future__ import annotations

import os
import shlex
import stat
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from attrs import frozen

from .secret import MissingSecretError, is_one_line

LARGEST_BYTES: Final = 16_384
"""No key is larger; a file that is holds something else."""

_SETTLED_NS: Final = 2_000_000_000
"""A file that was changed less than so long before it was read may change again without its times showing it."""

_HAS_MODES: Final = hasattr(os, "geteuid")
_OPEN: Final = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)

_Mark = tuple[int, ...]
"""What tells one content of a file from another without reading it."""


class FromFile:
    """A secret that a file holds alone, on one line.

    It is read each time it is asked for, from memory where the file has not changed since. Like `Secret` it is no
    attrs class, so that neither ``attrs.asdict`` nor `to_plain` looks inside.

    Args:
        path: the file.
        readable: group and others may read it.
    """

    __slots__ = ("_known", "path", "readable")

    def __init__(self, path: Path, *, readable: bool = False) -> None:
        self.path = path
        self.readable = readable
        self._known: tuple[_Mark, str] | None = None

    def __eq__(self, other: object) -> bool:
        return isinstance(other, FromFile) and (self.path, self.readable) == (other.path, other.readable)

    def __hash__(self) -> int:
        return hash(self.path)

    def __repr__(self) -> str:
        return f"FromFile({str(self.path)!r})"

    @property
    def place(self) -> str:
        """Where the secret is, for messages."""
        return str(self.path)

    def read(self, _environ: Mapping[str, str], whose: str) -> str:
        """The secret itself, without the white space around it.

        Raises:
            MissingSecretError: the file is not there, open to others, or holds something else than one secret; the
                message tells what to do.
        """
        try:
            mark = _mark(os.stat(self.path))
            if self._known is not None and self._known[0] == mark:
                return self._known[1]
            self._known = None
            return self._read_anew()
        except OSError as error:
            says = f"cannot be read: {error.strerror or type(error).__name__}; write the key alone into it"
        except _UnusableError as error:
            says = str(error)
        raise MissingSecretError(f"{whose}: key file {self.path} {says}")

    def _read_anew(self) -> str:
        with open(self.path, "rb", opener=lambda path, _: os.open(path, _OPEN)) as file:
            info = os.fstat(file.fileno())
            wrong = next(self._faults(info), None)
            if wrong is not None:
                raise _UnusableError(wrong)
            secret = _secret_of(file.read(LARGEST_BYTES + 1))
        if time.time_ns() - max(info.st_mtime_ns, info.st_ctime_ns) > _SETTLED_NS:
            self._known = (_mark(info), secret)
        return secret

    def _faults(self, info: os.stat_result) -> Iterator[str]:
        """What is wrong with the file and where it lies."""
        if not stat.S_ISREG(info.st_mode):
            yield "is no regular file; name a file that holds the key alone"
        if not _HAS_MODES:
            return
        file, mode = shlex.quote(str(self.path)), stat.S_IMODE(info.st_mode)
        if info.st_uid not in (0, os.geteuid()):
            yield f"belongs to user {info.st_uid}, who may change it; run: chown {os.geteuid()} {file}"
        if mode & 0o022:
            yield f"can be written by {_who(mode, 0o020)} (mode {mode:04o}); run: chmod 600 {file}"
        if mode & 0o044 and not self.readable:
            yield (
                f"can be read by {_who(mode, 0o040)} (mode {mode:04o}); run: chmod 600 {file}, or, where a container "
                "runtime mounts it so, write allow_readable_key_files = true at the top of detent.toml"
            )
        for folder in dict.fromkeys((self.path.parent, self.path.resolve().parent)):
            mode = stat.S_IMODE(folder.stat().st_mode)
            if mode & 0o002 and not mode & stat.S_ISVTX:
                yield (
                    f"lies in {folder}, where everybody can put another in its place (mode {mode:04o}); "
                    f"run: chmod o-w {shlex.quote(str(folder))}"
                )


@frozen
class KeyFiles:
    """How the key files that a ``detent.toml`` names are found.

    Attributes:
        folder: where relative paths begin.
        readable: group and others may read them.
    """

    folder: Path
    readable: bool = False

    def at(self, path: str) -> FromFile:
        """The secret in that file; ``~`` is the user's home."""
        return FromFile(self.folder / os.path.expanduser(path), readable=self.readable)


class _UnusableError(Exception):
    """What is wrong with a file, in words that follow its name."""


def _mark(info: os.stat_result) -> _Mark:
    # Where there are modes and owners, a change of them is a change of st_ctime_ns.
    return info.st_dev, info.st_ino, info.st_size, info.st_mtime_ns, info.st_ctime_ns


def _who(mode: int, group: int) -> str:
    """Whom the group's bit and the others' bit of one kind let in."""
    return "everybody" if mode & (group >> 3) else "its group"


def _secret_of(data: bytes) -> str:
    if len(data) > LARGEST_BYTES:
        raise _UnusableError(f"is larger than {LARGEST_BYTES} bytes; write the key alone into it")
    try:
        text = data.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise _UnusableError("is no text in UTF-8; write the key alone into it") from None
    if not text:
        raise _UnusableError("is empty; write the key alone into it")
    if not is_one_line(text):
        raise _UnusableError("holds more than one line, or a character that is not ASCII; write the key alone into it")
    return text
