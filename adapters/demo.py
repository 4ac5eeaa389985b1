"""``detent demo``: a session survives an outage, over real sockets, with nothing but this machine.

Two local providers speak the real wire format. The reconciliation loop visits the session all the time, and tries to
put the failed primary back; watch it be blocked.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

from detent.fsm.chain import Chain, Config, Policy
from detent.fsm.decision import Decision, Notice

from .controller import Controller
from .local import LocalProvider, Say, bad_gateway, rate_limited
from .outcomes import TurnError
from .session import LiveSession
from .status import SessionStatus
from .upstreams import Upstreams
from .wire import Endpoint

RECONCILE_EVERY_S = 0.05
TICK_S = 0.05
PRIMARY, FALLBACK, PINNED = "alpha/large", "beta/large", "beta/small"


class Audience(Protocol):
    """Who watches the demo: a live view in a terminal, or plain lines."""

    def act(self, title: str) -> None:
        """A new act begins."""

    def asked(self, question: str) -> None:
        """The user asks."""

    def answered(self, model: str, text: str) -> None:
        """The user has the answer."""

    def failed(self, message: str) -> None:
        """The user has no answer."""

    def saw(self, item: Decision | Notice) -> None:
        """A decision was made, or a notice given."""

    def status(self, status: SessionStatus) -> None:
        """What the session is doing now."""


class Demo:
    """The play: five acts, one session.

    Args:
        audience: who watches.
    """

    def __init__(self, audience: Audience) -> None:
        self._audience = audience
        self._questions = 0

    async def play(self) -> bool:
        """Play it, in about ten seconds; True if the session survived and came home."""
        config = Config(
            Chain(PRIMARY, (FALLBACK,)),
            Policy(retries=0, cooldown_s=1.0, max_wait_s=0.2, first_token_s=5.0),
        )
        async with _stage(config) as (controller, alpha, beta):
            self._controller, self._news = controller, controller.subscribe("demo")
            session = controller.session("demo")
            loop = asyncio.create_task(_reconcile(session))
            try:
                await self._acts(session, alpha, beta)
                home = await session.status()
            finally:
                loop.cancel()
                await asyncio.gather(loop, return_exceptions=True)
        return home.state == "primary" and home.serving == PRIMARY

    async def _acts(self, session: LiveSession, alpha: LocalProvider, beta: LocalProvider) -> None:
        self._audience.act("All is well: the primary answers")
        alpha.behave(Say("Hello from alpha, the primary."))
        beta.behave(Say("Hello from beta, the fallback."))
        await self._ask(session)

        self._audience.act("429: the primary wants two seconds of rest; the fallback answers, and stays")
        alpha.behave(rate_limited(retry_after_s=2))
        await self._ask(session)
        await self._ask(session)

        self._audience.act("502: the rest is over, one probe fails, the fallback answers the same turn")
        alpha.behave(bad_gateway())
        await self._rest(1.2)
        await self._ask(session)

        self._audience.act("The user pins a model, uses it, and lets go")
        await session.pin(PINNED)
        await self._ask(session)
        await session.unpin()
        await self._ask(session)

        self._audience.act("The primary is well again: one probe, and the session is home")
        alpha.behave(Say("Alpha is back."))
        await self._rest(2.0)
        await self._ask(session)
        await self._ask(session)

    async def _ask(self, session: LiveSession) -> None:
        await self._show()
        self._questions += 1
        question = f"question {self._questions}"
        self._audience.asked(question)
        messages = [{"role": "user", "content": question}]
        turn = asyncio.create_task(session.send(messages=messages))
        while not turn.done():
            await asyncio.wait([turn], timeout=TICK_S)
            await self._show()
        try:
            answer = turn.result()
        except TurnError as error:
            self._audience.failed(str(error))
        else:
            self._audience.answered(answer.model, answer.value.text)
        await self._rest(0.5)

    async def _rest(self, seconds: float) -> None:
        for _ in range(round(seconds / TICK_S)):
            await asyncio.sleep(TICK_S)
            await self._show()

    async def _show(self) -> None:
        for item in self._news.waiting():
            self._audience.saw(item)
        self._audience.status(await self._controller.status("demo"))


async def _reconcile(session: LiveSession) -> None:
    while True:
        await session.reconcile()
        await asyncio.sleep(RECONCILE_EVERY_S)


@asynccontextmanager
async def _stage(config: Config) -> AsyncIterator[tuple[Controller, LocalProvider, LocalProvider]]:
    async with LocalProvider("alpha") as alpha, LocalProvider("beta") as beta:
        endpoints = {name: Endpoint(name, provider.base_url) for name, provider in (("alpha", alpha), ("beta", beta))}
        async with (
            Upstreams(lambda provider, _credential: endpoints[provider]) as upstreams,
            Controller(config, upstreams=upstreams) as controller,
        ):
            yield controller, alpha, beta
