from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Write a configuration file and return its path."""

    def writing(text: str) -> Path:
        path = tmp_path / "detent.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return writing
