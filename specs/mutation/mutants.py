"""Mutants: a shipped table with one small fault in it, of the kinds that people make when they edit a table.

A row is dropped, stands behind its neighbour, leads elsewhere, has a guard turned round, or forgets an assignment. The
guards and actions of a mutant are functions like any other, written anew from the source of the shipped ones, so that
what reads source (`language`, and by it the induction and the TLA+ text) reads mutants too.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable, Iterator
from typing import Any, Final, Literal, get_args

from attrs import evolve, frozen

from detent.fsm.engine import Table
from detent.fsm.rows import Row

Kind = Literal["drop", "reorder", "retarget", "negate", "forget", "unguard"]
"""What was done to a row: taken out, put behind the next row of its cell, sent to another state, one guard turned
round, one assignment left out, or what the row blocks done after all (`unguarded`)."""

KINDS: Final[tuple[Kind, ...]] = get_args(Kind)
"""Every kind, in the order of reports."""


@frozen
class Mutant:
    """A table with one fault.

    Attributes:
        table: the name of the table.
        kind: what was done.
        event: the event of the row.
        row: the name of the row in the shipped table.
        fault: what is different, in a few words; with `table` and `row` it names the mutant.
        rows: the rows with the fault.
    """

    table: str
    kind: Kind
    event: str
    row: str
    fault: str
    rows: tuple[Row, ...]

    @property
    def name(self) -> str:
        """The mutant's name, which lasts as long as its row keeps its guards and its target."""
        return f"{self.table} / {self.row} / {self.fault}"

    def __str__(self) -> str:
        return self.name


def mutants(table: Table[Any]) -> tuple[Mutant, ...]:
    """Every mutant of a table, in the order of its rows."""
    return tuple(mutant for place in range(len(table.rows)) for mutant in _of_row(table, place))


def _of_row(table: Table[Any], place: int) -> Iterator[Mutant]:
    rows, row = table.rows, table.rows[place]

    def mutant(kind: Kind, fault: str, *new: Row) -> Mutant:
        return Mutant(table.name, kind, row.event, row.name, fault, (*rows[:place], *new, *rows[place + 1 :]))

    yield mutant("drop", "dropped")
    after = next((n for n in range(place + 1, len(rows)) if _share_a_cell(row, rows[n])), None)
    if after is not None:
        swapped = (*rows[:place], *rows[place + 1 : after + 1], row, *rows[after + 1 :])
        yield Mutant(table.name, "reorder", row.event, row.name, f"behind '{rows[after].name}'", swapped)
    for state in table.states:
        if state != row.to and (row.to is not None or row.source != (state,)):
            yield mutant("retarget", f"to {state}", evolve(row, to=state))
    for number, guard in enumerate(row.when):
        guards = (*row.when[:number], negated(guard), *row.when[number + 1 :])
        yield mutant("negate", f"not {guard.__name__}", evolve(row, when=guards))
    for number, action in enumerate(row.do):
        for name in assigned(action):
            actions = (*row.do[:number], forgetting(action, name), *row.do[number + 1 :])
            yield mutant("forget", f"{action.__name__} without {name}", evolve(row, do=actions))


def _share_a_cell(one: Row, other: Row) -> bool:
    return one.event == other.event and bool(set(one.source) & set(other.source))


def negated(guard: Callable[..., bool]) -> Callable[..., bool]:
    """The guard that holds exactly where this one does not."""
    tree = _definition(guard)
    last = _return_of(tree)
    assert last.value is not None  # a guard returns a truth value
    last.value = ast.UnaryOp(ast.Not(), last.value)
    return _written(guard, tree, f"not_{guard.__name__}")


def assigned(action: Callable[..., Any]) -> tuple[str, ...]:
    """The fields that an action assigns."""
    return tuple(str(key.value) for key in _fields_of(_definition(action)).keys if isinstance(key, ast.Constant))


def forgetting(action: Callable[..., Any], name: str) -> Callable[..., Any]:
    """The action without one of its assignments."""
    tree = _definition(action)
    fields = _fields_of(tree)
    pairs = zip(fields.keys, fields.values, strict=True)
    kept = [(key, value) for key, value in pairs if not (isinstance(key, ast.Constant) and key.value == name)]
    fields.keys, fields.values = [key for key, _ in kept], [value for _, value in kept]
    return _written(action, tree, f"{action.__name__}_without_{name}")


def _definition(function: Callable[..., Any]) -> ast.FunctionDef:
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    assert isinstance(tree, ast.FunctionDef)  # a table's guards and actions are named functions: its lint says so
    return tree


def _return_of(tree: ast.FunctionDef) -> ast.Return:
    last = tree.body[-1]
    assert isinstance(last, ast.Return)  # functions of the translatable language end in their one return
    return last


def _fields_of(tree: ast.FunctionDef) -> ast.Dict:
    fields = _return_of(tree).value
    assert isinstance(fields, ast.Dict)  # actions of the language return a dict literal
    return fields


def _written(function: Callable[..., Any], tree: ast.FunctionDef, name: str) -> Callable[..., Any]:
    """A function of this text, in the module of another, whose source can be read like that of any other."""
    tree.name = name
    text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    file = f"<mutant {function.__module__}.{name}>"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    known = dict(getattr(function, "__globals__", {}))
    exec(compile(f"from __future__ import annotations\n{text}", file, "exec"), known)  # noqa: S102 - our own text
    written: Callable[..., Any] = known[name]
    return written
