"""The dashboard in a real browser."""

from __future__ import annotations

import re

from detent.adapters.gateway import Gateway
from detent.adapters.gateway.keys import digest_of, new_key
from detent.adapters.local import bad_gateway
from detent.adapters.settings import load
from detent.diagrams import lit

from ..conftest import CHAIN
from .conftest import expect, turn

KEY, CALLER = new_key(), new_key()
KEYS = (
    f'{CHAIN}\n[gateway.keys.ops]\nsha256 = "{digest_of(KEY)}"\nscopes = ["call", "admin"]\n'
    f'[gateway.keys.app]\nsha256 = "{digest_of(CALLER)}"\n'
)
LIT = ".detent-machine .state.current"
LAST = ".detent-machine .edge.last"
MANY = 10_000


async def many_sessions(scene, count=MANY):
    """Sessions, quickly; every tenth is pinned."""
    controller = scene.gateway._turns.controller
    for number in range(count):
        session = controller.session(f"agent-{number:05}")
        await (session.reset() if number % 10 else session.pin("beta/small"))


def test_with_no_session_the_page_says_how_one_begins_and_asks_nobody_but_the_gateway(looked):
    async def story(look):
        await expect(look.by_id("welcome")).to_contain_text(f"OPENAI_BASE_URL={look.scene.base_url}")
        await expect(look.by_id("welcome-chains")).to_contain_text("default: alpha/large → beta/small")
        await expect(look.by_id("link-says")).to_have_text("live")
        assert {url.startswith(f"{look.scene.gateway.address}/") for url in look.asked} == {True}

    looked(story)


def test_the_first_session_arrives_while_one_looks(looked):
    async def story(look):
        await expect(look.by_id("link-says")).to_have_text("live")
        await turn(look.scene, "first")
        await look.settled("first")
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "primary")
        await expect(look.by_id("welcome")).to_be_hidden()

    looked(story)


def test_an_outage_lights_the_failover_the_row_that_fired_and_all_the_rest_while_one_looks(looked):
    async def story(look):
        await look.settled("talk")
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "primary")
        look.scene.alpha.behave(bad_gateway())
        await turn(look.scene)
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "failover_active")
        await expect(look.page.locator(LAST)).to_have_attribute("id", "session-edge-primary-failover_active")
        await expect(look.page.locator(f"{LAST} .lit").first).to_have_text("failed_over")
        await expect(look.by_id("serving")).to_have_text("beta/small serves, home is alpha/large")
        await expect(look.by_id("said")).to_have_text("talk: failover_active, beta/small serves")
        await expect(look.by_id("picture-says")).to_contain_text("Last: failed_over (beta/small)")
        await expect(look.by_id("chain").locator("li").first).to_contain_text("in cooldown")
        await expect(look.by_id("chain").locator("li").first).to_contain_text("server_error · 1 strike")
        await expect(look.by_id("notices")).to_contain_text("alpha/large has an internal error")
        await expect(look.by_id("why")).to_contain_text("what serves cannot be called: a fallback serves")
        await expect(look.by_id("timeline").locator(".mark.failed").first).to_be_attached()
        await expect(look.page.get_by_role("row").filter(has_text="talk")).to_contain_text("failover_active")

    looked(story, CHAIN, "talk")


def test_what_the_page_lights_is_what_the_gateway_would_draw(looked):
    async def story(look):
        await look.settled("talk")
        session = look.scene.gateway._turns.controller.session("talk")
        steps = [
            lambda: session.pin("beta/small"),
            lambda: session.pin("alpha/small"),
            session.unpin,
            session.reconcile,
            session.reset,
        ]
        for step in steps:
            await step()
            drawn = lit("session", session.decisions())
            state = (await session.status()).state
            await expect(look.page.locator(LIT)).to_have_attribute("data-state", state)
            await expect(look.by_id("why")).to_contain_text(session.decisions()[-1].why)
            shown = await look.page.locator(LAST).evaluate_all("edges => edges.map(edge => edge.id)")
            assert shown == re.findall(r'class="edge last" id="([^"]+)"', drawn)
            words = await look.page.locator(".detent-machine .lit").all_text_contents()
            assert words == re.findall(r'<tspan class="[^"]* lit"[^>]*>([^<]*)', drawn)

    looked(story, CHAIN, "talk")


def test_what_was_too_much_to_be_told_is_asked_for(looked):
    async def story(look):
        await look.settled("talk")
        await expect(look.by_id("link-says")).to_have_text("live")
        await look.scene.gateway._turns.controller.session("talk").pin("beta/small")
        await many_sessions(look.scene, 1500)
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "user_pinned")

    looked(story, CHAIN, "talk")


def test_a_cooldown_is_counted_down_and_its_end_is_shown(looked):
    async def story(look):
        look.scene.alpha.behave(bad_gateway())
        await turn(look.scene)
        large = look.by_id("chain").locator("li").first
        await expect(large).to_contain_text("in cooldown")
        await expect(large.locator("time")).to_have_text("1 s")
        await expect(large).to_contain_text("the next call is the probe")

    looked(story, CHAIN.replace("cooldown_s = 30", "cooldown_s = 2"), "talk")


def test_a_session_is_pinned_and_let_go_from_the_page(looked):
    async def story(look):
        await look.settled("talk")
        await look.page.get_by_role("button", name="Pin…").click()
        await look.page.get_by_label("Model", exact=True).select_option("beta/small")
        await look.page.get_by_role("dialog").get_by_role("button", name="Pin").click()
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "user_pinned")
        await expect(look.by_id("toast")).to_contain_text("the user chose a model")
        assert (await look.scene.gateway._turns.controller.status("talk")).pinned == "beta/small"
        await look.page.get_by_role("button", name="Unpin").click()
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "primary")
        await expect(look.page.get_by_role("button", name="Unpin")).to_be_disabled()

    looked(story, CHAIN, "talk")


def test_a_pin_of_a_model_that_cannot_be_is_refused_in_words(looked):
    async def story(look):
        await look.settled("talk")
        await look.page.get_by_role("button", name="Pin…").click()
        await look.page.get_by_label("Model", exact=True).select_option("another model…")
        await look.page.get_by_label("Another model").fill("nobody/at-all")
        await look.page.get_by_role("dialog").get_by_role("button", name="Pin").click()
        await expect(look.by_id("toast")).to_contain_text("nobody")
        await expect(look.by_id("toast")).to_have_attribute("data-good", "false")
        look.wrong.clear()  # the browser's own line on the reply of 400

    looked(story, CHAIN, "talk")


def test_a_reset_is_asked_back_and_a_reconciliation_that_is_blocked_says_why(looked):
    async def story(look):
        look.scene.alpha.behave(bad_gateway())
        await turn(look.scene)
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "failover_active")
        await look.page.get_by_role("button", name="Reconcile").click()
        await expect(look.by_id("toast")).to_contain_text("blocked: a failover is live")
        await look.page.get_by_role("button", name="Reset…").click()
        await look.page.get_by_role("button", name="Cancel").click()
        assert (await look.scene.gateway._turns.controller.status("talk")).state == "failover_active"
        await look.page.get_by_role("button", name="Reset…").click()
        await look.page.get_by_role("button", name="Reset", exact=True).click()
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "primary")

    looked(story, CHAIN, "talk")


def test_ten_thousand_sessions_scroll_and_are_found_within_a_frame(looked):
    async def story(look):
        await many_sessions(look.scene)
        await look.page.reload()
        await look.settled("agent-00000")
        await expect(look.by_id("states").get_by_role("button", name="all")).to_have_text("all 10,000")
        cdp = await look.page.context.new_cdp_session(look.page)
        await cdp.send("Performance.enable", {"timeDomain": "threadTicks"})
        scrolling = await _work(cdp, look.page, SCROLL)
        assert await look.page.locator(".row").count() < 60
        typing = await _work(cdp, look.page, TYPE)
        await expect(look.by_id("sessions-count")).to_have_text("1 shown")
        await expect(look.page.get_by_role("row").nth(1)).to_contain_text("agent-09990")
        print(f"ms of work a frame: scrolling {scrolling:.1f}, filtering {typing:.1f}")
        assert scrolling < 50
        assert typing < 50

    looked(story)


SCROLL = """async () => {
  const list = document.getElementById("list");
  let frames = 0;
  const frame = () => new Promise(requestAnimationFrame);
  const rows = () => document.getElementById("rows").offsetHeight / 56;
  while (rows() < 10000 || list.scrollTop + list.clientHeight < list.scrollHeight - 1) {
    list.scrollTop += 2000;
    await frame();
    frames += 1;
  }
  return frames;
}"""
TYPE = """async () => {
  const field = document.getElementById("contains");
  let frames = 0;
  for (const letter of "agent-09990") {
    field.value += letter;
    field.dispatchEvent(new Event("input"));
    for (let i = 0; i < 6; i += 1) {
      await new Promise(requestAnimationFrame);
      frames += 1;
    }
  }
  return frames;
}"""


async def _work(cdp, page, script):
    """Milliseconds of the page's own thread for each frame of a script."""

    async def spent():
        return {each["name"]: each["value"] for each in (await cdp.send("Performance.getMetrics"))["metrics"]}

    before = (await spent())["TaskDuration"]
    frames = await page.evaluate(script)
    return ((await spent())["TaskDuration"] - before) * 1000 / frames


def test_sessions_are_found_by_state_and_nothing_found_is_said(looked):
    async def story(look):
        await many_sessions(look.scene, 30)
        await look.page.get_by_role("button", name="user_pinned").click()
        await expect(look.by_id("sessions-count")).to_have_text("3 shown")
        await look.page.get_by_label("Find sessions by their id").fill("nowhere")
        await expect(look.by_id("list-empty")).to_be_visible()
        await look.page.get_by_label("Find sessions by their id").fill("")
        await look.page.get_by_role("button", name="all").click()
        await expect(look.by_id("sessions-count")).to_have_text("30 shown")

    looked(story)


def test_the_list_follows_sessions_that_begin_and_change_where_one_looks(looked):
    async def story(look):
        await many_sessions(look.scene, 30)
        await expect(look.by_id("sessions-count")).to_have_text("30 shown")
        session = look.scene.gateway._turns.controller.session("agent-00000b")
        await session.pin("beta/small")
        row = look.page.get_by_role("row").filter(has_text="agent-00000b")
        await expect(row).to_contain_text("user_pinned")
        await expect(look.by_id("sessions-count")).to_have_text("31 shown")
        await session.unpin()
        await expect(row).to_contain_text("primary")
        ids = await look.page.locator(".row:not([hidden]) .id").all_text_contents()
        assert len(ids) == len(set(ids))

    looked(story)


def test_a_name_that_is_markup_is_shown_as_it_is(looked):
    name = "<img src=x onerror=alert(1)>\"'&lt;"

    async def story(look):
        await look.settled(name)
        assert await look.page.locator("#rows img, #detail img, #timeline img").count() == 0
        await look.page.get_by_role("button", name="Reset…").click()
        await expect(look.page.get_by_role("dialog")).to_contain_text(name)

    looked(story, CHAIN, name)


def test_with_keys_the_page_asks_for_one_and_shows_it_in_headers_alone(looked):
    async def story(look):
        await turn(look.scene, key=KEY)
        field = look.page.get_by_label("Admin key")
        for wrong, says in (("dt-wrong", "not known"), (CALLER, "has no scope 'admin'")):
            await field.fill(wrong)
            await field.press("Enter")
            await expect(look.by_id("door-wrong")).to_contain_text(says)
        await field.fill(KEY)
        await field.press("Enter")
        await look.settled("talk")
        await look.page.get_by_role("button", name="Reset…").click()
        await look.page.get_by_role("button", name="Reset", exact=True).click()
        await expect(look.by_id("toast")).to_contain_text("a fresh start")
        assert not [url for url in look.asked if KEY in url or CALLER in url]
        assert KEY not in await look.page.content()
        await look.page.reload()
        await look.settled("talk")
        await look.page.get_by_role("button", name="Forget the key").click()
        await expect(field).to_be_visible()
        look.wrong.clear()  # the browser's own lines on replies of 401 and 403

    looked(story, KEYS)


def test_a_lost_connection_is_told_and_taken_up_again_though_the_gateway_is_another(looked):
    async def story(look):
        await look.settled("talk")
        port = int(look.scene.gateway.address.rpartition(":")[2])
        await look.scene.gateway.stop()
        await expect(look.page.get_by_role("alert")).to_contain_text("The connection to the gateway is lost")
        async with Gateway(load(look.scene.file), port=port) as gateway:
            await gateway._turns.controller.session("talk").pin("beta/small")
            await look.page.get_by_role("button", name="Try now").click()
            await expect(look.by_id("link-says")).to_have_text("live")
            await expect(look.by_id("lost")).to_be_hidden()
            await expect(look.page.locator(LIT)).to_have_attribute("data-state", "user_pinned")
            # The page was written by the gateway before, and has its token.
            await look.page.get_by_role("button", name="Unpin").click()
            await expect(look.page.locator(LIT)).to_have_attribute("data-state", "primary")
        look.wrong.clear()  # the browser's own lines on refused connections

    looked(story, CHAIN, "talk")
