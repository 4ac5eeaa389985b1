"""What an application's own call is told, and what it may return."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from attrs import frozen


@frozen
class Attempt:
    """What a call is told: whom to call, and how this try differs from others.

    Attributes:
        model: the model reference ``provider/model``.
        provider: its provider.
        name: the model's name at its provider.
        credential: the name of the credential to use; empty where the provider has one unnamed.
        number: the attempt's number in its turn, from 1.
        fresh: the provider has forgotten the conversation state it kept: send the whole conversation anew.
        first_token_s: the longest that the first content may take, in seconds.
        idle_s: the longest gap between two pieces of content, in seconds.
        connect_s: the longest a connection may take, in seconds; None: as the provider's address says.
        attempt_s: the longest the whole answer may take, in seconds; None: as long as content keeps coming.
        revision: the revision of the configuration that the turn has planned from.

    A call need not watch these limits: it is cancelled, and its stream closed, where one passes.
    """

    model: str
    provider: str
    name: str
    credential: str
    number: int
    fresh: bool
    first_token_s: float
    idle_s: float
    connect_s: float | None = None
    attempt_s: float | None = None
    revision: int = 0


CallFunction = Callable[[Attempt], "Awaitable[Any] | AsyncIterator[Any]"]
"""An application's own call: returns an answer, or an async iterator of its pieces; awaitable or not."""
