"""What a client asks: its request read just as far as the gateway must know, the rest untouched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from attrs import field, frozen

from detent.adapters.wire import Form
from detent.fsm.mistakes import shown

from .trouble import RefusedError

_BAD_REQUEST = 400


@frozen
class Asked:
    """One request.

    Attributes:
        form: the form it is written in.
        model: the model, chain or alias it names; empty: none.
        stream: it wants pieces.
        fields: everything else that it says.
    """

    form: Form
    model: str
    stream: bool
    fields: Mapping[str, Any] = field(repr=False)


def asked_in(form: Form, body: bytes) -> Asked:
    """The request that a body holds.

    Args:
        form: the form it is written in.
        body: the body.

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
    return Asked(form, model, stream, fields)


def _bad(says: str) -> RefusedError:
    return RefusedError(_BAD_REQUEST, "invalid_request", says)
