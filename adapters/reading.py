"""Reading an exception of a call: the typed failure it stands for."""

from __future__ import annotations

import asyncio

from attrs import evolve

from detent.fsm.reasons import Failure

from .outcomes import ProviderError


class EmptyAnswerError(Exception):
    """A call returned nothing: no text, no tool call, no reasoning."""

    def __init__(self) -> None:
        super().__init__("the answer is empty")


def failure_of_exception(error: BaseException, provider: str, *, mid_stream: bool = False) -> Failure:
    if isinstance(error, ProviderError):
        return error.failure
    if isinstance(error, EmptyAnswerError):
        return Failure("empty_response")
    if isinstance(error, TimeoutError):
        return Failure("timeout")
    return Failure("unknown", message=str(error))


def failure_of_reply(evidence, now):
    from .classify import verdict_of_success, failure_of
    if evidence.status and 200 <= evidence.status < 300:
        v = verdict_of_success(evidence.status, evidence.headers, evidence.body, provider=evidence.provider)
        if v is None: return None
    return failure_of(evidence, now=now)
