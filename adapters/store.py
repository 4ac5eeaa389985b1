"""Where sessions, cooldowns and the published configuration live: the seam, and the store that lives in memory.

Every write is one commit of everything that one step decided. A record carries the version it was read with; where
another writer was faster the whole commit is refused, and the controller reads again and decides again. So several
controllers may share a store without sharing a lock.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from itertools import islice
from typing import Final, Protocol

from attrs import frozen

from detent.fsm.chain import Config
from detent.fsm.cooldown import Cooldown
from detent.fsm.errors import DetentError
from detent.fsm.session import Session

_AT_ONCE: Final = 2000


class ConflictError(DetentError):
    """Another writer was faster; nothing was stored. Read again and decide again."""


class StoreClosedError(DetentError):
    """The store was closed, or the process that held it is gone; nothing more is stored."""


@frozen
class SessionQuery:
    """Which sessions somebody wants to see, a page at a time.

    Attributes:
        state: only those in this state, None: in any.
        contains: only those whose id contains this text.
        after: only those whose id comes after this one; the last id of a page begins the next.
        limit: how many at most.
    """

    state: str | None = None
    contains: str = ""
    after: str = ""
    limit: int = 100


class Store(Protocol):
    """What a store must do. Times are in seconds, versions are the store's own."""

    async def read(self, session_id: str) -> tuple[Session | None, Mapping[str, Cooldown]]:
        """The session, if it exists, and every cooldown record by scope key."""

    async def commit(self, session: Session | None, cooldowns: Iterable[Cooldown]) -> None:
        """Store a step whole, or not at all.

        Raises:
            ConflictError: a record has another version than the one that was read.
            StoreClosedError: the store takes no more.
        """

    async def configs(self) -> Mapping[str, Config]:
        """The published configurations by the name of their chain; empty: none was published."""

    async def publish(self, configs: Mapping[str, Config]) -> None:
        """Replace the published configurations, all at once."""

    def sessions(self) -> AsyncIterator[Session]:
        """Every session, in no promised order."""

    async def page(self, query: SessionQuery) -> Sequence[Session]:
        """The sessions that a query asks for, in the order of their ids."""

    async def counts(self) -> Mapping[str, int]:
        """How many sessions there are in each state."""


class MemoryStore:
    """A store in this process's memory: nothing is written to disk, several controllers may share it."""

    def __init__(self) -> None:
        self._sessions: dict[str, Session] = {}
        self._cooldowns: dict[str, Cooldown] = {}
        self._configs: Mapping[str, Config] = {}
        self._in_order: list[str] = []

    async def read(self, session_id: str) -> tuple[Session | None, Mapping[str, Cooldown]]:
        """The session, if it exists, and every cooldown record by scope key."""
        return self._sessions.get(session_id), self._cooldowns

    async def commit(self, session: Session | None, cooldowns: Iterable[Cooldown]) -> None:
        """Store a step whole, or not at all.

        Raises:
            ConflictError: a record has another version than the one that was read.
        """
        records = tuple(cooldowns)
        if session is not None:
            _same_version(session, self._sessions.get(session.id))
        for record in records:
            _same_version(record, self._cooldowns.get(record.key))
        if session is not None:
            session.version += 1
            self._sessions[session.id] = session
        for record in records:
            record.version += 1
            self._cooldowns[record.key] = record

    async def configs(self) -> Mapping[str, Config]:
        """The published configurations by the name of their chain; empty: none was published."""
        return self._configs

    async def publish(self, configs: Mapping[str, Config]) -> None:
        """Replace the published configurations, all at once."""
        self._configs = dict(configs)

    async def sessions(self) -> AsyncIterator[Session]:
        """Every session, in no promised order."""
        for session in list(self._sessions.values()):
            yield session

    async def page(self, query: SessionQuery) -> Sequence[Session]:
        """The sessions that a query asks for, in the order of their ids."""
        # Those that began since the last look stand last in the dict; sorting what is nearly sorted is quick.
        self._in_order += islice(self._sessions, len(self._in_order), None)
        self._in_order.sort()
        names = self._in_order[bisect_right(self._in_order, query.after) :]
        found: list[Session] = []
        for start in range(0, len(names), _AT_ONCE):
            some = (self._sessions[name] for name in names[start : start + _AT_ONCE] if query.contains in name)
            found += (session for session in some if query.state in (None, session.state))
            if len(found) >= query.limit:
                break
            # A rare state among very many sessions takes a while to find; turns go on meanwhile.
            await asyncio.sleep(0)
        return found[: query.limit]

    async def counts(self) -> Mapping[str, int]:
        """How many sessions there are in each state."""
        return Counter(session.state for session in self._sessions.values())


def _same_version(written: Session | Cooldown, stored: Session | Cooldown | None) -> None:
    version = 0 if stored is None else stored.version
    if written.version != version:
        name = written.id if isinstance(written, Session) else written.key
        raise ConflictError(f"{name!r} was read at version {written.version} and is at {version} now; decide again")
