"""From evidence to verdict, and from verdict to the failure that drives a session."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from attrs import frozen

from detent.fsm.reasons import NARROWER, Failure, Reason, ScopeKind, ruling

from .evidence import Evidence, Scope, Verdict
from .facts import Facts, facts_of
from .redact import redact
from .rule import Rule
from .rules import TIERS
from .waits import wait_s
from .words import words

BRIEF_S: Final = 60.0
"""The longest wait in seconds after which asking the same candidate again is still worth it."""
WINDOW_S: Final = 300.0
"""A subscription window that opens again within this many seconds is only a rate limit."""
MESSAGE_LIMIT: Final = 300
_FACT_LIMIT: Final = 120

_UNKNOWN: Final = Rule("nothing known", "unknown", "no rule read anything in the evidence")
_ANSWER: Final = Rule("an answer", "unknown", "a 200 in a known success shape holds no failure")
_RETRIED: Final = words(
    "rate_limit overloaded server_error timeout connection empty_response stream_interrupted session_expired"
)
_HELD: Final = words("context_overflow invalid_request aborted")
_LABELS: Final[dict[ScopeKind, Scope]] = {
    "model": "model",
    "credential_model": "model",
    "credential": "credential",
    "endpoint": "provider",
}
_DETAIL: Final = re.compile(r"\w+=")
_KIN: Final = re.compile(r"^(\w+)\((?:\w+(?:, )?)+\)")
_AGGREGATOR: Final = re.compile(
    r"openrouter|gateway|litellm|one-?api|new-?api|aihubmix|portkey|requesty|vercel", re.IGNORECASE
)
_NAMES_MODEL: Final = re.compile(
    r"\bmodel[:= ]\s*[`'\"]?[\w./:@-]*\d|per_?model|base model|(?:on|for) (?:this|the|that) model"
    r"|limit_rp[md]/",
    re.IGNORECASE,
)


@frozen
class _Reading:
    """What one pass over the evidence found."""

    facts: Facts
    rule: Rule
    reason: Reason
    fact: str
    wait: float | None


def classify(evidence: Evidence, *, now: float | None = None) -> Verdict:
    """What the evidence of a failed call says; never raises, reads no clock and at most 64 KiB of the body.

    Args:
        evidence: of the call.
        now: epoch seconds at which the reply came; needed only for absolute times in replies without a
            ``Date``.
    """
    return _verdict(_read(evidence, now))


def verdict_of_success(
    status: int | None,
    headers: Mapping[str, str],
    body: str | None,
    *,
    provider: str | None = None,
    now: float | None = None,
) -> Verdict | None:
    """The failure that a 2xx reply hides, None if it is an answer.

    An answer is a body in a success shape of OpenAI, Anthropic, Gemini, Ollama, Bedrock or Cohere with
    words or tool calls in it, whole or as a finished stream. Anything else is a failure: an error object,
    a stream that breaks off, an empty reply, a web page, JSON that nobody knows.
    """
    evidence = Evidence(status or 200, headers, body, None, provider, None)
    facts = facts_of(evidence)
    if facts.is_shape("answer"):
        return None
    return _verdict(_read(evidence, now))


def failure_of(evidence: Evidence, *, now: float | None = None, aggregator: bool = False) -> Failure:
    """The failure a session acts upon; never raises.

    It differs from the verdict where acting on the payload's letter would do harm: a wait that a quota marker
    belies is dropped, a wait of zero is no wait, and a refusal that condemns only this request cools nothing.

    Args:
        evidence: of the call.
        now: as for `classify`.
        aggregator: the provider sells many providers' models, so a spent quota condemns one model only; known
            aggregators (OpenRouter, LiteLLM, ``*-gateway``) need not be told.
    """
    reading = _read(evidence, now)
    reason = reading.rule.acts_as or reading.reason
    wait = reading.wait
    if wait is not None and (wait <= 0.0 or wait < reading.rule.believed_from_s):
        wait = None
    return Failure(
        reason=reason,
        scope=_narrowed(reading, reason, aggregator),
        wait_s=wait,
        message=_message(reading.facts),
        rule=reading.rule.name,
        status=reading.facts.status,
    )


def _read(evidence: Evidence, now: float | None) -> _Reading:
    facts = facts_of(evidence)
    answered = facts.is_shape("answer") and not evidence.exception
    rule, fact = (_ANSWER, "an answer") if answered else _decide(facts)
    wait = wait_s(facts, now)
    reason = rule.reason
    if rule.windowed and wait is not None and wait <= WINDOW_S:
        reason = "rate_limit"
    return _Reading(facts, rule, reason, redact(fact)[:_FACT_LIMIT], wait)


def _decide(facts: Facts) -> tuple[Rule, str]:
    """The first rule that fires: tier by tier, in each the innermost layer first."""
    for tier in _tiers(facts.provider):
        for layer in facts.layers:
            for rule in tier:
                fact = rule.reads(layer, facts)
                if fact is not None:
                    return rule, fact
    return _UNKNOWN, ""


@lru_cache(maxsize=256)
def _tiers(provider: str) -> tuple[tuple[Rule, ...], ...]:
    """The tables without the rules of other providers."""
    return tuple(tuple(rule for rule in tier if rule.holds_for(provider)) for tier in TIERS)


def _verdict(reading: _Reading) -> Verdict:
    rule, reason = reading.rule, reading.reason
    again = reason in _RETRIED if rule.retry_same is None else rule.retry_same
    return Verdict(
        reason=reason,
        scope=rule.scope or _label(reading),
        retry_same=again and (reading.wait is None or reading.wait <= BRIEF_S),
        failover=reason not in _HELD if rule.failover is None else rule.failover,
        retry_after_s=reading.wait,
        rule=rule.name,
        fact=reading.fact,
    )


def _label(reading: _Reading) -> Scope:
    cools = _narrowed(reading, reading.reason, aggregator=False) or ruling(reading.reason).cools
    if cools is not None:
        return _LABELS[cools]
    return "none" if reading.reason == "aborted" else "request"


def _narrowed(reading: _Reading, reason: Reason, aggregator: bool) -> ScopeKind | None:
    """The narrower scope the payload names, None where it names none or the ruling is as narrow already."""
    wide = ruling(reason).cools
    narrow = reading.rule.narrows
    if narrow is None and reason == "quota_exhausted":
        many = aggregator or _AGGREGATOR.search(reading.facts.provider)
        if many or _NAMES_MODEL.search(reading.facts.text):
            narrow = "credential_model"
    if wide is None or narrow is None or narrow == wide or narrow not in NARROWER[wide]:
        return None
    return narrow


def _message(facts: Facts) -> str:
    """What the provider said, for people: the innermost human text, redacted and shortened."""
    for layer in facts.layers:
        said = (line for line in layer.text.splitlines() if not _DETAIL.match(line))
        text = redact(" ".join(_KIN.sub(r"\1", " ".join(said)).split()))
        if text:
            return text if len(text) <= MESSAGE_LIMIT else text[: MESSAGE_LIMIT - 1] + "…"
    return ""
