"""The cooldown machine's picture: what is free on the left, what is skipped on the right."""

from __future__ import annotations

from typing import Final

from .layout import Layout, Panel, Place, Rect, Route

_ALL: Final = ("available", "cooling", "probing")

COOLDOWN_LAYOUT: Final = Layout(
    title="The cooldown machine",
    caption="one record per scope, shared by all sessions, processes and nodes",
    width=880,
    height=632,
    places=(
        Place("available", Rect(24, 112, 256, 160), "well"),
        Place("cooling", Rect(542, 112, 298, 176), "care"),
        Place("probing", Rect(542, 376, 298, 200), "trial"),
    ),
    panels=(
        Panel(("cooling", "probing"), Rect(524, 76, 332, 510), "skipped", "by every session, process and node"),
        Panel(
            _ALL,
            Rect(24, 496, 400, 90),
            "in every state",
            "and the state stays as it is",
            notes=Rect(38, 526, 372, 50),
            encloses=False,
        ),
    ),
    routes=(
        Route(("available",), "cooling", ((280, 160), (542, 160)), (402, 154), 232),
        Route(("cooling",), "available", ((542, 232), (280, 232)), (402, 226), 232),
        Route(("probing",), "available", ((542, 430), (152, 430), (152, 272)), (338, 424), 200),
        Route(("cooling",), "probing", ((660, 288), (660, 376)), (652, 332), 110, "beside", "end"),
        Route(("probing",), "cooling", ((684, 376), (684, 288)), (692, 332), 156, "beside", "start"),
    ),
)
"""Where a cooldown record's three states stand."""
