"""A process's connection to the shared store, which may die while the store lives on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence

from detent.fsm.chain import Config
from detent.fsm.cooldown import Cooldown
from detent.fsm.session import Session

from ..store import MemoryStore, SessionQuery, StoreClosedError


class MortalStore:
    """A process's connection to the shared store: once the process is dead, nothing of it is stored any more.

    Args:
        store: the store that outlives the process.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._alive = True

    def die(self) -> None:
        """The process is gone."""
        self._alive = False

    async def read(self, session_id: str) -> tuple[Session | None, Mapping[str, Cooldown]]:
        """As the store does, while the process lives."""
        self._check()
        return await self._store.read(session_id)

    async def commit(self, session: Session | None, cooldowns: Iterable[Cooldown]) -> None:
        """As the store does, while the process lives."""
        self._check()
        await self._store.commit(session, cooldowns)

    async def configs(self) -> Mapping[str, Config]:
        """As the store does, while the process lives."""
        self._check()
        return await self._store.configs()

    async def publish(self, configs: Mapping[str, Config]) -> None:
        """As the store does, while the process lives."""
        self._check()
        await self._store.publish(configs)

    async def sessions(self) -> AsyncIterator[Session]:
        """As the store does, while the process lives."""
        self._check()
        async for session in self._store.sessions():
            yield session

    async def page(self, query: SessionQuery) -> Sequence[Session]:
        """As the store does, while the process lives."""
        self._check()
        return await self._store.page(query)

    async def counts(self) -> Mapping[str, int]:
        """As the store does, while the process lives."""
        self._check()
        return await self._store.counts()

    def _check(self) -> None:
        if not self._alive:
            raise StoreClosedError("the process that held this store is gone")
