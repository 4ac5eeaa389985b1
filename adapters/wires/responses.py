"""OpenAI's Responses, ``POST /responses``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from detent.adapters.wire import Completion, Endpoint

from .conversation import Conversation
from .format import Ask, Fail
from .responses_reply import ResponsesReader, completion_of
from .responses_request import write_responses
from .sse import SseDecoder


class Responses:
    """The `Format` of OpenAI's Responses, and of the servers that have taken it over."""

    name: ClassVar[str] = "responses"

    def write(self, conversation: Conversation) -> dict[str, Any]:
        """A conversation as the body of a request."""
        return write_responses(conversation)

    def ask(self, endpoint: Endpoint, model: str, fields: Mapping[str, Any], *, stream: bool) -> Ask:
        """The request to ``/responses``."""
        body = {**fields, "model": model, "stream": stream}
        if not stream:
            body.pop("stream_options", None)
        key = {} if endpoint.key is None else {"Authorization": f"Bearer {endpoint.key}"}
        return Ask("/responses", key, body)

    def completion(self, body: str, model: str, fail: Fail) -> Completion:
        """The whole answer that a body holds."""
        return completion_of(body, model, fail)

    def reader(self, fail: Fail, decoder: SseDecoder) -> ResponsesReader:
        """What makes pieces of the events."""
        return ResponsesReader(fail, decoder)
