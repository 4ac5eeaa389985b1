"""OpenAI's chat completions, ``POST /chat/completions``, as hundreds of servers speak it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import urlsplit

from detent.adapters.wire import Completion, Endpoint

from .chat_reply import ChatReader, completion_of
from .chat_request import write_chat
from .conversation import Conversation
from .format import Ask, Fail
from .sse import SseDecoder

_OWN_HOSTS = ("openai.com", "openai.azure.com", "cognitiveservices.azure.com")


class Chat:
    """The `Format` of OpenAI-compatible servers. Of several choices (``n``) only the first is read."""

    name: ClassVar[str] = "openai"

    def write(self, conversation: Conversation) -> dict[str, Any]:
        """A conversation as the body of a request."""
        return write_chat(conversation)

    def ask(self, endpoint: Endpoint, model: str, fields: Mapping[str, Any], *, stream: bool) -> Ask:
        """The request to ``/chat/completions``."""
        body = {**fields, "model": model, "stream": stream}
        if not stream:
            body.pop("stream_options", None)
        # OpenAI's reasoning models refuse the old name of the limit, and many other servers do not know the new one.
        names = ("max_tokens", "max_completion_tokens")
        wrong, right = names if _is_openai(endpoint) else names[::-1]
        if wrong in body and right not in body:
            body[right] = body.pop(wrong)
        key = {} if endpoint.key is None else {"Authorization": f"Bearer {endpoint.key}"}
        # Without it OpenAI tells no usage of a stream; a server that refuses it is spared by its extra_body.
        return Ask("/chat/completions", key, body, {"stream_options": {"include_usage": True}} if stream else {})

    def completion(self, body: str, model: str, fail: Fail) -> Completion:
        """The whole answer that a body holds."""
        return completion_of(body, model, fail)

    def reader(self, fail: Fail, decoder: SseDecoder) -> ChatReader:
        """What makes pieces of the chunks."""
        return ChatReader(fail, decoder)


def _is_openai(endpoint: Endpoint) -> bool:
    host = urlsplit(endpoint.base_url).hostname or ""
    return any(host == own or host.endswith(f".{own}") for own in _OWN_HOSTS)
