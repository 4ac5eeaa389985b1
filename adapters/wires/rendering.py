"""From the form a request was written in to the format of the provider that is asked."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import evolve

from detent.adapters.wire import Form, Request

from .anthropic import Messages
from .anthropic_request import read_messages
from .chat import Chat
from .chat_request import read_chat
from .conversation import Conversation
from .format import Format
from .gemini import Gemini
from .responses import Responses
from .responses_request import read_responses, without_state

FORMATS: Final[Mapping[str, Format]] = {each.name: each for each in (Chat(), Responses(), Messages(), Gemini())}
"""The formats that providers speak, by the name of their ``api``."""

READERS: Final[Mapping[Form, Callable[[Mapping[str, Any]], Conversation]]] = {
    "anthropic": read_messages,
    "openai": read_chat,
    "responses": read_responses,
}
"""What reads a request, by the form it was written in."""

_WITHOUT_STATE: Final[Mapping[Form, Callable[[Mapping[str, Any]], Mapping[str, Any]]]] = {"responses": without_state}


def fields_for(form: Format, request: Request) -> Mapping[str, Any]:
    """The body of a request in a provider's format; as it is where it was written in that very form.

    Args:
        form: the provider's format.
        request: what is asked.

    Raises:
        ProviderError: it cannot be rendered (``unsupported``), or is not in the form it claims (``invalid_request``).
    """
    if request.form == form.name:
        return request.fields
    return form.write(READERS[request.form](request.fields))


def afresh(request: Request) -> Request:
    """The same request for a vendor that has forgotten what it kept of the conversation.

    Args:
        request: what is asked; in a form without such state it stays as it is.

    Raises:
        ProviderError: the request does not hold the conversation itself (``session_expired``).
    """
    strip = _WITHOUT_STATE.get(request.form)
    return request if strip is None else evolve(request, fields=strip(request.fields))
