"""Reading what came of a call: the typed failure that an exception or a raw reply stands for."""

from __future__ import annotations

import asyncio

from attrs import evolve

from detent.fsm.reasons import Failure

from .classify import Evidence, evidence_from, failure_of, redact, verdict_of_success
from .outcomes import ProviderError
from .wire import UpstreamError

_OF_THE_CALLER = (NameError, ImportError, NotImplementedError, SyntaxError)


class EmptyAnswerError(Exception):
    """A call returned nothing: no text, no tool call, no reasoning."""

    def __init__(self) -> None:
        super().__init__("the answer is empty")


def failure_of_exception(
    error: BaseException,
    provider: str,
    *,
    now: float | None = None,
    mid_stream: bool = False,
    aggregator: bool = False,
) -> Failure:
    """Why an attempt failed that ended in this exception; never raises.

    Exceptions of the openai, anthropic, aiohttp, httpx, botocore and google-genai clients are understood without
    importing them. A call that is itself broken (a missing name or module) is the application's failure: it is shown
    at once and held against nobody. A cancellation, or a client's word that it was aborted, is no abort here, for the
    caller of the turn would have cancelled the turn.

    Args:
        error: what the call raised.
        provider: the provider that was called.
        now: the time in epoch seconds, for waits that are stated as a date.
        mid_stream: content had come before.
        aggregator: the provider sells many providers' models.
    """
    if isinstance(error, ProviderError):
        return error.failure
    if isinstance(error, EmptyAnswerError):
        return Failure("empty_response", message=str(error))
    if isinstance(error, asyncio.CancelledError):
        return Failure("unknown", message="the call was cancelled from within")
    if isinstance(error, _OF_THE_CALLER):
        return Failure("invalid_request", message=f"the call itself is broken: {redact(repr(error))[:200]}")
    evidence = _evidence(error, provider)
    failure = failure_of_reply(evidence, now=now, aggregator=aggregator) or Failure(
        "empty_response", message=redact(str(error))[:200]
    )
    if failure.reason == "aborted":
        failure = evolve(failure, reason="timeout")
    if mid_stream and failure.reason in ("connection", "unknown"):
        failure = evolve(failure, reason="stream_interrupted", scope=None)
    return failure


def failure_of_reply(evidence: Evidence, *, now: float | None = None, aggregator: bool = False) -> Failure | None:
    """Why a reply is a failure; None: it is an answer.

    Args:
        evidence: the reply.
        now: the time in epoch seconds, for waits that are stated as a date.
        aggregator: the provider sells many providers' models.
    """
    status = evidence.status
    if status is not None and 200 <= status < 300 and evidence.exception is None:
        hidden = verdict_of_success(status, evidence.headers, evidence.body, provider=evidence.provider, now=now)
        if hidden is None:
            return None
    return failure_of(evidence, now=now, aggregator=aggregator)


def _evidence(error: BaseException, provider: str) -> Evidence:
    if isinstance(error, UpstreamError):
        return Evidence(error.status, error.headers, error.body, error.exception, provider, error.transport)
    return evidence_from(error, provider)
