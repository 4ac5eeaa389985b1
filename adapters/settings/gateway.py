"""The ``[gateway]`` table: where `detent serve` listens, and what it lets in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from detent.fsm.mistakes import shown

from .problems import Problems

_LAST_PORT = 65535


@frozen
class GatewayTable:
    """The keys of ``[gateway]``.

    Attributes:
        host: the address to listen on.
        port: the port; 0: any free one.
        aliases: further names for chains and models, as clients have them built in.
        max_body_bytes: the largest request.
        shutdown_s: how long turns in flight may take to end when the gateway stops.
    """

    host: str = "127.0.0.1"
    port: int = 8484
    aliases: Mapping[str, str] = field(factory=dict)
    max_body_bytes: int = 64 * 1024 * 1024
    shutdown_s: float = 30.0


def read_gateway(table: Mapping[str, Any], problems: Problems) -> GatewayTable:
    """What stands under ``[gateway]``.

    Args:
        table: the table.
        problems: where mistakes are noted.
    """
    found = problems.read_key_by_key(GatewayTable, table, "gateway")
    if not 0 <= found.port <= _LAST_PORT:
        problems.add("gateway.port", f"is {shown(found.port)}, must be 0 to {_LAST_PORT}")
    if found.max_body_bytes < 1:
        problems.add("gateway.max_body_bytes", f"is {shown(found.max_body_bytes)}, must be at least 1")
    if found.shutdown_s < 0:
        problems.add("gateway.shutdown_s", f"is {shown(found.shutdown_s)}, must be at least 0")
    return found
