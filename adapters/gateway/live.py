"""The configuration while the gateway runs: followed in its file, taken over whole or not at all.

A file is replaced in many ways: written in place, by an editor that renames another over it, by Kubernetes, which swaps
a link to a folder. So what is watched are the folders in which something must change for the file to be another, and
what counts is its content. Where the system tells of no changes (a network's file system), a look every few seconds
finds them.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Final

import attrs
from attrs import frozen
from watchfiles import awatch

from detent.adapters.controller import Controller
from detent.adapters.settings import Settings, SettingsError, load
from detent.adapters.settings.gateway import WANTS_KEYS, GatewayTable, is_loopback
from detent.fsm.mistakes import shown

_LOG: Final = logging.getLogger(__name__)
_LOOK_S: Final = 5.0
_LINKS: Final = 40

LIVE: Final = frozenset(("aliases", "client_s", "keys", "max_turns", "shutdown_s"))
"""The keys of ``[gateway]`` that change while it runs; the others take a restart."""


@frozen
class Loaded:
    """What became of the configuration file when it was last looked at.

    Attributes:
        path: the file.
        at: when, in POSIX seconds.
        ok: it can be used, and is; else the one before it serves on.
        changed: it says something else than the one before.
        revision: the revision of the chains in use.
        problems: every mistake, one sentence each.
        warnings: what is odd, one sentence each.
        needs_restart: what has changed and is not used before the gateway is started again, one sentence each.
    """

    path: str
    at: float
    ok: bool
    changed: bool
    revision: int
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    needs_restart: tuple[str, ...] = ()


def open_to_others(settings: Settings, host: str) -> tuple[str, ...]:
    """What is wrong with listening on an address under these settings.

    Args:
        settings: the settings.
        host: the address.
    """
    if settings.gateway.keys or is_loopback(host):
        return ()
    return (f"gateway.host: is {host!r}, which others can reach; {WANTS_KEYS}",)


class LiveSettings:
    """The settings in use, and how they are replaced.

    Args:
        settings: those that the gateway has started with.
        controller: where chains and providers are published.
        host: the address it listens on.
        use: takes over everything else.

    Attributes:
        settings: those in use.
        last: what became of the file when it was last looked at.
    """

    def __init__(self, settings: Settings, controller: Controller, host: str, use: Callable[[Settings], None]) -> None:
        self.settings = settings
        self.last = Loaded(str(settings.path), time.time(), True, True, 0, warnings=settings.warnings)
        self._begun_with = settings
        self._controller = controller
        self._host = host
        self._use = use
        self._reloading = asyncio.Lock()

    async def reload(self) -> Loaded:
        """Read the file, and take it over if there is no mistake in it. Nothing in flight is disturbed.

        Returns:
            what became of it; mistakes are no exception here.
        """
        async with self._reloading:
            try:
                settings = await asyncio.to_thread(load, self.settings.path)
                problems = open_to_others(settings, self._host)
                if not problems:
                    return await self._taken_over(settings)
            except SettingsError as error:
                problems = error.problems
            except Exception as error:
                problems = (f"store: does not take the configuration: {type(error).__name__}",)
            return self._refused(problems)

    async def _taken_over(self, settings: Settings) -> Loaded:
        old, waits = self.settings, tuple(_waiting_for_restart(self._begun_with, settings))
        concerns_turns = (old.configs, old.providers) != (settings.configs, settings.providers)
        revision = await (self._controller.publish(settings) if concerns_turns else self._revision())
        self.settings = settings
        self._use(settings)
        path, changed = settings.path, settings != old
        self.last = Loaded(str(path), time.time(), True, changed, revision, (), settings.warnings, waits)
        if changed:
            _LOG.info("%s has changed, and is in use%s", path, "".join(f"\n  - {wait}" for wait in waits))
        return self.last

    def _refused(self, problems: tuple[str, ...]) -> Loaded:
        known = self.last.problems
        self.last = attrs.evolve(self.last, at=time.time(), ok=False, changed=False, problems=problems)
        if problems != known:
            lines = "".join(f"\n  - {problem}" for problem in problems)
            _LOG.warning("%s cannot be used, the configuration before it serves on:%s", self.settings.path, lines)
        return self.last

    async def standing(self) -> Loaded:
        """What became of the file, with the revision in use at this moment."""
        return attrs.evolve(self.last, revision=await self._revision())

    async def _revision(self) -> int:
        return max(config.revision for config in (await self._controller.configs()).values())

    async def watch(self) -> None:
        """Follow the file until cancelled."""
        seen: bytes | None = None
        while True:
            places = _places(self.settings.path)
            async for _ in _changes(places):
                content = await asyncio.to_thread(_content, self.settings.path)
                if content != seen:
                    seen = content
                    await self.reload()
                if _places(self.settings.path) != places:
                    break


def _waiting_for_restart(before: Settings, after: Settings) -> Iterator[str]:
    for name in (each.name for each in attrs.fields(GatewayTable) if each.name not in LIVE):
        used, says = getattr(before.gateway, name), getattr(after.gateway, name)
        if used != says:
            yield f"gateway.{name}: says {shown(says)}, and {shown(used)} is in use; restart the gateway"
    if before.journal != after.journal:
        yield "journal: has changed; restart the gateway"


async def _changes(places: frozenset[Path]) -> AsyncIterator[object]:
    """Yield when something may have changed in these folders: now, when the system says so, and every few seconds."""
    yield None
    try:
        async for change in awatch(
            *places,
            watch_filter=None,
            rust_timeout=int(_LOOK_S * 1000),
            yield_on_timeout=True,
            recursive=False,
            ignore_permission_denied=True,
        ):
            yield change
    except (OSError, RuntimeError) as error:
        # A folder that has gone, or no more watches to be had: the next look is due all the same.
        _LOG.warning("changes of the configuration are looked for every %g s only: %s", _LOOK_S, error)
        await asyncio.sleep(_LOOK_S)


def _places(path: Path) -> frozenset[Path]:
    """The folders in which something must change for the file to be another: its own, and those of links to it."""
    places: set[Path] = set()
    ways, seen = [Path(os.path.abspath(path))], set[Path]()
    while ways and len(seen) < _LINKS:
        way = ways.pop()
        seen.add(way)
        places.add(way.parent)
        for link in (way, *way.parents):
            if link.is_symlink():
                places.add(link.parent)
                ways.append(Path(os.path.normpath(link.parent / os.readlink(link) / way.relative_to(link))))
        ways = [each for each in ways if each not in seen]
    return frozenset(place for place in places if place.is_dir())


def _content(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None
