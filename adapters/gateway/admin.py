"""The admin API: what an operator sees of a running gateway, and what he may change by hand.

JSON in and out; every answer is a value of `admin_values`. A key needs the scope ``admin``.

=====================================  ============================================================
``GET /admin/status``                  `GatewayStatus`
``GET /admin/sessions``                `SessionPage`; ``state``, ``contains``, ``after``, ``limit``
``GET /admin/session?id=``             `SessionStatus`
``GET /admin/why?id=``                 `Why`; ``last``: how many decisions
``POST /admin/pin``                    `PinAsked` -> `Done`
``POST /admin/unpin``                  `SessionAsked` -> `Done`
``POST /admin/reset``                  `SessionAsked` -> `Done`
``POST /admin/reconcile``              `SessionAsked` -> `Done`
``GET /admin/cooldowns``               `Rests`
``POST /admin/clear``                  `ClearAsked` -> `Cleared`
``POST /admin/reload``                 `Loaded`, with 422 where the file cannot be used
``GET /admin/tail``                    server-sent events, each a `Told`; ``id``: of one session
=====================================  ============================================================

Ids stand in the query or in the body, never in the path, for they may hold anything that can be printed. Errors have
the form of OpenAI's: ``{"error": {"message": …}}``.
"""

from __future__ import annotations

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Final, TypeVar

from aiohttp import web
from attrs import define, field

from detent.adapters.controller import Controller
from detent.adapters.history import Subscription
from detent.adapters.session import LiveSession
from detent.adapters.status import Cleared, SessionStatus
from detent.adapters.store import SessionQuery
from detent.fsm import SESSION
from detent.fsm.chain import provider_of
from detent.fsm.errors import BadDataError, DetentError
from detent.fsm.mistakes import shown, suggestion
from detent.fsm.plain import from_plain, to_plain

from .admin_values import (
    ClearAsked,
    Done,
    GatewayStatus,
    PinAsked,
    Rests,
    SessionAsked,
    SessionPage,
    Why,
    dropped,
    told,
)
from .answer import event
from .guard import Guard
from .live import LiveSettings, Loaded
from .trouble import RefusedError, Trouble
from .turns import refusal

T = TypeVar("T")
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

MOST_SESSIONS: Final = 1000
"""The largest page of sessions."""

_LOG: Final = logging.getLogger(__name__)
_ALIVE_S: Final = 15.0
_NEAR: Final = 1000
_EVENTS: Final = {"notice": "notice", "dropped": "dropped"}


@define(eq=False)
class Admin:
    """The admin API of one gateway.

    Attributes:
        controller: what is looked at and changed.
        guard: who is let in.
        live: the configuration.
        address: where the gateway listens.
    """

    controller: Controller
    guard: Guard
    live: LiveSettings
    address: Callable[[], str]
    _started_at: float = field(factory=time.time, init=False)
    _tails: set[Subscription] = field(factory=set, init=False)

    def routes(self) -> list[web.RouteDef]:
        """The endpoints."""
        return [
            web.get("/admin/status", self._answering(self._status)),
            web.get("/admin/sessions", self._answering(self._sessions)),
            web.get("/admin/session", self._answering(self._session)),
            web.get("/admin/why", self._answering(self._why)),
            web.get("/admin/cooldowns", self._answering(self._cooldowns)),
            web.post("/admin/pin", self._answering(self._pin)),
            web.post("/admin/unpin", self._answering(self._unpin)),
            web.post("/admin/reset", self._answering(self._reset)),
            web.post("/admin/reconcile", self._answering(self._reconcile)),
            web.post("/admin/clear", self._answering(self._clear)),
            web.post("/admin/reload", self._answering(self._reload)),
            web.get("/admin/tail", self._tail),
        ]

    def close(self) -> None:
        """End the live views."""
        for tail in self._tails:
            tail.close()

    def _answering(self, answer: Callable[[web.Request], Awaitable[object]]) -> _Handler:
        async def handle(http: web.Request) -> web.Response:
            try:
                self.guard.admit(http, "admin")
                value = await answer(http)
            except RefusedError as error:
                return refusal("openai", error.trouble)
            except Exception as error:
                _LOG.exception("%s %s failed", http.method, http.path)
                says = f"{type(error).__name__}; the gateway's log tells more"
                return refusal("openai", Trouble(500, "server_error", says))
            bad = isinstance(value, Loaded) and not value.ok
            return web.json_response(to_plain(value), status=422 if bad else 200)

        return handle

    async def _status(self, _http: web.Request) -> GatewayStatus:
        configs = await self.controller.configs()
        return GatewayStatus(
            version=_version(),
            address=self.address(),
            started_at=self._started_at,
            turns=len(self.guard.turns),
            sessions=dict.fromkeys(SESSION.states, 0) | dict(await self.controller.counts()),
            chains={name: config.chain.models for name, config in configs.items()},
            rests=await self.controller.rests(),
            configuration=await self.live.standing(),
        )

    async def _sessions(self, http: web.Request) -> SessionPage:
        asked = http.query
        state, limit = asked.get("state"), _number(asked, "limit", 100, MOST_SESSIONS)
        if state is not None and state not in SESSION.states:
            known = ", ".join(SESSION.states)
            raise _bad(f"state is {shown(state)}, must be one of {known}{suggestion(state, SESSION.states)}")
        query = SessionQuery(state, asked.get("contains", ""), asked.get("after", ""), limit + 1)
        found = await self.controller.sessions(query)
        page = found[:limit]
        return SessionPage(page, page[-1].id if len(found) > limit else None)

    async def _session(self, http: web.Request) -> SessionStatus:
        return await (await self._known(http.query.get("id", ""))).status()

    async def _why(self, http: web.Request) -> Why:
        session = await self._known(http.query.get("id", ""))
        return Why(await session.status(), tuple(session.why(_number(http.query, "last", 20, 10_000))))

    async def _pin(self, http: web.Request) -> Done:
        asked = await _read(PinAsked, http)
        session = await self._known(asked.id)
        try:
            await session.pin(asked.model, strict=asked.strict)
        except DetentError as error:
            raise _bad(str(error)) from error
        return await _done(session)

    async def _unpin(self, http: web.Request) -> Done:
        session = await self._known((await _read(SessionAsked, http)).id)
        await session.unpin()
        return await _done(session)

    async def _reset(self, http: web.Request) -> Done:
        session = await self._known((await _read(SessionAsked, http)).id)
        await session.reset()
        return await _done(session)

    async def _reconcile(self, http: web.Request) -> Done:
        session = await self._known((await _read(SessionAsked, http)).id)
        return await _done(session, await session.reconcile())

    async def _cooldowns(self, _http: web.Request) -> Rests:
        return Rests(await self.controller.rests())

    async def _clear(self, http: web.Request) -> Cleared:
        what = (await _read(ClearAsked, http)).what
        return await self.controller.clear(None if what is None else await self._scopes_of(what))

    async def _reload(self, _http: web.Request) -> Loaded:
        return await self.live.reload()

    async def _tail(self, http: web.Request) -> web.StreamResponse:
        try:
            self.guard.admit(http, "admin")
        except RefusedError as error:
            return refusal("openai", error.trouble)
        tail = self.controller.subscribe(http.query.get("id"))
        self._tails.add(tail)
        try:
            response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-cache"})
            await response.prepare(http)
            # The first bytes tell that whatever is decided from now on will be told.
            await response.write(b": tail\n\n")
            while (said := await _next(tail)) is not None:
                await response.write(said)
            await response.write_eof()
            return response
        finally:
            tail.close()
            self._tails.discard(tail)

    async def _known(self, name: str) -> LiveSession:
        """The session of that id.

        Raises:
            RefusedError: there is none; the message names those whose ids are near.
        """
        if not name:
            raise _bad("id is missing; name a session")
        if not await self.controller.exists(name):
            raise RefusedError(404, "not_found", f"no session is called {shown(name)}{await self._near(name)}")
        return self.controller.session(name)

    async def _near(self, name: str) -> str:
        within = await self.controller.sessions(SessionQuery(contains=name, limit=3))
        if within:
            return f"; there {'are' if len(within) > 1 else 'is'} {', '.join(shown(each.id) for each in within)}"
        # All of very many ids are not compared: those at the front, and those that begin alike.
        alike = [SessionQuery(limit=_NEAR), SessionQuery(after=name[: len(name) // 2], limit=_NEAR)]
        pages = [await self.controller.sessions(query) for query in alike]
        return await asyncio.to_thread(suggestion, name, sorted({each.id for page in pages for each in page}))

    async def _scopes_of(self, what: str) -> Iterable[str]:
        """The scopes that an operator means by a scope's key, a model or a provider.

        Raises:
            RefusedError: it is none of them.
        """
        resting = [rest.scope for rest in await self.controller.rests()]
        if what in resting:
            return [what]
        configs = (await self.controller.configs()).values()
        models = tuple(dict.fromkeys(model for config in configs for model in config.chain.models))
        for config in configs:
            if "/" in what and config.knows(what):
                return dict.fromkeys(scope for each in config.candidates(what) for scope in each.scopes)
        if what in {provider_of(model) for model in models}:
            return [scope for scope in resting if _provider_in(scope) == what]
        known = [*resting, *models]
        says = f"nothing that rests is called {shown(what)}, nor is a model or provider{suggestion(what, known)}"
        raise RefusedError(404, "not_found", says)


async def _done(session: LiveSession, done: bool = True) -> Done:
    # Nothing can come between: the decision was the last thing that happened in this task.
    says = tuple(session.why(1))
    return Done(await session.status(), says, done)


async def _next(tail: Subscription) -> bytes | None:
    """The next event of a live view, or a sign of life where nothing happens; None: it is over.

    A reader who is too slow is told how much he has missed.
    """
    try:
        async with asyncio.timeout(_ALIVE_S):
            item = await anext(tail)
    except TimeoutError:
        return b": alive\n\n"
    except StopAsyncIteration:
        return None
    said = [told(item)]
    if tail.dropped:
        said.insert(0, dropped(tail.dropped, item.at))
        tail.dropped = 0
    return b"".join(event(to_plain(each), _EVENTS.get(each.kind, "decision")) for each in said)


async def _read(cls: type[T], http: web.Request) -> T:
    try:
        return from_plain(cls, json.loads(await http.read()))
    except BadDataError as error:
        raise _bad(str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _bad(f"the body is no JSON: {error}") from error


def _number(asked: Mapping[str, str], key: str, default: int, most: int) -> int:
    said = asked.get(key)
    if said is None:
        return default
    if not (said.isascii() and said.isdecimal()) or not 1 <= int(said[:9]) <= most:
        raise _bad(f"{key} is {shown(said)}, must be a whole number from 1 to {most}")
    return int(said)


def _bad(says: str) -> RefusedError:
    return RefusedError(400, "invalid_request", says)


def _provider_in(scope: str) -> str:
    """The provider that a scope's key is about."""
    return scope.partition(" ")[2].partition("/")[0].partition("@")[0]


def _version() -> str:
    try:
        return version("detent")
    except PackageNotFoundError:
        return "unknown"
