"""The session machine's picture: the user's choice on the left, the three automatic states on the right."""

from __future__ import annotations

from typing import Final

from .layout import Layout, Panel, Place, Rect, Route

_ALL: Final = ("primary", "failover_active", "user_pinned", "cooldown_probe")
_AUTOMATIC: Final = ("primary", "cooldown_probe", "failover_active")

SESSION_LAYOUT: Final = Layout(
    title="The session machine",
    caption="which model a session uses, and everything that may change it",
    width=880,
    height=1176,
    places=(
        Place("user_pinned", Rect(24, 430, 184, 234), "user"),
        Place("primary", Rect(404, 112, 280, 222), "well"),
        Place("cooldown_probe", Rect(404, 436, 280, 222), "trial"),
        Place("failover_active", Rect(404, 788, 280, 188), "care"),
    ),
    panels=(
        Panel(_AUTOMATIC, Rect(386, 76, 470, 918), "automatic", "moves by itself, one row at a time"),
        Panel(
            _ALL,
            Rect(24, 1010, 832, 122),
            "in every state",
            "and the state stays as it is",
            notes=Rect(38, 1039, 804, 84),
            columns=2,
            encloses=False,
        ),
    ),
    routes=(
        Route(("user_pinned",), "primary", ((80, 430), (80, 223), (404, 223)), (242, 217), 290),
        Route(_AUTOMATIC, "user_pinned", ((386, 385), (152, 385), (152, 430)), (268, 379), 200, events=("pin",)),
        Route(("cooldown_probe",), "user_pinned", ((404, 506), (208, 506)), (297, 500), 168),
        Route(("user_pinned",), "cooldown_probe", ((208, 588), (404, 588)), (297, 582), 168),
        Route(("user_pinned",), "failover_active", ((116, 664), (116, 882), (404, 882)), (260, 876), 250),
        Route(("primary",), "cooldown_probe", ((500, 334), (500, 436)), (492, 385), 94, "beside", "end"),
        Route(("cooldown_probe",), "primary", ((524, 436), (524, 334)), (532, 385), 164, "beside", "start"),
        Route(
            ("cooldown_probe",),
            "failover_active",
            ((524, 658), (524, 788)),
            (532, 723),
            164,
            "beside",
            "start",
        ),
        Route(("failover_active",), "cooldown_probe", ((500, 788), (500, 658)), (492, 723), 94, "beside", "end"),
        Route(
            ("failover_active",),
            "primary",
            ((684, 850), (700, 850), (700, 262), (684, 262)),
            (706, 547),
            40,
            "beside",
            "start",
        ),
        Route(
            ("primary",),
            "failover_active",
            ((684, 184), (748, 184), (748, 914), (684, 914)),
            (755, 547),
            99,
            "beside",
            "start",
        ),
    ),
)
"""Where the session's four states stand."""
