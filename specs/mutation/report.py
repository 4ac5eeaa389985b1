"""What a mutation run came to: which check kills what, which mutants survive, and whether each is accounted for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import asdict, frozen

from .judge import CHECKS, Check, Verdict
from .mutants import KINDS, Kind
from .reasons import REASONS, Reason


@frozen
class Report:
    """The verdicts of a run, held against the reasons on record.

    Attributes:
        verdicts: one for each mutant, in the order of the tables.
        tables: the names of the tables that were judged.
        reasons: the reasons on record.
    """

    verdicts: tuple[Verdict, ...]
    tables: frozenset[str]
    reasons: tuple[Reason, ...] = REASONS

    @property
    def survivors(self) -> tuple[Verdict, ...]:
        """The verdicts on mutants that no check killed."""
        return tuple(verdict for verdict in self.verdicts if verdict.check is None)

    @property
    def kills(self) -> Mapping[tuple[Kind, Check | None], int]:
        """How many mutants of each kind each check killed; None: nobody."""
        return Counter((verdict.kind, verdict.check) for verdict in self.verdicts)

    def reason_for(self, mutant: str) -> Reason | None:
        """Why a mutant survives, None: nothing is on record."""
        return next((reason for reason in self.reasons if mutant in reason.mutants), None)

    @property
    def problems(self) -> tuple[str, ...]:
        """Survivors without a reason, and reasons without a survivor, a sentence each; empty: all is accounted for."""
        alive = {verdict.mutant for verdict in self.survivors}
        killed = {verdict.mutant: verdict for verdict in self.verdicts if verdict.check is not None}
        named = [name for reason in self.reasons for name in reason.mutants if name.split(" / ")[0] in self.tables]
        unexplained = [v for v in self.survivors if self.reason_for(v.mutant) is None]
        return (
            *(f"no check notices, and no reason says why: {v.mutant} ({v.how})" for v in unexplained),
            *(f"said to survive, but killed by {killed[n].check}: {n} ({killed[n].how})" for n in named if n in killed),
            *(f"a reason is on record for what is no mutant: {n}" for n in named if n not in killed and n not in alive),
        )

    @property
    def plain(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "mutants": len(self.verdicts),
            "killed": {check: sum(v.check == check for v in self.verdicts) for check in CHECKS},
            "survivors": [{**asdict(v), **_said(self.reason_for(v.mutant))} for v in self.survivors],
            "problems": list(self.problems),
            "verdicts": [asdict(verdict) for verdict in self.verdicts],
        }

    def __str__(self) -> str:
        heads = [*CHECKS, "survive"]
        lines = [f"{'':10}" + "".join(f"{head:>11}" for head in heads)]
        for kind in KINDS:
            numbers = (self.kills.get((kind, check), 0) for check in (*CHECKS, None))
            lines.append(f"{kind:10}" + "".join(f"{number:>11}" for number in numbers))
        killed = len(self.verdicts) - len(self.survivors)
        lines += ["", f"{killed} of {len(self.verdicts)} mutants are killed; {len(self.survivors)} survive:"]
        for reason in self.reasons:
            found = [v for v in self.survivors if v.mutant in reason.mutants]
            lines += ["", f"{reason.verdict}: {reason.because}"] if found else []
            lines += [f"  {verdict.mutant}" for verdict in found]
        lines += ["", *self.problems] if self.problems else []
        return "\n".join(lines)


def _said(reason: Reason | None) -> dict[str, str]:
    return {} if reason is None else {"verdict": reason.verdict, "because": reason.because}
