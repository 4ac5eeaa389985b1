"""Turns as OpenTelemetry spans: one a turn, one below it for each attempt, in the words of the GenAI conventions.

A span is made when its turn is over, with the times at which things happened, as a child of the span in which the
turn was run, if there is one. It says whom was asked and what became of it; never what was asked or answered.
"""

from __future__ import annotations

import os
from typing import Final

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, StatusCode, Tracer, set_span_in_context

from detent.adapters.reports import ANSWERED, AttemptReport, TurnReport
from detent.fsm.chain import provider_of
from detent.fsm.decision import Step

_NANO: Final = 1_000_000_000


class Traces:
    """Makes spans of turns; give it to `Controller.observe`. The controller's clock must tell POSIX seconds.

    Args:
        tracer: what makes spans.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def step(self, step: Step) -> None:
        """Steps are the journal's."""

    def turn(self, report: TurnReport) -> None:
        """Make the spans of a turn."""
        attributes: dict[str, str | int] = {
            "gen_ai.operation.name": "chat",
            "gen_ai.conversation.id": report.session,
            "detent.chain": report.chain,
            "detent.turn": report.turn,
            "detent.outcome": report.outcome,
            "detent.attempts": len(report.attempts),
        }
        if report.outcome == ANSWERED:
            attributes |= {"gen_ai.response.model": report.model, "gen_ai.provider.name": provider_of(report.model)}
        error = "" if report.outcome == ANSWERED else report.reason or report.outcome
        span = self._tracer.start_span(
            f"turn {report.chain}", start_time=_nano(report.began_at), attributes={**attributes, **_error(error)}
        )
        below = set_span_in_context(span)
        for attempt in report.attempts:
            made = self._tracer.start_span(
                f"chat {attempt.model}",
                below,
                SpanKind.CLIENT,
                _attributes(attempt),
                start_time=_nano(attempt.began_at),
            )
            if attempt.result != ANSWERED:
                made.set_status(StatusCode.ERROR)
            made.end(_nano(attempt.ended_at))
        if error:
            span.set_status(StatusCode.ERROR)
        span.end(_nano(report.ended_at))


def exporting() -> TracerProvider:
    """What sends spans where OpenTelemetry's own environment says (``OTEL_EXPORTER_OTLP_ENDPOINT`` and the like).

    Raises:
        ImportError: the exporter is not installed.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    resource = Resource.create({"service.name": os.environ.get("OTEL_SERVICE_NAME") or "detent"})
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


def _attributes(attempt: AttemptReport) -> dict[str, str | float]:
    said: dict[str, str | float] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": provider_of(attempt.model),
        "gen_ai.request.model": attempt.model.partition("/")[2],
        "detent.result": attempt.result,
    }
    if attempt.credential:
        said["detent.credential"] = attempt.credential
    if attempt.first_content_s is not None:
        said["detent.first_content_s"] = attempt.first_content_s
    return said | _error("" if attempt.result == ANSWERED else attempt.result)


def _error(kind: str) -> dict[str, str]:
    return {"error.type": kind} if kind else {}


def _nano(seconds: float) -> int:
    return int(seconds * _NANO)
