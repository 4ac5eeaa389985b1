"""The gateway described in OpenAPI's terms, for whoever generates clients or tests from it: ``GET /openapi.json``.

Bodies are described as far as the gateway itself reads them; the rest is the vendors' own, and passes through.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from aiohttp import web

from detent.adapters.wire import Form

PATH: Final = "/openapi.json"

_TURNS: Final[Mapping[str, tuple[Form, str]]] = {
    "/v1/chat/completions": ("openai", "messages"),
    "/v1/responses": ("responses", "input"),
    "/v1/messages": ("anthropic", "messages"),
}
_ERRORS: Final[Mapping[str, str]] = {
    "4XX": "The request's own mistake, or a refusal, as the provider said it where it speaks this form.",
    "429": "Every candidate is rate limited.",
    "502": "The last failure could not be understood, or an answer broke off.",
    "503": "No candidate can answer now, or too many turns are in flight.",
    "504": "The turn's time was up.",
}
_TEXT: Final = {"type": "string"}
_COUNT: Final = {"type": "integer", "minimum": 0}


def description(served: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """The document, with what of it is served.

    Args:
        served: method and path of each route.
    """
    paths: dict[str, dict[str, Any]] = {}
    everything = {**_turns(), **_looks()}
    for method, path in served:
        if (method, path) in everything:
            paths.setdefault(path, {})[method.lower()] = everything[method, path]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Detent gateway", "version": "1", "description": "Sessions that survive outages."},
        "paths": paths,
        "components": {"schemas": _SCHEMAS, "securitySchemes": _SECURITY},
    }


def routes_of(app: web.Application) -> list[tuple[str, str]]:
    """Method and path of each route of an application, ``HEAD`` left out."""
    named = [(route.method, route.resource) for route in app.router.routes() if route.resource is not None]
    return [(method, resource.canonical) for method, resource in named if method != "HEAD"]


def _turns() -> dict[tuple[str, str], dict[str, Any]]:
    """The endpoints that run turns."""
    found = {}
    for path, (form, conversation) in _TURNS.items():
        body = {
            "type": "object",
            "properties": {
                "model": {"type": ["string", "null"], "description": "A chain, an alias, or provider/model."},
                "stream": {"type": ["boolean", "null"]},
                conversation: {"description": "The conversation, as the vendor has it."},
            },
        }
        answers = {"application/json": {"schema": {"type": "object"}}, "text/event-stream": {"schema": _TEXT}}
        told = {f"X-Detent-{name}": {"schema": _TEXT} for name in ("Model", "State", "Attempts", "Turn")}
        failing = {"headers": {"Retry-After": {"schema": _COUNT}}, "content": _json(_error_of(form))}
        found["POST", path] = {
            "operationId": f"turn_{form}",
            "summary": "Run one turn of a session.",
            "parameters": [_header("X-Detent-Session"), _header("X-Detent-Pin")],
            "requestBody": {"required": True, "content": _json(body)},
            "security": [{}, {"bearer": []}, {"key": []}],
            "responses": {
                "200": {"description": "The answer of the model that gave it.", "headers": told, "content": answers},
                **{status: {"description": says, **failing} for status, says in _ERRORS.items()},
            },
        }
    return found


def _looks() -> dict[tuple[str, str], dict[str, Any]]:
    """The endpoints that change nothing."""
    health = {
        "summary": "Whether the process serves.",
        "responses": {"200": {"description": "It does.", "content": _json({"type": "object", "required": ["status"]})}},
    }
    models = {
        "summary": "Every name that a request may ask for.",
        "security": [{}, {"bearer": []}, {"key": []}],
        "responses": {
            "200": {"description": "The names.", "content": _json({"$ref": "#/components/schemas/Models"})},
            "4XX": {"description": _ERRORS["4XX"], "content": _json(_error_of("openai"))},
        },
    }
    own = {
        "summary": "This description.",
        "responses": {"200": {"description": "It.", "content": _json({"type": "object", "required": ["openapi"]})}},
    }
    return {("GET", "/healthz"): health, ("GET", "/v1/models"): models, ("GET", PATH): own}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"application/json": {"schema": schema}}


def _header(name: str) -> dict[str, Any]:
    return {"name": name, "in": "header", "required": False, "schema": _TEXT}


def _error_of(form: Form) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{'AnthropicError' if form == 'anthropic' else 'OpenAIError'}"}


_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
}
_SCHEMAS: Final = {
    "OpenAIError": {
        "type": "object",
        "required": ["error"],
        "properties": {
            "error": {
                "type": "object",
                "required": ["message", "type"],
                "properties": {"message": _TEXT, "type": {"type": ["string", "null"]}},
            }
        },
    },
    "AnthropicError": {
        "type": "object",
        "required": ["type", "error"],
        "properties": {
            "type": {"const": "error"},
            "error": {"type": "object", "required": ["type", "message"], "properties": {"message": _TEXT}},
        },
    },
    "Models": {
        "type": "object",
        "required": ["object", "data"],
        "properties": {
            "object": {"const": "list"},
            "data": {
                "type": "array",
                "items": {"type": "object", "required": ["id"], "properties": {"id": _TEXT, "object": _TEXT}},
            },
        },
    },
}
