"""Whose request it is: the session that a client's own words name.

What is looked at, in this order: Detent's own header; the headers with which coding agents name their conversation;
the fields that clients send for their provider's caches and accounts; and where there is none of it, the key.

What clients send, and who says so:

- Claude Code: `X-Claude-Code-Session-Id`; before 2.1.86 the `session_id` of the JSON in `metadata.user_id`, before
  2.1.78 what follows `_session_` there (code.claude.com/docs/en/llm-gateway-protocol, coder/aibridge #241).
- Codex: `session-id`, once `session_id`, before that `conversation_id`; and `prompt_cache_key`
  (openai/codex, codex-rs/codex-api/src/requests/headers.rs).
- OpenCode: `x-session-affinity` and `X-Session-Id`, to its own provider `x-opencode-session`
  (sst/opencode, packages/opencode/src/session/llm/request.ts).
- OpenClaw: `prompt_cache_key` with Responses (badlogic/pi-mono, packages/ai/src/providers/openai-responses.ts).
- Cline: `X-Task-ID` to its own provider, `litellm_session_id` to LiteLLM (cline/cline #2555, #4456).
- Cursor: `user` (archestra-ai/archestra #7375).
- pydantic-ai, LangChain: `prompt_cache_key` and `user`, where the application sets them (OpenAI's API reference).
- aider names nothing: its key is its session.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, Final

from .asked import Asked
from .trouble import RefusedError

SESSION_HEADER: Final = "X-Detent-Session"
PIN_HEADER: Final = "X-Detent-Pin"

AGENT_HEADERS: Final = (
    "X-Claude-Code-Session-Id",
    "Session-Id",
    "Session_id",
    "Conversation_id",
    "X-Session-Affinity",
    "X-Session-Id",
    "X-Opencode-Session",
    "X-Task-Id",
)
"""Headers that name a conversation; the first that is there counts."""

FIELDS: Final = ("prompt_cache_key", "litellm_session_id")
"""Fields that name a conversation."""

USER_FIELDS: Final = ("user", "safety_identifier")
"""Fields that name a user, whose requests make one conversation where nothing says more."""

_LEGACY: Final = "_session_"
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
    said = (
        *(headers.get(name) for name in AGENT_HEADERS),
        *(asked.fields.get(name) for name in FIELDS),
        _in_metadata(asked.fields.get("metadata")),
        *(asked.fields.get(name) for name in USER_FIELDS),
    )
    found = next((value for value in said if isinstance(value, str) and value.strip()), "")
    return _short(found.strip()) if found else caller


def _in_metadata(metadata: object) -> str:
    """The session in Anthropic's ``metadata.user_id``, as Claude Code writes it; else all of it."""
    about = metadata.get("user_id") if isinstance(metadata, Mapping) else None
    if not isinstance(about, str):
        return ""
    try:
        told = json.loads(about)
    except (ValueError, RecursionError):
        told = None
    if isinstance(told, dict) and isinstance(told.get("session_id"), str) and told["session_id"]:
        return str(told["session_id"])
    return about.rpartition(_LEGACY)[2] or about


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
