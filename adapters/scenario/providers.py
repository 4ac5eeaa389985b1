"""Scripted providers: what each model does when it is called, and who was called."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from attrs import define, field

from detent.fsm.reasons import Failure

from ..attempts import Attempt
from ..classify import Evidence
from ..outcomes import ProviderError
from ..reading import failure_of_reply
from .clock import VirtualLoop

ANSWER = ("Detent ", "holds", ".")
"""The pieces of every scripted answer."""


@define(eq=False)
class Behaviour:
    """One ``provider`` step: how the models it matches behave from now on."""

    table: Mapping[str, Any]
    used: dict[str, int] = field(factory=dict)

    def matches(self, attempt: Attempt) -> bool:
        """Whether it speaks of the model, and of the credential if it names one."""
        model: str = self.table["model"]
        wild = model.endswith("/*") and model[:-2] == attempt.provider
        credential: str = self.table.get("credential", attempt.credential)
        return (wild or model == attempt.model) and credential == attempt.credential

    def next(self, attempt: Attempt) -> Mapping[str, Any]:
        """What it makes of this attempt; after its ``times`` the model answers at once."""
        times = self.table.get("times")
        count = self.used[attempt.model] = self.used.get(attempt.model, 0) + 1
        return {"does": "answer"} if times is not None and count > times else self.table


class Providers:
    """All the scripted providers of a story.

    Args:
        loop: the virtual time they take.
    """

    def __init__(self, loop: VirtualLoop) -> None:
        self.calls: list[tuple[str, str]] = []
        self._loop = loop
        self._behaviours: list[Behaviour] = []

    def behave(self, table: Mapping[str, Any]) -> None:
        """Take up a ``provider`` step; the latest that matches a model counts, alone."""
        self._behaviours.append(Behaviour(table))

    def call(self, attempt: Attempt, begun: Callable[[Attempt], Awaitable[None]]) -> AsyncIterator[str]:
        """One attempt: an async iterator of pieces.

        Args:
            attempt: whom to call.
            begun: awaited at the beginning, before anything comes of the attempt.
        """
        self.calls.append((attempt.model, attempt.credential))
        behaviour = next((b for b in reversed(self._behaviours) if b.matches(attempt)), None)
        script = behaviour.next(attempt) if behaviour is not None else {"does": "answer"}
        return self._pieces(attempt, script, begun)

    async def _pieces(
        self, attempt: Attempt, script: Mapping[str, Any], begun: Callable[[Attempt], Awaitable[None]]
    ) -> AsyncIterator[str]:
        due = self._loop.after(script.get("takes", 0))
        await begun(attempt)
        await due
        for number in range(script.get("after_tokens", 0)):
            yield f"piece {number} "
        if script.get("does") == "hang":
            await self._loop.sleep(float("inf"))
        failure = _failure(script, attempt.provider, self._loop.now())
        if failure is not None:
            raise ProviderError(failure)
        for piece in ANSWER:
            yield piece


def _failure(script: Mapping[str, Any], provider: str, now: float) -> Failure | None:
    wait = script.get("retry_after")
    if "does" in script:
        does = script["does"]
        return None if does == "answer" else Failure(does, wait_s=wait, message="as the story says")
    headers = dict(script.get("headers", {}))
    if wait is not None:
        headers["retry-after"] = str(wait)
    evidence = Evidence(
        status=script.get("status", 200),
        headers=headers,
        body=script.get("body", ""),
        provider=provider,
        transport="http",
    )
    return failure_of_reply(evidence, now=now)
