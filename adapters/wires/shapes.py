"""Looking into a request of unknown shape: what is expected there, or an error that says where and what instead."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from detent.fsm.mistakes import shown

from .conversation import Image, invalid, unsupported


def as_text(value: object, path: str) -> str:
    """Text."""
    if not isinstance(value, str):
        raise invalid(path, f"is {shown(value)}, must be text")
    return value


def as_text_or_none(value: object, path: str) -> str | None:
    """Text, or nothing."""
    return None if value is None else as_text(value, path)


def as_flag(value: object, path: str) -> bool | None:
    """True or false, or nothing."""
    if value is not None and not isinstance(value, bool):
        raise invalid(path, f"is {shown(value)}, must be true or false")
    return value


def as_table(value: object, path: str) -> Mapping[str, Any]:
    """An object."""
    if not isinstance(value, Mapping):
        raise invalid(path, f"is {shown(value)}, must be an object")
    return value


def as_tables(value: object, path: str) -> Iterable[tuple[str, Mapping[str, Any]]]:
    """The objects of a list, each with its path."""
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise invalid(path, f"is {shown(value)}, must be a list")
    for place, item in enumerate(value):
        yield f"{path}[{place}]", as_table(item, f"{path}[{place}]")


def as_texts(value: object, path: str) -> tuple[str, ...]:
    """One text, or a list of them."""
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, Sequence):
        raise invalid(path, f"is {shown(value)}, must be text or a list of text")
    return tuple(as_text(item, f"{path}[{place}]") for place, item in enumerate(value))


def as_number(value: object, path: str) -> float | None:
    """A number, or nothing."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, (int, float))):
        raise invalid(path, f"is {shown(value)}, must be a number")
    return value


def as_count(value: object, path: str) -> int | None:
    """A whole number, or nothing."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
        raise invalid(path, f"is {shown(value)}, must be a whole number")
    return value


def object_of(arguments: str, path: str) -> dict[str, Any]:
    """The JSON object that the arguments of a tool call are; an empty text is an empty object, as models write it.

    Raises:
        ProviderError: they are none (``unsupported``): models err, and OpenAI's form takes what they wrote as it is.
    """
    try:
        found = json.loads(arguments) if arguments.strip() else {}
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise unsupported(f"{path} is no JSON object, which only OpenAI's formats take")
    return found


def image_at(url: str, path: str, detail: str = "") -> Image:
    """A picture by its address; what a ``data:`` address holds is taken out of it."""
    if not url.startswith("data:"):
        return Image(url=url, detail=detail)
    head, comma, data = url.removeprefix("data:").partition(",")
    media_type, *params = head.split(";")
    if not comma or "base64" not in params:
        raise invalid(path, "is a data: address without base64; write data:image/png;base64,...")
    return Image(media_type=media_type, data=data, detail=detail)
