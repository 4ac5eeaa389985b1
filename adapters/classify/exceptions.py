"""Evidence from an exception of any client library, by the shape of its attributes alone.

OpenAI, Anthropic, google-genai, httpx, aiohttp, botocore, LiteLLM, requests and the standard library are
understood; none is imported. An exception may be hostile: what raises when it is read counts as absent.
Only what the client has already read of a response is used, so no I/O happens here.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from attrs import frozen

from .evidence import BODY_LIMIT, Evidence
from .words import words

_LINKS: Final = 16
_MESSAGE: Final = 500
_DULL: Final = words(
    "object BaseException Exception ExceptionGroup BaseExceptionGroup Generic OSError ValueError RuntimeError"
)
_WIRE: Final = words(
    "OSError ConnectionError TimeoutError SSLError TransportError HTTPException APIConnectionError "
    "ClientConnectionError ClientPayloadError HTTPClientError RequestException"
)
_BODIES: Final = ("body", "details", "response_json", "json_body")
_READ: Final = ("_content", "_body")


@frozen
class _Seen:
    """What one exception of a chain shows."""

    line: str
    names: tuple[str, ...]
    status: int | None
    headers: dict[str, str]
    body: str | None

    @property
    def weight(self) -> int:
        """How much of a reply it carries."""
        return 2 * (self.body is not None) + (self.status is not None)


def evidence_from(exc: BaseException, provider: str | None = None) -> Evidence:
    """The evidence that an exception carries: status, headers, body and the chain of causes; never raises,
    does no I/O.

    The chain follows ``__cause__``, ``__context__`` and the members of exception groups. The innermost
    exception that carries a reply supplies status, headers and body; `Evidence.exception` names all of
    them, the innermost first.

    Args:
        exc: the exception, from any library.
        provider: who was called, where that is known.
    """
    try:
        seen = [_look(link) for link in _chain(exc)]
        carrier = max(reversed(seen), key=lambda one: one.weight)
        names = {name for one in seen for name in one.names}
        return Evidence(
            status=carrier.status,
            headers=carrier.headers,
            body=carrier.body,
            exception="\n".join(one.line for one in reversed(seen)),
            provider=provider,
            transport=_transport(carrier, names),
        )
    except Exception:
        return Evidence(exception=type(exc).__name__, provider=provider, transport="sdk")


def _chain(exc: BaseException) -> list[BaseException]:
    """The exception, its causes and the members of groups, the outermost first."""
    chain: list[BaseException] = []
    waiting: list[Any] = [exc]
    met: set[int] = set()
    while waiting and len(chain) < _LINKS:
        link = waiting.pop(0)
        if not isinstance(link, BaseException) or id(link) in met:
            continue
        met.add(id(link))
        chain.append(link)
        waiting.append(link.__cause__ or (None if link.__suppress_context__ else link.__context__))
        members = _get(link, "exceptions")
        waiting.extend(members[:_LINKS] if isinstance(members, tuple | list) else ())
        waiting.append(_get(link, "original_exception"))
        waiting.append(_get(link, "last_error"))
    return chain


def _look(exc: BaseException) -> _Seen:
    names = tuple(kind.__name__ for kind in type(exc).__mro__)
    kin = [name for name in names[1:] if name not in _DULL]
    title = f"{names[0]}({', '.join(kin[:6])})" if kin else names[0]
    response = _get(exc, "response")
    body = _body(exc, response, names)
    message = "" if body else " ".join(_text(exc)[:_MESSAGE].split())
    return _Seen(
        line=f"{title}: {message}" if message else title,
        names=names,
        status=_status(exc, response),
        headers=_headers(exc, response),
        body=body,
    )


def _transport(carrier: _Seen, names: set[str]) -> str:
    if carrier.status is not None and carrier.status >= 300:
        return "http"
    if carrier.body is not None:
        return "body200" if "JSONDecodeError" in carrier.names else "sse"
    return "socket" if names & _WIRE else "sdk"


def _get(owner: object, name: str) -> Any:
    """An attribute, None where it is missing or refuses to be read."""
    try:
        return getattr(owner, name, None)
    except Exception:
        return None


def _text(exc: BaseException) -> str:
    try:
        return str(exc)
    except Exception:
        return ""


def _status(exc: BaseException, response: Any) -> int | None:
    for owner, name in _places(exc, response):
        value = owner.get(name) if isinstance(owner, Mapping) else _get(owner, name)
        if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:
            return int(value)
    return None


def _places(exc: BaseException, response: Any) -> Iterator[tuple[Any, str]]:
    for name in ("status_code", "status", "http_status", "code"):
        yield exc, name
    if isinstance(response, Mapping):
        yield _child(response, "ResponseMetadata"), "HTTPStatusCode"
    for name in ("status_code", "status"):
        yield response, name


def _child(mapping: Any, key: str) -> Any:
    try:
        return mapping.get(key) if isinstance(mapping, Mapping) else None
    except Exception:
        return None


def _headers(exc: BaseException, response: Any) -> dict[str, str]:
    metadata = _child(response, "ResponseMetadata")
    for headers in (_get(response, "headers"), _get(exc, "headers"), _child(metadata, "HTTPHeaders")):
        try:
            if headers:
                return {str(name).lower(): str(value) for name, value in list(headers.items())[:100]}
        except Exception:  # noqa: S112
            continue
    return {}


def _body(exc: BaseException, response: Any, names: tuple[str, ...]) -> str | None:
    """The reply's text as far as the client has read it already."""
    for name in _READ:
        raw = _get(response, name)
        if isinstance(raw, bytes | bytearray | str) and raw:
            return _decoded(raw)
    if isinstance(response, Mapping):
        fault = _child(response, "Error")
        return _written(fault) if fault else None
    for name in _BODIES:
        body = _get(exc, name)
        if isinstance(body, str | bytes | bytearray) and body:
            return _decoded(body)
        if isinstance(body, dict | list) and body:
            return _written(body)
    return _decoded(_get(exc, "doc")) if "JSONDecodeError" in names and _get(exc, "doc") else None


def _decoded(raw: Any) -> str | None:
    if isinstance(raw, bytes | bytearray):
        return bytes(raw[:BODY_LIMIT]).decode("utf-8", "replace")
    return raw[:BODY_LIMIT] if isinstance(raw, str) else None


def _written(value: Any) -> str | None:
    """A parsed body as JSON again, no more than is read later."""
    pieces: list[str] = []
    length = 0
    try:
        for piece in json.JSONEncoder(ensure_ascii=False, default=lambda odd: type(odd).__name__).iterencode(value):
            pieces.append(piece[:BODY_LIMIT])
            length += len(piece)
            if length > BODY_LIMIT:
                break
    except Exception:
        return None
    return "".join(pieces)
