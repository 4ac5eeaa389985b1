"""One mutant before the checks, in the order of what they cost: the first that notices kills it."""

from __future__ import annotations

from typing import Any, Final, Literal, get_args

from attrs import frozen

from detent.fsm.engine import Table
from detent.fsm.errors import BadTableError

from ..environment import Environment
from ..induction import SHIPPED as PROVED
from ..induction import Obligation, altered, prove
from .grounds import grounds, search
from .mutants import Kind, Mutant
from .tables import SHIPPED, in_force

Check = Literal["lint", "induction", "explorer"]
"""The laws of tables, which hold at import; the proof of every row with z3; and the exhaustive search of worlds."""

CHECKS: Final[tuple[Check, ...]] = get_args(Check)
"""Every check, in their order."""


@frozen
class Verdict:
    """What came of one mutant.

    Attributes:
        table: the name of its table.
        kind: what was done.
        mutant: its name.
        check: the check that killed it, None: it survives.
        how: what the check said, in one line; of a survivor, in which worlds it answers otherwise.
    """

    table: str
    kind: Kind
    mutant: str
    check: Check | None
    how: str


def judge(mutant: Mutant) -> Verdict:
    """Put a mutant to the checks.

    Raises:
        BaselineError: the shipped tables do not pass the explorer themselves.
        ProofUnavailableError: z3 is not installed.
    """

    def verdict(check: Check | None, how: str) -> Verdict:
        return Verdict(mutant.table, mutant.kind, mutant.name, check, how)

    try:
        table: Table[Any] = Table(mutant.table, SHIPPED[mutant.table].states, mutant.rows)
    except BadTableError as error:
        return verdict("lint", error.problems[0])
    proof = _refuted(mutant)
    if proof is not None:
        return verdict("induction", proof)
    different = [ground for ground in grounds() if ground.differs(table, mutant.event)]
    for ground in different:
        broken = _broken(table, ground.env)
        if broken is not None:
            return verdict("explorer", f"{broken} in the world '{ground.env.name}'")
    worlds = ", ".join(ground.env.name for ground in different[:3])
    return verdict(
        None, f"answers otherwise in {len(different)} worlds ({worlds})" if different else "answers the same"
    )


def _refuted(mutant: Mutant) -> str | None:
    """What the induction says against a mutant, None: nothing, or it does not speak of its table."""
    subject = next((one for one in PROVED if one.table.name == mutant.table), None)
    if subject is None:
        return None
    report = prove((altered(subject, mutant.rows),), event=mutant.event)
    refuted = next(filter(_is_refuted, report.failures), None)
    if refuted is not None:
        return f"'{refuted.row}' breaks: {refuted.sentence}"
    return f"{report.dead[0]} can never fire" if report.dead else None


def _is_refuted(obligation: Obligation) -> bool:
    """z3 has an example against it; that it ran out of time is no example."""
    return obligation.counterexample is not None and not obligation.counterexample.is_unknown


def _broken(table: Table[Any], env: Environment) -> str | None:
    """What exploring a world on another table finds, None: every promise holds as far as was looked."""
    with in_force(table):
        try:
            found = search(env)
        except Exception as error:  # a step that raises would end the turn of a user
            return f"the core fails with {type(error).__name__}"
    return f"promise {found.broken[0].promise.number} is broken" if found.broken else None
