"""What an operator sees of all sessions and cooldowns, and ends by hand."""

from __future__ import annotations

import asyncio

from detent.adapters import Cleared, MemoryStore, SessionQuery
from detent.adapters.status import candidates_of
from detent.fsm import Chain, Config, Session, core
from detent.fsm.cooldown import Cooldown

from .conftest import Provider, controller, in_virtual_time, text_of


def test_sessions_are_listed_a_page_at_a_time_in_the_order_of_their_ids() -> None:
    async def story() -> None:
        async with controller() as detent:
            for name in ("c", "a/1|x", "e", "b", "d"):
                await detent.session(name).pin("b/y")
            first = await detent.sessions(SessionQuery(limit=2))
            assert [each.id for each in first] == ["a/1|x", "b"]
            await detent.session("a").pin("b/y")
            rest = await detent.sessions(SessionQuery(after=first[-1].id))
            assert [each.id for each in rest] == ["c", "d", "e"]
            assert rest[0] == await detent.status("c")

    in_virtual_time(story)


def test_sessions_are_found_by_state_and_by_a_part_of_their_id() -> None:
    async def story() -> None:
        async with controller() as detent:
            for name in ("north-1", "north-2", "south-1"):
                await text_of(detent.session(name), Provider())
            await detent.session("north-2").pin("b/y")
            await detent.session("south-1").pin("b/y")
            found = await detent.sessions(SessionQuery(state="user_pinned", contains="north"))
            assert [each.id for each in found] == ["north-2"]
            assert await detent.counts() == {"primary": 1, "user_pinned": 2}
            assert await detent.exists("north-1")
            assert not await detent.exists("west-1")

    in_virtual_time(story)


def test_a_page_of_very_many_sessions_comes_without_looking_at_those_before_it() -> None:
    class Counted(dict[str, Session]):
        looked = 0

        def __getitem__(self, name: str) -> Session:
            self.looked += 1
            return super().__getitem__(name)

    async def story() -> None:
        store = MemoryStore()
        for number in range(100_000):
            await store.commit(Session(f"s{number:06}", "a/x", "a/x"), ())
        store._sessions = counted = Counted(store._sessions)
        page = await store.page(SessionQuery(after="s089999", limit=50))
        assert [each.id for each in page] == [f"s{number:06}" for number in range(90_000, 90_050)]
        assert counted.looked <= 2000

    asyncio.run(story())


def test_the_operator_ends_a_rest_which_is_a_decision_on_record_and_keeps_its_strikes() -> None:
    async def story() -> None:
        provider = Provider(a_x="overloaded", b_y="rate_limit")
        async with controller() as detent:
            news = detent.subscribe()
            assert await detent.rests() == ()
            provider.failing = {"a/x": "overloaded"}
            await text_of(detent.session("s"), provider)
            (rest,) = await detent.rests()
            assert (rest.scope, rest.state, rest.reason, rest.strikes) == ("model a/x", "cooling", "overloaded", 1)
            news.waiting()
            cleared = await detent.clear(["model a/x", "model b/y"])
            assert cleared.cleared == ("model a/x",)
            assert [str(decision) for decision in news.waiting()] == [
                "cooldown model a/x: lifted (by the operator): cooling -> available: the cause may have been mended"
            ]
            assert await detent.rests() == ()
            await text_of(detent.session("s"), provider)
            assert provider.calls == ["a/x", "b/y", "a/x", "b/y"]
            assert [each.strikes for each in await detent.rests()] == [2]

    in_virtual_time(story)


def test_without_a_scope_every_rest_ends_whatever_it_is_for() -> None:
    async def story() -> None:
        provider = Provider(a_x="quota_exhausted", b_y="model_not_found", c_z="unknown")
        async with controller("a/x", "b/y", "c/z", "d/w") as detent:
            await text_of(detent.session("s"), provider)
            assert len(await detent.rests()) == 3
            assert (await detent.clear([])).cleared == ()
            assert len((await detent.clear()).cleared) == 3
            assert await detent.rests() == ()

    in_virtual_time(story)


def test_a_scope_that_is_being_probed_is_left_to_its_probe() -> None:
    async def story() -> None:
        provider = Provider(a_x="overloaded")
        async with controller() as detent:
            await text_of(detent.session("s"), provider)
            (rest,) = await detent.rests()
            await asyncio.sleep(rest.left)
            provider.failing = {}
            answer = await detent.session("s").run(provider.stream)
            assert (await detent.rests())[0].state == "probing"
            assert await detent.clear() == Cleared(cleared=(), probed=("model a/x",))
            async with answer:
                assert [piece async for piece in answer][-1] == "a/x"
            assert await detent.rests() == ()

    in_virtual_time(story)


def test_the_candidates_of_a_chain_tell_what_rests_what_is_due_and_who_probes() -> None:
    async def story() -> None:
        provider = Provider(a_x="overloaded")
        async with controller() as detent:
            session = detent.session("s")
            assert [(each.model, each.state, each.serves, each.home) for each in await session.candidates()] == [
                ("a/x", "available", True, True),
                ("b/y", "available", False, False),
            ]
            await text_of(session, provider)
            home, fallback = await session.candidates()
            assert (home.state, home.scope, home.reason, home.strikes) == ("cooling", "model a/x", "overloaded", 1)
            assert (home.serves, home.home, fallback.serves, fallback.home) == (False, True, True, False)
            assert home.left > 0
            await asyncio.sleep(home.left)
            due = (await session.candidates())[0]
            assert (due.state, due.left, due.prober) == ("due", 0.0, "")
            async with await session.run(Provider().stream) as answer:
                probed = (await session.candidates())[0]
                assert (probed.state, probed.prober) == ("probing", answer.turn)
                assert probed.left > 0
            assert (await detent.session("new").candidates())[0].serves

    in_virtual_time(story)


def test_of_several_scopes_the_one_tells_that_keeps_a_candidate_longest_from_being_called() -> None:
    config = Config(Chain.of("a/x"))
    due = Cooldown("model a/x", "cooling", until=5.0, reason="overloaded")
    rests = Cooldown("credential a@", "cooling", until=30.0, reason="auth")
    longer = Cooldown("endpoint a", "cooling", until=40.0, reason="network")
    for health in ((due, rests), (rests, due)):
        (shown,) = candidates_of(core.fresh("s", config), config, {each.key: each for each in health}, 10.0)
        assert (shown.state, shown.reason, shown.left) == ("cooling", "auth", 20.0)
    (shown,) = candidates_of(core.fresh("s", config), config, {each.key: each for each in (rests, longer)}, 10.0)
    assert (shown.scope, shown.left) == ("endpoint a", 30.0)


def test_a_pin_outside_the_chain_stands_before_it_and_each_credential_for_itself() -> None:
    async def story() -> None:
        async with controller() as detent:
            await detent.publish(Config(Chain.of("a/x"), credentials={"a": ("one", "two")}))
            session = detent.session("s")
            await session.pin("c/z")
            shown = [(each.model, each.credential, each.home) for each in await session.candidates()]
            assert shown == [("c/z", "", True), ("a/x", "one", False), ("a/x", "two", False)]

    in_virtual_time(story)
