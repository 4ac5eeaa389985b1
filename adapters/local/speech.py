"""How the local provider words what it says: one speech for each vendor's format, one instance for each call."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

from aiohttp import web
from attrs import define, field, frozen


@frozen
class Call:
    """One call the provider has received; of the credential only that there was one.

    Attributes:
        model: the model asked for.
        stream: whether a stream was asked for.
        at: when, in seconds of the provider's clock.
        authorized: a key came along.
        body: the request body.
        api: the format it came in.
    """

    model: str
    stream: bool
    at: float
    authorized: bool
    body: Mapping[str, Any] = field(repr=False)
    api: str = "openai"


@frozen
class Said:
    """A whole answer: words, or a call of a tool.

    Attributes:
        text: the words.
        tool: the tool's name; empty: no tool is called.
        arguments: its arguments, JSON text.
    """

    text: str = ""
    tool: str = ""
    arguments: str = "{}"


@frozen
class Wrong:
    """An error, to be worded as the vendor does.

    Attributes:
        message: for people.
        kind: its type, as OpenAI names types.
        code: its code, as OpenAI names codes.
    """

    message: str
    kind: str
    code: str | None = None


@define
class Speech(ABC):
    """One vendor's wording of one reply.

    Attributes:
        call: the call that is replied to.
        id: what the reply is called.
    """

    api: ClassVar[str]
    """The format, as settings name it."""

    call: Call
    id: str

    @staticmethod
    @abstractmethod
    def routes() -> tuple[str, ...]:
        """The paths at which calls come in, as aiohttp routes."""

    @staticmethod
    @abstractmethod
    def asked(http: web.Request, body: Mapping[str, Any]) -> tuple[str, bool]:
        """The model that is asked for, and whether it is to stream.

        Raises:
            KeyError: the body names no model.
        """

    @abstractmethod
    def whole(self, said: Said) -> dict[str, Any]:
        """The body of a whole answer."""

    @abstractmethod
    def begin(self, said: Said) -> bytes:
        """The events with which the stream of an answer opens."""

    @abstractmethod
    def text(self, token: str) -> bytes:
        """The event that brings some words."""

    @abstractmethod
    def arguments(self, part: str) -> bytes:
        """The event that brings a part of a tool's arguments."""

    @abstractmethod
    def end(self, said: Said) -> bytes:
        """The events that end a stream in good order."""

    @abstractmethod
    def wrong(self, wrong: Wrong, status: int) -> dict[str, Any]:
        """The body of an error with an HTTP status."""

    @abstractmethod
    def failing(self, error: Mapping[str, Any]) -> bytes:
        """The event that brings an error in the middle of a stream."""

    def tokens(self, said: Said) -> tuple[int, int]:
        """A plausible count of the prompt's tokens, and of the answer's."""
        return len(json.dumps(self.call.body)) // 4 + 1, len(said.text + said.arguments) // 4 + 1


def event(data: Mapping[str, Any], name: str = "") -> bytes:
    """A server-sent event."""
    head = f"event: {name}\n" if name else ""
    return f"{head}data: {json.dumps(data, ensure_ascii=False)}\n\n".encode()
