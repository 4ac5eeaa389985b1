"""The TLA+ checker, installed once for every test that asks it."""

from __future__ import annotations

from pathlib import Path

import pytest

from detent.specs.tla.checker import install, missing


@pytest.fixture(scope="session")
def package(request: pytest.FixtureRequest) -> Path:
    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    return install(Path(str(request.config.cache.mkdir("tla-checker"))))  # type: ignore[union-attr]
