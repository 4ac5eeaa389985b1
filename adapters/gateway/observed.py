"""How others watch the gateway: ``GET /metrics`` for Prometheus, a log line a turn, traces where they are wanted."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import web
from attrs import field, frozen
from prometheus_client.exposition import choose_encoder

from detent.adapters.controller import Controller
from detent.adapters.telemetry import TurnLog
from detent.adapters.telemetry.metrics import Metrics

from .guard import Guard
from .trouble import RefusedError
from .turns import refusal

_LOG: Final = logging.getLogger(__name__)
_EXPORTERS: Final = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_INSTALL: Final = "pip install 'detent[otel]'"


@frozen
class Observed:
    """A gateway's telemetry.

    With keys configured ``/metrics`` wants one of scope ``admin``, which Prometheus sends as its ``authorization``.

    Attributes:
        controller: what is measured.
        guard: who is let in.
        metrics: what is told.
    """

    controller: Controller
    guard: Guard
    metrics: Metrics = field(factory=Metrics)

    def routes(self) -> list[web.RouteDef]:
        """The endpoint."""
        return [web.get("/metrics", self._metrics)]

    def begin(self) -> Callable[[], Awaitable[None]]:
        """Watch the controller from now on.

        Returns:
            what to await at the end, so that nothing is lost.
        """
        self.controller.observe(self.metrics)
        self.controller.observe(TurnLog())
        if not _wants_traces(os.environ):
            return _nothing
        try:
            from detent.adapters.telemetry.traces import Traces, exporting

            provider = exporting()
        except ImportError:
            _LOG.warning("there are no traces without OpenTelemetry, which %s asks for: %s", _EXPORTERS[0], _INSTALL)
            return _nothing
        self.controller.observe(Traces(provider.get_tracer("detent")))

        async def end() -> None:
            await asyncio.to_thread(provider.shutdown)

        return end

    async def _metrics(self, http: web.Request) -> web.Response:
        try:
            self.guard.admit(http, "admin")
        except RefusedError as error:
            return refusal("openai", error.trouble)
        self.metrics.stand(await self.controller.counts(), await self.controller.rests())
        encode, kind = choose_encoder(http.headers.get("Accept", ""))
        return web.Response(body=encode(self.metrics.registry), headers={"Content-Type": kind})


def _wants_traces(environ: Mapping[str, str]) -> bool:
    disabled = environ.get("OTEL_SDK_DISABLED", "").lower() == "true"
    return not disabled and any(environ.get(name) for name in _EXPORTERS)


async def _nothing() -> None:
    """There is nothing to end."""
