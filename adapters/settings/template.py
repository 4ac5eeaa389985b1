"""The commented example that ``detent init`` writes."""

from __future__ import annotations

from importlib.resources import files
from typing import Final

TEMPLATE: Final[str] = files("detent.adapters.settings").joinpath("template.toml").read_text(encoding="utf-8")
"""The text of the example, which loads as it stands."""
