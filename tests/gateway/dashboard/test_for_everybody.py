"""The dashboard for everybody: by keyboard, by ear, in any light, on any screen."""

from __future__ import annotations

import pytest

from detent.adapters.local import bad_gateway

from ..conftest import CHAIN
from .conftest import expect, turn

LIT = ".detent-machine .state.current"
LONG = "a-rather-long-name" + "-9f86d081" * 12


def test_by_keyboard_alone_a_session_is_found_looked_at_and_pinned(looked):
    async def story(look):
        keys = look.page.keyboard
        await look.settled("one")
        await keys.press("/")
        await keys.type("t")
        await expect(look.by_id("sessions-count")).to_have_text("2 shown")
        for _ in range(6):
            await keys.press("Tab")
        assert await look.page.evaluate("document.activeElement.id") == "list"
        outline = "getComputedStyle(document.activeElement).outlineStyle"
        assert await look.page.evaluate(outline) == "solid"
        await keys.press("ArrowDown")
        await look.settled("three")
        await keys.press("End")
        await look.settled("two")
        active = await look.by_id("list").get_attribute("aria-activedescendant")
        await expect(look.by_id(active)).to_contain_text("two")
        await keys.press("p")
        await expect(look.page.get_by_role("dialog")).to_be_visible()
        await keys.press("Tab")
        await keys.press("Tab")
        await keys.press("Tab")
        await keys.press("Enter")
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "user_pinned")
        await keys.press("u")
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "primary")
        await keys.press("?")
        await expect(look.page.get_by_role("dialog")).to_contain_text("pin a model")
        await keys.press("Escape")
        await expect(look.page.get_by_role("dialog")).to_have_count(0)

    looked(story, CHAIN, "one", "two", "three")


def test_single_key_shortcuts_can_be_switched_off(looked):
    async def story(look):
        await look.settled("talk")
        await look.page.get_by_role("button", name="Keys").click()
        await look.page.get_by_label("Single keys are shortcuts").uncheck()
        await look.page.keyboard.press("Escape")
        await look.page.keyboard.press("p")
        await look.page.get_by_role("button", name="Keys").click()
        await expect(look.page.get_by_role("dialog")).to_contain_text("Shortcuts")

    looked(story, CHAIN, "talk")


NAMELESS = """() => {
  const labelled = (each) => (each.getAttribute("aria-labelledby") ?? "").split(" ")
    .map((id) => document.getElementById(id)?.textContent ?? "").join("");
  const labels = (each) => [...(each.labels ?? [])].map((label) => label.textContent).join("");
  const own = (each) => (each.matches("button, a, summary") ? each.textContent : "");
  const name = (each) => [each.getAttribute("aria-label"), labelled(each), labels(each), own(each)].join("").trim();
  const controls = "button, a[href], input, select, textarea, [tabindex='0'], [role=region], [role=grid], [role=group]";
  return [...document.querySelectorAll(controls)].filter((each) => name(each) === "").map((each) => each.outerHTML);
}"""
BROKEN = """() => {
  const ids = [...document.querySelectorAll("[id]")].map((each) => each.id);
  const twice = ids.filter((id, at) => ids.indexOf(id) !== at);
  const points = [...document.querySelectorAll("[aria-labelledby], [aria-describedby], label[for]")].flatMap((each) =>
    ["aria-labelledby", "aria-describedby", "for"].flatMap((name) => (each.getAttribute(name) ?? "").split(" ")));
  return [...twice, ...points.filter((id) => id !== "" && !document.getElementById(id))];
}"""


def test_everything_that_takes_the_focus_has_a_name_and_the_page_its_landmarks(looked):
    async def story(look):
        await look.settled("talk")
        assert await look.page.evaluate(NAMELESS) == []
        assert await look.page.evaluate(BROKEN) == []
        for role in ("banner", "main"):
            await expect(look.page.get_by_role(role)).to_have_count(1)
        for name in ("Sessions", "Chain", "Why?", "Notices", "Timeline"):
            await expect(look.page.get_by_role("region", name=name, exact=True)).to_have_count(1)
        picture = look.page.get_by_role("img", name="The session machine")
        says = "Now: primary. Last: turn_ended (answered): primary: the turn is over"
        await expect(picture).to_have_accessible_description(says)
        assert await look.page.evaluate("document.documentElement.lang") == "en"
        headings = look.page.locator("h1:visible, h2:visible, h3:visible")
        levels = await headings.evaluate_all("all => all.map(each => each.tagName)")
        assert levels[0] == "H1"
        assert levels.count("H1") == 1

    looked(story, CHAIN, "talk")


CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).slice(0, 3).map((each) => each / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (each) => {
    for (let at = each; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!colour.endsWith(", 0)")) return colour;
    }
    return getComputedStyle(document.documentElement).backgroundColor;
  };
  const says = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== "");
  const read = (each) => each.checkVisibility() && says(each) && !each.disabled;
  return [...document.querySelectorAll("body *:not(svg *)")].filter(read)
    .map((each) => {
      const [a, b] = [light(getComputedStyle(each).color), light(ground(each))].sort((x, y) => y - x);
      return [Math.round(((a + 0.05) / (b + 0.05)) * 100) / 100, each.textContent.trim()];
    }).filter(([ratio]) => ratio < 4.5);
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_light_or_dark_as_the_system_has_it_and_every_text_can_be_read(looked, tmp_path, scheme):
    async def story(look):
        look.scene.alpha.behave(bad_gateway())
        await turn(look.scene)
        await expect(look.page.locator(LIT)).to_have_attribute("data-state", "failover_active")
        await expect(look.by_id("notices")).to_contain_text("failover")
        ground = await look.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert ground == {"light": "rgb(247, 248, 250)", "dark": "rgb(14, 18, 24)"}[scheme]
        assert await look.page.evaluate(CONTRAST) == []
        await look.page.screenshot(path=tmp_path / f"{scheme}.png", full_page=True)

    looked(story, CHAIN, "talk", color_scheme=scheme, reduced_motion="reduce")


def test_the_switch_changes_page_and_pictures_and_is_remembered(looked):
    async def story(look):
        await look.settled("talk")
        ground = "getComputedStyle(document.body).backgroundColor"
        paper = "getComputedStyle(document.querySelector('.detent-machine .paper')).fill"
        theme = look.by_id("theme")
        await theme.click()
        await expect(theme).to_have_accessible_name("Theme: Light")
        await theme.click()
        await expect(theme).to_have_accessible_name("Theme: Dark")
        assert await look.page.evaluate(ground) == await look.page.evaluate(paper) == "rgb(14, 18, 24)"
        await look.page.reload()
        await look.settled("talk")
        assert await look.page.evaluate(ground) == "rgb(14, 18, 24)"

    looked(story, CHAIN, "talk", color_scheme="light")


@pytest.mark.parametrize("width", [360, 760, 1024, 1600])
def test_at_no_width_does_the_page_scroll_sideways(looked, width):
    async def story(look):
        await look.settled(LONG)
        for control in ("pin", "reset", "contains", "theme"):
            box = await look.by_id(control).bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width
        assert await look.page.evaluate("document.documentElement.scrollWidth") <= width

    looked(story, CHAIN, LONG, "talk", viewport={"width": width, "height": 900})


def test_the_list_of_sessions_ends_within_the_window(looked):
    async def story(look):
        await look.settled("talk")
        box = await look.by_id("list").bounding_box()
        assert box["y"] + box["height"] <= 700

    looked(story, CHAIN, "talk", viewport={"width": 1280, "height": 700})


@pytest.mark.parametrize("width", [360, 1600])
def test_what_is_said_without_a_session_is_whole_at_every_width(looked, width):
    async def story(look):
        await expect(look.by_id("welcome")).to_be_visible()
        for part in await look.page.locator("#welcome > *").all():
            box = await part.bounding_box()
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= width

    looked(story, viewport={"width": width, "height": 900})


def test_who_wants_less_motion_gets_none(looked):
    async def story(look):
        await look.settled("talk")
        still = "[...document.querySelectorAll('*')].every(each => getComputedStyle(each).transitionDuration === '0s')"
        assert await look.page.evaluate(still)

    looked(story, CHAIN, "talk", reduced_motion="reduce")
