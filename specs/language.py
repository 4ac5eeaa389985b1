"""The translatable language: what a guard, an action or a promise may say, read from its source.

A function of the language has a docstring, then any number of plain assignments to local names, then one ``return``: of
a truth value (a guard, a promise) or of a dict literal (an action). It may look at fields, constants of its module and
other functions of the language; compare, reckon, choose, and go through a tuple. What is read is a tree
(`language_tree`), from which come the obligations of `induction` and the text of ``tla/Session.tla``, so that neither
is a copy made by hand. What cannot be read is a fault of the table (`lint`), named with the line that is to blame.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

from detent.fsm.engine import Table

from .language_tree import (
    Arithmetic,
    Choice,
    Compare,
    Comparison,
    Const,
    Default,
    Every,
    Expr,
    Extreme,
    Item,
    Join,
    Logic,
    Not,
    Read,
    Rounded,
    Size,
    Spread,
    Where,
)

ROLES: Final = ("before", "event", "after")
"""What the parameters of a function stand for, in their order: the subject, the event, the subject afterwards."""

_COMPARISONS: Final[dict[type[ast.cmpop], Comparison]] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "==",
    ast.IsNot: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_ARITHMETIC: Final[dict[type[ast.operator], Any]] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Pow: "**"}


class UntranslatableError(Exception):
    """A function says something that the language has no words for; the message names the function and the code."""


@cache
def read_predicate(function: Callable[..., bool]) -> Expr:
    """The one expression that a guard or a promise returns.

    Raises:
        UntranslatableError: it is not in the language.
    """
    value, env, reader = _open(function)
    return reader.expr(value, env)


@cache
def read_action(function: Callable[..., Mapping[str, Any]]) -> Mapping[str, Expr]:
    """What an action assigns: each field with its expression.

    Raises:
        UntranslatableError: it is not in the language.
    """
    value, env, reader = _open(function)
    if not isinstance(value, ast.Dict):
        raise reader.fault(value, "an action returns one dict literal")
    assigned: dict[str, Expr] = {}
    for key, right in zip(value.keys, value.values, strict=True):
        if not isinstance(key, ast.Constant) or not isinstance(key.value, str):
            raise reader.fault(value, "an action's fields are literal names")
        assigned[key.value] = reader.expr(right, env)
    return assigned


def lint(table: Table[Any]) -> tuple[str, ...]:
    """Every guard and action of a table that is outside the language, a sentence each; empty for a good table."""
    problems: dict[str, None] = {}
    for row in table.rows:
        for guard in row.when:
            _try(read_predicate, guard, f"guard of '{row.event}'", problems)
        for action in row.do:
            _try(read_action, action, f"action of '{row.event}'", problems)
    return tuple(problems)


def _try(read: Callable[[Any], object], function: Any, what: str, problems: dict[str, None]) -> None:
    try:
        read(function)
    except UntranslatableError as error:
        problems[f"{what}: {error}"] = None


_Env = Mapping[str, Expr]


def _open(function: Callable[..., Any]) -> tuple[ast.expr, dict[str, Expr], _Reader]:
    reader = _Reader(function)
    tree = reader.definition()
    names = [argument.arg for argument in tree.args.args]
    if len(names) > len(ROLES):
        raise reader.fault(tree, "it takes a subject, an event and the subject afterwards at most")
    env: dict[str, Expr] = {name: Read(role) for name, role in zip(names, ROLES, strict=False)}
    return reader.result(tree, env), env, reader


class _Reader:
    """Reads one function, with the constants and functions that its module knows."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.known: Mapping[str, Any] = getattr(function, "__globals__", {})

    def fault(self, node: ast.AST, why: str) -> UntranslatableError:
        """What to raise at a node."""
        name = getattr(self.function, "__name__", repr(self.function))
        code = "" if isinstance(node, ast.FunctionDef) else f" at `{ast.unparse(node)}`"
        return UntranslatableError(f"'{name}'{code}: {why}")

    def definition(self) -> ast.FunctionDef:
        """The function's own source."""
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(self.function)))
        except (OSError, TypeError, SyntaxError) as error:
            raise UntranslatableError(f"'{self.function!r}' has no source to read: {error}") from None
        if not isinstance(tree.body[0], ast.FunctionDef):
            raise UntranslatableError(f"'{self.function!r}' is no plain function")
        return tree.body[0]

    def result(self, tree: ast.FunctionDef, env: dict[str, Expr]) -> ast.expr:
        """What is returned; local names go into `env`, and assertions, which only speak to readers, are passed over."""
        *body, last = tree.body
        for statement in body:
            match statement:
                case ast.Expr(value=ast.Constant(value=str())) | ast.Assert():
                    continue
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    env[name] = self.expr(value, env)
                case _:
                    raise self.fault(statement, "only assignments to local names may stand before the return")
        if not isinstance(last, ast.Return) or last.value is None:
            raise self.fault(last, "it must end in one return")
        return last.value

    def expr(self, node: ast.expr, env: _Env) -> Expr:
        """One expression."""
        match node:
            case ast.Constant(value=value):
                return Const(value)
            case ast.Name(id=name):
                return env[name] if name in env else self._constant(node, name)
            case ast.Attribute(value=inner, attr=attr):
                return self._field(node, self.expr(inner, env), attr)
            case ast.Subscript(value=inner, slice=ast.Constant(value=int(index))):
                return Item(self.expr(inner, env), index)
            case ast.UnaryOp(op=ast.Not(), operand=inner):
                return Not(self.expr(inner, env))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int(number) | float(number))):
                return Const(-number)
        return self._combined(node, env)

    def _combined(self, node: ast.expr, env: _Env) -> Expr:
        match node:
            case ast.BoolOp():
                return self._logic(node, env)
            case ast.Compare(left=left, ops=ops, comparators=rights):
                return self._comparison(left, ops, rights, env)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return Arithmetic(_ARITHMETIC[type(op)], self.expr(left, env), self.expr(right, env))
            case ast.IfExp(test=test, body=then, orelse=otherwise):
                return Choice(self.expr(test, env), self.expr(then, env), self.expr(otherwise, env))
            case ast.Tuple(elts=elements):
                return self._sequence(elements, env)
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name not in env:
                return self._call(node, name, arguments, env)
        raise self.fault(node, f"the language has no {type(node).__name__}")

    def _constant(self, node: ast.expr, name: str) -> Expr:
        value = self.known.get(name, _Reader)
        for part in value if isinstance(value, tuple) else (value,):
            if not (part is None or isinstance(part, (str, int, float))):
                raise self.fault(node, f"{name} is no parameter, no local name and no constant of the module")
        return Const(value)

    def _field(self, node: ast.expr, owner: Expr, attr: str) -> Expr:
        if isinstance(owner, Read):
            return Read(owner.who, (*owner.path, attr))
        if isinstance(owner, Item):
            return Item(owner.source, owner.index, (*owner.path, attr))
        raise self.fault(node, "only the subject, the event and elements have fields")

    def _logic(self, node: ast.BoolOp, env: _Env) -> Expr:
        parts = tuple(self.expr(part, env) for part in node.values)
        if isinstance(node.op, ast.And):
            return Logic("and", parts)
        last = parts[-1]
        if len(parts) == 2 and isinstance(last, Const) and not isinstance(last.value, bool):
            return Default(parts[0], last)
        return Logic("or", parts)

    def _comparison(self, left: ast.expr, ops: list[ast.cmpop], rights: list[ast.expr], env: _Env) -> Expr:
        found: list[Expr] = []
        for op, right in zip(ops, rights, strict=True):
            found.append(Compare(_COMPARISONS[type(op)], self.expr(left, env), self.expr(right, env)))
            left = right
        return found[0] if len(found) == 1 else Logic("and", tuple(found))

    def _sequence(self, elements: list[ast.expr], env: _Env) -> Expr:
        parts = tuple(
            Spread(self.expr(e.value, env)) if isinstance(e, ast.Starred) else self.expr(e, env) for e in elements
        )
        if all(isinstance(part, Const) for part in parts):
            return Const(tuple(part.value for part in parts if isinstance(part, Const)))
        return Join(parts)

    def _call(self, node: ast.Call, name: str, arguments: list[ast.expr], env: _Env) -> Expr:
        match name, arguments:
            case (("min" | "max"), [_, _, *_]):
                return Extreme("min" if name == "min" else "max", tuple(self.expr(a, env) for a in arguments))
            case "round", [number, ast.Constant(value=int(digits))]:
                return Rounded(self.expr(number, env), digits)
            case "len", [sequence]:
                return Size(self.expr(sequence, env))
            case "all", [ast.GeneratorExp(elt=test, generators=[loop])] if not loop.ifs:
                return Every(*self._loop(node, loop, test, env))
            case "tuple", [ast.GeneratorExp(elt=ast.Name(id=kept), generators=[loop])] if len(loop.ifs) == 1:
                kept_if = Where(*self._loop(node, loop, loop.ifs[0], env))
                if kept == kept_if.name:
                    return kept_if
        function = self.known.get(name)
        if not inspect.isfunction(function) or function is self.function:
            raise self.fault(node, f"the language does not call {name}")
        return self._inlined(node, function, [self.expr(argument, env) for argument in arguments])

    def _loop(self, node: ast.Call, loop: ast.comprehension, test: ast.expr, env: _Env) -> tuple[str, Expr, Expr]:
        if not isinstance(loop.target, ast.Name):
            raise self.fault(node, "a loop has one name")
        name = loop.target.id
        return name, self.expr(loop.iter, env), self.expr(test, {**env, name: Read(name)})

    def _inlined(self, node: ast.Call, function: Callable[..., Any], arguments: list[Expr]) -> Expr:
        reader = _Reader(function)
        tree = reader.definition()
        names = [argument.arg for argument in tree.args.args]
        if len(names) != len(arguments):
            raise self.fault(node, f"{function.__name__} takes {len(names)} arguments")
        env: dict[str, Expr] = dict(zip(names, arguments, strict=True))
        return reader.expr(reader.result(tree, env), env)
