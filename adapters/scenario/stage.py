"""The stage: a story's steps, played on real controllers that share a store, with scripted providers."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from attrs import define, field

from detent.fsm.chain import provider_of
from detent.fsm.decision import Decision, Outcome

from ..attempts import Attempt
from ..controller import Controller
from ..history import Subscription
from ..journal import Journal
from ..outcomes import TurnError
from ..store import MemoryStore, StoreClosedError
from .clock import VirtualLoop
from .mortal import MortalStore
from .providers import Providers
from .seen import StepSeen, TurnSeen
from .story import Step, Story, providers_of, reloaded


@define
class _Process:
    """One node's process: its controller, its connection, and its turns in flight."""

    controller: Controller
    store: MortalStore
    news: Subscription
    tasks: set[asyncio.Task[None]] = field(factory=set)


class Stage:
    """Where a story plays: the providers, the shared store, the nodes, and the steps that are armed.

    Args:
        story: the story.
        loop: virtual time.
        journal: where the decisions and notices of all nodes are written down, None: nowhere.
    """

    def __init__(self, story: Story, loop: VirtualLoop, journal: Journal | None = None) -> None:
        self._journal = journal
        self._loop = loop
        self._config = story.config
        self._known = frozenset(provider_of(m) for m in (*story.config.chain.models, *story.config.windows)) | set(
            story.config.credentials
        )
        self._store = MemoryStore()
        self._providers = Providers(loop)
        self._processes: dict[str, _Process] = {}
        self._node = "n1"
        self._armed: list[Step] = []
        self._seen = StepSeen(0.0)

    async def play(self, step: Step) -> StepSeen | None:
        """Play one step; None: it was armed, and happens during the next turn."""
        if step.at is not None:
            self._armed.append(step)
            return None
        self._seen = seen = StepSeen(self._loop.now())
        self._providers.calls = seen.calls
        sessions = await self._act(step)
        seen.ended = self._loop.now()
        self._drain()
        process = self._process()
        seen.statuses = [await process.controller.status(session) for session in sessions]
        self._drain()
        return seen

    async def _act(self, step: Step) -> list[str]:
        """Do what a step says; the sessions it is about."""
        value = step.value
        session = value.get("session", "main") if isinstance(value, dict) else "main"
        if step.verb == "provider":
            self._providers.behave(value)
        elif step.verb == "advance":
            await self._loop.sleep(value)
        elif step.verb == "node":
            self._node = value
        elif step.verb == "turn":
            await self._turns([(session, value)])
        elif step.verb == "turns":
            return await self._many(value, session)
        elif step.verb != "note":
            await self._do(step, session)
        return [session]

    async def _many(self, value: Mapping[str, Any], session: str) -> list[str]:
        if "sessions" in value:
            names = [f"s{number}" for number in range(1, value["sessions"] + 1)]
            await self._turns([(name, value) for name in names])
            return names
        if "concurrent" in value:
            await self._turns([(session, value)] * value["concurrent"])
        for _ in range(value.get("count", 0)):
            await self._turns([(session, value)])
        return [session]

    async def _do(self, step: Step, session: str) -> None:
        """Do what may also happen in the middle of a turn."""
        process, value = self._process(), step.value
        live = process.controller.session(session)
        if step.verb == "pin":
            if isinstance(value, dict):
                await live.pin(value["model"], strict=value.get("strict"))
            else:
                await live.pin(value)
        elif step.verb == "reload":
            config = reloaded(value, self._known)
            self._known |= providers_of(value)
            await process.controller.publish(config)
        elif step.verb == "restart":
            await self._restart()
        elif value is not False:
            await getattr(live, step.verb)()

    async def _turns(self, wanted: list[tuple[str, Mapping[str, Any]]]) -> None:
        """Start turns together and see each to its end; armed steps belong to the first of them."""
        process = self._process()
        armed, self._armed = self._armed, []
        tasks = []
        for index, (session, value) in enumerate(wanted):
            turn = TurnSeen(session)
            self._seen.turns.append(turn)
            task = asyncio.create_task(self._client(process, turn, value, armed if index == 0 else []))
            process.tasks.add(task)
            tasks.append(task)
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            # A task that its dying process cancelled before it began has no client to tell.
            if isinstance(ended, BaseException) and not isinstance(ended, asyncio.CancelledError):
                raise ended
        process.tasks.clear()

    async def _client(self, process: _Process, turn: TurnSeen, value: Mapping[str, Any], armed: list[Step]) -> None:
        async def begun(attempt: Attempt) -> None:
            mine = [step for step in armed if step.at == attempt.number]
            if mine:
                await asyncio.sleep(0)  # turns that start together have all begun before anything interferes
            for step in mine:
                armed.remove(step)
                await self._interfere(step, turn)

        live = process.controller.session(turn.session)
        try:
            answer = await live.run(
                lambda attempt: self._providers.call(attempt, begun),
                stream=value.get("stream", True),
                tokens=value.get("tokens"),
            )
            turn.model = answer.model
            async for piece in answer:
                turn.output.append(piece)
            turn.outcome = answer.outcome
        except TurnError as error:
            turn.outcome = error.outcome
        except StoreClosedError:
            turn.killed = True
        except asyncio.CancelledError:
            turn.killed = process is not self._processes.get(self._node)
            if not turn.killed:
                turn.outcome = Outcome("aborted", turn.session, "")

    async def _interfere(self, step: Step, turn: TurnSeen) -> None:
        """An armed step happens, at the beginning of its attempt."""
        value = step.value
        session = value.get("session", turn.session) if isinstance(value, dict) else turn.session
        if step.verb == "abort":
            task = asyncio.current_task()
            assert task is not None  # a client is a task
            task.cancel()
        else:
            await self._do(step, session)

    async def _restart(self) -> None:
        """The node's process dies, with its turns, and comes back with what it had stored."""
        process = self._processes.pop(self._node, None)
        if process is not None:
            process.store.die()
            self._drain_from(process)
            for task in process.tasks:
                task.cancel()
        await self._process().controller.open()

    def _process(self) -> _Process:
        process = self._processes.get(self._node)
        if process is None:
            store = MortalStore(self._store)
            controller = Controller(
                self._config,
                store=store,
                node=self._node,
                now=self._loop.now,
                sleep=self._loop.sleep,
                dice=lambda: 1.0,
            )
            process = _Process(controller, store, controller.subscribe(size=1_000_000))
            self._processes[self._node] = process
        return process

    def _drain(self) -> None:
        for process in self._processes.values():
            self._drain_from(process)

    def _drain_from(self, process: _Process) -> None:
        items = process.news.waiting()
        if self._journal is not None and items:
            self._journal.write(items)
        for item in items:
            (self._seen.decisions if isinstance(item, Decision) else self._seen.notices).append(item)  # type: ignore[arg-type]
