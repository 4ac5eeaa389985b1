"""Google's Gemini, ``POST /models/{model}:generateContent``, at the Gemini API and at Vertex AI.

Vertex AI takes the same bodies: its base URL ends in ``…/projects/{project}/locations/{location}/publishers/google``,
and the access token goes into the endpoint's headers as ``Authorization: Bearer …``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from urllib.parse import quote

from detent.adapters.wire import Completion, Endpoint

from .conversation import Conversation
from .format import Ask, Fail, table_in
from .gemini_reply import GeminiReader, completion_of
from .gemini_request import write_gemini
from .sse import SseDecoder


class Gemini:
    """The `Format` of ``generateContent``. Of several candidates only the first is read."""

    name: ClassVar[str] = "gemini"

    def write(self, conversation: Conversation) -> dict[str, Any]:
        """A conversation as the body of a request."""
        return write_gemini(conversation)

    def ask(self, endpoint: Endpoint, model: str, fields: Mapping[str, Any], *, stream: bool) -> Ask:
        """The request to a model's method; a name with a slash (``tunedModels/mine``) is a path of its own."""
        place = quote(model if "/" in model else f"models/{model}")
        method = "streamGenerateContent?alt=sse" if stream else "generateContent"
        # What the endpoint sets for every call (thinkingConfig, say) is to outlive what a request sets beside it.
        config = table_in(endpoint.extra_body.get("generationConfig")) | table_in(fields.get("generationConfig"))
        body = {**fields, "generationConfig": config} if config else fields
        key = {} if endpoint.key is None else {"x-goog-api-key": endpoint.key}
        return Ask(f"/{place}:{method}", key, body)

    def completion(self, body: str, model: str, fail: Fail) -> Completion:
        """The whole answer that a body holds."""
        return completion_of(body, model, fail)

    def reader(self, fail: Fail, decoder: SseDecoder) -> GeminiReader:
        """What makes pieces of the chunks."""
        return GeminiReader(fail, decoder)
