"""What one classification rule is, and how it reads one layer of facts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from attrs import field, frozen

from detent.fsm.reasons import Reason, ScopeKind

from .evidence import Scope
from .facts import Facts
from .layers import Layer
from .phrases import Phrases, either
from .words import words

ALWAYS: Final = float("inf")


def _words(names: str) -> frozenset[str]:
    return words(names.lower())


def _numbers(numbers: Iterable[int]) -> frozenset[int]:
    return frozenset(numbers)


@frozen
class Rule:
    """One row of the classification table: what must be seen, and what it means.

    A rule fires on one layer of a reply. Its ``codes``, ``code_like`` and ``says`` are alternatives; every
    other condition narrows them. A rule with none of the three fires on its ``statuses`` alone.

    Attributes:
        name: unique, short, for `detent classify --explain`.
        reason: the failure reason it gives.
        source: where the knowledge comes from: a provider's page, an issue, an RFC.
        codes: machine words (codes, types, exception names) written with blanks between them, compared
            whole and without regard to case.
        code_like: a pattern over the machine words.
        says: patterns over the human text.
        also: patterns of which one must be found in the text as well.
        unless: patterns that must not be found in the text for a phrase to count; a code counts regardless.
        statuses: the layer's own status, or else the response's, must be one of these.
        unless_statuses: it must be none of these.
        provider: a pattern the provider's name must match.
        transports: the failure must have arrived this way.
        retry_same: what the verdict says instead of the reason's default.
        failover: what the verdict says instead of the reason's default.
        scope: what the verdict says instead of the reason's default.
        narrows: the narrower scope a cooldown may have.
        windowed: a subscription window: waiting five minutes or less makes it a rate limit.
        believed_from_s: a stated wait shorter than this many seconds is false; `ALWAYS`: every one is.
        acts_as: the reason the session acts upon, where the payload's reason would cool too much.
    """

    name: str
    reason: Reason
    source: str
    codes: frozenset[str] = field(default="", converter=_words, kw_only=True)
    code_like: str = field(default="", kw_only=True)
    says: tuple[str, ...] = field(default=(), kw_only=True)
    also: tuple[str, ...] = field(default=(), kw_only=True)
    unless: tuple[str, ...] = field(default=(), kw_only=True)
    statuses: frozenset[int] = field(default=(), converter=_numbers, kw_only=True)
    unless_statuses: frozenset[int] = field(default=(), converter=_numbers, kw_only=True)
    provider: str | None = field(default=None, kw_only=True)
    transports: frozenset[str] = field(default="", converter=_words, kw_only=True)
    retry_same: bool | None = field(default=None, kw_only=True)
    failover: bool | None = field(default=None, kw_only=True)
    scope: Scope | None = field(default=None, kw_only=True)
    narrows: ScopeKind | None = field(default=None, kw_only=True)
    windowed: bool = field(default=False, kw_only=True)
    believed_from_s: float = field(default=0.0, kw_only=True)
    acts_as: Reason | None = field(default=None, kw_only=True)
    _code_like: re.Pattern[str] | None = field(init=False, repr=False, eq=False)
    _says: Phrases | None = field(init=False, repr=False, eq=False)
    _also: Phrases | None = field(init=False, repr=False, eq=False)
    _unless: Phrases | None = field(init=False, repr=False, eq=False)
    _provider: re.Pattern[str] | None = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        put = object.__setattr__
        put(self, "_code_like", re.compile(self.code_like, re.IGNORECASE) if self.code_like else None)
        put(self, "_says", either(self.says))
        put(self, "_also", either(self.also))
        put(self, "_unless", either(self.unless))
        put(self, "_provider", re.compile(self.provider, re.IGNORECASE) if self.provider else None)

    def holds_for(self, provider: str) -> bool:
        """Whether the rule is for failures of this provider."""
        return self._provider is None or self._provider.search(provider) is not None

    def reads(self, layer: Layer, facts: Facts) -> str | None:
        """The fact in this layer that fires the rule, None if it does not fire."""
        status = layer.status or facts.status
        if (self.statuses and status not in self.statuses) or status in self.unless_statuses:
            return None
        if self.transports and facts.transport not in self.transports:
            return None
        if not self.holds_for(facts.provider):
            return None
        if self._also and not self._also.search(layer.text, layer.lowered):
            return None
        return self._alternative(layer, facts)

    def _alternative(self, layer: Layer, facts: Facts) -> str | None:
        if not (self.codes or self._code_like or self._says):
            return f"status {layer.status or facts.status}"
        for code in layer.codes:
            if code in self.codes or (self._code_like and self._code_like.search(code)):
                return f"code {code}"
        found = self._says.search(layer.text, layer.lowered) if self._says and layer.text else None
        if found and not (self._unless and self._unless.search(layer.text, layer.lowered)):
            return f"text {' '.join(found.group(0).split())!r}"
        return None
