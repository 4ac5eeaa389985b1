"""The README's pictures of the dashboard, taken anew.

``python -m tests.gateway.dashboard.screenshots adapters/gateway/dashboard``
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from detent.adapters.local import bad_gateway

from ..conftest import CHAIN, scene
from .conftest import expect, looking, turn

SESSIONS = ("conversation-17", "conversation-18", "nightly-report", "review-of-main", "support-3")


async def take(folder: Path, scheme: str) -> None:
    """Take the picture of an outage, ``light`` or ``dark``, into a folder."""
    size = {"width": 1184, "height": 650}
    with tempfile.TemporaryDirectory() as place:
        async with scene(Path(place), CHAIN) as set_up:
            for session in SESSIONS:
                await turn(set_up, session)
            async with looking(set_up, color_scheme=scheme, viewport=size, reduced_motion="reduce") as look:
                await look.choose("conversation-17")
                set_up.alpha.behave(bad_gateway())
                for session in ("conversation-17", "support-3", "conversation-17"):
                    await turn(set_up, session)
                await expect(look.by_id("state")).to_have_text("failover_active")
                await expect(look.page.locator("#states button[data-state=failover_active]")).to_contain_text("2")
                await expect(look.by_id("notices")).to_contain_text("support-3")
                await look.page.screenshot(path=folder / f"dashboard-{scheme}.png")


if __name__ == "__main__":
    for each in ("light", "dark"):
        asyncio.run(take(Path(sys.argv[1]), each))
