"""What a client asks: its request read just as far as the gateway must know, the rest untouched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

from attrs import field, frozen

from detent.adapters.wire import Form
from detent.fsm.mistakes import shown

from .trouble import RefusedError

_BAD_REQUEST: Final = 400
_TOLD: Final[Mapping[Form, tuple[str, ...]]] = {
    "openai": ("OpenAI-Beta",),
    "responses": ("OpenAI-Beta",),
    "anthropic": ("anthropic-version", "anthropic-beta"),
}
"""Without these a vendor may not know fields of the body (https://code.claude.com/docs/en/llm-gateway-protocol)."""


@frozen
class Asked:
    """One request.

    Attributes:
        form: the form it is written in.
        model: the model, chain or alias it names; empty: none.
        stream: it wants pieces.
        fields: everything else that it says.
        headers: the versions and features of its vendor's API that it is written in; no other header goes further.
    """

    form: Form
    model: str
    stream: bool
    fields: Mapping[str, Any] = field(repr=False)
    headers: Mapping[str, str] = field(factory=dict)


def asked_in(form: Form, body: bytes, headers: Mapping[str, str]) -> Asked:
    """The request that a body holds.

    Args:
        form: the form it is written in.
        body: the body.
        headers: all its headers.

    Raises:
        RefusedError: it is no JSON object, or its model or stream is of another type than every form wants.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise _bad(f"the body is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise _bad(f"the body is {shown(fields)}, must be a JSON object")
    model, stream = fields.pop("model", "") or "", fields.pop("stream", False) or False
    if not isinstance(model, str):
        raise _bad(f"model is {shown(model)}, must be text: a chain, an alias or provider/model")
    if not isinstance(stream, bool):
        raise _bad(f"stream is {shown(stream)}, must be true or false")
    told = {name: headers[name] for name in _TOLD[form] if name in headers}
    return Asked(form, model, stream, fields, told)


def _bad(says: str) -> RefusedError:
    return RefusedError(_BAD_REQUEST, "invalid_request", says)
