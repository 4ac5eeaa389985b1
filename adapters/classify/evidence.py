"""What is known of one failed call, and what was made of it: the two values at the ends of the classifier."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

from attrs import field, frozen

from detent.fsm.reasons import Reason

Transport = Literal["http", "sse", "body200", "socket", "sdk"]
Scope = Literal["model", "provider", "credential", "request", "none"]

TRANSPORTS: Final[tuple[str, ...]] = ("http", "sse", "body200", "socket", "sdk")
BODY_LIMIT: Final = 64 * 1024
"""Characters of a body that are ever looked at; what lies beyond is not read, copied or matched."""


@frozen
class Evidence:
    """One failed call as it was seen on the wire or by the client.

    Attributes:
        status: the HTTP status, None where no response came.
        headers: the response's headers; names are compared without regard to case.
        body: the body as text; only the first `BODY_LIMIT` characters are read.
        exception: what the client raised: one ``Type: message`` a line, the innermost cause first.
        provider: who spoke on the wire (``openai``, ``openrouter``, ...), None or ``generic`` where unknown.
        transport: how the failure arrived: a non-2xx response (``http``), inside a stream (``sse``), inside
            a 200 body (``body200``), without a response (``socket``), or only as a client's text (``sdk``).
    """

    status: int | None = None
    headers: Mapping[str, str] = field(factory=dict)
    body: str | None = None
    exception: str | None = None
    provider: str | None = None
    transport: str | None = None


@frozen
class Verdict:
    """What the evidence says, in the words of the error corpus.

    Attributes:
        reason: one of `detent.fsm.reasons.REASONS`.
        scope: what the payload condemns; ``model`` stands for a model and for a model under one credential,
            ``provider`` for the provider's endpoint.
        retry_same: one more try on the same candidate after a wait of at most a minute is worth it.
        failover: the next candidate should be tried.
        retry_after_s: the wait in seconds that the reply states, even where it is misleading; else None.
        rule: the name of the rule that decided.
        fact: the fact the rule read, short and without secrets.
    """

    reason: Reason
    scope: Scope
    retry_same: bool
    failover: bool
    retry_after_s: float | None
    rule: str
    fact: str
