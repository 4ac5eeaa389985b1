"""A gateway, and a real browser that looks at it."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import define, field

from ..conftest import ASKED, CHAIN, Scene, scene

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")


def expect(what: Any) -> Any:
    """Playwright's `expect`, which waits for what is to come true; imported late, for it may not be installed."""
    from playwright.async_api import expect as expecting

    return expecting(what)


@define
class Look:
    """A page that is open in a browser.

    Attributes:
        page: Playwright's page.
        scene: the gateway and its providers.
        asked: the address of every request that the page has made.
        wrong: what went wrong in it: errors of its scripts and console, requests that failed.
    """

    page: Any
    scene: Scene
    asked: list[str] = field(factory=list)
    wrong: list[str] = field(factory=list)

    def by_id(self, name: str) -> Any:
        return self.page.locator(f"#{name}")

    async def choose(self, session: str) -> None:
        await self.page.get_by_role("row").filter(has_text=session).first.click()
        await self.settled(session)

    async def settled(self, session: str) -> None:
        """Until that session is what the page shows."""
        await expect(self.by_id("name")).to_have_text(session)


async def turn(scene: Scene, session: str = "talk", key: str | None = None) -> int:
    """One turn over the gateway, by a client; the status of its reply."""
    headers = {"X-Detent-Session": session} | ({} if key is None else {"Authorization": f"Bearer {key}"})
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{scene.base_url}/chat/completions", json=ASKED) as reply,
    ):
        return reply.status


@asynccontextmanager
async def looking(scene: Scene, **context: Any) -> AsyncIterator[Look]:
    """The dashboard of a gateway, open in a browser, with the options of Playwright's contexts."""
    from playwright.async_api import async_playwright

    async with async_playwright() as playwright:
        options = {"executable_path": CHROMIUM, "args": ["--no-sandbox"]}
        browser = await playwright.chromium.launch(**options)
        page = await browser.new_page(**context)
        look = Look(page, scene)
        page.on("request", lambda request: look.asked.append(request.url))
        page.on("pageerror", lambda error: look.wrong.append(str(error)))
        page.on("console", lambda said: look.wrong.append(said.text) if said.type in ("error", "warning") else None)
        await page.goto(f"{scene.gateway.address}/")
        yield look
        await browser.close()


@pytest.fixture
def looked(tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine function on a page and the scene behind it; a minute means that it hangs."""
    pytest.importorskip("playwright", reason="no Playwright: pip install playwright")
    if not CHROMIUM:
        pytest.skip("no Chromium: apt-get install chromium")

    def playing(test: Callable[[Look], Awaitable[Any]], text: str = CHAIN, *sessions: str, **context: Any) -> Any:
        async def main() -> Any:
            async with asyncio.timeout(60), scene(tmp_path, text) as set_up:
                for session in sessions:
                    await turn(set_up, session)
                async with looking(set_up, **context) as look:
                    came = await test(look)
                    assert look.wrong == []
                    return came

        return asyncio.run(main())

    return playing
