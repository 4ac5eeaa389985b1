"""Running a story: each step against the real controller, then what was seen against what was expected."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from detent.fsm.chain import Config, provider_of
from detent.fsm.cooldown import Cooldown
from detent.fsm.decision import Decision, Notice, Outcome
from detent.fsm.errors import DetentError
from detent.fsm.session import Session

from ..attempts import Attempt
from ..controller import Controller
from ..history import Subscription, sentences
from ..outcomes import TurnError
from ..store import MemoryStore, StoreClosedError
from ..writer import SessionStatus
from .clock import StuckError, VirtualLoop
from .expectations import unmet
from .providers import ANSWER, Providers
from .story import Step, Story, load, providers_of, reloaded


@frozen
class Result:
    """What came of a scenario.

    Attributes:
        id: its name.
        failure: the first expectation that did not hold, None: all held.
        trace: every decision in sentences, with the steps as headings.
    """

    id: str
    failure: str | None
    trace: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Every expectation held."""
        return self.failure is None

    def __str__(self) -> str:
        return f"ok {self.id}" if self.passed else f"FAILED {self.id} {self.failure}"


@define
class TurnSeen:
    """What a client saw of one turn."""

    session: str
    output: list[str] = field(factory=list)
    outcome: Outcome | None = None
    model: str = ""
    killed: bool = False

    @property
    def kind(self) -> str:
        """The outcome's name; a turn whose process died was interrupted."""
        return "interrupted" if self.killed or self.outcome is None else self.outcome.kind


@define
class StepSeen:
    """Everything that was seen of one step."""

    began: float
    ended: float = 0.0
    calls: list[tuple[str, str]] = field(factory=list)
    turns: list[TurnSeen] = field(factory=list)
    decisions: list[Decision] = field(factory=list)
    notices: list[Notice] = field(factory=list)
    statuses: list[SessionStatus] = field(factory=list)


class MortalStore:
    """A process's connection to the shared store: once the process is dead, nothing of it is stored any more.

    Args:
        store: the store that outlives the process.
    """

    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._alive = True

    def die(self) -> None:
        """The process is gone."""
        self._alive = False

    async def read(self, session_id: str) -> tuple[Session | None, Mapping[str, Cooldown]]:
        """As the store does, while the process lives."""
        self._check()
        return await self._store.read(session_id)

    async def commit(self, session: Session | None, cooldowns: Iterable[Cooldown]) -> None:
        """As the store does, while the process lives."""
        self._check()
        await self._store.commit(session, cooldowns)

    async def configs(self) -> Mapping[str, Config]:
        """As the store does, while the process lives."""
        self._check()
        return await self._store.configs()

    async def publish(self, configs: Mapping[str, Config]) -> None:
        """As the store does, while the process lives."""
        self._check()
        await self._store.publish(configs)

    async def sessions(self) -> AsyncIterator[Session]:
        """As the store does, while the process lives."""
        self._check()
        async for session in self._store.sessions():
            yield session

    def _check(self) -> None:
        if not self._alive:
            raise StoreClosedError("the process that held this store is gone")


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
    """

    def __init__(self, story: Story, loop: VirtualLoop) -> None:
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
        await asyncio.gather(*tasks, return_exceptions=False)
        process.tasks.clear()

    async def _client(self, process: _Process, turn: TurnSeen, value: Mapping[str, Any], armed: list[Step]) -> None:
        async def begun(attempt: Attempt) -> None:
            for step in [s for s in armed if s.at == attempt.number]:
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
        for item in process.news.waiting():
            (self._seen.decisions if isinstance(item, Decision) else self._seen.notices).append(item)  # type: ignore[arg-type]


def run_file(path: Path) -> Result:
    """Run one scenario file in virtual time; the same result on every run.

    Raises:
        ScenarioError: the file cannot be read, or breaks the format.
    """
    return run(load(path))


def run(story: Story) -> Result:
    """Run one scenario in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)  # made by the line above
        return runner.run(_run(story, loop))


async def _run(story: Story, loop: VirtualLoop) -> Result:
    stage = Stage(story, loop)
    trace: list[str] = []
    failure: str | None = None
    for step in story.steps:
        try:
            seen = await stage.play(step)
        except (DetentError, StuckError) as error:
            failure = f"step {step.number}: {step.verb} could not be played: {error}"
            break
        trace.append(f"step {step.number}: {step.verb} {step.value!r}" + (f" at {step.at}/attempt" if step.at else ""))
        if seen is None:
            continue
        trace.extend(f"  {line}" for line in sentences(seen.decisions))
        problem = unmet(step.expect, seen, whole="".join(ANSWER))
        if problem is not None:
            failure = f"step {step.number}: {problem}"
            break
    return Result(story.id, failure, tuple(trace))
