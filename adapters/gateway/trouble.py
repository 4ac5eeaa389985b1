"""What a client is told when a turn has no answer: a status, a sentence, and when to come back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import ceil
from typing import Any, Final

from attrs import field, frozen

from detent.adapters.outcomes import ExhaustedError, InterruptedTurnError, SurfacedError, TurnError
from detent.adapters.wire import Form, UpstreamError

_STATUS_OF: Final[Mapping[str, int]] = {
    "invalid_request": 400,
    "context_overflow": 400,
    "unsupported": 400,
    "content_filter": 400,
    "session_expired": 400,
    "model_not_found": 404,
    "rate_limit": 429,
    "quota_exhausted": 429,
    "timeout": 504,
}
_BUSY: Final = frozenset(("rate_limit", "quota_exhausted", "cooldown"))
_OF_THE_REQUEST: Final = frozenset(("context_overflow", "unsupported"))
"""Why a candidate cannot help, where the request itself is in the way: clients that came back would ask the same."""

_BAD_REQUEST: Final = 400
_BAD_GATEWAY: Final = 502
_UNAVAILABLE: Final = 503
_TOO_MANY: Final = 429


@frozen
class Trouble:
    """Why a client gets no answer.

    Attributes:
        status: the HTTP status.
        reason: the failure reason, or what is wrong with the request.
        message: one sentence, with the way out.
        retry_after_s: seconds until it is worth trying again, None: time does not help.
        reply: a provider's own words in this client's form, to be passed on instead; None: there are none.
    """

    status: int
    reason: str
    message: str
    retry_after_s: float | None = None
    reply: Mapping[str, Any] | None = field(default=None, repr=False)

    @property
    def headers(self) -> dict[str, str]:
        """When to come back, in whole seconds, rounded up."""
        return {} if self.retry_after_s is None else {"Retry-After": str(max(1, ceil(self.retry_after_s)))}


class RefusedError(Exception):
    """A request that reaches no model.

    Attributes:
        trouble: what its sender is told.
    """

    def __init__(self, status: int, reason: str, message: str, retry_after_s: float | None = None) -> None:
        self.trouble = Trouble(status, reason, message, retry_after_s)
        super().__init__(message)


def trouble_of(error: TurnError, form: Form, apis: Mapping[str, str]) -> Trouble:
    """What a client is told of a turn without an answer.

    A failure that no other model can help with is shown as the provider said it, where that provider speaks the
    client's form: clients know how to read it.

    Args:
        error: how the turn ended.
        form: the client's form.
        apis: the format of each provider, by its name.
    """
    if isinstance(error, SurfacedError):
        reason = error.outcome.reason
        status, reply = _as_it_was(error, form, apis)
        return Trouble(status or _STATUS_OF.get(reason, _BAD_GATEWAY), reason, str(error), error.retry_after_s, reply)
    if isinstance(error, ExhaustedError):
        whys = {fate.why for fate in error.outcome.fates}
        if whys and whys <= _OF_THE_REQUEST:
            return Trouble(_BAD_REQUEST, "unsupported", str(error))
        status = _TOO_MANY if whys and whys <= _BUSY and "rate_limit" in whys else _UNAVAILABLE
        return Trouble(status, "exhausted", str(error), error.retry_after_s)
    assert isinstance(error, InterruptedTurnError)  # a turn ends in one of the three
    return Trouble(_BAD_GATEWAY, "interrupted", str(error))


def _as_it_was(
    error: SurfacedError, form: Form, apis: Mapping[str, str]
) -> tuple[int | None, Mapping[str, Any] | None]:
    """The provider's own status and body, where its last failure was an HTTP error in the client's form."""
    cause = error.__cause__
    if not isinstance(cause, UpstreamError) or cause.transport != "http" or apis.get(cause.provider) != form:
        return None, None
    try:
        body = json.loads(cause.body)
    except ValueError:
        return None, None
    fits = isinstance(body, dict) and "error" in body and cause.status is not None
    return (cause.status, body) if fits else (None, None)
