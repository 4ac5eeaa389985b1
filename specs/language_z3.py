"""The language as z3 terms.

Names (models, turns, states, reasons) are values of one uninterpreted sort, of which nothing is known but which are
equal, so a proof holds for any number of them. A field that may be None holds the name ``none``, or, for a number,
a truth value beside it. Tuples and sets of names are sets: no guard asks for the order or the number of turns.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from attrs import define, field, frozen

from .language import UntranslatableError
from .language_kinds import has_field, kind_of
from .language_tree import (
    Arithmetic,
    Choice,
    Compare,
    Const,
    Default,
    Expr,
    Extreme,
    Join,
    Logic,
    Not,
    Read,
    Rounded,
    Spread,
    Where,
)

Term = Any
"""A z3 term, or a `Maybe`. The library has no types of its own."""


class ProofUnavailableError(Exception):
    """The library z3 is not installed; the message says how to get it."""


@cache
def solver_library() -> Any:
    """The module ``z3``.

    Raises:
        ProofUnavailableError: it is not installed.
    """
    try:
        return importlib.import_module("z3")
    except ImportError:
        raise ProofUnavailableError("the proofs need z3: pip install 'detent[proof]'") from None


@frozen
class Maybe:
    """A number that may be missing."""

    given: Term
    value: Term


@define
class Names:
    """The names of a proof: one constant for each text of the program, all of them different."""

    known: dict[str | None, Term] = field(factory=dict)

    def __getitem__(self, text: str | None) -> Term:
        if text not in self.known:
            self.known[text] = solver_library().Const("none" if text is None else f"'{text}'", self.sort)
        return self.known[text]

    @property
    def sort(self) -> Term:
        """The sort of names."""
        return solver_library().DeclareSort("Name")

    def distinct(self) -> Term:
        """No two texts are the same name."""
        return solver_library().Distinct(*self.known.values()) if len(self.known) > 1 else True


@define
class Frame:
    """The unknown subject or event of an obligation: each field that is looked at becomes a z3 constant.

    Attributes:
        title: the word that marks its constants.
        owners: the classes that it may be of; the first that has a field says what the field holds.
        terms: the constants made so far, by dotted name.
    """

    title: str
    owners: tuple[type, ...]
    terms: dict[str, Term] = field(factory=dict)

    def read(self, path: tuple[str, ...]) -> Term:
        """The constant of a field."""
        name = ".".join(path)
        if name not in self.terms:
            self.terms[name] = _constant(f"{self.title}.{name}", self.kind(path))
        return self.terms[name]

    def kind(self, path: tuple[str, ...]) -> str:
        """What the field holds."""
        for owner in self.owners:
            if has_field(owner, path[0]):
                return kind_of(owner, path)
        raise UntranslatableError(f"{self.title} has no field {'.'.join(path)} in {[o.__name__ for o in self.owners]}")

    def typed(self, names: Names) -> list[Term]:
        """What the types promise of the fields that were looked at: a name that must be there is there."""
        z3, promised = solver_library(), []
        for name, term in self.terms.items():
            match self.kind(tuple(name.split("."))):
                case "name":
                    promised.append(term != names[None])
                case "truth or none":
                    promised.append(z3.Or(*[term == names[text] for text in (None, "true", "false")]))
        return promised


def _constant(name: str, kind: str) -> Term:
    z3, sort = solver_library(), Names().sort
    match kind:
        case "name" | "name or none" | "truth or none":
            return z3.Const(name, sort)
        case "names":
            return z3.Const(name, z3.SetSort(sort))
        case "truth":
            return z3.Bool(name)
        case "whole":
            return z3.Int(name)
        case "real":
            return z3.Real(name)
    return Maybe(z3.Bool(f"{name} is given"), z3.Real(name))


@define
class Translator:
    """Writes expressions over given frames as z3 terms.

    Attributes:
        names: the names of the proof.
        look: who is read: each role with the function from a path to its term.
        facts: what is known of the functions that z3 has no theory for; to be assumed with the terms.
    """

    names: Names
    look: Mapping[str, Callable[[tuple[str, ...]], Term]]
    facts: list[Term] = field(factory=list)

    def term(self, expr: Expr) -> Term:
        """One expression.

        Raises:
            UntranslatableError: z3 is given no words for it.
        """
        z3 = solver_library()
        match expr:
            case Const(value=value):
                return self._literal(value)
            case Read(who=who, path=path):
                return self.look[who](path)
            case Not(part=part):
                return z3.Not(self.term(part))
            case Logic(op=op, parts=parts):
                return (z3.And if op == "and" else z3.Or)(*[self.term(part) for part in parts])
            case Compare():
                return self._comparison(expr)
            case Join(parts=parts):
                return self._joined(parts)
            case Where(name=name, source=source, test=test):
                element = z3.Const(name, self.names.sort)
                inner = Translator(self.names, {**self.look, name: lambda _path: element}, self.facts)
                return z3.Lambda([element], z3.And(z3.Select(self.term(source), element), inner.term(test)))
        return self._reckoned(expr)

    def _reckoned(self, expr: Expr) -> Term:
        z3 = solver_library()
        match expr:
            case Arithmetic(op=op, left=left, right=right):
                return self._arithmetic(op, self.number(left), self.number(right))
            case Extreme(op=op, parts=parts):
                first, *others = [self.number(part) for part in parts]
                for other in others:
                    first = z3.If(first <= other if op == "min" else first >= other, first, other)
                return first
            case Choice(test=test, then=then, otherwise=otherwise):
                return z3.If(self.term(test), self.number(then), self.number(otherwise))
            case Default(part=part, fallback=fallback):
                found, other = self.term(part), self.number(fallback)
                there = z3.And(found.given, found.value != 0) if isinstance(found, Maybe) else found != 0
                return z3.If(there, self.number(part), other)
            case Rounded(part=part, digits=digits):
                return self._rounded(self.number(part), digits)
        raise UntranslatableError(f"the proofs have no words for a {type(expr).__name__}")

    def number(self, expr: Expr) -> Term:
        """An expression whose value is used, so that it is not missing."""
        found = self.term(expr)
        return found.value if isinstance(found, Maybe) else found

    def _literal(self, value: object) -> Term:
        z3 = solver_library()
        match value:
            case None | str():
                return self.names[value]
            case bool():
                return z3.BoolVal(value)
            case int():
                return z3.IntVal(value)
            case float():
                return z3.RealVal(repr(value))
            case ():
                return z3.EmptySet(self.names.sort)
        raise UntranslatableError(f"the proofs have no words for {value!r}")

    def _comparison(self, expr: Compare) -> Term:
        z3 = solver_library()
        if expr.op in ("in", "not in"):
            if isinstance(expr.right, Const) and isinstance(expr.right.value, tuple):
                inside = z3.Or(*[self.term(expr.left) == self._literal(value) for value in expr.right.value])
            else:
                inside = z3.Select(self.term(expr.right), self.term(expr.left))
            return inside if expr.op == "in" else z3.Not(inside)
        left, right = self.term(expr.left), self.term(expr.right)
        if isinstance(left, Maybe) and isinstance(expr.right, Const) and expr.right.value is None:
            return left.given if expr.op == "!=" else z3.Not(left.given)
        if isinstance(left, Maybe) and isinstance(right, Maybe) and expr.op in ("==", "!="):
            same = z3.And(left.given == right.given, z3.Or(z3.Not(left.given), left.value == right.value))
            return same if expr.op == "==" else z3.Not(same)
        left, right = self.number(expr.left), self.number(expr.right)
        match expr.op:
            case "==":
                return left == right
            case "!=":
                return left != right
            case "<":
                return left < right
            case "<=":
                return left <= right
            case ">":
                return left > right
        return left >= right

    def _arithmetic(self, op: str, left: Term, right: Term) -> Term:
        z3 = solver_library()
        match op:
            case "+":
                return left + right
            case "-":
                return left - right
            case "*":
                return left * right
        left, right = (z3.ToReal(side) if z3.is_int(side) else side for side in (left, right))
        power = z3.Function("power", z3.RealSort(), z3.RealSort(), z3.RealSort())(left, right)
        self.facts.append(z3.Implies(left > 0, power > 0))
        return power

    def _rounded(self, part: Term, digits: int) -> Term:
        z3 = solver_library()
        rounded = z3.Function(f"round{digits}", z3.RealSort(), z3.RealSort())(part)
        half = z3.Q(1, 2 * 10**digits)
        self.facts.append(z3.And(rounded - part <= half, part - rounded <= half))
        return rounded

    def _joined(self, parts: tuple[Expr, ...]) -> Term:
        z3 = solver_library()
        joined = z3.EmptySet(self.names.sort)
        for part in parts:
            if isinstance(part, Spread):
                joined = z3.SetUnion(joined, self.term(part.part))
            else:
                joined = z3.SetAdd(joined, self.term(part))
        return joined
