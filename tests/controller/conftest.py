"""Controllers under virtual time, with calls that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

from detent.adapters import Attempt, Controller, LiveSession, MemoryStore, ProviderError
from detent.adapters.scenario.clock import VirtualLoop
from detent.fsm import Chain, Config, Failure, Policy

CALM = Policy(retries=0, backoff_s=0.0)


def in_virtual_time(story: Callable[[], Awaitable[Any]]) -> Any:
    """Run a coroutine function on a loop that never sleeps."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(story())


def controller(*models: str, policy: Policy = CALM, store: MemoryStore | None = None, node: str = "n1") -> Controller:
    """A controller on the running virtual loop."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    config = Config(Chain.of(*(models or ("a/x", "b/y"))), policy)
    return Controller(config, store=store, node=node, now=loop.now, sleep=loop.sleep, dice=lambda: 1.0)


class Provider:
    """Calls that fail as scripted by model, answer otherwise, and are counted."""

    def __init__(self, **failures: str) -> None:
        self.failing: dict[str, str] = {model.replace("_", "/"): reason for model, reason in failures.items()}
        self.calls: list[str] = []

    async def whole(self, attempt: Attempt) -> str:
        self.calls.append(attempt.model)
        await asyncio.sleep(0)
        self._fail(attempt)
        return f"from {attempt.model}"

    async def stream(self, attempt: Attempt) -> AsyncIterator[str]:
        self.calls.append(attempt.model)
        await asyncio.sleep(0)
        self._fail(attempt)
        for word in ("from", " ", attempt.model):
            yield word

    def _fail(self, attempt: Attempt) -> None:
        reason = self.failing.get(attempt.model)
        if reason is not None:
            raise ProviderError(Failure(reason))  # type: ignore[arg-type]


async def text_of(session: LiveSession, provider: Provider) -> str:
    """One streamed turn, read to its end."""
    async with await session.run(provider.stream) as answer:
        return "".join([piece async for piece in answer])
