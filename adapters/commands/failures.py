"""What provider failures mean: ``detent classify``."""

from __future__ import annotations

import sys
from typing import Any

import click


@click.command()
@click.argument("source", type=click.File("r", encoding="utf-8"), default="-")
@click.option("--explain", is_flag=True, help="Also name the rule that decided and the fact it read.")
@click.pass_context
def classify(ctx: click.Context, source: Any, explain: bool) -> None:
    """Say why provider calls failed: JSON lines in, JSON lines out.

    \b
    Reads {"id", "status", "headers", "body", "exception", "provider", "transport"}, any of which may be
    missing; writes {"id", "reason", "scope", "retry_same", "failover", "retry_after_s"}.
    Exit code 1: a line was no record.

    \b
    Examples:
      detent classify failures.jsonl > reasons.jsonl
      echo '{"status": 429, "body": "slow down"}' | detent classify --explain
    """
    from ..classify import classify_lines

    ctx.exit(1 if classify_lines(source, sys.stdout, explain=explain) else 0)
