"""The gateway: the controller as a local server, for clients in any language that change nothing but an address."""

from .server import Gateway, serve

__all__ = ["Gateway", "serve"]
