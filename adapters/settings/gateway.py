"""The ``[gateway]`` table: where `detent serve` listens, and what it lets in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import ip_address
from typing import Any, Final, Literal

from attrs import field, frozen

from detent.fsm.mistakes import dotted, shown

from .problems import Problems

WANTS_KEYS: Final = "add a key: `detent key NAME` makes one"
"""What to do about a gateway that others can reach."""

_LAST_PORT: Final = 65535
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


@frozen
class KeyTable:
    """The keys of ``[gateway.keys.<name>]``: a key of the gateway's own, as `detent key` writes it.

    Attributes:
        sha256: the digest of the key, in hexadecimal.
        scopes: ``call``, ``admin``, or both.
    """

    sha256: str
    scopes: tuple[Literal["call", "admin"], ...] = ("call",)


@frozen
class GatewayTable:
    """The keys of ``[gateway]``.

    Attributes:
        host: the address to listen on.
        port: the port; 0: any free one.
        aliases: further names for chains and models, as clients have them built in.
        keys: who may ask; none: everybody on this machine.
        max_turns: how many turns may be in flight; more are turned away.
        max_body_bytes: the largest request.
        client_s: how long a client may take to send a request, or to accept a piece of its answer.
        shutdown_s: how long turns in flight may take to end when the gateway stops.
        log: how `detent serve` logs to its standard error, a line a turn: ``text`` or ``json``.
        log_level: the least level that is logged.
    """

    host: str = "127.0.0.1"
    port: int = 8484
    aliases: Mapping[str, str] = field(factory=dict)
    keys: Mapping[str, KeyTable] = field(factory=dict)
    max_turns: int = 1000
    max_body_bytes: int = 64 * 1024 * 1024
    client_s: float = 60.0
    shutdown_s: float = 30.0
    log: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"


def read_gateway(table: Mapping[str, Any], problems: Problems) -> GatewayTable:
    """What stands under ``[gateway]``.

    Args:
        table: the table.
        problems: where mistakes are noted.
    """
    found = problems.read_key_by_key(GatewayTable, table, "gateway")
    if not 0 <= found.port <= _LAST_PORT:
        problems.add("gateway.port", f"is {shown(found.port)}, must be 0 to {_LAST_PORT}")
    for key in ("max_body_bytes", "max_turns"):
        if getattr(found, key) < 1:
            problems.add(f"gateway.{key}", f"is {shown(getattr(found, key))}, must be at least 1")
    for name, entry in found.keys.items():
        at = dotted("gateway.keys", name)
        if not is_digest(entry.sha256):
            problems.add(f"{at}.sha256", "is no SHA-256 (not quoted, it may be the key itself); `detent key` makes one")
        if not entry.scopes:
            problems.add(f"{at}.scopes", 'is empty; write ["call"], ["admin"] or both')
    if not found.keys and not is_loopback(found.host):
        problems.add("gateway.host", f"is {shown(found.host)}, which others can reach; {WANTS_KEYS}")
    if not found.client_s > 0:
        problems.add("gateway.client_s", f"is {shown(found.client_s)}, must be above 0")
    if found.shutdown_s < 0:
        problems.add("gateway.shutdown_s", f"is {shown(found.shutdown_s)}, must be at least 0")
    return found


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256 in lower-case hexadecimal."""
    return _DIGEST.fullmatch(text) is not None


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
