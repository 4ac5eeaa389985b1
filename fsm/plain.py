"""The values of the machines as plain data (dict, list, text, number, true, false, None) and back.

What is stored, sent or written by hand is read strictly (`strict`) and whole: an unknown key, a missing key or a wrong
type is a mistake, and all mistakes are told at once, each with the dotted path of its key. Every float must be finite,
for JSON has no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final, TypeVar, get_args

import attrs
from cattrs import Converter

from .mistakes import WrongError, each
from .strict import (
    EVENTS,
    Event,
    ModelReference,
    fields,
    finite,
    has_origin,
    inner_of,
    is_optional,
    teach_reading,
)

__all__ = ["Event", "ModelReference", "from_plain", "to_plain"]

T = TypeVar("T")
Write = Callable[[Any], Any]


def to_plain(value: object) -> Any:
    """A value of the machines as plain data, ready for JSON: tuples as lists, frozensets as sorted lists.

    Raises:
        BadDataError: it holds a float that is not finite, or a decision carries something that is no event.
    """
    try:
        return _CONVERTER.unstructure(value)
    except WrongError as wrong:
        raise wrong.told(_name_of(type(value))) from None


def from_plain(cls: type[T], data: object, *, at: str = "") -> T:
    """The value that plain data describes.

    Args:
        cls: the value's class; any attrs class of such fields will do.
        data: what `to_plain` has made, or what somebody wrote by hand.
        at: the dotted path at which the data stands, put before the path of each problem.

    Raises:
        BadDataError: it describes no such value; ``problems`` lists every mistake.
    """
    try:
        return _CONVERTER.structure(data, cls)
    except WrongError as wrong:
        raise wrong.told(_name_of(cls), at) from None


def _name_of(cls: object) -> str:
    return getattr(cls, "__name__", "value").lower()


def _write_event(converter: Converter, event: Any) -> Any:
    if event is None:
        return None
    name = type(event).__name__
    if EVENTS.get(name) is not type(event):
        raise WrongError(("", f"is a {name}, must be one of {', '.join(EVENTS)}"))
    return {"type": name, **converter.unstructure(event)}


def _write_optional(kind: Any, converter: Converter) -> Write:
    write_inner = converter.get_unstructure_hook(inner_of(kind))
    return lambda value: None if value is None else write_inner(value)


def _write_list(order: Callable[[Any], Any], kind: Any, converter: Converter) -> Write:
    write_item = converter.get_unstructure_hook(get_args(kind)[0])
    return lambda value: each(write_item, enumerate(order(value)))


def _write_mapping(kind: Any, converter: Converter) -> Write:
    write_item = converter.get_unstructure_hook(get_args(kind)[1])

    def write(value: Any) -> Any:
        done = each(write_item, [(str(key), item) for key, item in value.items()])
        return dict(zip(value, done, strict=True))

    return write


def _write_class(cls: type[Any], converter: Converter) -> Write:
    known = [(f.key, f.attribute.name, converter.get_unstructure_hook(f.kind)) for f in fields(cls)]
    keys = [key for key, _, _ in known]

    def write(value: Any) -> Any:
        steps = [(key, (write_field, getattr(value, name))) for key, name, write_field in known]
        done = each(lambda step: step[0](step[1]), steps)
        return dict(zip(keys, done, strict=True))

    return write


def _teach_writing(converter: Converter) -> None:
    converter.register_unstructure_hook(float, finite)
    converter.register_unstructure_hook_func(lambda kind: kind is ModelReference, lambda text: text)
    converter.register_unstructure_hook_func(lambda kind: kind is Event, partial(_write_event, converter))
    converter.register_unstructure_hook_factory(has_origin(Mapping), _write_mapping)
    converter.register_unstructure_hook_factory(has_origin(tuple), partial(_write_list, list))
    converter.register_unstructure_hook_factory(has_origin(frozenset), partial(_write_list, sorted))
    converter.register_unstructure_hook_factory(is_optional, _write_optional)
    converter.register_unstructure_hook_factory(attrs.has, _write_class)


_CONVERTER: Final = Converter(detailed_validation=False)
teach_reading(_CONVERTER)
_teach_writing(_CONVERTER)
