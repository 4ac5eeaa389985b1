"""The layouts of the three machines, by the name of their table."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from .cooldown_layout import COOLDOWN_LAYOUT
from .layout import Layout
from .session_layout import SESSION_LAYOUT
from .turn_layout import TURN_LAYOUT

layouts: Final[Mapping[str, Layout]] = MappingProxyType(
    {"session": SESSION_LAYOUT, "turn": TURN_LAYOUT, "cooldown": COOLDOWN_LAYOUT}
)
"""Where the states of each machine stand in its SVG."""
