"""The server itself: endpoints, their life, and how it stops."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware
from attrs import evolve

from detent.adapters.controller import Controller
from detent.adapters.settings import Settings
from detent.adapters.upstreams import Upstreams
from detent.fsm.errors import BadDataError

from . import openapi
from .admin import Admin
from .dashboard import Dashboard
from .endpoints import Endpoints
from .guard import Guard
from .headers import harden
from .keys import Key, Keys
from .life import Life
from .live import LiveSettings, Loaded, open_to_others
from .manners import Discreet, Patience, in_an_envelope
from .observed import Observed
from .turns import Turns

_REST_S: Final = 1.0
"""How long what is no turn may take to end, in seconds."""


class Gateway:
    """A controller served over HTTP; an async context manager, or `start` and `stop`.

    Args:
        settings: what ``detent.toml`` says.
        host: the address to listen on; the settings' own by default.
        port: the port; the settings' own by default, 0: any free one.
        now: the clock, in seconds.

    Raises:
        BadDataError: others can reach the address, and there are no keys.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        host: str | None = None,
        port: int | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._settings = settings
        self._host = settings.gateway.host if host is None else host
        self._asked_port = settings.gateway.port if port is None else port
        wrong = open_to_others(settings, self._host)
        if wrong:
            raise BadDataError(wrong)
        self._open = AsyncExitStack()
        self._runner: web.AppRunner | None = None
        self._now = now
        self._started = int(now())

    @property
    def address(self) -> str:
        """Where it listens, without any path; valid once started."""
        assert self._runner is not None  # started
        port = self._runner.addresses[0][1]
        return f"http://{self._host}:{port}"

    async def __aenter__(self) -> Gateway:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def start(self) -> None:
        """Listen, and follow the configuration file.

        Raises:
            OSError: the address is taken, or is none of this machine.
            JournalError: the journal's file is another controller's, or no decision log.
        """
        settings = self._settings
        upstreams = Upstreams(settings.endpoint, connections=settings.connections)
        controller = Controller.from_settings(settings, upstreams=upstreams, now=self._now)
        await self._open.enter_async_context(controller)
        guard = Guard(_keys_of(settings), settings.gateway.max_turns)
        observed = Observed(controller, guard)
        self._open.push_async_callback(observed.begin())
        limits = settings.gateway
        self._turns = Turns(controller, upstreams, guard, _apis_of(settings), limits.aliases, limits.client_s)
        self._live = LiveSettings(settings, controller, self._host, self._use)
        self._admin = Admin(controller, guard, self._live, lambda: self.address)
        self._life = Life(controller, guard)
        patience = Patience(limits.client_s)
        middlewares: tuple[Middleware, ...] = (patience.mark, in_an_envelope)
        app = web.Application(client_max_size=limits.max_body_bytes, middlewares=middlewares)
        app.router.add_routes(Endpoints(lambda: self._turns, self._started).routes())
        app.router.add_routes(self._life.routes())
        app.router.add_routes(self._admin.routes())
        app.router.add_routes(Dashboard(controller, guard).routes())
        app.router.add_routes(observed.routes())
        app.router.add_get(openapi.PATH, _described)
        app.on_response_prepare.append(harden)
        app.on_response_prepare.append(self._life.close_connection)
        # A client that goes away ends its handler, and with it the upstream call.
        self._runner = web.AppRunner(
            app,
            handler_cancellation=True,
            shutdown_timeout=_REST_S,
            access_log=None,
            logger=Discreet(logging.getLogger("detent.gateway")),
        )
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._host, self._asked_port).start()
        except BaseException:
            await self.stop()
            raise
        watching = asyncio.create_task(self._live.watch())
        self._open.push_async_callback(_cancelled, watching)
        assert self._runner.server is not None  # set up
        closing = asyncio.create_task(patience.close_idle(self._runner.server))
        self._open.push_async_callback(_cancelled, closing)

    async def stop(self, hurry: asyncio.Event | None = None) -> None:
        """Take no more requests, let the turns in flight end up to ``gateway.shutdown_s``, and close everything.

        Requests that still come are told to come back in a moment, and ``/readyz`` says why.

        Args:
            hurry: calls off the turns in flight when it is set.
        """
        if self._runner is not None:
            self._admin.close()
            await self._life.end_turns(self._live.settings.gateway.shutdown_s, hurry)
            await self._runner.cleanup()
        await self._open.aclose()

    async def reload(self) -> Loaded:
        """Read the configuration file again, and take it over if there is no mistake in it."""
        return await self._live.reload()

    def _use(self, settings: Settings) -> None:
        """Take over what is no part of the chains; requests in hand keep what they began with."""
        guard = self._turns.guard
        guard.keys, guard.most = _keys_of(settings), settings.gateway.max_turns
        limits = settings.gateway
        self._turns = evolve(self._turns, apis=_apis_of(settings), aliases=limits.aliases, client_s=limits.client_s)


def _apis_of(settings: Settings) -> dict[str, str]:
    return {name: provider.api for name, provider in settings.providers.items()}


def _keys_of(settings: Settings) -> Keys:
    return Keys({name: Key(table.sha256, table.scopes) for name, table in settings.gateway.keys.items()})


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def _described(http: web.Request) -> web.Response:
    return web.json_response(openapi.description(openapi.routes_of(http.app)))


async def serve(settings: Settings, *, host: str | None, port: int | None, ready: Callable[[str], None]) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM); told twice, it does not wait for turns in flight.

    SIGHUP has the configuration read again, which also happens whenever its file changes.

    Args:
        settings: what ``detent.toml`` says.
        host: the address to listen on, None: the settings' own.
        port: the port, None: the settings' own.
        ready: is told the address once the gateway listens.

    Raises:
        OSError: the address is taken, or is none of this machine.
    """
    told, told_twice = asyncio.Event(), asyncio.Event()
    reloading: set[asyncio.Task[Loaded]] = set()
    gateway = Gateway(settings, host=host, port=port)

    def stop() -> None:
        (told_twice if told.is_set() else told).set()

    def reload() -> None:
        task = asyncio.ensure_future(gateway.reload())
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    await gateway.start()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)
    if hasattr(signal, "SIGHUP"):
        loop.add_signal_handler(signal.SIGHUP, reload)
    try:
        ready(gateway.address)
        await told.wait()
    finally:
        await gateway.stop(told_twice)
