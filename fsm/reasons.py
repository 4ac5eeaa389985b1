"""Why an attempt failed, and what each reason permits: the failure table of the design, as data.

``reason`` is what a classifier says of one failed attempt; a `Ruling` is what the selection makes of it:
whether the same candidate may be asked again, whether another credential or another model helps, and what
is put to rest. A cooldown covers what the failure condemns and nothing wider (openclaw #49732, #58051:
one model's overload closed a whole provider; cliproxy #5286: a plan-wide limit was kept per model).
"""

from __future__ import annotations

from typing import Final, Literal

from attrs import field, frozen

from .errors import BadDataError

Reason = Literal[
    "rate_limit",
    "quota_exhausted",
    "auth",
    "permission",
    "model_not_found",
    "overloaded",
    "server_error",
    "timeout",
    "connection",
    "empty_response",
    "stream_interrupted",
    "session_expired",
    "context_overflow",
    "unsupported",
    "invalid_request",
    "content_filter",
    "aborted",
    "unknown",
]
ScopeKind = Literal["model", "credential", "credential_model", "endpoint"]
Retry = Literal["never", "when_told", "once", "budget"]


@frozen
class Ruling:
    """What one failure reason permits and condemns.

    Attributes:
        reason: the name.
        retry: may the same candidate be asked again: ``never``; ``when_told`` (only after a short wait the
            server itself stated); ``once`` at most; or as often as the chain's ``retries`` ``budget`` says.
        next_credential: another credential of the same model may succeed.
        next_model: another model may succeed; false ends the turn, the user is shown the failure.
        cools: the kind of scope that is put to rest; None: nothing is.
        hard: the rest is a hard limit (minutes to hours), which no last resort shortens.
        of_the_request: the failure is about this request alone: it detours one turn and moves no session.
        lifted_by_config: publishing a configuration ends the rest, for the cause may be mended.
        says: a phrase for sentences: "the primary <says>".
    """

    reason: Reason
    retry: Retry
    next_credential: bool
    next_model: bool
    cools: ScopeKind | None
    says: str
    hard: bool = False
    of_the_request: bool = False
    lifted_by_config: bool = False


# fmt: off
RULINGS: Final[dict[str, Ruling]] = {
    r.reason: r
    for r in (
        Ruling("rate_limit", "when_told", True, True, "credential_model", "is rate limited"),
        Ruling("quota_exhausted", "never", True, True, "credential", "has spent its quota", hard=True),
        Ruling("auth", "never", True, True, "credential", "rejects the credential",
               hard=True, lifted_by_config=True),
        Ruling("permission", "never", True, True, "credential_model", "denies access",
               hard=True, lifted_by_config=True),
        Ruling("model_not_found", "never", False, True, "model", "does not know the model",
               hard=True, lifted_by_config=True),
        Ruling("overloaded", "budget", False, True, "model", "is overloaded"),
        Ruling("server_error", "budget", False, True, "model", "has an internal error"),
        Ruling("timeout", "budget", False, True, "model", "gave no answer in time"),
        Ruling("empty_response", "budget", False, True, "model", "gave an empty answer"),
        Ruling("stream_interrupted", "budget", False, True, "model", "broke its stream off"),
        Ruling("connection", "once", False, True, "endpoint", "cannot be reached"),
        Ruling("session_expired", "once", False, True, None, "has forgotten the session", of_the_request=True),
        Ruling("context_overflow", "never", False, True, None, "finds the prompt too long", of_the_request=True),
        Ruling("unsupported", "never", False, True, None, "cannot do what the request asks", of_the_request=True),
        Ruling("content_filter", "never", False, False, None, "refused the content", of_the_request=True),
        Ruling("invalid_request", "never", False, False, None, "rejects the request as invalid", of_the_request=True),
        Ruling("aborted", "never", False, False, None, "was called off", of_the_request=True),
        Ruling("unknown", "never", False, True, "model", "failed in a way nobody knows"),
    )
}
# fmt: on
"""The failure table, by reason."""

REASONS: Final[tuple[str, ...]] = tuple(RULINGS)

NARROWER: Final[dict[ScopeKind, tuple[ScopeKind, ...]]] = {
    "endpoint": ("endpoint", "model", "credential", "credential_model"),
    "credential": ("credential", "credential_model"),
    "model": ("model", "credential_model"),
    "credential_model": ("credential_model",),
}
"""For each scope, the scopes inside it: a classifier may narrow what cools to what the payload names, never widen."""


def ruling(reason: str) -> Ruling:
    """The ruling on a reason.

    Raises:
        BadDataError: no such reason.
    """
    try:
        return RULINGS[reason]
    except KeyError:
        raise BadDataError((f"reason: {reason!r} is none of {', '.join(REASONS)}",)) from None


@frozen
class Failure:
    """One failed attempt as the core sees it: typed, free of exceptions and of secrets.

    Attributes:
        reason: one of `REASONS`.
        scope: a narrower scope than the ruling's, where the payload names one; None: the ruling's own.
        wait_s: the server's own wait in seconds (Retry-After and its kin), None where it stated none.
        message: what the provider said, shortened and without secrets, for people.
        rule: the classification rule that decided, for `detent classify --explain`.
        status: the HTTP status, where there was one.
    """

    reason: Reason
    scope: ScopeKind | None = None
    wait_s: float | None = None
    message: str = ""
    rule: str = ""
    status: int | None = None
    ruling: Ruling = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "ruling", ruling(self.reason))

    @property
    def cools(self) -> ScopeKind | None:
        """The scope this failure puts to rest: the ruling's, narrowed where the payload named something narrower."""
        wide = self.ruling.cools
        if wide is None or self.scope is None or self.scope not in NARROWER[wide]:
            return wide
        return self.scope
