"""What others measure of a controller: metrics, traces and log lines, each an observer. No prompt, no answer, no key.

Import `Metrics`, for prometheus-client, and `Traces`, for OpenTelemetry (``pip install 'detent[otel]'``), from their
modules.
"""

from .logs import JsonLines, TurnLog

__all__ = ["JsonLines", "TurnLog"]
