"""Talking to a running gateway: its admin API from the command line, and what is said where it cannot be reached."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, TypeVar

import aiohttp
import click
from attrs import field, frozen
from rich.console import Console, RenderableType

from detent.fsm.errors import BadDataError, DetentError
from detent.fsm.plain import from_plain, to_plain

from ..wires.sse import SseDecoder

T = TypeVar("T")

DEFAULT_URL: Final = "http://127.0.0.1:8484"
_PATIENCE_S: Final = 10.0
_WIDE: Final = 240
_REFUSED: Final = 422


class GatewayError(DetentError):
    """A gateway cannot be reached, or refuses what it is asked; the message says what to do."""


@frozen
class Talk:
    """One command's talk with a gateway.

    Attributes:
        url: where the gateway listens.
        key: a key of its own with the scope ``admin``, None: it wants none.
        as_json: what it says is wanted as JSON.
    """

    url: str
    key: str | None = field(repr=False)
    as_json: bool

    def get(self, path: str, cls: type[T], **query: str | int | None) -> T:
        """What the gateway answers.

        Args:
            path: below ``/admin``.
            cls: the class of the answer.
            query: what is asked; None: nothing is said of it.

        Raises:
            GatewayError: it cannot be reached, or refuses.
        """
        said = {name: str(value) for name, value in query.items() if value is not None}
        return asyncio.run(self._ask("GET", path, cls, said, None))

    def post(self, path: str, cls: type[T], asked: object = None) -> T:
        """What comes of what the gateway is asked to do.

        Args:
            path: below ``/admin``.
            cls: the class of the answer.
            asked: the request, as a value.

        Raises:
            GatewayError: it cannot be reached, or refuses.
        """
        return asyncio.run(self._ask("POST", path, cls, {}, {} if asked is None else to_plain(asked)))

    async def events(self, path: str, cls: type[T], query: Mapping[str, str]) -> AsyncGenerator[T, None]:
        """What the gateway tells, live, until it stops.

        Args:
            path: below ``/admin``.
            cls: the class of each event.
            query: what is asked.

        Raises:
            GatewayError: it cannot be reached, or refuses.
        """
        decoder = SseDecoder()
        async with self._reply("GET", path, query, None, None) as reply:
            await self._checked(reply)
            async for data in reply.content.iter_any():
                for said in decoder.feed(data):
                    yield self._understood(said.data, cls)

    def show(self, value: object, view: Callable[[], RenderableType]) -> None:
        """Print what was answered.

        Args:
            value: the answer.
            view: how people see it.
        """
        if self.as_json:
            click.echo(json.dumps(to_plain(value), ensure_ascii=False))
        else:
            console().print(view())

    async def _ask(
        self, method: str, path: str, cls: type[T], query: Mapping[str, str], body: Mapping[str, Any] | None
    ) -> T:
        async with self._reply(method, path, query, body, _PATIENCE_S) as reply:
            await self._checked(reply)
            return self._understood(await reply.text(), cls)

    @asynccontextmanager
    async def _reply(
        self,
        method: str,
        path: str,
        query: Mapping[str, str],
        body: Mapping[str, Any] | None,
        patience_s: float | None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        headers = {} if self.key is None else {"Authorization": f"Bearer {self.key}"}
        timeout = aiohttp.ClientTimeout(total=patience_s, sock_connect=_PATIENCE_S)
        url = f"{self.url.rstrip('/')}/admin/{path}"
        try:
            async with (
                aiohttp.ClientSession(headers=headers, timeout=timeout) as http,
                http.request(method, url, params=query, json=body, allow_redirects=False) as reply,
            ):
                yield reply
        except (aiohttp.InvalidURL, aiohttp.NonHttpUrlClientError):
            raise GatewayError(f"{self.url!r} is no address of a gateway; write --url {DEFAULT_URL}") from None
        except aiohttp.ClientConnectorError as error:
            raise GatewayError(
                f"no gateway listens at {self.url}: {error.strerror or 'no connection'}; "
                "start one with `detent serve`, or name another with --url or DETENT_URL"
            ) from None
        except TimeoutError:
            raise GatewayError(f"the gateway at {self.url} does not answer") from None
        except (aiohttp.ClientError, OSError) as error:
            raise GatewayError(f"the gateway at {self.url} broke off: {type(error).__name__}") from None

    async def _checked(self, reply: aiohttp.ClientResponse) -> None:
        if reply.status in (200, _REFUSED):
            return
        if reply.status == 401:
            how = "wants a key" if self.key is None else "does not know this key"
            raise GatewayError(
                f"the gateway at {self.url} {how}; set DETENT_KEY to one with the scope admin "
                "(`detent key NAME --admin` makes one)"
            )
        try:
            says = json.loads(await reply.text())["error"]["message"]
        except (ValueError, TypeError, KeyError):
            raise self._no_gateway() from None
        raise GatewayError(str(says))

    def _understood(self, text: str, cls: type[T]) -> T:
        try:
            return from_plain(cls, json.loads(text))
        except (ValueError, BadDataError):
            raise self._no_gateway() from None

    def _no_gateway(self) -> GatewayError:
        return GatewayError(f"what answers at {self.url} is no gateway of this version of Detent; look at --url")


def talking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of those that talk to a gateway; it gets a `Talk` as its first argument."""

    @click.option("--url", envvar="DETENT_URL", default=DEFAULT_URL, show_default=True, help="Where it listens.")
    @click.option("--key", envvar="DETENT_KEY", help="A key with the scope admin; better kept in $DETENT_KEY.")
    @click.option("--json", "as_json", is_flag=True, help="JSON, for machines.")
    def talk(url: str, key: str | None, as_json: bool, **arguments: Any) -> None:
        command(Talk(url, key or None, as_json), **arguments)

    talk.__name__, talk.__doc__ = command.__name__, command.__doc__
    # The options and arguments that stand below come first on the help page.
    talk.__click_params__ += getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    return talk


def console() -> Console:
    """Where results are printed: in a pipe no line is cut."""
    made = Console()
    return made if made.is_terminal else Console(width=_WIDE)


def until_interrupted(run: Coroutine[Any, Any, None]) -> None:
    """Run to the end, or until the user has seen enough."""
    try:
        asyncio.run(run)
    except KeyboardInterrupt:
        return
