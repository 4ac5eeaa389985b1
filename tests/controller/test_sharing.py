"""Several controllers on one store: one writer wins, one probe goes out, one outage is discovered once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from detent.adapters import Attempt, ConflictError, Controller, MemoryStore, ProviderError
from detent.adapters.scenario.clock import VirtualLoop
from detent.adapters.scenario.mortal import MortalStore
from detent.fsm import Chain, Config, Cooldown, Failure, Policy, Session

from .conftest import Provider, controller, in_virtual_time, text_of


class DistantStore(MemoryStore):
    """A store that takes a moment for everything, so that writers overtake each other."""

    def __init__(self) -> None:
        super().__init__()
        self.conflicts = 0

    async def read(self, session_id: str) -> tuple[Session | None, Mapping[str, Cooldown]]:
        session, health = await super().read(session_id)
        snapshot = dict(health)
        await asyncio.sleep(0)
        return session, snapshot

    async def commit(self, session: Session | None, cooldowns: Iterable[Cooldown]) -> None:
        await asyncio.sleep(0)
        try:
            await super().commit(session, cooldowns)
        except ConflictError:
            self.conflicts += 1
            raise


def test_a_write_on_what_was_read_too_long_ago_is_refused_whole() -> None:
    async def story() -> None:
        store = MemoryStore()
        await store.commit(Session("s", "a/x", "a/x"), [Cooldown("model a/x")])
        stale = Session("s", "b/y", "a/x")
        with pytest.raises(ConflictError, match="version 0 and is at 1"):
            await store.commit(stale, [Cooldown("model b/y")])
        session, health = await store.read("s")
        assert session is not None
        assert session.serving == "a/x"
        assert list(health) == ["model a/x"]

    in_virtual_time(story)


@pytest.mark.parametrize("recovered", [True, False])
def test_sixty_four_turns_on_each_of_four_nodes_make_one_probe(recovered: bool) -> None:
    async def story() -> None:
        store = DistantStore()
        nodes = [controller(store=store, node=f"n{number}") for number in range(4)]
        down, up = Provider(a_x="overloaded"), Provider(**({} if recovered else {"a_x": "overloaded"}))
        await text_of(nodes[0].session("first"), down)
        await asyncio.sleep(60)
        await asyncio.gather(*(text_of(node.session(f"s{turn}"), up) for node in nodes for turn in range(64)))
        assert up.calls.count("a/x") == 1
        assert up.calls.count("b/y") == 256 - recovered

    in_virtual_time(story)


def test_two_nodes_that_share_a_session_lose_no_turn_and_no_pin() -> None:
    async def story() -> None:
        store = DistantStore()
        one, two = (controller(store=store, node=name) for name in ("n1", "n2"))
        provider = Provider(a_x="overloaded")
        await asyncio.gather(
            *(text_of(node.session("s"), provider) for node in (one, two) for _ in range(10)),
            one.session("s").pin("c/z"),
        )
        status = await two.session("s").status()
        assert (status.turns, status.pinned, status.state) == (0, "c/z", "user_pinned")
        assert store.conflicts > 0

    in_virtual_time(story)


def test_a_cooldown_that_one_node_found_is_skipped_by_the_others() -> None:
    async def story() -> None:
        store = MemoryStore()
        one, two = (controller(store=store, node=name) for name in ("n1", "n2"))
        await text_of(one.session("s1"), Provider(a_x="quota_exhausted"))
        provider = Provider()
        assert await text_of(two.session("s2"), provider) == "from b/y"
        assert provider.calls == ["b/y"]

    in_virtual_time(story)


def test_what_was_decided_is_stored_before_the_call_is_made() -> None:
    """Promise 10: at every call the store holds the turn, and what the session goes on with."""

    async def story() -> None:
        store = MemoryStore()
        session = controller(store=store).session("s")
        seen: list[tuple[str, str, str, int]] = []

        async def call(attempt: Attempt) -> str:
            stored, health = await store.read("s")
            assert stored is not None
            seen.append((attempt.model, stored.state, stored.serving, len(stored.turns)))
            if attempt.model == "a/x":
                raise ProviderError(Failure("overloaded"))
            assert health["model a/x"].rests(asyncio.get_running_loop().time())
            return "well"

        await session.run(call)
        assert seen == [("a/x", "primary", "a/x", 1), ("b/y", "failover_active", "b/y", 1)]

    in_virtual_time(story)


@pytest.mark.parametrize("probing", [False, True])
def test_a_turn_cancelled_at_any_await_leaves_nothing_behind(probing: bool) -> None:
    """Cancel at every step of the loop, also in the middle of a commit: no turn and no lease stays behind."""

    async def story(steps: int) -> bool:
        store = DistantStore()
        host = controller(store=store)
        session = host.session("s")
        if probing:
            await text_of(session, Provider(a_x="overloaded"))
            await asyncio.sleep(60)
        task = asyncio.create_task(text_of(session, Provider(a_x="overloaded")))
        for _ in range(steps):
            await asyncio.sleep(0)
        done = task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert (await session.status()).turns == 0
        _, health = await store.read("s")
        assert all(record.state != "probing" for record in health.values())
        assert (await session.reconcile()) is ((await session.status()).state == "primary")
        assert await text_of(session, Provider()) in ("from a/x", "from b/y")
        return done

    steps = 0
    while not in_virtual_time(lambda steps=steps: story(steps)):
        steps += 1
    assert steps > 10


def test_a_process_that_dies_in_a_probe_leaves_its_lease_to_the_next_one() -> None:
    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, VirtualLoop)
        shared = MemoryStore()
        mortal = MortalStore(shared)
        config = Config(Chain.of("a/x", "b/y"), Policy(retries=0))
        first = Controller(config, store=mortal, node="n1", now=loop.now, sleep=loop.sleep)
        await text_of(first.session("s"), Provider(a_x="overloaded"))
        await asyncio.sleep(60)

        async def hangs(attempt: Attempt) -> Any:
            await asyncio.sleep(30)
            return "too late"

        turn = asyncio.create_task(first.session("s").run(hangs))
        await asyncio.sleep(1)
        mortal.die()
        turn.cancel()
        with pytest.raises(asyncio.CancelledError):
            await turn

        second = Controller(config, store=shared, node="n1", now=loop.now, sleep=loop.sleep)
        status = await second.session("s").status()
        assert (status.state, status.serving, status.turns) == ("failover_active", "b/y", 0)
        provider = Provider()
        assert await text_of(second.session("s"), provider) == "from a/x"
        assert provider.calls == ["a/x"]

    in_virtual_time(story)


def test_a_probe_that_goes_on_speaking_keeps_its_lease_and_a_silent_one_loses_it() -> None:
    async def story() -> None:
        host = controller(policy=Policy(retries=0, first_token_s=10, idle_s=10))
        await text_of(host.session("s"), Provider(a_x="overloaded"))
        await asyncio.sleep(60)

        async def slowly(attempt: Attempt) -> Any:
            for _ in range(20):
                await asyncio.sleep(9)
                yield "word "

        answer = await host.session("s").run(slowly)
        reading = asyncio.create_task(_read(answer))
        others = Provider()
        for _ in range(15):
            await asyncio.sleep(10)
            await text_of(host.session("other"), others)
        assert "a/x" not in others.calls
        assert await reading == 20
        assert await text_of(host.session("other"), others) == "from a/x"

    in_virtual_time(story)


async def _read(answer: Any) -> int:
    return len([piece async for piece in answer])
