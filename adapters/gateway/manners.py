"""How the server meets clients without manners: those that ask for nothing it has, and those that take their time."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler
from attrs import define, field

from .endpoints import form_of
from .trouble import Trouble
from .turns import refusal

_LOG: Final = logging.getLogger("detent.gateway")
_ERROR: Final = 400


@web.middleware
async def in_an_envelope(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what no endpoint answers in the client's own form.

    A mistake of the gateway's own is a 500 that is logged by its kind and place: its message may hold a prompt.
    """
    try:
        return await handler(request)
    except web.HTTPException as error:
        if error.status < _ERROR:
            raise
        says = f"{error.reason}: {request.method} {request.path}"
        kept = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
        return refusal(form_of(request), Trouble(error.status, "not_found", says), kept)
    except Exception as error:
        # No logging.exception: a message, and a line of source, may hold a prompt.
        trace = error.__traceback__
        while trace is not None and trace.tb_next is not None:
            trace = trace.tb_next
        place = "" if trace is None else f" in {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}"
        _LOG.error("%s at %s%s", type(error).__name__, request.path, place)
        return refusal(form_of(request), Trouble(500, "internal", "the gateway made a mistake; its log says where"))


class Discreet(logging.LoggerAdapter[logging.Logger]):
    """A logger for the server itself: of what went wrong the kind alone, for tracebacks show pieces of requests."""

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """The message with the exception's kind in place of the exception."""
        error = kwargs.pop("exc_info", None)
        if error is True:
            error = sys.exception()
        elif isinstance(error, tuple):
            error = error[1]
        return (msg if error is None else f"{msg}: {type(error).__name__}"), kwargs


@define
class Patience:
    """Closes connections on which no request is under way for too long: a request of one byte a second is none yet.

    Attributes:
        client_s: how long that is, in seconds.
    """

    client_s: float
    _busy: set[object] = field(factory=set, init=False)
    _since: dict[object, float] = field(factory=dict, init=False)

    @web.middleware
    async def mark(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Note that a connection has a request under way."""
        self._busy.add(request.protocol)
        try:
            return await handler(request)
        finally:
            self._busy.discard(request.protocol)
            self._since[request.protocol] = asyncio.get_running_loop().time()

    async def close_idle(self, server: web.Server) -> None:
        """Close what has been idle for too long, for ever.

        Args:
            server: whose connections they are.
        """
        while True:
            await asyncio.sleep(self.client_s / 4)
            now = asyncio.get_running_loop().time()
            self._since = {connection: self._since.get(connection, now) for connection in server.connections}
            for connection in server.connections:
                if connection not in self._busy and now - self._since[connection] > self.client_s:
                    connection.force_close()
