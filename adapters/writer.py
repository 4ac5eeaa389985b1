"""The writer: reads what the store holds, lets the core decide, stores what it came to, and tells it.

It decides nothing itself. Each event is passed to the core together with what the store holds; the step that comes
back is stored whole, then told, and only then are its commands performed. One writer per session decides at a time;
where another process was faster the step is decided again on what that one stored.
"""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import count

from attrs import evolve

from detent.fsm import core, walk
from detent.fsm.chain import DEFAULT_CHAIN, Config
from detent.fsm.cooldown import PROBING
from detent.fsm.decision import Step
from detent.fsm.errors import BadChainError, DetentError
from detent.fsm.session import Session

from .history import History, Subscription
from .journal import Journal
from .status import CandidateStatus, Cleared, Rest, SessionStatus, candidates_of, rests_in, status_of
from .store import ConflictError, MemoryStore, SessionQuery, Store

Decide = Callable[[Session, Config, walk.Health, float], Step]
"""A step function of the core with everything but the records and the time filled in."""


class ControllerClosedError(DetentError):
    """The controller was closed; make another one to go on."""


class Writer:
    """The only way in which anything about a session changes.

    Its arguments are those of `Controller`, which makes it.
    """

    def __init__(
        self,
        config: Config | Mapping[str, Config],
        *,
        store: Store | None = None,
        node: str = "local",
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        dice: Callable[[], float] = random.random,
        history: int = 10_000,
        journal: Journal | None = None,
    ) -> None:
        self.now = now
        self.sleep = sleep
        self.dice = dice
        self.history = History(history, journal)
        self._initial = _named(config)
        self._store: Store = MemoryStore() if store is None else store
        self._life = f"{node}.{secrets.token_hex(4)}."
        self._node = f"{node}."
        self._turns = count(1)
        self._writers: dict[str, _Writer] = {}
        self._opening: asyncio.Lock | None = None
        self._opened = False
        self._closed = False
        self._led_by: dict[str, tuple[Config, Config]] = {}

    async def open(self) -> None:
        """Take up what the store holds: done by itself before the first event.

        Sessions found with turns of an earlier life of this node are restored, and the leases of those turns end.

        Raises:
            ControllerClosedError: it was closed.
            JournalError: the journal's file is another controller's, or no decision log.
        """
        if self._closed:
            raise ControllerClosedError("this controller was closed; make another one to go on")
        if self._opened:
            return
        if self._opening is None:
            self._opening = asyncio.Lock()
        async with self._opening:
            if self._opened:
                return
            self.history.open()
            if not await self._store.configs():
                await self._store.publish(self._initial)
            await self._restore()
            self._opened = True

    async def close(self) -> None:
        """End the subscriptions and take no more events. Turns in flight are their callers' to cancel."""
        self._closed = True
        self.history.close()

    async def publish(
        self, config: Config | Mapping[str, Config], about_to: Callable[[int], None] | None = None
    ) -> int:
        """Publish a configuration: turns that start from now on plan from it. Nothing in flight is disturbed.

        Rests that a configuration may mend (bad credentials, unknown models) end. A chain that is no longer named is
        replaced by the default chain for its sessions.

        Args:
            config: the configuration, or several by the name of their chain.
            about_to: is told the revision before any turn can plan from it.

        Returns:
            the revision under which it was published.
        """
        await self.open()
        configs = _named(config)
        before = await self._store.configs()
        revision = 1 + max((c.revision for c in before.values()), default=0)
        if about_to is not None:
            about_to(revision)
        await self._store.publish({name: evolve(c, revision=revision) for name, c in configs.items()})
        await self._of_no_session(core.lift)
        async for session in self._store.sessions():
            if session.pin is not None:
                await self.decide(session.id, core.published)
        return revision

    async def credentials(self, provider: str) -> set[str]:
        """The names of a provider's credentials in the published configurations; none: it is not configured."""
        await self.open()
        configs, model = await self._store.configs(), f"{provider}/any"
        return {c.credential for config in configs.values() if config.knows(model) for c in config.candidates(model)}

    async def renew(self, provider: str, credential: str = "") -> None:
        """A credential has another key: whatever was held against the old one is void.

        Args:
            provider: the provider.
            credential: the credential's name; empty where the provider has one unnamed.
        """
        await self.open()
        configs = await self._store.configs()
        models = {model for config in configs.values() for model in config.chain.models}
        await self._of_no_session(
            lambda health, now: core.renew(health, now, provider, credential, sorted(models)),
        )

    async def decide(self, session_id: str, decide: Decide, chain: str = DEFAULT_CHAIN) -> Step:
        """Decide one event of a session, store what it came to, and tell it.

        Args:
            session_id: the session; it begins here if it is new.
            decide: the step function.
            chain: the chain of a session that begins here.
        """
        await self.open()
        return await self._decide(session_id, decide, chain)

    async def _decide(self, session_id: str, decide: Decide, chain: str = DEFAULT_CHAIN) -> Step:
        async with self._writer(session_id):
            while True:
                session, health = await self._store.read(session_id)
                config = await self._config(session.chain if session is not None else chain)
                known = session or core.fresh(session_id, config, chain)
                step = decide(known, config, health, self.now())
                try:
                    await self._store.commit(None if step.session is session else step.session, step.cooldowns.values())
                except ConflictError:
                    continue
                break
        self.history.record(step)
        return step

    async def forget(self, session_id: str, turns: Iterable[str]) -> None:
        """Take back what turns had lent that are in flight no more, and of which nothing else is known.

        Args:
            session_id: their session.
            turns: their ids.
        """
        gone = tuple(turns)
        await self._decide(session_id, lambda s, config, health, now: core.restored(s, config, health, now, gone))

    async def status(self, session_id: str, chain: str = DEFAULT_CHAIN) -> SessionStatus:
        """What a session is doing; one that does not exist yet is shown as it would begin."""
        await self.open()
        session, health = await self._store.read(session_id)
        config = await self._config(session.chain if session is not None else chain)
        return status_of(session or core.fresh(session_id, config, chain), config, health, self.now())

    async def candidates(self, session_id: str, chain: str = DEFAULT_CHAIN) -> tuple[CandidateStatus, ...]:
        """How each candidate of a session's chain is; of one that does not exist yet as it would begin."""
        await self.open()
        session, health = await self._store.read(session_id)
        config = await self._config(session.chain if session is not None else chain)
        return candidates_of(session or core.fresh(session_id, config, chain), config, health, self.now())

    async def exists(self, session_id: str) -> bool:
        """Whether the session has begun."""
        await self.open()
        return (await self._store.read(session_id))[0] is not None

    async def sessions(self, query: SessionQuery) -> tuple[SessionStatus, ...]:
        """What those sessions are doing that a query asks for, in the order of their ids."""
        await self.open()
        found = await self._store.page(query)
        _, health = await self._store.read("")
        now = self.now()
        return tuple([status_of(each, await self._config(each.chain), health, now) for each in found])

    async def counts(self) -> Mapping[str, int]:
        """How many sessions there are in each state."""
        await self.open()
        return await self._store.counts()

    async def rests(self) -> tuple[Rest, ...]:
        """Every scope that rests or is being probed, the longest rest first."""
        await self.open()
        return rests_in((await self._store.read(""))[1], self.now())

    async def clear(self, scopes: Iterable[str] | None = None) -> Cleared:
        """End rests by the operator's hand.

        Args:
            scopes: the keys of the scopes, None: all of them.
        """
        await self.open()
        wanted = None if scopes is None else tuple(scopes)
        step = await self._of_no_session(
            lambda health, now: core.clear(health, now, tuple(health) if wanted is None else wanted)
        )
        stay = tuple(decision.subject for decision in step.decisions if decision.after == PROBING)
        return Cleared(tuple(step.cooldowns), stay)

    async def configs(self) -> Mapping[str, Config]:
        """The published configuration of each chain, by its name."""
        await self.open()
        return await self._store.configs()

    async def config(self, chain: str = DEFAULT_CHAIN) -> Config:
        """The published configuration of a chain."""
        await self.open()
        return await self._config(chain)

    def subscribe(self, session_id: str | None = None, size: int = 1000) -> Subscription:
        """A live view of decisions and notices, of one session or of all.

        Args:
            session_id: the session, None: all.
            size: how many items may wait for a slow subscriber before the oldest are dropped.
        """
        return self.history.subscribe(session_id, size)

    def turn_id(self) -> str:
        """A new turn's id, unique over processes and restarts."""
        return f"{self._life}{next(self._turns)}"

    async def _config(self, chain: str) -> Config:
        configs = await self._store.configs()
        found = configs.get(chain) or configs.get(DEFAULT_CHAIN)
        if found is not None and chain not in configs and "/" in chain:
            return self._led(found, chain)
        if found is None:
            known = ", ".join(sorted(configs))
            raise BadChainError(f"no chain is named {chain!r} and none {DEFAULT_CHAIN!r}; configured are {known}")
        return found

    def _led(self, config: Config, model: str) -> Config:
        """The default chain, led by a model; kept, for a configuration remembers the walks it has planned."""
        base, led = self._led_by.get(model, (None, config))
        if base is not config:
            led = config.led_by(model)
            self._led_by[model] = (config, led)
        return led

    async def _restore(self) -> None:
        """Take back what turns of this node's earlier life had lent."""
        async for session in self._store.sessions():
            died = [turn for turn in session.turns if turn.startswith(self._node)]
            if died:
                await self.forget(session.id, died)

    async def _of_no_session(self, decide: Callable[[walk.Health, float], Step]) -> Step:
        """Decide an event of the cooldowns alone, store what it came to, and tell it."""
        while True:
            _, health = await self._store.read("")
            step = decide(health, self.now())
            try:
                await self._store.commit(None, step.cooldowns.values())
            except ConflictError:
                continue
            self.history.record(step)
            return step

    def _writer(self, session_id: str) -> _Writer:
        writer = self._writers.get(session_id)
        if writer is None:
            writer = self._writers[session_id] = _Writer(self._writers, session_id)
        return writer


class _Writer:
    """The one writer of a session: a lock that exists while somebody holds it or waits for it."""

    def __init__(self, writers: dict[str, _Writer], session_id: str) -> None:
        self._writers = writers
        self._session_id = session_id
        self._lock = asyncio.Lock()
        self._users = 0

    async def __aenter__(self) -> None:
        self._users += 1
        try:
            await self._lock.acquire()
        except BaseException:
            self._leave()
            raise

    async def __aexit__(self, *_: object) -> None:
        self._lock.release()
        self._leave()

    def _leave(self) -> None:
        self._users -= 1
        if not self._users:
            del self._writers[self._session_id]


def _named(config: Config | Mapping[str, Config]) -> dict[str, Config]:
    configs = {DEFAULT_CHAIN: config} if isinstance(config, Config) else dict(config)
    if DEFAULT_CHAIN not in configs:
        named = ", ".join(sorted(configs)) or "none"
        raise BadChainError(f"no chain is named {DEFAULT_CHAIN!r} (named are: {named}); name the one sessions begin on")
    return configs
