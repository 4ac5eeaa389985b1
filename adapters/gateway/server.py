"""The server itself: endpoints, their life, and how it stops."""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType

from aiohttp import web
from aiohttp.typedefs import Middleware

from detent.adapters.controller import Controller
from detent.adapters.settings import Settings
from detent.adapters.settings.gateway import WANTS_KEYS, is_loopback
from detent.adapters.upstreams import Upstreams
from detent.adapters.wire import Form
from detent.fsm.errors import BadDataError

from . import openapi
from .guard import Guard
from .keys import Key, Keys
from .manners import Discreet, Patience, in_an_envelope
from .trouble import RefusedError
from .turns import Turns, refusal


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
        if not settings.gateway.keys and not is_loopback(self._host):
            raise BadDataError((f"gateway.host: is {self._host!r}, which others can reach; {WANTS_KEYS}",))
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
        """Listen.

        Raises:
            OSError: the address is taken, or is none of this machine.
        """
        connections = {name: provider.max_connections for name, provider in self._settings.providers.items()}
        upstreams = await self._open.enter_async_context(Upstreams(self._settings.endpoint, connections=connections))
        controller = await self._open.enter_async_context(Controller(self._settings.configs, now=self._now))
        apis = {name: provider.api for name, provider in self._settings.providers.items()}
        limits = self._settings.gateway
        keys = Keys({name: Key(table.sha256, table.scopes) for name, table in limits.keys.items()})
        guard = Guard(keys, limits.max_turns)
        self._turns = Turns(controller, upstreams, guard, apis, limits.aliases, limits.client_s)
        patience = Patience(limits.client_s)
        middlewares: tuple[Middleware, ...] = (patience.mark, in_an_envelope)
        app = web.Application(client_max_size=limits.max_body_bytes, middlewares=middlewares)
        app.router.add_post("/v1/chat/completions", self._turn("openai"))
        app.router.add_get("/v1/models", self._models)
        app.router.add_get("/healthz", _healthy)
        app.router.add_get(openapi.PATH, _described)
        # A client that goes away ends its handler, and with it the upstream call.
        self._runner = web.AppRunner(
            app,
            handler_cancellation=True,
            shutdown_timeout=limits.shutdown_s,
            access_log=None,
            logger=Discreet(logging.getLogger("detent.gateway")),
        )
        try:
            await self._runner.setup()
            await web.TCPSite(self._runner, self._host, self._asked_port).start()
        except BaseException:
            await self.stop()
            raise
        assert self._runner.server is not None  # set up
        closing = asyncio.create_task(patience.close_idle(self._runner.server))
        self._open.push_async_callback(_cancelled, closing)

    async def stop(self) -> None:
        """Take no more requests, let the turns in flight end up to the limit, and close everything."""
        if self._runner is not None:
            await self._runner.cleanup()
        await self._open.aclose()

    def _turn(self, form: Form) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def turn(http: web.Request) -> web.StreamResponse:
            return await self._turns.answer(http, form)

        return turn

    async def _models(self, http: web.Request) -> web.Response:
        try:
            self._turns.guard.admit(http, "call")
        except RefusedError as error:
            return refusal("openai", error.trouble)
        names = (await self._turns.names()).listed
        listed = [{"id": name, "object": "model", "created": self._started, "owned_by": "detent"} for name in names]
        return web.json_response({"object": "list", "data": listed})


async def _healthy(_http: web.Request) -> web.Response:
    return web.json_response({"status": "ok"})


async def _described(http: web.Request) -> web.Response:
    return web.json_response(openapi.description(openapi.routes_of(http.app)))


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task


async def serve(settings: Settings, *, host: str | None, port: int | None, ready: Callable[[str], None]) -> None:
    """Serve until the process is told to stop (SIGINT, SIGTERM).

    Args:
        settings: what ``detent.toml`` says.
        host: the address to listen on, None: the settings' own.
        port: the port, None: the settings' own.
        ready: is told the address once the gateway listens.

    Raises:
        OSError: the address is taken, or is none of this machine.
    """
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    async with Gateway(settings, host=host, port=port) as gateway:
        ready(gateway.address)
        await stopped.wait()
