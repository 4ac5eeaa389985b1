"""Several keys of one provider over real sockets: what each failure closes, and keys that change while all runs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from traceback import format_exception
from typing import Any

import pytest
from aiohttp import web
from attrs import define, field

from detent.adapters import Attempt, Controller, Endpoint, ProviderError, SurfacedError, Upstreams
from detent.adapters.keys import Keys
from detent.adapters.local import (
    Behaviour,
    Exchange,
    Fail,
    LocalProvider,
    Say,
    overloaded,
    rate_limited,
    unauthorized,
)
from detent.adapters.settings import MissingSecretError, UnknownCredentialError, load
from detent.fsm import Chain, Config, Decision, Failure, Policy

from .conftest import controller, in_virtual_time

ASK = [{"role": "user", "content": "hello"}]
CALM = Policy(retries=0)
OLD, NEW = "sk-old-0123456789abcdefghijklmnop", "sk-new-0123456789abcdefghijklmnop"
SPENT = Fail(429, {"error": {"message": "You exceeded your current quota.", "code": "insufficient_quota"}})
DENIED = Fail(403, {"error": {"message": "You are not allowed to use this model.", "type": "permission_error"}})
BROKEN = Fail(500, {"error": {"message": "The server had an error.", "type": "server_error"}})


@define
class ByKey:
    """Replies by the key that was sent and the model that was asked for; whoever is not scripted is answered."""

    scripts: dict[tuple[str, str], Behaviour] = field(factory=dict)
    asked: list[str] = field(factory=list)

    async def reply(self, exchange: Exchange) -> web.StreamResponse | None:
        key = exchange.http.headers["Authorization"].removeprefix("Bearer ")
        model = exchange.call.model
        self.asked.append(f"{model}@{key}")
        script = self.scripts.get((model, key)) or self.scripts.get(("*", key)) or Say(f"{model} with {key}")
        return await script.reply(exchange)


@asynccontextmanager
async def two_keys(
    scripts: dict[tuple[str, str], Behaviour], *, aggregator: bool = False
) -> AsyncIterator[tuple[Controller, ByKey]]:
    """A provider of two models and two keys, which are named like what they hold."""
    async with LocalProvider("a") as provider:
        house = ByKey(scripts)
        provider.behave(house)
        config = Config(
            Chain.of("a/one", "a/two"),
            CALM,
            credentials={"a": ("k1", "k2")},
            aggregators=frozenset({"a"} if aggregator else ()),
        )
        upstreams = Upstreams(lambda name, credential: Endpoint(name, provider.base_url, credential))
        async with Controller(config, upstreams=upstreams) as host:
            yield host, house


async def asked_by(host: Controller, house: ByKey, session: str) -> list[str]:
    """One turn of a session: whom it asked."""
    before = len(house.asked)
    await host.session(session).send(messages=ASK)
    return house.asked[before:]


@pytest.mark.parametrize(
    ("failure", "closes", "aggregator"),
    [
        (unauthorized(), "the key", False),
        (SPENT, "the key", False),
        (SPENT, "the model with that key", True),
        (rate_limited(retry_after_s=90), "the model with that key", False),
        (DENIED, "the model with that key", False),
        (overloaded(), "the model", False),
        (BROKEN, "the model", False),
    ],
    ids=["401", "quota", "quota of an aggregator", "429", "403", "503", "500"],
)
def test_each_failure_closes_its_own_scope_for_every_session_and_nothing_wider(
    failure: Behaviour, closes: str, aggregator: bool
) -> None:
    async def story() -> None:
        async with two_keys({("one", "k1"): failure}, aggregator=aggregator) as (host, house):
            first = await asked_by(host, house, "s1")
            second = await asked_by(host, house, "s2")
            if closes == "the model":
                assert first == ["one@k1", "two@k1"]
                assert second == ["two@k1"]
                return
            assert first == ["one@k1", "one@k2"]
            assert second == ["one@k2"]
            assert (await host.status("s1")).state == "primary"
            house.scripts["one", "k2"] = overloaded()
            third = await asked_by(host, house, "s3")
            assert third == ["one@k2", "two@k2" if closes == "the key" else "two@k1"]

    asyncio.run(story())


def test_a_session_stays_with_the_key_that_answered_it_after_the_other_is_well_again() -> None:
    async def story() -> None:
        async with two_keys({("one", "k1"): rate_limited(retry_after_s=90)}) as (host, house):
            assert await asked_by(host, house, "s") == ["one@k1", "one@k2"]
            del house.scripts["one", "k1"]
            await host.renew("a", "k1")
            assert await asked_by(host, house, "s") == ["one@k2"]
            assert await asked_by(host, house, "another") == ["one@k1"]

    asyncio.run(story())


@asynccontextmanager
async def old_key_rejected(folder: Path, key: str) -> AsyncIterator[tuple[Controller, ByKey]]:
    """A provider that wants the new key, and another that answers anybody, as a ``detent.toml`` has them."""
    async with LocalProvider("a") as a, LocalProvider("b") as b:
        house = ByKey({("*", OLD): unauthorized()})
        a.behave(house)
        b.behave(Say("from b"))
        text = f"""
            [chains.default]
            primary = "a/one"
            fallbacks = ["b/one"]
            [providers.a]
            base_url = "{a.base_url}"
            {key}
            [providers.b]
            base_url = "{b.base_url}"
        """
        (folder / "detent.toml").write_text(text, encoding="utf-8")
        async with Controller.from_settings(load(folder / "detent.toml")) as host:
            yield host, house


def in_place(file: Path, key: str) -> None:
    file.write_text(key + "\n")


def by_rename(file: Path, key: str) -> None:
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(key + "\n")
    new.rename(file)


@pytest.mark.parametrize("rewrite", [in_place, by_rename])
def test_a_rewritten_key_file_brings_the_session_home_at_its_next_turn(
    tmp_path: Path, rewrite: Callable[[Path, str], None]
) -> None:
    async def story() -> None:
        file = tmp_path / "a.key"
        by_rename(file, OLD)
        async with old_key_rejected(tmp_path, 'key_file = "a.key"') as (host, house):
            everything = host.subscribe()
            session = host.session("s")
            assert (await session.send(messages=ASK)).model == "b/one"
            assert (await session.send(messages=ASK)).model == "b/one"
            assert (await session.status()).state == "failover_active"
            assert house.asked == [f"one@{OLD}"]
            rewrite(file, NEW)
            answer = await session.send(messages=ASK)
            assert (answer.model, [n.kind for n in answer.notices]) == ("a/one", ["recovered"])
            assert answer.attempts == ("a/one",)
            assert (await session.status()).state == "primary"
            told = [item for item in everything.waiting() if isinstance(item, Decision)]
            assert [d.subject for d in told if d.event == "renewed"] == ["credential a@", "credential_model a/one@"]
            assert not [d for d in told if OLD in repr(d) or NEW in repr(d)]

    asyncio.run(story())


def test_a_variable_that_is_set_later_counts_from_the_next_turn_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def story() -> None:
        monkeypatch.delenv("A_KEY", raising=False)
        async with old_key_rejected(tmp_path, 'key_env = "A_KEY"') as (host, house):
            session = host.session("s")
            assert (await session.send(messages=ASK)).model == "b/one"
            monkeypatch.setenv("A_KEY", NEW)
            assert (await session.send(messages=ASK)).model == "a/one"
            assert house.asked == [f"one@{NEW}"]

    asyncio.run(story())


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system's files have no modes")
def test_a_key_file_that_is_closed_to_others_later_counts_from_the_next_turn_on(tmp_path: Path) -> None:
    async def story() -> None:
        file = tmp_path / "a.key"
        by_rename(file, NEW)
        file.chmod(0o644)
        async with old_key_rejected(tmp_path, 'key_file = "a.key"') as (host, house):
            session = host.session("s")
            assert (await session.send(messages=ASK)).model == "b/one"
            said = "\n".join(session.why())
            assert "a/one: auth" in said
            assert house.asked == []
            file.chmod(0o600)
            assert (await session.send(messages=ASK)).model == "a/one"

    asyncio.run(story())


def test_a_key_that_has_not_changed_ends_no_rest(tmp_path: Path) -> None:
    async def story() -> None:
        file = tmp_path / "a.key"
        by_rename(file, OLD)
        async with old_key_rejected(tmp_path, 'key_file = "a.key"') as (host, house):
            for _ in range(3):
                assert (await host.session("s").send(messages=ASK)).model == "b/one"
                by_rename(file, OLD)
            assert house.asked == [f"one@{OLD}"]

    asyncio.run(story())


def test_a_second_key_that_is_no_better_rests_like_the_first(tmp_path: Path) -> None:
    async def story() -> None:
        file = tmp_path / "a.key"
        by_rename(file, OLD)
        async with old_key_rejected(tmp_path, 'key_file = "a.key"') as (host, house):
            house.scripts["*", NEW] = unauthorized()
            for key in (OLD, OLD, NEW, NEW):
                by_rename(file, key)
                assert (await host.session("s").send(messages=ASK)).model == "b/one"
            assert house.asked == [f"one@{OLD}", f"one@{NEW}"]

    asyncio.run(story())


class Echo:
    """Sends the key back in the body and a header, as careless proxies do."""

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        sent = exchange.http.headers["Authorization"]
        return web.json_response({"error": {"message": f"bad key: {sent}"}}, status=401, headers={"X-Sent": sent})


def test_a_key_of_a_file_is_in_nothing_that_a_session_tells_even_if_its_provider_echoes_it(tmp_path: Path) -> None:
    async def story() -> None:
        file = tmp_path / "a.key"
        by_rename(file, OLD)
        async with old_key_rejected(tmp_path, 'key_file = "a.key"') as (host, house):
            house.scripts = {("*", OLD): Echo(), ("*", NEW): Echo()}
            everything = host.subscribe()
            session = host.session("s")
            await session.pin("a/one", strict=True)
            said = []
            for key in (OLD, NEW):
                by_rename(file, key)
                with pytest.raises(SurfacedError) as caught:
                    await session.send(messages=ASK)
                said += [str(caught.value), repr(caught.value.outcome), "".join(format_exception(caught.value))]
            assert len(house.asked) == 2
            said += [*session.why(100), repr(await session.status()), *map(repr, everything.waiting())]
            told = "\n".join([*said, repr(host), repr(session)])
            assert "bad key" in told
            assert not [key for key in (OLD, NEW) if key in told or key[3:] in told or str(hash(key)) in told]

    asyncio.run(story())


def test_an_application_says_that_a_key_of_its_own_client_was_changed() -> None:
    async def story() -> None:
        host = controller()
        keys = {"a/x": OLD, "b/y": NEW}

        async def call(attempt: Attempt) -> str:
            if keys[attempt.model] == OLD:
                raise ProviderError(Failure("auth"))
            return "well"

        session = host.session("s")
        assert (await session.run(call)).model == "b/y"
        keys["a/x"] = NEW
        assert (await session.run(call)).model == "b/y"
        await host.renew("a")
        assert (await session.run(call)).model == "a/x"

    in_virtual_time(story)


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (("a", "k9"), "provider 'a' has no credential 'k9'; configured are 'k1', 'k2'"),
        (("z", ""), "provider 'z' has no credential ''; configured are none, for the provider is not configured"),
    ],
)
def test_a_credential_that_is_not_configured_cannot_be_renewed(who: tuple[str, str], says: str) -> None:
    async def story() -> None:
        config = Config(Chain.of("a/x"), credentials={"a": ("k1", "k2")}, providers=frozenset({"a"}))
        async with Controller(config) as host:
            with pytest.raises(UnknownCredentialError) as caught:
                await host.renew(*who)
            assert str(caught.value) == says

    asyncio.run(story())


class Told:
    """Is told which credentials changed, and may fail at it."""

    def __init__(self) -> None:
        self.of: list[tuple[str, str]] = []
        self.fails = False

    async def renew(self, provider: str, credential: str) -> None:
        if self.fails:
            raise RuntimeError
        self.of.append((provider, credential))


def changed(keys: Keys, told: Told) -> list[tuple[str, str]]:
    told.of = []
    asyncio.run(keys.follow(told.renew))
    return told.of


def test_only_changes_of_what_was_used_are_told_and_each_once() -> None:
    secrets: dict[str, Any] = {"k1": OLD, "k2": OLD}
    keys, told = Keys(lambda name, credential: Endpoint(name, "https://h.example", secrets[credential])), Told()
    keys.endpoint("a", "k1")
    secrets |= {"k1": NEW, "k2": NEW}
    keys.endpoint("a", "k1")
    assert changed(keys, told) == [("a", "k1")]
    assert changed(keys, told) == []
    keys.endpoint("a", "k2")
    assert changed(keys, told) == []


def test_a_changed_secret_header_is_a_changed_key() -> None:
    headers = {"X-Pass": OLD}
    keys, told = Keys(lambda name, _: Endpoint(name, "https://h.example", headers=dict(headers))), Told()
    keys.endpoint("a", "")
    headers["X-Pass"] = NEW
    assert changed(keys, told) == [("a", "")]


def test_a_key_that_goes_missing_ends_no_rest_and_one_that_comes_back_does() -> None:
    there = False

    def endpoint_of(name: str, _: str) -> Endpoint:
        if not there:
            raise MissingSecretError("it is not there")
        return Endpoint(name, "https://h.example", OLD)

    keys, told = Keys(endpoint_of), Told()
    with pytest.raises(MissingSecretError):
        keys.endpoint("a", "")
    assert changed(keys, told) == []
    there = True
    assert changed(keys, told) == [("a", "")]
    there = False
    assert changed(keys, told) == []
    there = True
    assert changed(keys, told) == [("a", "")]


def test_a_change_that_could_not_be_told_is_told_again() -> None:
    secret = OLD
    keys, told = Keys(lambda name, _: Endpoint(name, "https://h.example", secret)), Told()
    keys.endpoint("a", "")
    secret, told.fails = NEW, True
    with pytest.raises(RuntimeError):
        changed(keys, told)
    told.fails = False
    assert changed(keys, told) == [("a", "")]


def test_what_is_remembered_of_keys_is_shown_by_nothing() -> None:
    keys = Keys(lambda name, _: Endpoint(name, "https://h.example", OLD, headers={"X-Pass": NEW}))
    keys.endpoint("a", "")
    assert OLD not in repr(keys) + str(keys)
    assert str(hash(OLD)) not in repr(keys)
