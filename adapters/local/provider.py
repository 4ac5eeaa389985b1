"""A provider to practise on: a real server on 127.0.0.1 that speaks the vendors' formats and fails on demand.

    async with LocalProvider("stub") as provider:
        provider.behave(rate_limited(retry_after_s=20), times=2)
        ...  # two calls meet a 429, every later one is answered

How it answers is a value (`Say`, `Fail`, `Cut`, ...); anything with the method of `Behaviour` will do.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Final

from aiohttp import web
from attrs import define

from detent.fsm.errors import BadDataError

from .anthropic import MessagesSpeech
from .chat import ChatSpeech
from .gemini import GeminiSpeech
from .replies import Behaviour, Exchange, Say
from .responses import ResponsesSpeech
from .speech import Call, Speech, Wrong

SPEECHES: Final[tuple[type[Speech], ...]] = (ChatSpeech, ResponsesSpeech, MessagesSpeech, GeminiSpeech)
"""The formats it speaks."""

_KEY_HEADERS: Final = ("Authorization", "X-Api-Key", "X-Goog-Api-Key")


@define
class _Script:
    behaviour: Behaviour
    model: str | None
    left: int | None

    def fits(self, model: str) -> bool:
        return self.model in (None, model) and self.left != 0


class LocalProvider:
    """A server on a free port of 127.0.0.1; an async context manager.

    Until told otherwise it answers every model with `Say`.

    Args:
        name: the provider's name.
        models: what it lists.
        now: the clock, in seconds.

    Attributes:
        name: the provider's name, part of its reply ids.
        models: what ``GET /v1/models`` lists; a call may name any model.
        calls: the calls received, oldest first.
    """

    def __init__(
        self, name: str, models: tuple[str, ...] = ("small", "large"), now: Callable[[], float] = time.time
    ) -> None:
        self.name = name
        self.models = models
        self.calls: list[Call] = []
        self._now = now
        self._scripts: list[_Script] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def base_url(self) -> str:
        """The address for `Endpoint.base_url` of the formats that live under ``/v1``; valid inside the context."""
        return f"{self.address}/v1"

    @property
    def address(self) -> str:
        """The address without any path."""
        return f"http://127.0.0.1:{self._port}"

    def behave(self, behaviour: Behaviour, *, model: str | None = None, times: int | None = None) -> None:
        """Script replies: the next ``times`` calls (None: all further ones) of a model (None: of any).

        Counted scripts run first, in the order given; then the newest lasting one, the model's own before
        that of any model.

        Raises:
            BadDataError: ``times`` is below 1.
        """
        if times is not None and times < 1:
            raise BadDataError((f"times: {times} calls cannot be scripted; give 1 or more, or None for all",))
        self._scripts.append(_Script(behaviour, model, times))

    async def __aenter__(self) -> LocalProvider:
        app = web.Application(client_max_size=2**26)
        for speech in SPEECHES:
            for route in speech.routes():
                app.router.add_post(route, self._answering(speech))
        app.router.add_get("/v1/models", self._list)
        # A client that goes away ends its handler, and so does closing: a hanging reply hangs no one else.
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.01, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _next(self, model: str) -> Behaviour:
        fitting = [script for script in self._scripts if script.fits(model)]
        counted = next((script for script in fitting if script.left is not None), None)
        if counted is not None and counted.left is not None:
            counted.left -= 1
            return counted.behaviour
        lasting = sorted(fitting, key=lambda script: script.model is not None)
        return lasting[-1].behaviour if lasting else Say()

    def _answering(self, speech: type[Speech]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def answer(http: web.Request) -> web.StreamResponse:
            number, now = len(self.calls) + 1, self._now()
            try:
                body = await http.json()
                model, stream = speech.asked(http, body)
            except (ValueError, TypeError, KeyError, AttributeError):
                said = Wrong("We could not parse the JSON body of your request.", "invalid_request_error")
                nobody = speech(Call("", False, now, False, {}, speech.api), "")
                return web.json_response(nobody.wrong(said, 400), status=400)
            authorized = any(name in http.headers for name in _KEY_HEADERS)
            call = Call(model, stream, now, authorized, body, speech.api)
            self.calls.append(call)
            exchange = Exchange(http, call, speech(call, f"{self.name}-{number}"))
            response = await self._next(model).reply(exchange)
            # After None the connection is closed or about to be: this response goes nowhere.
            return web.Response() if response is None else response

        return answer

    async def _list(self, http: web.Request) -> web.StreamResponse:  # noqa: ARG002 - the list is for everyone
        listed = [{"id": m, "object": "model", "created": 0, "owned_by": self.name} for m in self.models]
        return web.json_response({"object": "list", "data": listed})
