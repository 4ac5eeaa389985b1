"""What every answer of the gateway tells a browser: guess no type, name no referrer, frame nothing, keep nothing."""

from __future__ import annotations

from typing import Final

from aiohttp import web

_ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_UNLESS_SAID: Final = {
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


async def harden(_http: web.Request, response: web.StreamResponse) -> None:
    """Add to an answer's headers what keeps browsers from misusing it."""
    response.headers.update(_ALWAYS)
    for name, value in _UNLESS_SAID.items():
        response.headers.setdefault(name, value)
