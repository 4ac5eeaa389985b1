"""How the gateway lives: whether it lives and is ready, and how it stops without cutting anybody off."""

from __future__ import annotations

import asyncio
from typing import Final

from aiohttp import web
from attrs import frozen

from detent.adapters.controller import Controller
from detent.adapters.writer import ControllerClosedError

from .guard import STOPPING, Guard

_STORE_S: Final = 2.0
_SETTLE_S: Final = 5.0


@frozen
class Life:
    """The gateway's probes, for those who start and stop processes, and its end.

    ``GET /healthz``: the process lives. ``GET /readyz``: it takes requests: the controller is open, the store answers,
    and it is not stopping; else a 503 with the reason. Both are open to all and say nothing else. An invalid change of
    the configuration leaves it ready, for the old one serves on.

    Attributes:
        controller: what must be open.
        guard: what lets requests in.
    """

    controller: Controller
    guard: Guard

    def routes(self) -> list[web.RouteDef]:
        """The probes."""
        return [web.get("/healthz", self._healthy), web.get("/readyz", self._ready)]

    async def close_connection(self, _http: web.Request, response: web.StreamResponse) -> None:
        """Tell clients of a gateway that is stopping to open a new connection, which will be somewhere else."""
        if self.guard.closed:
            response.headers["Connection"] = "close"
            response.force_close()

    async def end_turns(self, limit_s: float, hurry: asyncio.Event | None = None) -> None:
        """Let nobody in any more, and let the turns in flight end; those that do not in time are called off.

        Args:
            limit_s: how long they may take, in seconds.
            hurry: ends the wait when it is set.
        """
        self.guard.closed = True
        waiting = asyncio.ensure_future(_ended(self.guard, limit_s))
        hurried = asyncio.ensure_future((hurry or asyncio.Event()).wait())
        try:
            await asyncio.wait((waiting, hurried), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (waiting, hurried):
                task.cancel()
        late = set(self.guard.turns)
        for task in late:
            task.cancel()
        if late:
            # A turn that is called off is settled before its task ends.
            await asyncio.wait(late, timeout=_SETTLE_S)

    async def _healthy(self, _http: web.Request) -> web.Response:
        return web.json_response({"status": "ok"})

    async def _ready(self, _http: web.Request) -> web.Response:
        reason = await self._not_ready()
        if reason:
            return web.json_response({"status": "unavailable", "reason": reason}, status=503)
        return web.json_response({"status": "ready"})

    async def _not_ready(self) -> str:
        """Why requests would not be served, empty: they would."""
        if self.guard.closed:
            return STOPPING
        try:
            async with asyncio.timeout(_STORE_S):
                await self.controller.configs()
        except ControllerClosedError:
            return "the controller is closed"
        except Exception as error:
            return f"the store does not answer: {type(error).__name__}"
        return ""


async def _ended(guard: Guard, limit_s: float) -> None:
    turns = set(guard.turns)
    if turns:
        await asyncio.wait(turns, timeout=limit_s)
