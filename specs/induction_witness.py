"""What breaks a promise, in words: the subject before, the event, and the subject after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import frozen

from .language_z3 import Frame, Maybe, Names, Term, solver_library

UNKNOWN: Final = "z3 cannot tell"
"""Stands for a field in the counterexample of an obligation that z3 gave up, with its reason."""


@frozen
class Counterexample:
    """A subject and an event for which a row breaks a promise; only the fields that matter are given.

    Attributes:
        name: the event's name.
        before: the subject's fields.
        event: the event's fields.
        after: what the fields of the subject became.
    """

    name: str
    before: Mapping[str, str]
    event: Mapping[str, str]
    after: Mapping[str, str]

    @property
    def is_unknown(self) -> bool:
        """z3 gave up: nothing is proved, and nothing refuted."""
        return UNKNOWN in self.after

    def __str__(self) -> str:
        lines = (("before", self.before), (self.name, self.event), ("after", self.after))
        return "\n".join(f"  {title}: {_fields(fields)}" for title, fields in lines)


def _fields(fields: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in fields.items()) or "(anything)"


def witness(
    name: str,
    model: Any,
    names: Names,
    before: Frame,
    event: Frame,
    after: Callable[[tuple[str, ...]], Term],
) -> Counterexample:
    """Read a z3 model.

    Args:
        name: the event's name.
        model: what z3 found.
        names: the names of the proof.
        before: the subject.
        event: the event.
        after: the subject's fields afterwards.
    """
    words = _Words(model, names)
    return Counterexample(
        name,
        {field: words.say(term) for field, term in before.terms.items()},
        {field: words.say(term) for field, term in event.terms.items()},
        {field: words.say(after((field,))) for field in before.terms},
    )


class _Words:
    """Says values of one model; names that the program does not know are called A, B, C, …"""

    def __init__(self, model: Any, names: Names) -> None:
        self.model = model
        self.called: dict[str, str] = {}
        for text, constant in names.known.items():
            self.called[str(self._value(constant))] = "none" if text is None else repr(text)

    def say(self, term: Term) -> str:
        """One value."""
        z3 = solver_library()
        if isinstance(term, Maybe):
            return self.say(term.value) if z3.is_true(self._value(term.given)) else "none"
        if z3.is_array(term):
            everybody = self.model.get_universe(Names().sort) or []
            members = (one for one in everybody if z3.is_true(self._value(z3.Select(term, one))))
            return "{" + ", ".join(sorted(self._name(str(one)) for one in members)) + "}"
        value = self._value(term)
        if value.sort() == Names().sort:
            return self._name(str(value))
        return str(value.as_fraction()) if z3.is_rational_value(value) else str(value).lower()

    def _value(self, term: Term) -> Term:
        return self.model.eval(term, model_completion=True)

    def _name(self, value: str) -> str:
        if value not in self.called:
            used = sum(1 for name in self.called.values() if len(name) == 1)
            self.called[value] = chr(ord("A") + used)
        return self.called[value]
