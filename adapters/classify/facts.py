"""The facts in a failed reply, the innermost first: body, events, pages, headers and the client's
exception."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from .answers import shape_of_events, shape_of_value
from .evidence import BODY_LIMIT, Evidence
from .layers import MAX_LAYERS, MAX_TEXT, Layer, layers_of_text, status_in
from .parse import events_of, html_headings, is_events, is_html, json_of

_EXCEPTION_DEPTH: Final = 10
_CHALLENGE: Final = re.compile(r"challenge-platform|cf-chl|cf_chl|just a moment|attention required!", re.IGNORECASE)
_SPEECH: Final = re.compile(
    r"response\.(?:output|content|reasoning|refusal|function|mcp|web|code|image)|content_block|message_(?:start|delta)"
)
_GRPC: Final = dict(
    enumerate(
        [
            "ok",
            "cancelled",
            "unknown",
            "invalid_argument",
            "deadline_exceeded",
            "not_found",
            "already_exists",
            "permission_denied",
            "resource_exhausted",
            "failed_precondition",
            "aborted",
            "out_of_range",
            "unimplemented",
            "internal",
            "unavailable",
            "data_loss",
            "unauthenticated",
        ]
    )
)


@frozen
class Facts:
    """Everything a rule may look at.

    Attributes:
        layers: the error objects, the innermost first; the client's exception and the headers come last.
            Machine words that begin with ``shape:`` say what the body is: ``shape:html``, ``shape:empty``,
            ``shape:cut``, ...
        status: the response's HTTP status.
        provider: who spoke, in lower case, empty where unknown.
        transport: how the failure arrived.
        values: the parsed JSON values of the body, for the machine-readable waits.
        headers: the response's headers by lower-case name.
    """

    layers: tuple[Layer, ...]
    status: int | None
    provider: str
    transport: str | None
    values: tuple[Any, ...]
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """The human text of all layers, the innermost first."""
        return "\n".join(layer.text for layer in self.layers if layer.text)

    def is_shape(self, shape: str) -> bool:
        """Whether the body was found to be of a shape, ``answer`` for one."""
        return any(f"shape:{shape}" in layer.codes for layer in self.layers)


def facts_of(evidence: Evidence) -> Facts:
    """The facts of one failed call; never raises, and reads at most `BODY_LIMIT` characters of the body."""
    headers = _headers(evidence.headers)
    number = evidence.status
    status = number if isinstance(number, int) and not isinstance(number, bool) else None
    transport = evidence.transport if isinstance(evidence.transport, str) else None
    raw = evidence.body[:BODY_LIMIT] if isinstance(evidence.body, str) else ""
    values: list[Any] = []
    layers = [*_body_layers(raw, transport, status, values)][-MAX_LAYERS:]
    if isinstance(evidence.exception, str):
        for line in evidence.exception[:MAX_TEXT].splitlines()[:MAX_LAYERS]:
            layers.extend(layers_of_text(line, values, _EXCEPTION_DEPTH))
    layers.append(_header_layer(headers))
    provider = evidence.provider.lower()[:100] if isinstance(evidence.provider, str) else ""
    return Facts(tuple(layers), status, provider, transport, tuple(values), headers)


def _headers(headers: Mapping[str, str]) -> dict[str, str]:
    try:
        return {str(name).lower()[:100]: str(value)[:1000] for name, value in list(headers.items())[:200]}
    except Exception:
        return {}


def _header_layer(headers: Mapping[str, str]) -> Layer:
    """What headers say: AWS's ``x-amzn-errortype``, Hugging Face's ``x-error-*``, gRPC trailers."""
    amazon = headers.get("x-amzn-errortype", "").split(":")[0].split("#")[-1]
    codes = [amazon.lower(), headers.get("x-error-code", "").lower()]
    grpc = headers.get("grpc-status", "")
    if re.fullmatch(r"[1-9][0-9]?", grpc):
        codes.append(_GRPC.get(int(grpc), "unknown"))
    text = " ".join(headers[name] for name in ("x-error-message", "grpc-message") if name in headers)
    return Layer(tuple(code for code in codes if code), text[:MAX_TEXT])


def _body_layers(raw: str, transport: str | None, status: int | None, values: list[Any]) -> Iterator[Layer]:
    succeeded = status is not None and 200 <= status < 300
    if not raw.strip():
        if succeeded or transport in ("sse", "body200"):
            yield Layer(("shape:empty",))
    elif is_html(raw):
        codes = ("shape:html", "shape:challenge") if _CHALLENGE.search(raw) else ("shape:html",)
        headings = html_headings(raw)[:MAX_TEXT]
        yield Layer(codes, headings, status_in(headings))
    elif is_events(raw) or (transport != "http" and _is_ndjson(raw)):
        yield from _event_layers(raw, values)
    else:
        found: list[Any] = []
        yield from layers_of_text(raw, found)
        values.extend(found)
        if succeeded or transport in ("body200", "sse"):
            yield Layer((f"shape:{shape_of_value(found[0]) if found else 'none'}",))


def _is_ndjson(raw: str) -> bool:
    return raw.lstrip().startswith("{") and "}\n{" in raw.replace("\r", "")


def _event_layers(raw: str, values: list[Any]) -> Iterator[Layer]:
    """The layers of a stream: the last event is the innermost, for it is where the stream failed."""
    lines = (line for line in raw.splitlines() if line.strip())
    events = events_of(raw) if is_events(raw) else [("", line) for line in lines]
    parsed: list[tuple[str, Any]] = []
    layers: list[Layer] = []
    for name, data in events:
        found: list[Any] = []
        if data != "[DONE]" and not _SPEECH.match(name):
            own = list(layers_of_text(data, found))
            layers = [*own, *([Layer((name.lower(),))] if name else []), *layers][:MAX_LAYERS]
        value = found[0] if found else json_of(data)
        parsed.append((name, data if value is None else value))
        values.extend(found)
    yield from layers[: MAX_LAYERS - 1]
    yield Layer((f"shape:{shape_of_events(parsed)}",))
