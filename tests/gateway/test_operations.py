"""The admin API, and the commands that talk to it, against a running gateway."""

from __future__ import annotations

import asyncio
import json
from urllib.parse import quote

import aiohttp
import pytest
from click.testing import CliRunner

from detent.adapters.cli import main
from detent.adapters.gateway.keys import digest_of, new_key
from detent.adapters.local import bad_gateway

from .conftest import ASKED, CHAIN

KEY, CALLER = new_key(), new_key()
KEYS = (
    f'{CHAIN}\n[gateway.keys.ops]\nsha256 = "{digest_of(KEY)}"\nscopes = ["call", "admin"]\n'
    f'[gateway.keys.app]\nsha256 = "{digest_of(CALLER)}"\n'
)


async def detent(scene, *arguments, key=None, code=0):
    """What a command prints, with the exit code it is to end with; one at a time, for the runner takes over stdout."""
    environ = {"DETENT_URL": scene.gateway.address, "DETENT_KEY": key}
    ran = await asyncio.to_thread(CliRunner().invoke, main, list(arguments), env=environ)
    assert ran.exit_code == code, ran.output
    assert "Traceback" not in ran.output
    return ran.output


async def told(scene, *arguments, key=None, code=0):
    return json.loads(await detent(scene, *arguments, "--json", key=key, code=code))


async def turn(scene, session="talk", key=None):
    headers = {"X-Detent-Session": session} | ({} if key is None else {"Authorization": f"Bearer {key}"})
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{scene.base_url}/chat/completions", json=ASKED) as reply,
    ):
        assert reply.status == 200
        return reply.headers["X-Detent-Model"]


def test_status_tells_turns_sessions_chains_cooldowns_and_the_file(played):
    async def story(scene):
        scene.alpha.behave(bad_gateway())
        await turn(scene)
        said = await told(scene, "status")
        assert said["address"] == scene.gateway.address
        assert said["turns"] == 0
        assert said["sessions"] == {"primary": 0, "failover_active": 1, "user_pinned": 0, "cooldown_probe": 0}
        assert said["chains"] == {"default": ["alpha/large", "beta/small"]}
        assert [rest["scope"] for rest in said["rests"]] == ["model alpha/large"]
        assert said["configuration"]["ok"]
        shown = await detent(scene, "status")
        for part in ("1 failover_active", "chain default: alpha/large -> beta/small", "model alpha/large", "is in use"):
            assert part in shown

    played(story)


def test_sessions_are_listed_in_pages_and_found_by_state(played):
    async def story(scene):
        for name in ("c", "a", "b"):
            await turn(scene, name)
        page = await told(scene, "sessions", "--limit", "2")
        assert [each["id"] for each in page["sessions"]] == ["a", "b"]
        assert page["after"] == "b"
        rest = await told(scene, "sessions", "--limit", "2", "--after", page["after"])
        assert [each["id"] for each in rest["sessions"]] == ["c"]
        assert rest["after"] is None
        await detent(scene, "pin", "b", "beta/small")
        shown = await detent(scene, "sessions", "--state", "user_pinned")
        assert "beta/small" in shown
        assert "alpha" not in shown
        assert "more with --after 'a'" in await detent(scene, "sessions", "--limit", "1")

    played(story)


@pytest.mark.parametrize("query", ["state=happy", "limit=0", "limit=1001", "limit=x", "limit=" + "9" * 5000])
def test_a_wrong_query_is_a_400_that_names_the_value(played, query):
    async def story(scene):
        async with aiohttp.request("GET", f"{scene.gateway.address}/admin/sessions?{query}") as reply:
            assert reply.status == 400
            message = (await reply.json())["error"]["message"]
            assert message.startswith(query.partition("=")[0])
            assert "must be" in message

    played(story)


@pytest.mark.parametrize("name", ["a/b|c", "..", "é ✓", "100%25?x=1&y#z+ +", "[red]x", "-n", "'\"\\"])
def test_a_session_may_be_called_anything_that_can_be_printed(played, name):
    async def story(scene):
        address = f"{scene.gateway.address}/admin/pin"
        await scene.gateway._turns.controller.session(name).pin("beta/small")
        said = json.loads(await detent(scene, "why", "--json", "--", name))
        assert said["session"]["id"] == name
        assert name in await detent(scene, "sessions")
        assert "a fresh start" in await detent(scene, "reset", "--", name)
        async with aiohttp.request("POST", address, json={"id": name, "model": "alpha/large"}) as reply:
            assert (await reply.json())["session"]["pinned"] == "alpha/large"
        where = f"{scene.gateway.address}/admin/session?id={quote(name, safe='')}"
        async with aiohttp.request("GET", where) as reply:
            assert (await reply.json())["pinned"] == "alpha/large"

    played(story)


def test_a_session_is_pinned_let_go_and_reset_and_each_says_what_came_of_it(played):
    async def story(scene):
        await turn(scene)
        said = await told(scene, "pin", "talk", "beta/small", "--strict")
        assert (said["session"]["pinned"], said["session"]["strict"]) == ("beta/small", True)
        assert said["says"] == ["session talk: pin (beta/small): primary -> user_pinned: the user chose a model"]
        assert await turn(scene) == "beta/small"
        assert "the user let go" in await detent(scene, "unpin", "talk")
        assert "there is no pin" in await detent(scene, "unpin", "talk")
        assert "a fresh start" in await detent(scene, "reset", "talk")
        assert "session talk: primary, alpha/large serves" in await detent(scene, "why", "talk")

    played(story)


def test_reconcile_is_blocked_while_a_failover_is_live_and_says_so(played):
    async def story(scene):
        await turn(scene)
        assert "agrees with its configuration" in await detent(scene, "reconcile", "talk")
        scene.alpha.behave(bad_gateway())
        await turn(scene)
        shown = await detent(scene, "reconcile", "talk", code=1)
        assert "blocked: a failover is live" in shown
        assert "beta/small serves, home is alpha/large" in shown

    played(story)


@pytest.mark.parametrize("what", ["model alpha/large", "alpha/large", "alpha", "--all"])
def test_a_cooldown_is_ended_by_its_scope_its_model_or_its_provider(played, what):
    async def story(scene):
        scene.alpha.behave(bad_gateway(), times=1)
        assert await turn(scene) == "beta/small"
        shown = await detent(scene, "cooldowns")
        assert "model alpha/large" in shown
        assert "server_error" in shown
        assert (await told(scene, "clear", what))["cleared"] == ["model alpha/large"]
        assert "nothing is in cooldown" in await detent(scene, "cooldowns")
        assert await turn(scene) == "alpha/large"
        assert "nothing of that was in cooldown" in await detent(scene, "clear", "alpha/large")

    played(story)


def test_what_cannot_be_cleared_is_told_with_what_is_near(played):
    async def story(scene):
        assert 'did you mean "alpha/large"?' in await detent(scene, "clear", "alfa/large", code=1)
        await detent(scene, "clear", code=2)
        await detent(scene, "clear", "--all", "alpha/large", code=2)

    played(story)


def test_an_unknown_session_is_told_with_those_that_are_near(played):
    async def story(scene):
        for name in ("conversation-17", "other"):
            await turn(scene, name)
        for command in (["why"], ["unpin"], ["reset"], ["reconcile"]):
            shown = await detent(scene, *command, "convresation-17", code=1)
            assert 'no session is called "convresation-17"; did you mean "conversation-17"?' in shown
        assert 'there is "conversation-17"' in await detent(scene, "pin", "conversation", "beta/small", code=1)
        assert [each["id"] for each in (await told(scene, "sessions"))["sessions"]] == ["conversation-17", "other"]

    played(story)


def test_an_unknown_model_cannot_be_pinned(played):
    async def story(scene):
        await turn(scene)
        assert "provider 'gamma' is not configured" in await detent(scene, "pin", "talk", "gamma/huge", code=1)
        assert "nonsense" in await detent(scene, "pin", "talk", "nonsense", code=1)

    played(story)


def test_a_wrong_request_is_told_with_every_mistake(played):
    async def story(scene):
        for body, says in ((b"{", "no JSON"), (b'{"idd": "x"}', 'did you mean "id"?'), (b"[]", "must be")):
            async with aiohttp.request("POST", f"{scene.gateway.address}/admin/unpin", data=body) as reply:
                assert reply.status == 400
                assert says in (await reply.json())["error"]["message"]

    played(story)


def test_a_key_without_the_scope_admin_is_refused_everywhere(played):
    async def story(scene):
        commands = (
            ["status"], ["sessions"], ["why", "x"], ["pin", "x", "a/b"], ["unpin", "x"], ["reset", "x"],
            ["cooldowns"], ["clear", "--all"], ["reload"], ["reconcile", "x"], ["tail"],
        )  # fmt: skip
        for command in commands:
            assert "no scope 'admin'" in await detent(scene, *command, key=CALLER, code=1)
        assert "wants a key; set DETENT_KEY" in await detent(scene, "status", code=1)
        shown = await detent(scene, "status", "--key", "dt-wrong", code=1)
        assert "does not know this key" in shown
        assert "dt-wrong" not in shown
        assert KEY not in await detent(scene, "status", key=KEY)

    played(story, KEYS)


def test_a_page_of_another_site_can_do_nothing(played):
    async def story(scene):
        headers = {"Origin": "https://evil.example"}
        for method, path in (("POST", "clear"), ("POST", "reload"), ("GET", "status"), ("GET", "tail")):
            async with aiohttp.request(method, f"{scene.gateway.address}/admin/{path}", headers=headers) as reply:
                assert reply.status == 403

    played(story)


@pytest.mark.parametrize("as_json", [False, True])
def test_tail_tells_decisions_and_notices_as_they_are_made(played, as_json):
    async def story(scene):
        begun = asyncio.Event()
        subscribe = scene.gateway._turns.controller.subscribe

        def subscribed(*arguments):
            begun.set()
            return subscribe(*arguments)

        scene.gateway._turns.controller.subscribe = subscribed
        form = ["--json"] if as_json else []
        following = asyncio.ensure_future(detent(scene, "tail", "talk", "-n", "2", *form))
        await begun.wait()
        await turn(scene, "other")
        await turn(scene)
        lines = (await following).splitlines()
        assert len(lines) == 2
        if as_json:
            assert [json.loads(line)["session"] for line in lines] == ["talk", "talk"]
            assert json.loads(lines[0])["event"] == "turn_started"
        else:
            assert "session talk: turn_started" in lines[0]

    played(story)


def test_a_notice_says_what_serves_and_what_is_home(played):
    async def story(scene):
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{scene.gateway.address}/admin/tail") as reply,
        ):
            assert await reply.content.readline() == b": tail\n"
            scene.alpha.behave(bad_gateway())
            await turn(scene)
            async for line in reply.content:
                if line.startswith(b"event: notice"):
                    said = json.loads((await reply.content.readline()).removeprefix(b"data: "))
                    assert said["event"] == "failover"
                    assert said["says"].endswith("beta/small serves, home is alpha/large")
                    return

    played(story)


def test_a_store_that_fails_is_an_error_that_sends_to_the_log_and_quotes_nothing(played, caplog):
    async def story(scene):
        async def fails():
            raise OSError("postgres://user:password@host")

        scene.gateway._turns.controller.counts = fails
        assert "OSError; the gateway's log tells more" in await detent(scene, "status", code=1)
        assert "GET /admin/status failed" in caplog.text

    played(story)


def test_a_reader_who_is_too_slow_is_told_how_much_he_has_missed(played):
    async def story(scene):
        controller = scene.gateway._turns.controller
        subscribe = controller.subscribe
        controller.subscribe = lambda session: subscribe(session, 1)
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{scene.gateway.address}/admin/tail") as reply,
        ):
            assert await reply.content.readuntil(b"\n\n") == b": tail\n\n"
            await turn(scene)
            said = [await reply.content.readuntil(b"\n\n") for _ in range(2)]
        assert said[0].startswith(b"event: dropped")
        assert b"decisions and notices were too many to be told" in said[0]
        assert said[1].startswith(b"event: decision")

    played(story)


def test_without_a_gateway_the_way_to_start_one_is_told(monkeypatch):
    monkeypatch.delenv("DETENT_KEY", raising=False)
    for command in ("status", "tail", "reload"):
        ran = CliRunner().invoke(main, [command, "--url", "http://127.0.0.1:9"])
        assert ran.exit_code == 1
        assert "no gateway listens at http://127.0.0.1:9" in ran.output
        assert "start one with `detent serve`" in ran.output
    assert "is no address" in CliRunner().invoke(main, ["status", "--url", "nonsense"]).output


def test_another_server_is_not_taken_for_a_gateway(played):
    async def story(scene):
        ran = await asyncio.to_thread(CliRunner().invoke, main, ["status", "--url", scene.alpha.address])
        assert ran.exit_code == 1
        assert "is no gateway" in ran.output

    played(story)
