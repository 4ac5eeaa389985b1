"""The controller: what an application makes once, and takes its sessions from."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

from detent.fsm.chain import DEFAULT_CHAIN, Config

from .history import Subscription
from .journal import Journal
from .reports import Observer
from .session import LiveSession
from .settings import Settings, UnknownCredentialError
from .status import Cleared, Rest, SessionStatus
from .store import SessionQuery, Store
from .upstreams import Upstreams
from .writer import Writer


class Controller:
    """Sessions that survive outages, any number of them in one process.

    Use it as an async context manager, or end with `close`.

    Args:
        config: the configuration, or several by the name of their chain (one of them ``default``).
        store: where records live; a new `MemoryStore` by default. Several controllers may share one. A
            configuration that the store already holds wins over ``config``.
        node: the name of this process among those that share the store.
        now: the clock, in seconds; deadlines that are stored are in its time.
        sleep: how to wait, given seconds.
        dice: numbers in [0, 1) for the jitter of waits.
        history: how many decisions are kept for ``why()``.
        upstreams: the providers that `LiveSession.send` and `LiveSession.stream` call.
        journal: where every decision and notice is written to disk; None: nowhere. A journal serves one controller.

    Raises:
        BadChainError: none of several configurations is named ``default``.
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
        upstreams: Upstreams | None = None,
        journal: Journal | None = None,
    ) -> None:
        self._writer = Writer(
            config, store=store, node=node, now=now, sleep=sleep, dice=dice, history=history, journal=journal
        )
        self._upstreams = upstreams

    @classmethod
    def from_settings(cls, settings: Settings, **options: Any) -> Controller:
        """A controller of everything in a ``detent.toml``: its chains, its journal, and its providers for ``send``.

        Args:
            settings: what `detent.adapters.settings.load` read.
            options: further arguments of `Controller`; with ``journal`` or ``upstreams`` the file's own are not used.
        """
        if "upstreams" not in options:
            options["upstreams"] = Upstreams(settings.endpoint, connections=settings.connections)
        if settings.journal is not None and "journal" not in options:
            kept = settings.journal
            options["journal"] = Journal(kept.path, max_bytes=kept.max_bytes, keep=kept.keep)
        return cls(settings.configs, **options)

    async def __aenter__(self) -> Controller:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Take up what the store holds: done by itself before the first event.

        Sessions found with turns of an earlier life of this node are restored, and the leases of those turns end.

        Raises:
            ControllerClosedError: it was closed.
            JournalError: the journal's file is another controller's, or no decision log.
        """
        await self._writer.open()

    async def close(self) -> None:
        """End the subscriptions, let go of the journal's file, close the upstream connections, and take no more events.

        Turns in flight are their callers' to cancel.
        """
        await self._writer.close()
        if self._upstreams is not None:
            await self._upstreams.aclose()

    def session(self, session_id: str, chain: str = DEFAULT_CHAIN) -> LiveSession:
        """A handle on a session, which begins with its first event.

        Args:
            session_id: any name, unique in the store.
            chain: the chain it walks, where it begins here; a model reference stands for that model first, then the
                default chain.
        """
        return LiveSession(self._writer, session_id, chain, self._upstreams)

    async def configs(self) -> Mapping[str, Config]:
        """The published configuration of each chain, by its name."""
        return await self._writer.configs()

    async def publish(self, config: Config | Mapping[str, Config] | Settings) -> int:
        """Publish a configuration: turns that start from now on plan from it. Nothing in flight is disturbed.

        With all of a ``detent.toml`` its providers are taken over too, at the same moment; a turn in flight goes on
        calling those it began with.

        Rests that a configuration may mend (bad credentials, unknown models) end. Sessions of a chain that is no
        longer named go on with the default chain.

        Returns:
            the revision under which it was published.

        Raises:
            BadChainError: none of several configurations is named ``default``.
        """
        if not isinstance(config, Settings):
            return await self._writer.publish(config)
        settings, upstreams = config, self._upstreams

        def take_over(revision: int) -> None:
            if upstreams is not None:
                upstreams.replace(settings.endpoint, settings.connections, since=revision)

        return await self._writer.publish(settings.configs, take_over)

    async def renew(self, provider: str, credential: str = "") -> None:
        """Say that a credential has another key: whatever was held against the old one is void from now on.

        Its rests for rejected keys, missing permissions, spent quotas and rate limits end, its strikes are forgotten,
        and failures that the old key still has coming do not count against the new one. Before a turn Detent finds
        out by itself for the keys that it calls with; call this for keys of your own clients, and after a restart
        with a new key on a store that remembers the old one's rests.

        Args:
            provider: the provider.
            credential: the credential's name; empty where the provider has one unnamed.

        Raises:
            UnknownCredentialError: no published configuration has such a credential.
        """
        known = await self._writer.credentials(provider)
        if credential not in known:
            names = ", ".join(map(repr, sorted(known))) or "none, for the provider is not configured"
            raise UnknownCredentialError(
                f"provider {provider!r} has no credential {credential!r}; configured are {names}"
            )
        await self._writer.renew(provider, credential)

    async def status(self, session_id: str) -> SessionStatus:
        """What a session is doing; one that does not exist yet is shown as it would begin."""
        return await self._writer.status(session_id)

    async def exists(self, session_id: str) -> bool:
        """Whether a session has begun."""
        return await self._writer.exists(session_id)

    async def sessions(self, query: SessionQuery | None = None) -> tuple[SessionStatus, ...]:
        """What sessions are doing, a page of them in the order of their ids.

        Args:
            query: which of them; the first hundred by default.
        """
        return await self._writer.sessions(query or SessionQuery())

    async def counts(self) -> Mapping[str, int]:
        """How many sessions there are in each state; a state without any may be missing."""
        return await self._writer.counts()

    async def rests(self) -> tuple[Rest, ...]:
        """Every scope that is in cooldown or being probed, the longest rest first."""
        return await self._writer.rests()

    async def clear(self, scopes: Iterable[str] | None = None) -> Cleared:
        """End cooldowns by the operator's hand, whatever they are for. Strikes are kept: a scope that fails again
        rests longer; and a scope that is being probed is left to its probe.

        Args:
            scopes: the keys of the scopes, as `rests` shows them; None: all of them.
        """
        return await self._writer.clear(scopes)

    def observe(self, observer: Observer) -> None:
        """Tell somebody of every stored step and every turn that is over, at once: metrics, traces, logs.

        Args:
            observer: is told in the task in which it happens; what it raises is logged, and no turn's failure.
        """
        self._writer.history.observe(observer)

    def subscribe(self, session_id: str | None = None, size: int = 1000) -> Subscription:
        """A live view of decisions and notices, of one session or of all.

        Args:
            session_id: the session, None: all.
            size: how many items may wait for a slow subscriber before the oldest are dropped.
        """
        return self._writer.subscribe(session_id, size)
