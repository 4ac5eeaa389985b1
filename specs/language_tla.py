"""The language as TLA+ text.

Tuples and sets of names are sets, None is the constant ``None`` of the module, a field of the subject is ``s.field``
and one of the event ``e.field``. The order of the rows of a cell becomes the order of one IF … ELSE IF chain, so that
their priority is in the text and not in the choice that a CASE leaves open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

from detent.fsm.engine import Table
from detent.fsm.rows import Guard, Row

from .language import UntranslatableError, read_action, read_predicate
from .language_tree import (
    Arithmetic,
    Choice,
    Compare,
    Const,
    Every,
    Expr,
    Join,
    Logic,
    Not,
    Read,
    Size,
    Spread,
    Where,
    reads,
)

WIDTH: Final = 100
"""Longer lines are broken."""

_ROLES: Final = {"before": "s", "event": "e"}
_COMPARISONS: Final = {
    "==": "=", "!=": "#", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "in": "\\in", "not in": "\\notin",
}  # fmt: skip


def expression(expr: Expr) -> str:
    """One expression as TLA+ text.

    Raises:
        UntranslatableError: it has no words in TLA+ here.
    """
    match expr:
        case Const(value=value):
            return _literal(value)
        case Read(who=who, path=path):
            return ".".join((_ROLES.get(who, who), *path))
        case Not(part=Read() as part):
            return f"~{expression(part)}"
        case Not(part=part):
            return f"~({expression(part)})"
        case Logic(op=op, parts=parts):
            return (" /\\ " if op == "and" else " \\/ ").join(_inside(part) for part in parts)
        case Compare(op=op, left=left, right=right):
            return f"{_inside(left)} {_COMPARISONS[op]} {_inside(right)}"
    return _combined(expr)


def _combined(expr: Expr) -> str:
    match expr:
        case Arithmetic(op=("+" | "-" | "*") as op, left=left, right=right):
            return f"{_inside(left)} {op} {_inside(right)}"
        case Choice(test=test, then=then, otherwise=otherwise):
            return f"IF {expression(test)} THEN {expression(then)} ELSE {expression(otherwise)}"
        case Join(parts=parts):
            return " \\cup ".join(
                _inside(p.part) if isinstance(p, Spread) else "{" + expression(p) + "}" for p in parts
            )
        case Where(name=name, source=source, test=test):
            return f"{{{name} \\in {_inside(source)} : {expression(test)}}}"
        case Size(part=part):
            return f"Cardinality({expression(part)})"
        case Every(name=name, source=source, test=test):
            return f"\\A {name} \\in {_inside(source)} : {expression(test)}"
    raise UntranslatableError(f"TLA+ is given no words for a {type(expr).__name__}")


def transitions(table: Table[Any], fields: tuple[str, ...]) -> str:
    """A table as TLA+ operators: one for each guard, and one for each event that gives the subject afterwards.

    Args:
        table: the table.
        fields: the fields that the spec models; assignments to others are left out.

    Raises:
        UntranslatableError: a guard, or an assignment that is kept, looks at a field that is not modelled.
    """
    guards = dict.fromkeys(guard for row in table.rows for guard in row.when)
    texts = [*(_guard(guard, fields) for guard in guards), *(_event(table, event, fields) for event in table.events)]
    return "\n\n".join(texts)


def operator(function: Callable[..., Any]) -> str:
    """The TLA+ name of a guard: ``is_idle`` is ``IsIdle``."""
    return _camel(function.__name__)


def _camel(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def _literal(value: object) -> str:
    match value:
        case None:
            return "None"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return str(value)
        case str():
            return f'"{value}"'
        case tuple():
            return "{" + ", ".join(_literal(one) for one in value) + "}"
    raise UntranslatableError(f"TLA+ is given no words for {value!r}")


def _inside(expr: Expr) -> str:
    plain = isinstance(expr, (Const, Read, Not, Where))
    return expression(expr) if plain or isinstance(expr, Compare) else f"({expression(expr)})"


def _guard(guard: Guard, fields: tuple[str, ...]) -> str:
    expr = read_predicate(guard)
    _must_be_modelled(f"guard '{guard.__name__}'", expr, fields)
    return f"\\* {_sentence(guard)}\n{operator(guard)}(s, e) == {expression(expr)}"


def _sentence(function: Callable[..., Any]) -> str:
    return (function.__doc__ or "").partition("\n")[0]


def _event(table: Table[Any], event: str, fields: tuple[str, ...]) -> str:
    rows, states = [row for row in table.rows if row.event == event], set(table.states)
    lines = [f"On{_camel(event)}(s, e) =="]
    word = "IF"
    for row in rows:
        lines.append(f"  \\* {row.why}")
        if set(row.source) == states and not row.when:
            head = "  " if word == "IF" else "  ELSE "
            return "\n".join([*lines, head + _becomes(row, fields, len(head))])
        lines += [f"  {word} {_condition(row, states)}", f"    THEN {_becomes(row, fields, 9)}"]
        word = "ELSE IF"
    return "\n".join([*lines, "  ELSE s"])


def _condition(row: Row, states: set[str]) -> str:
    source = f's.state = "{row.source[0]}"' if len(row.source) == 1 else f"s.state \\in {_literal(row.source)}"
    guards = tuple(f"{operator(guard)}(s, e)" for guard in row.when)
    return " /\\ ".join(guards if set(row.source) == states else (source, *guards))


def _becomes(row: Row, fields: tuple[str, ...], column: int) -> str:
    changes = [] if row.to is None else [f'!.state = "{row.to}"']
    changes += [f"!.{name} = {text}" for name, text in _assignments(row, fields)]
    if not changes:
        return "s"
    opening = "[s EXCEPT "
    lines = [opening + changes[0]]
    for change in changes[1:]:
        if column + len(lines[-1]) + len(change) + 3 <= WIDTH:
            lines[-1] += f", {change}"
        else:
            lines[-1] += ","
            lines.append(" " * (column + len(opening)) + change)
    return "\n".join(lines) + "]"


def _assignments(row: Row, fields: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for action in row.do:
        for name, expr in read_action(action).items():
            if name in fields:
                _must_be_modelled(f"action '{action.__name__}'", expr, fields)
                yield name, expression(expr)


def _must_be_modelled(what: str, expr: Expr, fields: tuple[str, ...]) -> None:
    for name in reads(expr, "before"):
        if name.partition(".")[0] not in fields:
            raise UntranslatableError(f"{what} looks at {name}, which the spec does not model; add it to its fields")
