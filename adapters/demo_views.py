"""Two ways to watch the demo: a live view in a terminal, and plain lines for a pipe."""

from __future__ import annotations

import time
from collections import deque
from types import TracebackType

import click
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from detent.fsm.decision import Decision, Notice

from .status import SessionStatus

_COLOURS = {"primary": "green", "failover_active": "yellow", "user_pinned": "blue", "cooldown_probe": "magenta"}
_NOISE = frozenset(("started", "content", "planned", "turn_started", "turn_ended", "claimed", "called"))


class _Blocks:
    """Blocked events, counted, so that a loop that fires all the time is one line and not a hundred."""

    def __init__(self) -> None:
        self.count = 0
        self.why = ""

    def take(self, decision: Decision) -> bool:
        """Count a blocked event of the session; False: it is none."""
        if decision.machine != "session" or decision.kind != "blocked":
            return False
        self.count += 1
        self.why = f"{decision.event} is blocked in {decision.before}: {decision.why}"
        return True


class PlainView:
    """The demo as lines of text, each with the seconds since it began."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._blocks = _Blocks()

    def act(self, title: str) -> None:
        """A new act begins."""
        self._tell_blocks()
        click.echo(f"\n== {title}")

    def asked(self, question: str) -> None:
        """The user asks."""
        self._line(f"user asks: {question}")

    def answered(self, model: str, text: str) -> None:
        """The user has the answer."""
        self._line(f"answered by {model}: {text}")

    def failed(self, message: str) -> None:
        """The user has no answer."""
        self._line(f"no answer: {message}")

    def saw(self, item: Decision | Notice) -> None:
        """A decision was made, or a notice given."""
        if isinstance(item, Notice):
            self._line(f"notice {item.kind}: serving {item.served}, wanted {item.wanted}; {item.because}")
        elif self._blocks.take(item):
            if self._blocks.count == 1:
                self._line(self._blocks.why)
        elif item.machine == "turn" and item.event == "called":
            self._line(f"calling {item.detail}")
        elif item.event not in _NOISE and (item.before != item.after or item.event == "failed"):
            self._line(str(item))

    def status(self, status: SessionStatus) -> None:
        """What the session is doing now: the lines have said it already."""

    def close(self) -> None:
        """The play is over."""
        self._tell_blocks()

    def _tell_blocks(self) -> None:
        if self._blocks.count > 1:
            self._line(f"reconcile was blocked {self._blocks.count} times in this act")
        self._blocks = _Blocks()

    def _line(self, text: str) -> None:
        click.echo(f"{time.monotonic() - self._began:6.2f} s  {text}")


class LiveView:
    """The demo in a terminal: the state, the row that fired last, who is called, what is blocked and why.

    Use it as a context manager.

    Args:
        console: where to draw.
    """

    def __init__(self, console: Console) -> None:
        self._live = Live(console=console, refresh_per_second=20, transient=False)
        self._title = ""
        self._calling = ""
        self._row = ""
        self._why = ""
        self._status: SessionStatus | None = None
        self._blocks = _Blocks()
        self._log: deque[Text] = deque(maxlen=10)

    def __enter__(self) -> LiveView:
        self._live.start()
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._draw()
        self._live.stop()

    def act(self, title: str) -> None:
        """A new act begins."""
        self._title = title
        self._draw()

    def asked(self, question: str) -> None:
        """The user asks."""
        self._log.append(Text(f"user   {question}", style="bold"))

    def answered(self, model: str, text: str) -> None:
        """The user has the answer."""
        self._calling = ""
        self._log.append(Text(f"answer {text}  ({model})", style="green"))
        self._draw()

    def failed(self, message: str) -> None:
        """The user has no answer."""
        self._log.append(Text(message, style="red"))
        self._draw()

    def saw(self, item: Decision | Notice) -> None:
        """A decision was made, or a notice given."""
        if isinstance(item, Notice):
            self._log.append(Text(f"notice {item.kind}: {item.because}", style="cyan"))
        elif self._blocks.take(item):
            return
        elif item.machine == "turn" and item.event == "called":
            self._calling = item.detail
        elif item.machine == "turn" and item.event == "failed":
            self._log.append(Text(f"failed {item.detail}", style="yellow"))
        elif item.machine == "session" and item.before != item.after:
            self._row, self._why = item.row, item.why

    def status(self, status: SessionStatus) -> None:
        """What the session is doing now."""
        self._status = status
        self._draw()

    def _draw(self) -> None:
        self._live.update(Group(Panel(self._facts(), title=self._title, title_align="left"), *self._log))

    def _facts(self) -> Table:
        facts = Table.grid(padding=(0, 2))
        facts.add_column(style="dim", no_wrap=True)
        facts.add_column()
        status = self._status
        if status is not None:
            facts.add_row("state", Text(status.state, style=f"bold {_COLOURS[status.state]}"))
            pinned = f"   pinned: {status.pinned}" if status.pinned else ""
            facts.add_row("serving", f"{status.serving}   home: {status.home}{pinned}")
            resting = ", ".join(f"{model} {seconds:.1f} s" for model, seconds in status.cooling.items())
            facts.add_row("resting", resting or "nobody")
        facts.add_row("calling", self._calling or "nobody")
        facts.add_row("last row", Text(f"{self._row}\n{self._why}" if self._row else "none yet"))
        blocked = f"{self._blocks.count} times; {self._blocks.why}" if self._blocks.count else "never"
        facts.add_row("blocked", Text(blocked))
        return facts
