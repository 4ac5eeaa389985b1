"""What was decided and what users were told: a bounded history, and live subscriptions to both."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, TypeVar

from detent.fsm.decision import Decision, Notice, Step
from detent.fsm.turn_events import Fate

from .journal import Journal
from .reports import Observer, TurnReport

T = TypeVar("T")
_LOG: Final = logging.getLogger(__name__)


class Subscription:
    """A live view: ``async for item in subscription`` yields `Decision` and `Notice` values as they are made.

    A subscriber that falls behind loses the oldest items, never slows a turn; ``dropped`` counts them.

    Args:
        session: only what concerns this session; None: everything.
        size: how many items may wait.
    """

    def __init__(self, session: str | None, size: int) -> None:
        self.session = session
        self.dropped = 0
        self._waiting: deque[Decision | Notice] = deque(maxlen=size)
        self._news = asyncio.Event()
        self._closed = False

    def close(self) -> None:
        """End the iteration, once what waits has been read."""
        self._closed = True
        self._news.set()

    def offer(self, item: Decision | Notice) -> None:
        """Let the subscriber know of an item, if it concerns it."""
        if self._closed or (self.session is not None and item.session != self.session):
            return
        self.dropped += len(self._waiting) == self._waiting.maxlen
        self._waiting.append(item)
        self._news.set()

    def waiting(self) -> list[Decision | Notice]:
        """Take everything that waits, without waiting for more."""
        items = list(self._waiting)
        self._waiting.clear()
        return items

    def __aiter__(self) -> Subscription:
        return self

    async def __anext__(self) -> Decision | Notice:
        while not self._waiting:
            if self._closed:
                raise StopAsyncIteration
            self._news.clear()
            await self._news.wait()
        return self._waiting.popleft()


class History:
    """The last decisions of a controller, of all sessions together.

    Args:
        size: how many decisions are kept.
        journal: where all of them are written down, None: nowhere.
    """

    def __init__(self, size: int, journal: Journal | None = None) -> None:
        self._journal = journal
        self._holds_journal = False
        self._decisions: deque[Decision] = deque(maxlen=size)
        self._subscriptions: list[Subscription] = []
        self._observers: list[Observer] = []

    def record(self, step: Step) -> None:
        """Keep a stored step's decisions, write them down, and pass them and its notices on."""
        self._decisions.extend(step.decisions)
        news: list[Decision | Notice] = [*step.decisions, *step.notices]
        if self._journal is not None and news:
            self._journal.write(news)
        if self._subscriptions:
            for item in news:
                for subscription in self._subscriptions:
                    subscription.offer(item)
        for observer in self._observers:
            _tell(observer.step, step)

    def settled(self, report: TurnReport) -> None:
        """Pass on that a turn is over."""
        for observer in self._observers:
            _tell(observer.turn, report)

    def observe(self, observer: Observer) -> None:
        """Tell somebody of every step and turn from now on."""
        self._observers.append(observer)

    def open(self) -> None:
        """Take the journal's file, if it is not taken yet.

        Raises:
            JournalError: it is another controller's, or no decision log.
        """
        if self._journal is not None and not self._holds_journal:
            self._journal.open()
            self._holds_journal = True

    def subscribe(self, session: str | None, size: int) -> Subscription:
        """A live view of everything from now on."""
        subscription = Subscription(session, size)
        self._subscriptions = [s for s in self._subscriptions if not s._closed]
        self._subscriptions.append(subscription)
        return subscription

    def close(self) -> None:
        """End every subscription, and let go of the journal's file."""
        for subscription in self._subscriptions:
            subscription.close()
        if self._journal is not None and self._holds_journal:
            self._journal.close()
            self._holds_journal = False

    def of(self, session: str) -> list[Decision]:
        """The kept decisions of one session, oldest first."""
        return [decision for decision in self._decisions if decision.session == session]


def _tell(hear: Callable[[T], None], what: T) -> None:
    """Tell an observer; one that fails is no turn's failure."""
    try:
        hear(what)
    except Exception:
        _LOG.exception("an observer failed; the session goes on")


def sentences(decisions: Iterable[Decision]) -> list[str]:
    """Decisions as sentences, with everybody who was passed over and why."""
    said: list[str] = []
    for decision in decisions:
        said.append(str(decision))
        reach = getattr(decision.data, "reach", None)
        fates: tuple[Fate, ...] = getattr(reach, "skipped", ())
        said.extend(f"  {fate}" for fate in fates)
    return said
