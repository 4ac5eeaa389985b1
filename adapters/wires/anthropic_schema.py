"""JSON schemas as Anthropic takes them, where it promises that the model keeps to them.

Anthropic's documentation of structured outputs: objects must be closed, and a number of constraints are refused. A
schema that leaves objects open is closed, for what fits the closed one fits the open one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from .conversation import unsupported
from .shapes import as_table, as_tables

_REFUSED: Final = (
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "maxItems", "uniqueItems"),
    *("oneOf", "not", "if", "patternProperties", "prefixItems"),
)
_NAMED: Final = ("properties", "$defs", "definitions")
_LISTED: Final = ("anyOf", "allOf")


def closed(schema: Mapping[str, Any], path: str) -> dict[str, Any]:
    """The schema with every object in it closed.

    Args:
        schema: a JSON schema.
        path: where it stands, for messages.

    Raises:
        ProviderError: it constrains what Anthropic cannot (``unsupported``), or is none (``invalid_request``).
    """
    _check(schema, path)
    written = dict(schema)
    for name in _NAMED:
        if name in schema:
            inner = as_table(schema[name], f"{path}.{name}")
            written[name] = {key: _closed(value, f"{path}.{name}.{key}") for key, value in inner.items()}
    for name in _LISTED:
        if name in schema:
            written[name] = [closed(each, at) for at, each in as_tables(schema[name], f"{path}.{name}")]
    if "items" in schema:
        written["items"] = _closed(schema["items"], f"{path}.items")
    kinds = schema.get("type")
    if "object" in (kinds if isinstance(kinds, list) else [kinds]) or "properties" in schema:
        written["additionalProperties"] = False
    return written


def _check(schema: Mapping[str, Any], path: str) -> None:
    for name in _REFUSED:
        if name in schema:
            raise unsupported(f"{path}.{name} is a constraint that Anthropic does not take in schemas")
    if schema.get("minItems", 0) not in (0, 1):
        raise unsupported(f"{path}.minItems is above 1, which Anthropic does not take in schemas")
    if schema.get("additionalProperties", False) is not False:
        raise unsupported(f"{path}.additionalProperties leaves an object open, which Anthropic does not take")


def _closed(schema: object, path: str) -> dict[str, Any]:
    return closed(as_table(schema, path), path)
