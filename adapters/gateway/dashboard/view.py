"""What the dashboard is made of: its files, its pictures, and one session as it is drawn."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Final

from aiohttp import web
from attrs import frozen

from detent.adapters.controller import Controller
from detent.adapters.status import CandidateStatus
from detent.diagrams import bare, brought, stylesheet, svg, timeline
from detent.fsm import SESSION
from detent.fsm.decision import Decision
from detent.fsm.plain import to_plain

from ..admin_values import Told, told
from ..guard import Guard
from ..trouble import RefusedError
from ..turns import refusal

_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_PAGE: Final = "page.html"
_TOKEN: Final = "{{token}}"  # noqa: S105 - where it stands, not what it is


@frozen
class SessionDrawn:
    """One session as the page draws it.

    Attributes:
        candidates: how its chain is.
        came: the decision that brought it where it stands; None: none is kept any more.
        timeline: its history as SVG, without a style sheet; empty: none of it is kept any more.
    """

    candidates: tuple[CandidateStatus, ...]
    came: Told | None
    timeline: str


@frozen
class Dashboard:
    """The dashboard of one gateway.

    ``GET /`` is the page, which everybody may see: it tells nothing before its visitor shows a key. Where none are
    configured, it holds the token of this process, and is shown to this machine alone. Everything it shows comes from
    the admin API, and from ``GET /dashboard/session?id=``: `SessionDrawn`.

    Attributes:
        controller: what is shown.
        guard: who is let in.
    """

    controller: Controller
    guard: Guard

    def routes(self) -> list[web.RouteDef]:
        """The page, its files, and what it asks for."""
        return [
            web.get("/", self._page),
            web.get("/dashboard/session", self._session),
            web.get("/dashboard/session.svg", _fixed(_session_picture, ".svg")),
            web.get("/dashboard/pictures.css", _fixed(stylesheet, ".css")),
            *(web.get(f"/dashboard/{name}", _fixed(_file(name), f".{name.rpartition('.')[2]}")) for name in _names()),
        ]

    async def _page(self, http: web.Request) -> web.Response:
        try:
            self.guard.check_place(http)
        except RefusedError as error:
            return refusal("openai", error.trouble)
        token = "" if self.guard.keys.known else self.guard.token
        headers = {"Content-Security-Policy": _POLICY, "Cross-Origin-Opener-Policy": "same-origin"}
        return web.Response(text=_file(_PAGE)().replace(_TOKEN, token), content_type="text/html", headers=headers)

    async def _session(self, http: web.Request) -> web.Response:
        try:
            self.guard.admit(http, "admin")
            name = http.query.get("id", "")
            if not await self.controller.exists(name):
                raise RefusedError(404, "not_found", f"no session is called {name!r}")
        except RefusedError as error:
            return refusal("openai", error.trouble)
        session = self.controller.session(name)
        kept = session.decisions()
        drawn = SessionDrawn(await session.candidates(), _came(kept), bare(timeline(kept)) if kept else "")
        return web.json_response(to_plain(drawn))


def _came(decisions: Sequence[Decision]) -> Told | None:
    mine = [decision for decision in decisions if decision.machine == SESSION.name]
    return told(brought(mine)) if mine else None


def _fixed(text: Callable[[], str], kind: str) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler of what is the same for everybody."""

    async def answer(_http: web.Request) -> web.Response:
        return web.Response(text=text(), content_type=_TYPES[kind])

    return answer


@cache
def _session_picture() -> str:
    return bare(svg(SESSION))


@cache
def _names() -> tuple[str, ...]:
    static = files(__package__) / "static"
    return tuple(sorted(each.name for each in static.iterdir() if each.name != _PAGE))


def _file(name: str) -> Callable[[], str]:
    @cache
    def text() -> str:
        return (files(__package__) / "static" / name).read_text(encoding="utf-8")

    return text
