"""Anthropic's Messages, ``POST /messages``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Final

from detent.adapters.wire import Completion, Endpoint

from .anthropic_reply import MessagesReader, message_of
from .anthropic_request import write_messages
from .conversation import Conversation
from .format import Ask, Fail
from .sse import SseDecoder

VERSION: Final = "2023-06-01"
"""The version of the API; ``headers`` of the endpoint may name another, and ``anthropic-beta`` beside it."""

MAX_TOKENS: Final = 16_384
"""The longest answer, in tokens, where neither the request nor ``extra_body`` says: Anthropic wants it said.

Every model it serves takes this much, the model's thinking included, and a whole answer of this length comes within
the ten minutes beyond which Anthropic's own clients insist on a stream.
"""


class Messages:
    """The `Format` of Anthropic, and of the servers that imitate it."""

    name: ClassVar[str] = "anthropic"

    def write(self, conversation: Conversation) -> dict[str, Any]:
        """A conversation as the body of a request."""
        return write_messages(conversation)

    def ask(self, endpoint: Endpoint, model: str, fields: Mapping[str, Any], *, stream: bool) -> Ask:
        """The request to ``/messages``."""
        headers = {"anthropic-version": VERSION}
        if endpoint.key is not None:
            headers["x-api-key"] = endpoint.key
        body = {**fields, "model": model, "stream": stream}
        return Ask("/messages", headers, body, {"max_tokens": MAX_TOKENS})

    def completion(self, body: str, model: str, fail: Fail) -> Completion:
        """The whole answer that a body holds."""
        return message_of(body, model, fail)

    def reader(self, fail: Fail, decoder: SseDecoder) -> MessagesReader:
        """What makes pieces of the events."""
        return MessagesReader(fail, decoder)
