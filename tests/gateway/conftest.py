"""A gateway before two local providers, over real sockets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from attrs import field, frozen

from detent.adapters.gateway import Gateway
from detent.adapters.gateway.answer import events_in
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
class Spoken:
    """A form as its clients speak it over bare HTTP: the path below the base URL, and a request."""

    path: str
    asked: Mapping[str, Any]
    headers: Mapping[str, str] = field(factory=dict)


FORMS = {
    "openai": Spoken("/chat/completions", ASKED),
    "responses": Spoken("/responses", {"model": "default", "input": "Hello?"}),
    "anthropic": Spoken("/messages", {**ASKED, "max_tokens": 64}, {"anthropic-version": "2023-06-01"}),
}


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    """Each form in which a client may ask."""
    return str(request.param)


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

    async def ask(self, form: str, headers: Mapping[str, str] | None = None, **fields: Any) -> Reply:
        """Ask in a form over bare HTTP; ``fields`` come on top of its usual request."""
        spoken = FORMS[form]
        async with (
            aiohttp.ClientSession(headers={**spoken.headers, **(headers or {})}) as http,
            http.post(f"{self.base_url}{spoken.path}", json={**spoken.asked, **fields}) as reply,
        ):
            return Reply(reply.status, reply.headers, await reply.text())


@frozen
class Reply:
    """What the gateway said."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def body(self) -> Any:
        """The JSON of a whole answer."""
        return json.loads(self.text)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The data of the events of a stream."""
        return events_in(self.text.encode())


def file_text(says: str, *providers: LocalProvider, apis: Sequence[str] = ("openai", "openai")) -> str:
    """What stands in a file that says this, and where the providers are, and which format they speak."""
    return "\n".join([says, *(_table(each, api) for each, api in zip(providers, apis, strict=False))])


@asynccontextmanager
async def scene(folder: Path, text: str = CHAIN, apis: Sequence[str] = ("openai", "openai")) -> AsyncIterator[Scene]:
    """Both providers, who speak these formats, and a gateway whose file names them and says ``text`` besides."""
    async with LocalProvider("alpha") as alpha, LocalProvider("beta") as beta:
        file = folder / "detent.toml"
        file.write_text(file_text(text, alpha, beta, apis=apis), encoding="utf-8")
        async with Gateway(load(file)) as gateway:
            yield Scene(alpha, beta, gateway, file)


def _table(provider: LocalProvider, api: str) -> str:
    base_url = f"{provider.address}/v1beta" if api == "gemini" else provider.base_url
    return f'[providers.{provider.name}]\nbase_url = "{base_url}"\napi = "{api}"\n'


@pytest.fixture
def played(tmp_path: Path) -> Callable[..., Any]:
    """Run a coroutine function on a fresh scene; ten seconds mean that it hangs."""

    def playing(test: Callable[[Scene], Awaitable[Any]], text: str = CHAIN, **said: Any) -> Any:
        async def main() -> Any:
            async with asyncio.timeout(10), scene(tmp_path, text, **said) as set_up:
                return await test(set_up)

        return asyncio.run(main())

    return playing
