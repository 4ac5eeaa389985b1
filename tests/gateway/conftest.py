"""A gateway before two local providers, over real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from detent.adapters.gateway import Gateway
from detent.adapters.local import LocalProvider
from detent.adapters.settings import load

CHAIN = """
[chains.default]
primary = "alpha/large"
fallbacks = ["beta/small"]

[chains.default.policy]
retries = 0
cooldown_s = 30
first_token_s = 2
idle_s = 2

[gateway]
port = 0
"""

ASKED = {"model": "default", "messages": [{"role": "user", "content": "Hello?"}]}


@frozen
class Scene:
    """Two providers, the gateway before them, and its file."""

    alpha: LocalProvider
    beta: LocalProvider
    gateway: Gateway
    file: Path

    @property
    def base_url(self) -> str:
        return f"{self.gateway.address}/v1"

    def text(self, says: str) -> str:
        """What stands in a file that says this, and where the providers are."""
        return file_text(says, self.alpha, self.beta)


def file_text(says: str, *providers: LocalProvider) -> str:
    tables = [f'[providers.{each.name}]\nbase_url = "{each.base_url}"\n' for each in providers]
    return "\n".join([says, *tables])


@asynccontextmanager
async def scene(folder: Path, text: str = CHAIN) -> AsyncIterator[Scene]:
    """Both providers, and a gateway whose file names them and says ``text`` besides."""
    async with LocalProvider("alpha") as alpha, LocalProvider("beta") as beta:
        file = folder / "detent.toml"
        file.write_text(file_text(text, alpha, beta), encoding="utf-8")
        async with Gateway(load(file)) as gateway:
            yield Scene(alpha, beta, gateway, file)


@pytest.fixture
def played(tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine function on a fresh scene; ten seconds mean that it hangs."""

    def playing(test: Callable[[Scene], Awaitable[Any]], text: str = CHAIN) -> Any:
        async def main() -> Any:
            async with asyncio.timeout(10), scene(tmp_path, text) as set_up:
                return await test(set_up)

        return asyncio.run(main())

    return playing
