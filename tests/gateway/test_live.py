"""The configuration changes while the gateway runs, and a session in failover, or a turn in flight, is left alone."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from pathlib import Path

import aiohttp
import pytest
from attrs import define, field

from detent.adapters import Controller
from detent.adapters.gateway import Gateway, live
from detent.adapters.gateway.keys import digest_of, new_key
from detent.adapters.local import LocalProvider, Say, bad_gateway, unauthorized
from detent.adapters.settings import load
from detent.fsm.chain import Chain

from .conftest import ASKED, CHAIN, file_text
from .test_operations import detent, told, turn

OTHER_PRIMARY = CHAIN.replace("alpha/large", "alpha/new")
NO_BETA = CHAIN.replace('["beta/small"]', '["alpha/spare"]')


@define
class Held:
    """Lets a call wait until the test lets it go on, and then behaves otherwise."""

    then: object
    arrived: asyncio.Event = field(factory=asyncio.Event)
    go: asyncio.Event = field(factory=asyncio.Event)

    async def reply(self, exchange):
        self.arrived.set()
        await self.go.wait()
        return await self.then.reply(exchange)


async def reloaded(scene, says, code=0):
    """What `detent reload` tells once the file says something else."""
    scene.file.write_text(scene.text(says), encoding="utf-8")
    return await told(scene, "reload", code=code)


async def failed_over(scene):
    """A session whose primary has failed."""
    scene.alpha.behave(bad_gateway(), model="large")
    assert await turn(scene) == "beta/small"
    before = (await told(scene, "why", "talk"))["session"]
    assert (before["state"], before["serving"]) == ("failover_active", "beta/small")
    return {name: value for name, value in before.items() if name != "cooling"}


async def session(scene):
    found = (await told(scene, "why", "talk"))["session"]
    return {name: value for name, value in found.items() if name != "cooling"}


def called(provider):
    return [call.model for call in provider.calls]


def test_a_failover_is_not_touched_by_a_change_that_does_not_concern_it(played):
    async def story(scene):
        before = await failed_over(scene)
        loaded = await reloaded(scene, f"# a remark\n{CHAIN}max_turns = 7\n")
        assert (loaded["ok"], loaded["changed"], loaded["revision"]) == (True, True, 0)
        assert await session(scene) == before
        assert len(await scene.gateway._turns.controller.rests()) == 1
        assert await turn(scene) == "beta/small"
        assert called(scene.alpha) == ["large"]

    played(story)


def test_a_replaced_primary_leaves_the_failover_and_is_home_for_the_next_turn(played):
    async def story(scene):
        before = await failed_over(scene)
        assert (await reloaded(scene, OTHER_PRIMARY))["revision"] == 1
        assert await session(scene) == {**before, "home": "alpha/new"}
        await told(scene, "reconcile", "talk", code=1)
        assert await session(scene) == {**before, "home": "alpha/new"}
        assert await turn(scene) == "alpha/new"
        after = await session(scene)
        assert (after["state"], after["adopted"]) == ("primary", "alpha/new")

    played(story)


def test_a_serving_model_that_is_removed_is_not_called_again(played):
    async def story(scene):
        before = await failed_over(scene)
        await reloaded(scene, NO_BETA)
        assert await session(scene) == before
        assert await turn(scene) == "alpha/spare"
        assert called(scene.beta) == ["small"]
        after = await session(scene)
        assert (after["state"], after["serving"], after["home"]) == ("failover_active", "alpha/spare", "alpha/large")

    played(story)


def test_an_invalid_change_is_refused_with_every_mistake_and_the_old_one_serves_on(played, caplog):
    async def story(scene):
        before = await failed_over(scene)
        wrong = OTHER_PRIMARY.replace("retries = 0", 'retries = "many"') + 'hots = "x"\n'
        with caplog.at_level(logging.WARNING, live.__name__):
            loaded = await reloaded(scene, wrong, code=1)
        mistakes = [problem.partition(":")[0] for problem in loaded["problems"]]
        assert sorted(mistakes) == ["chains.default.policy.retries", "gateway.hots"]
        assert (loaded["ok"], loaded["revision"]) == (False, 0)
        assert [caplog.text.count(problem) for problem in loaded["problems"]] == [1, 1]
        assert (await told(scene, "status"))["configuration"]["problems"] == loaded["problems"]
        async with aiohttp.request("POST", f"{scene.gateway.address}/admin/reload") as reply:
            assert reply.status == 422
        shown = await detent(scene, "reload", code=1)
        assert "cannot be used; revision 0 serves on" in shown
        assert shown.count("mistake: ") == 2
        async with aiohttp.request("GET", f"{scene.gateway.address}/readyz") as reply:
            assert reply.status == 200
        assert await session(scene) == before
        assert await turn(scene) == "beta/small"
        assert (await reloaded(scene, CHAIN))["ok"]
        assert (await told(scene, "status"))["configuration"]["problems"] == []

    played(story)


def test_a_turn_in_flight_keeps_its_plan_and_its_endpoints(played):
    async def story(scene):
        scene.alpha.behave(held := Held(bad_gateway()))
        before = asyncio.ensure_future(turn(scene))
        await held.arrived.wait()
        async with LocalProvider("gamma") as gamma:
            text = CHAIN.replace("alpha/large", "gamma/huge").replace("beta/small", "gamma/tiny")
            scene.file.write_text(file_text(text, gamma), encoding="utf-8")
            assert (await told(scene, "reload"))["ok"]
            assert await turn(scene, "another") == "gamma/huge"
            held.go.set()
            assert await before == "beta/small"
            assert called(gamma) == ["huge"]
            assert await turn(scene) == "gamma/huge"

    played(story)


def test_a_stream_in_flight_arrives_whole_though_its_provider_is_removed(played):
    async def story(scene):
        words = "one two three four five"
        scene.alpha.behave(Say(words, pause_s=0.02))
        asked = {**ASKED, "stream": True}
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{scene.base_url}/chat/completions", json=asked) as reply,
        ):
            first = await reply.content.readline()
            text = CHAIN.replace("alpha/large", "beta/large")
            scene.file.write_text(file_text(text, scene.beta), encoding="utf-8")
            assert (await scene.gateway.reload()).ok
            events = (first + await reply.content.read()).decode().split("\n\n")
        assert events[-2] == "data: [DONE]"
        deltas = [json.loads(event.removeprefix("data: "))["choices"] for event in events[:-2]]
        assert "".join(choices[0]["delta"].get("content") or "" for choices in deltas if choices) == words

    played(story)


@define
class Wants:
    """Answers calls with this key alone."""

    key: str

    async def reply(self, exchange):
        good = exchange.http.headers["Authorization"] == f"Bearer {self.key}"
        return await (Say() if good else unauthorized()).reply(exchange)


def test_another_key_of_a_provider_ends_the_rest_of_the_rejected_one(played, monkeypatch):
    monkeypatch.setenv("OLD_KEY", "old-key-1")
    monkeypatch.setenv("NEW_KEY", "new-key-2")

    async def story(scene):
        scene.alpha.behave(Wants("new-key-2"))
        beta = file_text(CHAIN, scene.beta)
        alpha = f'[providers.alpha]\nbase_url = "{scene.alpha.base_url}"\n'
        for name, answers in (("OLD_KEY", "beta/small"), ("NEW_KEY", "alpha/large")):
            scene.file.write_text(f'{beta}\n{alpha}key_env = "{name}"\n', encoding="utf-8")
            assert (await scene.gateway.reload()).ok
            assert await turn(scene) == answers

    played(story)


def test_a_key_file_that_changes_ends_the_rest_of_the_rejected_key_without_a_reload(played, tmp_path):
    def keep(key):
        file = tmp_path / "alpha.key"
        file.write_text(key, encoding="utf-8")
        file.chmod(0o600)

    async def story(scene):
        scene.alpha.behave(Wants("new-key-2"))
        keep("old-key-1")
        beta = file_text(CHAIN, scene.beta)
        alpha = f'[providers.alpha]\nbase_url = "{scene.alpha.base_url}"\nkey_file = "alpha.key"\n'
        scene.file.write_text(f"{beta}\n{alpha}", encoding="utf-8")
        assert (await scene.gateway.reload()).ok
        assert await turn(scene) == "beta/small"
        keep("new-key-2")
        assert await turn(scene) == "alpha/large"

    played(story)


def test_keys_aliases_and_limits_of_the_gateway_change_at_once(played):
    async def story(scene):
        key = new_key()
        with_key = f'{CHAIN}aliases = {{ gpt = "beta/small" }}\n[gateway.keys.me]\nsha256 = "{digest_of(key)}"\n'
        scene.file.write_text(scene.text(with_key), encoding="utf-8")
        assert (await scene.gateway.reload()).ok
        headers = {"Authorization": f"Bearer {key}"}
        for sent, status in ((headers, 200), ({}, 401)):
            async with aiohttp.request("GET", f"{scene.base_url}/models", headers=sent) as reply:
                assert reply.status == status
                if status == 200:
                    assert "gpt" in [each["id"] for each in (await reply.json())["data"]]
        scene.file.write_text(scene.text(f"{CHAIN}max_turns = 1\n"), encoding="utf-8")
        assert (await scene.gateway.reload()).ok
        scene.alpha.behave(held := Held(Say()))
        first = asyncio.ensure_future(turn(scene))
        await held.arrived.wait()
        async with aiohttp.request("POST", f"{scene.base_url}/chat/completions", json=ASKED) as reply:
            assert reply.status == 503
        held.go.set()
        assert await first == "alpha/large"

    played(story)


def test_what_takes_a_restart_is_said_as_long_as_it_is_so(played):
    async def story(scene):
        text = CHAIN.replace("port = 0", 'port = 9000\nhost = "localhost"') + '[journal]\npath = "d.jsonl"\n'
        loaded = await reloaded(scene, text)
        assert loaded["ok"]
        assert loaded["needs_restart"] == [
            'gateway.host: says "localhost", and "127.0.0.1" is in use; restart the gateway',
            "gateway.port: says 9000, and 0 is in use; restart the gateway",
            "journal: has changed; restart the gateway",
        ]
        assert "not yet: gateway.port" in await detent(scene, "reload")
        assert not (await reloaded(scene, CHAIN))["needs_restart"]

    played(story)


def test_a_gateway_that_others_can_reach_does_not_lose_its_last_key(tmp_path):
    async def story():
        file = tmp_path / "detent.toml"
        file.write_text('[chains.default]\nprimary = "ollama/x"\n', encoding="utf-8")
        settings = load(file)
        async with Controller.from_settings(settings) as controller:
            following = live.LiveSettings(settings, controller, "192.0.2.1", lambda _: pytest.fail("it was used"))
            loaded = await following.reload()
            assert not loaded.ok
            assert "add a key" in loaded.problems[0]

    asyncio.run(story())


def test_a_store_that_does_not_take_a_configuration_leaves_the_old_one_in_use(played):
    async def story(scene):
        async def refuse(_):
            raise OSError("disk full")

        scene.gateway._live._controller.publish = refuse
        scene.file.write_text(scene.text(OTHER_PRIMARY), encoding="utf-8")
        loaded = await scene.gateway.reload()
        assert loaded.problems == ("store: does not take the configuration: OSError",)
        assert await turn(scene) == "alpha/large"

    played(story)


@pytest.fixture
def watching(monkeypatch):
    """Tells when the folders are watched; then only what the system tells counts."""
    begun = asyncio.Event()
    awatch = live.awatch

    async def watched(*places, **options):
        begun.set()
        async for change in awatch(*places, **options):
            yield change

    monkeypatch.setattr(live, "awatch", watched)
    monkeypatch.setattr(live, "_LOOK_S", 3600)
    return begun


def news_of(gateway):
    """What becomes of the file each time that it is read."""
    news, reload = asyncio.Queue(), gateway._live.reload

    async def reloading():
        loaded = await reload()
        news.put_nowait(loaded)
        return loaded

    gateway._live.reload = reloading
    return news


def only(model):
    return f'[chains.default]\nprimary = "{model}"\n[gateway]\nport = 0\n'


def write_in_place(file, text):
    file.write_text(text, encoding="utf-8")


def rename_over(file, text):
    new = file.with_name(".detent.toml.swp")
    new.write_text(text, encoding="utf-8")
    new.replace(file)


def move_away_and_write(file, text):
    file.rename(file.with_name("detent.toml~"))
    file.write_text(text, encoding="utf-8")


@pytest.mark.parametrize("change", [write_in_place, rename_over, move_away_and_write])
def test_a_change_of_the_file_is_followed_however_it_is_made(tmp_path, watching, change):
    followed(tmp_path / "detent.toml", watching, change)


def swap_the_folder(file: Path, text: str) -> None:
    """As Kubernetes does: a new folder, and a link that is renamed over the old one."""
    data = file.parent / "..data"
    new = file.parent / f"..{os.readlink(data)[2:]}1"
    new.mkdir()
    (new / file.name).write_text(text, encoding="utf-8")
    link = file.parent / "..data_tmp"
    link.symlink_to(new.name)
    old = file.parent / os.readlink(data)
    link.replace(data)
    (old / file.name).unlink()
    old.rmdir()


def test_a_folder_that_kubernetes_swaps_is_followed_again_and_again(tmp_path, watching):
    (tmp_path / "..1").mkdir()
    (tmp_path / "..data").symlink_to("..1")
    (tmp_path / "detent.toml").symlink_to("..data/detent.toml")
    followed(tmp_path / "detent.toml", watching, swap_the_folder, begin=tmp_path / "..1" / "detent.toml")


def swap_a_link_above(file: Path, text: str) -> None:
    current = file.parent
    new = current.parent / f"{os.readlink(current)}1"
    new.mkdir()
    (new / file.name).write_text(text, encoding="utf-8")
    link = current.parent / "next"
    link.symlink_to(new.name)
    link.replace(current)


def test_a_link_to_the_folder_of_the_file_is_followed(tmp_path, watching):
    (tmp_path / "release1").mkdir()
    (tmp_path / "current").symlink_to("release1")
    followed(tmp_path / "current" / "detent.toml", watching, swap_a_link_above)


def followed(file, watching, change, begin=None):
    """The file is followed through two changes."""

    async def story():
        (begin or file).write_text(only("ollama/a"), encoding="utf-8")
        async with asyncio.timeout(10), Gateway(load(file)) as gateway:
            news = news_of(gateway)
            for model in ("ollama/b", "ollama/c"):
                await watching.wait()
                watching.clear()
                change(file, only(model))
                while not (loaded := await news.get()).changed:
                    assert "cannot be read" in "".join(loaded.problems) or loaded.ok
                configs = await gateway._turns.controller.configs()
                assert configs["default"].chain == Chain.of(model)
                if not file.parent.is_symlink() and not file.is_symlink():
                    watching.set()

    asyncio.run(story())


def test_a_file_that_goes_away_is_said_and_followed_when_it_is_back(tmp_path, watching):
    async def story():
        file = tmp_path / "detent.toml"
        file.write_text(only("ollama/a"), encoding="utf-8")
        async with asyncio.timeout(10), Gateway(load(file)) as gateway:
            news = news_of(gateway)
            await watching.wait()
            file.unlink()
            while (loaded := await news.get()).ok:
                pass
            assert "cannot be read" in loaded.problems[0]
            file.write_text(only("ollama/b"), encoding="utf-8")
            while not (loaded := await news.get()).changed:
                pass
            assert loaded.ok

    asyncio.run(story())


def test_where_the_system_tells_of_no_changes_a_look_finds_them(tmp_path, monkeypatch, caplog):
    def awatch(*_, **__):
        raise OSError("no more watches")

    monkeypatch.setattr(live, "awatch", awatch)
    monkeypatch.setattr(live, "_LOOK_S", 0.01)

    async def story():
        file = tmp_path / "detent.toml"
        file.write_text(only("ollama/a"), encoding="utf-8")
        async with asyncio.timeout(10), Gateway(load(file)) as gateway:
            news = news_of(gateway)
            await news.get()
            file.write_text(only("ollama/b"), encoding="utf-8")
            while not (await news.get()).changed:
                pass

    asyncio.run(story())
    assert "are looked for every" in caplog.text
