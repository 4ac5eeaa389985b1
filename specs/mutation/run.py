"""The whole run: every mutant of the tables before the checks, on as many processors as there are."""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from os import cpu_count

from .grounds import grounds
from .judge import Verdict, judge
from .mutants import Mutant, mutants
from .report import Report
from .tables import SHIPPED
from .unguarded import UNGUARDED

Progress = Callable[[int, int], None]
"""Told how many mutants are judged, and how many there are."""

Task = tuple[str, int]
"""A mutant as one process names it to another: its table, and its number there."""


def run(tables: Sequence[str] = tuple(SHIPPED), progress: Progress | None = None) -> Report:
    """Judge every mutant of these tables.

    Args:
        tables: the names of the tables.
        progress: told after each mutant.

    Raises:
        BaselineError: the shipped tables break a promise, or the worlds do not reach all of their rows.
        ProofUnavailableError: z3 is not installed.
    """
    grounds()
    tasks = [(name, number) for name in tables for number in range(len(every(name)))]
    verdicts: list[Verdict] = []
    # Forked processes have the grounds and the mutants already; where there is no forking, each makes its own.
    context = multiprocessing.get_context("fork") if sys.platform == "linux" else None
    with ProcessPoolExecutor(cpu_count(), mp_context=context) as pool:
        for verdict in pool.map(_judged, tasks, chunksize=4):
            verdicts.append(verdict)
            if progress is not None:
                progress(len(verdicts), len(tasks))
    return Report(tuple(verdicts), frozenset(tables))


@cache
def every(table: str) -> tuple[Mutant, ...]:
    """Every mutant of a shipped table, the unguarded reconciliation last."""
    return (*mutants(SHIPPED[table]), *(one for one in (UNGUARDED,) if one.table == table))


def _judged(task: Task) -> Verdict:
    table, number = task
    return judge(every(table)[number])
