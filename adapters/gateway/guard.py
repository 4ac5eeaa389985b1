"""The door: who is let in, from where, and how many at a time."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from typing import Any, Final
from urllib.parse import urlsplit

from aiohttp import web
from attrs import define, field

from detent.adapters.settings.gateway import is_loopback

from .keys import Caller, Keys, Scope
from .trouble import RefusedError

TOKEN_HEADER: Final = "X-Detent-Token"  # noqa: S105 - its name, not what it says
"""Where the gateway's own page shows that it is."""

STOPPING: Final = "the gateway is stopping"
"""Why nobody is let in any more."""

_BROWSERS_SAY: Final = frozenset(("Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode"))


@define
class Guard:
    """Lets requests in.

    Attributes:
        keys: the keys that open the door.
        most: how many turns may be in flight.
        closed: the gateway is stopping: nobody is let in any more.
        turns: the tasks whose turns are in flight.
        token: what the gateway's own page knows, and no other; new with each process.
    """

    keys: Keys
    most: int
    closed: bool = field(default=False, init=False)
    turns: set[asyncio.Task[Any]] = field(factory=set, init=False)
    token: str = field(factory=secrets.token_urlsafe, init=False, repr=False)

    def admit(self, http: web.Request, scope: Scope) -> Caller:
        """Who sends a request, if that may be asked for.

        A page of another site that is open in a browser on this machine can reach a local port, and a name that is
        made to point here can pass for it (DNS rebinding): so without keys a request must name this machine, and
        with a browser's Origin it must come from the gateway's own page.

        Args:
            http: the request.
            scope: what it asks for.

        Raises:
            RefusedError: it is not let in.
        """
        self._check_open()
        self.check_place(http)
        if scope == "admin":
            self._check_token(http)
        caller = self.keys.caller(http.headers)
        if caller is None:
            raise RefusedError(401, "auth", "no key, or one that is not known here; see [gateway.keys] in detent.toml")
        if scope not in caller.scopes:
            says = f"the key {caller.name!r} has no scope {scope!r}; add it to its scopes in [gateway.keys]"
            raise RefusedError(403, "permission", says)
        return caller

    def check_place(self, http: web.Request) -> None:
        """Check by what name a request reaches the gateway, and from which page.

        Args:
            http: the request.

        Raises:
            RefusedError: another site may be behind it.
        """
        origin = http.headers.get("Origin")
        if origin is not None and urlsplit(origin).netloc != http.host:
            raise RefusedError(403, "permission", f"a page of {origin} may not use this gateway")
        if not self.keys.known and not _names_this_machine(http.host):
            says = f"{http.host!r} does not name this machine; configure [gateway.keys] to be reached by other names"
            raise RefusedError(403, "permission", says)

    def _check_token(self, http: web.Request) -> None:
        """Check that a browser's wish to change something comes from the gateway's own page.

        With keys nothing is asked: no page can send a key that it was not given.
        """
        if self.keys.known or http.method in ("GET", "HEAD") or not (_BROWSERS_SAY & http.headers.keys()):
            return
        if not hmac.compare_digest(http.headers.get(TOKEN_HEADER, "").encode(), self.token.encode()):
            raise RefusedError(403, "permission", f"a page must send its token in {TOKEN_HEADER}; load it again")

    def _check_open(self) -> None:
        if self.closed:
            raise RefusedError(503, "overloaded", f"{STOPPING}; come back in a moment", retry_after_s=1.0)

    def __enter__(self) -> None:
        self._check_open()
        if len(self.turns) >= self.most:
            says = f"{len(self.turns)} turns are in flight, the most there may be; raise gateway.max_turns"
            raise RefusedError(503, "overloaded", says, retry_after_s=1.0)
        self.turns.add(_this_task())

    def __exit__(self, *_: object) -> None:
        self.turns.discard(_this_task())


def _this_task() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    assert task is not None  # requests are handled in tasks
    return task


def _names_this_machine(host: str) -> bool:
    """Whether a Host header, with or without a port, is a loopback address or ``localhost``."""
    try:
        return is_loopback(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return False
