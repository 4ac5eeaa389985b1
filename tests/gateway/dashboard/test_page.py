"""What the gateway serves of the dashboard, and to whom."""

from __future__ import annotations

import asyncio
import re
from importlib.resources import files

import aiohttp
import pytest

from detent.adapters.gateway.keys import digest_of, new_key
from detent.adapters.local import bad_gateway
from detent.diagrams import bare, svg
from detent.fsm import SESSION

from ..conftest import CHAIN
from .conftest import turn

KEY, CALLER = new_key(), new_key()
KEYS = (
    f'{CHAIN}\n[gateway.keys.ops]\nsha256 = "{digest_of(KEY)}"\nscopes = ["admin"]\n'
    f'[gateway.keys.app]\nsha256 = "{digest_of(CALLER)}"\n'
)
STATIC = sorted(each.name for each in (files("detent.adapters.gateway.dashboard") / "static").iterdir())


async def got(scene, path, **headers):
    async with aiohttp.request("GET", f"{scene.gateway.address}{path}", headers=headers) as reply:
        return reply.status, reply.headers, await reply.text()


async def posted(scene, path, body, **headers):
    async with aiohttp.request("POST", f"{scene.gateway.address}{path}", json=body, headers=headers) as reply:
        return reply.status, await reply.json()


def token_in(page):
    return re.search(r'name="detent-token" content="([^"]*)"', page)[1]


def test_the_pages_policy_lets_nothing_in_but_its_own_files(played):
    async def story(scene):
        code, headers, page = await got(scene, "/")
        assert code == 200
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "<style" not in page
        assert not re.search(r"\s(style|on\w+)=", page)
        assert not re.search(r"https?://", page)

    played(story)


@pytest.mark.parametrize("path", ["/", "/dashboard/main.js", "/admin/status", "/admin/why?id=no", "/v1/models"])
def test_every_answer_forbids_guessing_framing_referrers_and_keeping(played, path):
    async def story(scene):
        _, headers, _ = await got(scene, path)
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"

    played(story)


def test_every_file_is_served_with_its_type_and_none_names_another_place(played):
    kinds = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}

    async def story(scene):
        for name in [*(name for name in STATIC if name != "page.html"), "pictures.css", "session.svg"]:
            code, headers, text = await got(scene, f"/dashboard/{name}")
            assert code == 200, name
            assert headers["Content-Type"].startswith(kinds[name.rpartition(".")[2]])
            assert not re.findall(r"https?://(?!www\.w3\.org/)", text), name

    played(story)


def test_the_pictures_bring_no_style_of_their_own_and_the_sheet_has_all_of_it(played):
    async def story(scene):
        _, _, picture = await got(scene, "/dashboard/session.svg")
        _, _, sheet = await got(scene, "/dashboard/pictures.css")
        assert picture == bare(svg(SESSION))
        assert "<style" not in picture
        whole = svg(SESSION)
        assert whole.partition("<style>\n")[2].partition("\n</style>")[0] in sheet
        assert ".detent-timeline .band" in sheet

    played(story)


def test_without_keys_the_page_is_shown_to_this_machine_alone(played):
    async def story(scene):
        code, _, text = await got(scene, "/", Host="evil.example")
        assert code == 403
        assert scene.gateway._turns.guard.token not in text

    played(story)


def test_a_change_that_a_browser_asks_for_needs_the_token_of_the_page(played):
    async def story(scene):
        await turn(scene)
        page = {"Origin": scene.gateway.address}
        pin = {"id": "talk", "model": "beta/small"}
        for token in ({}, {"X-Detent-Token": "é"}, {"X-Detent-Token": "x" * 43}):
            code, said = await posted(scene, "/admin/pin", pin, **page, **token)
            assert code == 403
            assert "X-Detent-Token" in said["error"]["message"]
        code, _ = await posted(scene, "/admin/pin", pin, **{"Sec-Fetch-Site": "none"})
        assert code == 403
        token = token_in((await got(scene, "/"))[2])
        code, said = await posted(scene, "/admin/pin", pin, **page, **{"X-Detent-Token": token})
        assert (code, said["session"]["pinned"]) == (200, "beta/small")

    played(story)


def test_a_program_that_is_no_browser_needs_no_token(played):
    async def story(scene):
        await turn(scene)
        assert (await posted(scene, "/admin/reset", {"id": "talk"}))[0] == 200

    played(story)


def test_with_keys_the_page_holds_no_token_and_its_data_want_an_admin(played):
    async def story(scene):
        code, _, page = await got(scene, "/", Host="gateway.example")
        assert (code, token_in(page)) == (200, "")
        session = "/dashboard/session?id=talk"
        assert (await got(scene, session))[0] == 401
        assert (await got(scene, session, Authorization=f"Bearer {CALLER}"))[0] == 403
        assert (await got(scene, session, Authorization=f"Bearer {KEY}"))[0] == 404
        code, _ = await posted(scene, "/admin/reset", {"id": "talk"}, Origin=scene.gateway.address)
        assert code == 401

    played(story, KEYS)


def test_a_session_is_drawn_with_its_chain_what_brought_it_there_and_its_past(played):
    async def story(scene):
        scene.alpha.behave(bad_gateway())
        await turn(scene)
        async with aiohttp.request("GET", f"{scene.gateway.address}/dashboard/session?id=talk") as reply:
            drawn = await reply.json()
        large, small = drawn["candidates"]
        assert (large["model"], large["state"], large["reason"]) == ("alpha/large", "cooling", "server_error")
        assert (large["serves"], large["home"], small["serves"], small["home"]) == (False, True, True, False)
        assert 0 < large["left"] <= 30
        assert (drawn["came"]["before"], drawn["came"]["after"]) == ("primary", "failover_active")
        assert drawn["timeline"].startswith("<svg")
        assert "<style" not in drawn["timeline"]

    played(story)


def test_a_session_of_which_nothing_is_kept_is_drawn_all_the_same(played):
    async def story(scene):
        await turn(scene)
        scene.gateway._turns.controller._writer.history._decisions.clear()
        async with aiohttp.request("GET", f"{scene.gateway.address}/dashboard/session?id=talk") as reply:
            drawn = await reply.json()
        assert (drawn["came"], drawn["timeline"]) == (None, "")
        assert len(drawn["candidates"]) == 2

    played(story)


def test_a_long_history_is_drawn_quickly_enough_to_be_watched(played):
    async def story(scene):
        session = scene.gateway._turns.controller.session("busy")
        for _ in range(5000):
            await session.pin("beta/small")
            await session.unpin()
        before = asyncio.get_running_loop().time()
        assert (await got(scene, "/dashboard/session?id=busy"))[0] == 200
        assert asyncio.get_running_loop().time() - before < 2

    played(story)
