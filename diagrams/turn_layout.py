"""The turn machine's picture: planned at the top, the states under way in the middle, the five outcomes below."""

from __future__ import annotations

from typing import Final

from .layout import Layout, Panel, Place, Rect, Route

_CALLED: Final = ("attempting", "backing_off", "streaming")
_OVER: Final = ("answered", "exhausted", "surfaced", "aborted", "interrupted")

TURN_LAYOUT: Final = Layout(
    title="The turn machine",
    caption="one user request, from its plan to its one outcome",
    width=880,
    height=1050,
    places=(
        Place("planned", Rect(386, 84, 226, 76), "plain"),
        Place("backing_off", Rect(112, 286, 172, 160), "care"),
        Place("attempting", Rect(386, 286, 226, 344), "trial"),
        Place("streaming", Rect(684, 286, 158, 344), "trial"),
        Place("exhausted", Rect(40, 800, 150, 116), "bad"),
        Place("surfaced", Rect(204, 800, 150, 116), "bad"),
        Place("aborted", Rect(368, 800, 150, 116), "plain"),
        Place("answered", Rect(532, 800, 150, 116), "well"),
        Place("interrupted", Rect(696, 800, 150, 116), "care"),
    ),
    panels=(
        Panel(_CALLED, Rect(96, 250, 760, 396), "called", "a candidate was asked"),
        Panel(
            _OVER,
            Rect(24, 784, 832, 188),
            "over",
            "one turn, one outcome; what comes now comes too late",
            heading=(296, 924),
            notes=Rect(296, 945, 540, 20),
        ),
    ),
    routes=(
        Route(("planned",), "attempting", ((512, 160), (512, 286)), (520, 205), 200, "beside", "start"),
        Route(
            ("planned",),
            "surfaced",
            ((386, 108), (34, 108), (34, 994), (280, 994), (280, 916)),
            (210, 102),
            320,
        ),
        Route(("planned",), "exhausted", ((386, 142), (58, 142), (58, 800)), (222, 136), 300),
        Route(("attempting",), "exhausted", ((420, 286), (420, 220), (82, 220), (82, 800)), (250, 214), 300),
        Route(("backing_off",), "exhausted", ((166, 446), (166, 800)), (158, 713), 68, "beside", "end"),
        Route(("backing_off",), "surfaced", ((250, 446), (250, 800)), (242, 713), 68, "beside", "end"),
        Route(("attempting",), "backing_off", ((386, 350), (284, 350)), (335, 344), 102),
        Route(("backing_off",), "attempting", ((284, 384), (386, 384)), (335, 390), 102, "below"),
        Route(
            ("attempting",),
            "surfaced",
            ((408, 630), (408, 772), (330, 772), (330, 800)),
            (400, 705),
            140,
            "beside",
            "end",
        ),
        Route(_CALLED, "aborted", ((470, 646), (470, 800)), (478, 713), 60, "beside", "start"),
        Route(("attempting",), "answered", ((558, 630), (558, 800)), (566, 713), 74, "beside", "start"),
        Route(("attempting",), "streaming", ((612, 350), (684, 350)), (648, 344), 70),
        Route(
            ("streaming",),
            "answered",
            ((718, 630), (718, 772), (660, 772), (660, 800)),
            (710, 705),
            68,
            "beside",
            "end",
        ),
        Route(("streaming",), "interrupted", ((800, 630), (800, 800)), (792, 713), 68, "beside", "end"),
    ),
)
"""Where a turn's nine states stand."""
