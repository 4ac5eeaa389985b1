"""Whose request it is: the session that a client's own words name.

What is looked at, in this order: Detent's own header; the headers with which coding agents name their conversation;
the fields that clients send for their provider's caches and accounts; and where there is none of it, the key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final

from .asked import Asked
from .trouble import RefusedError

SESSION_HEADER: Final = "X-Detent-Session"
PIN_HEADER: Final = "X-Detent-Pin"

_AGENT_HEADERS: Final = ("X-Claude-Code-Session-Id", "Session_id", "Session-Id", "Conversation_id", "X-Session-Id")
_FIELDS: Final = ("prompt_cache_key", "user")
_LONGEST: Final = 200


def session_of(asked: Asked, headers: Mapping[str, str], caller: str) -> str:
    """The name of the session that a request belongs to.

    Args:
        asked: the request.
        headers: its headers.
        caller: the name of the caller's key.

    Raises:
        RefusedError: `SESSION_HEADER` holds what is no name.
    """
    named = headers.get(SESSION_HEADER)
    if named is not None:
        if not named.strip() or len(named) > _LONGEST or not named.isprintable():
            says = f"{SESSION_HEADER} must be 1 to {_LONGEST} printable characters"
            raise RefusedError(400, "invalid_request", says)
        return named.strip()
    said = (*(headers.get(name) for name in _AGENT_HEADERS), *(asked.fields.get(name) for name in _FIELDS))
    metadata = asked.fields.get("metadata")
    about = metadata.get("user_id") if isinstance(metadata, Mapping) else None
    found = next((value for value in (*said, about) if isinstance(value, str) and value.strip()), "")
    return _short(found.strip()) if found else caller


def _short(name: str) -> str:
    """A name that fits; a longer one keeps its beginning and a digest of the whole."""
    printable = "".join(c if c.isprintable() else "?" for c in name)
    if len(printable) <= _LONGEST:
        return printable
    return f"{printable[:100]}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def pin_of(headers: Mapping[str, str]) -> tuple[bool, str | None]:
    """Whether a request says something about the pin, and the model it pins; None: it lets go.

    Args:
        headers: its headers.
    """
    said: Any = headers.get(PIN_HEADER)
    if said is None:
        return False, None
    word = str(said).strip()
    return True, None if word.lower() in ("", "none", "off") else word
