"""How plain data is read: strictly, and to the end, so that every mistake is found and not only the first.

cattrs finds the right rule for a type; the rules themselves stand here, because a value that a validator or a
converter refuses must be reported together with the others. ``true`` is no number, ``"5"`` is no number, a whole
number is a fine float.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from math import isfinite
from types import UnionType
from typing import Any, Final, Literal, NewType, Union, get_args, get_origin

import attrs
from attrs import frozen
from cattrs import Converter

from . import cooldown, session
from . import turn_events as turn
from .chain import Chain, checked_reference
from .decision import Decision
from .errors import BadReferenceError, DetentError
from .mistakes import WrongError, dotted, each, shown, suggestion

ModelReference = NewType("ModelReference", str)
"""Text that is read only if it is a model reference ``provider/model``."""

Event = NewType("Event", object)
"""An event of one of the three machines, or None: ``{"type": class name, ...}`` as plain data."""

# fmt: off
EVENTS: Final[Mapping[str, type]] = {
    event.__name__: event
    for event in (
        session.Desired, session.Pin, session.TurnStarted, session.TurnEvent, session.Answered, session.TurnEnded,
        session.Restored, turn.Started, turn.AttemptFailed, turn.Waited, turn.Called, turn.OfAttempt, turn.Cut,
        turn.Slow, turn.SpokeFirst,
        cooldown.Failed, cooldown.Succeeded, cooldown.Claimed, cooldown.Released, cooldown.Extended,
        cooldown.Lifted, cooldown.Renewed, cooldown.Tapped,
    )
}
# fmt: on
"""The events that a `Decision` may carry, by the name of their class."""

_READ_AS: Final[Mapping[tuple[type, str], Any]] = {
    (Chain, "primary"): ModelReference,
    (Chain, "fallbacks"): tuple[ModelReference, ...],
    (Decision, "data"): Event,
}
_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    ModelReference: 'a model reference "provider/model", e.g. "openai/gpt-5"',
    Event: "an event, or null",
}

Read = Callable[[Any, Any], Any]
"""A rule of cattrs: data and type in, value out."""


@frozen
class Field:
    """One field of a class as plain data knows it: fields that no argument sets are left out.

    Attributes:
        key: its key, which is the name of the argument.
        attribute: the attribute.
        kind: the type it is read and written as.
    """

    key: str
    attribute: attrs.Attribute[Any]
    kind: Any

    def read(self, rule: Read, data: Any) -> Any:
        """The value, past the attribute's own validator.

        Raises:
            WrongError: it is refused.
        """
        value = rule(data, self.kind)
        if self.attribute.validator is not None:
            try:
                self.attribute.validator(None, self.attribute, value)
            except (ValueError, TypeError) as error:
                # Validators name the field and the value, which stand in our sentence already.
                says = str(error).rpartition("must be ")[2].removesuffix(f": {value}")
                raise WrongError(("", f"is {shown(value)}, must be {says}")) from None
        return value


def fields(cls: type[Any]) -> list[Field]:
    """The fields of a class, in their order."""
    attrs.resolve_types(cls)
    return [Field(a.alias or a.name, a, _READ_AS.get((cls, a.name), a.type)) for a in attrs.fields(cls) if a.init]


def is_optional(kind: Any) -> bool:
    """The type is ``X | None``."""
    args = get_args(kind)
    return get_origin(kind) in (Union, UnionType) and len(args) == 2 and type(None) in args


def inner_of(kind: Any) -> Any:
    """The ``X`` of ``X | None``."""
    return next(arg for arg in get_args(kind) if arg is not type(None))


def has_origin(origin: Any) -> Callable[[Any], bool]:
    """A predicate: the type is a generic of that origin."""
    return lambda kind: get_origin(kind) is origin


def finite(value: Any) -> Any:
    """The number, if it is a finite one; JSON knows no other.

    Raises:
        WrongError: it is infinite, no number, or too large.
    """
    try:
        good = isfinite(value)
    except OverflowError:
        good = False
    if not good:
        raise WrongError(("", f"is {shown(value)}, must be a finite number"))
    return value


def teach_reading(converter: Converter) -> None:
    """Teach a converter to read; the later a rule stands, the sooner it is asked."""
    for kind in (str, int, bool):
        converter.register_structure_hook(kind, _exactly(kind))
    converter.register_structure_hook(float, _read_float)
    converter.register_structure_hook_func(lambda kind: kind is ModelReference, _read_reference)
    converter.register_structure_hook_func(lambda kind: kind is Event, partial(_read_event, converter))
    converter.register_structure_hook_factory(has_origin(Literal), _read_literal)
    converter.register_structure_hook_factory(has_origin(Mapping), _read_mapping)
    converter.register_structure_hook_factory(has_origin(tuple), partial(_read_list, tuple))
    converter.register_structure_hook_factory(has_origin(frozenset), partial(_read_list, frozenset))
    converter.register_structure_hook_factory(is_optional, _read_optional)
    converter.register_structure_hook_factory(attrs.has, _read_class)


def _wanted(kind: Any) -> str:
    """What a value of this type is called in a message."""
    if kind in _WORDS:
        return _WORDS[kind]
    origin, args = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ("one of " if len(args) > 1 else "") + ", ".join(shown(word) for word in args)
    if is_optional(kind):
        return _wanted(inner_of(kind))
    if origin in (tuple, frozenset):
        return "a list"
    return "a table" if origin is Mapping or attrs.has(kind) else "a value"


def _not(kind: Any, data: object, more: str = "") -> WrongError:
    return WrongError(("", f"is {shown(data)}, must be {_wanted(kind)}{more}"))


def _exactly(kind: type) -> Read:
    def read(data: Any, _: Any) -> Any:
        if type(data) is not kind:
            raise _not(kind, data)
        return data

    return read


def _read_float(data: Any, _: Any) -> Any:
    if type(data) not in (int, float):
        raise _not(float, data)
    return finite(data)


def _read_reference(data: Any, _: Any) -> Any:
    try:
        return checked_reference(data)
    except BadReferenceError:
        raise _not(ModelReference, data) from None


def _read_literal(kind: Any, _: Converter) -> Read:
    words = get_args(kind)

    def read(data: Any, _: Any) -> Any:
        if not isinstance(data, str) or data not in words:
            raise _not(kind, data, suggestion(data, words))
        return data

    return read


def _read_optional(kind: Any, converter: Converter) -> Read:
    inner = inner_of(kind)
    read_inner = converter.get_structure_hook(inner)
    return lambda data, _: None if data is None else read_inner(data, inner)


def _read_list(make: Callable[[list[Any]], Any], kind: Any, converter: Converter) -> Read:
    item = get_args(kind)[0]
    read_item = converter.get_structure_hook(item)

    def read(data: Any, _: Any) -> Any:
        if not isinstance(data, (list, tuple)):
            raise _not(kind, data)
        return make(each(lambda value: read_item(value, item), enumerate(data)))

    return read


def _read_mapping(kind: Any, converter: Converter) -> Read:
    key_kind, item = get_args(kind)
    read_key, read_item = converter.get_structure_hook(key_kind), converter.get_structure_hook(item)

    def read(data: Any, _: Any) -> Any:
        if not isinstance(data, Mapping):
            raise _not(kind, data)
        pairs = [(str(key), (key, value)) for key, value in data.items()]
        return dict(each(lambda pair: (read_key(pair[0], key_kind), read_item(pair[1], item)), pairs))

    return read


def _read_event(converter: Converter, data: Any, _: Any) -> Any:
    if data is None:
        return None
    if not isinstance(data, Mapping):
        raise _not(Event, data)
    name = data.get("type")
    if not isinstance(name, str) or name not in EVENTS:
        raise WrongError(("type", f"is {shown(name)}, must be one of {', '.join(EVENTS)}"))
    return converter.structure({key: data[key] for key in data if key != "type"}, EVENTS[name])


def _read_class(cls: type[Any], converter: Converter) -> Read:
    known = {field.key: (field, converter.get_structure_hook(field.kind)) for field in fields(cls)}
    required = [key for key, (field, _) in known.items() if field.attribute.default is attrs.NOTHING]
    keys = ", ".join(known)

    def read(data: Any, _: Any) -> Any:
        if not isinstance(data, Mapping):
            raise _not(cls, data)
        wrong = [
            (dotted("", str(key)), f"is unknown (known are {keys}){suggestion(key, known)}")
            for key in data
            if key not in known
        ]
        wrong += [(key, f"is missing, must be {_wanted(known[key][0].kind)}") for key in required if key not in data]
        values: dict[str, Any] = {}
        for key, (field, rule) in known.items():
            if key in data:
                try:
                    values[key] = field.read(rule, data[key])
                except WrongError as error:
                    wrong += error.under(key)
        if wrong:
            raise WrongError(*wrong)
        try:
            return cls(**values)
        except (DetentError, ValueError, TypeError) as error:
            raise WrongError(("", str(error))) from None

    return read
