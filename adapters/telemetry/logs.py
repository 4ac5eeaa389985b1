"""One line a turn through the standard `logging`, as text or as JSON."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

from detent.adapters.reports import ANSWERED, TurnReport
from detent.fsm.decision import Step

_LOG: Final = logging.getLogger("detent.turns")
_FIELDS: Final = "detent"
"""The attribute of a log record that holds the fields of its line."""


class TurnLog:
    """Logs every turn that is over to the logger ``detent.turns``: answered ones as information, others as warnings."""

    def step(self, step: Step) -> None:
        """Steps are the journal's."""

    def turn(self, report: TurnReport) -> None:
        """Log a turn."""
        attempts = [f"{each.model}: {each.result}" for each in report.attempts]
        reason = f" ({report.reason})" if report.reason else ""
        about = f" by {report.model}" if report.outcome == ANSWERED else reason
        level = logging.INFO if report.outcome in (ANSWERED, "aborted") else logging.WARNING
        fields: dict[str, Any] = {
            "session": report.session,
            "chain": report.chain,
            "turn": report.turn,
            "outcome": report.outcome,
            "model": report.model,
            "reason": report.reason,
            "attempts": attempts,
            "seconds": round(report.seconds, 3),
        }
        _LOG.log(
            level,
            "session %r: turn %s: %s%s in %.3f s, attempts: %s",
            report.session,
            report.turn,
            report.outcome,
            about,
            report.seconds,
            ", ".join(attempts) or "none",
            extra={_FIELDS: fields},
        )


class JsonLines(logging.Formatter):
    """Each log record as one JSON object: ``at``, ``level``, ``logger``, ``says``, and the fields of a turn."""

    def format(self, record: logging.LogRecord) -> str:
        """The record's line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line = {"at": at, "level": record.levelname.lower(), "logger": record.name, "says": record.getMessage()}
        line |= getattr(record, _FIELDS, {})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(form: str, level: str) -> None:
    """Have the process log to its standard error, unless it logs somewhere already.

    Args:
        form: ``json``: each record an object; else text.
        level: the least level that is logged: ``debug``, ``info``, ``warning`` or ``error``.
    """
    handler = logging.StreamHandler()
    text = logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")
    handler.setFormatter(JsonLines() if form == "json" else text)
    logging.basicConfig(level=level.upper(), handlers=[handler])
