"""Turns as spans, read from OpenTelemetry's own exporter in memory."""

from __future__ import annotations

from typing import Any

import pytest

from detent.adapters import TurnError

from ..controller.conftest import Provider, controller, in_virtual_time, text_of

pytest.importorskip("opentelemetry.sdk", reason="no OpenTelemetry: pip install 'detent[otel]'")

from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind

from detent.adapters.telemetry.traces import Traces


def spans_of(story: Any) -> list[ReadableSpan]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("test")

    async def main() -> None:
        async with controller() as detent:
            detent.observe(Traces(tracer))
            await story(detent, tracer)

    in_virtual_time(main)
    return list(exporter.get_finished_spans())


def test_a_turn_is_a_span_and_each_attempt_one_below_it() -> None:
    async def story(detent: Any, tracer: Any) -> None:
        with tracer.start_as_current_span("request"):
            await text_of(detent.session("s"), Provider(a_x="overloaded"))

    first, second, turn, request = spans_of(story)
    assert [span.name for span in (first, second, turn)] == ["chat a/x", "chat b/y", "turn default"]
    assert turn.parent == request.context
    assert first.parent == second.parent == turn.context
    assert (first.kind, second.kind) == (SpanKind.CLIENT, SpanKind.CLIENT)
    assert first.attributes is not None
    assert second.attributes is not None
    assert turn.attributes is not None
    assert first.attributes["gen_ai.provider.name"] == "a"
    assert first.attributes["gen_ai.request.model"] == "x"
    assert first.attributes["error.type"] == "overloaded"
    assert not first.status.is_ok
    assert "error.type" not in second.attributes
    assert turn.attributes["gen_ai.conversation.id"] == "s"
    assert turn.attributes["gen_ai.response.model"] == "b/y"
    assert turn.attributes["detent.attempts"] == 2
    assert turn.status.is_ok


def test_a_turn_without_an_answer_is_an_error_of_its_reason() -> None:
    async def story(detent: Any, tracer: Any) -> None:
        with pytest.raises(TurnError):
            await text_of(detent.session("s"), Provider(a_x="overloaded", b_y="server_error"))

    turn = spans_of(story)[-1]
    assert not turn.status.is_ok
    assert turn.attributes is not None
    assert turn.attributes["error.type"] in ("overloaded", "server_error")
    assert turn.attributes["detent.outcome"] == "exhausted"


def test_the_times_are_those_at_which_things_happened() -> None:
    import asyncio

    async def story(detent: Any, tracer: Any) -> None:
        async def slow(_: Any) -> str:
            await asyncio.sleep(7)
            return "late"

        await detent.session("s").run(slow)

    call, turn = spans_of(story)
    for span in (call, turn):
        assert span.start_time is not None
        assert span.end_time is not None
        assert (span.end_time - span.start_time) / 1e9 == pytest.approx(7.0)
