"""A conversation free of any vendor's form: what one form is read into, and another is written from.

A turn is written once, in the form its author knows, and rendered for whichever candidate serves. Two rules keep that
honest. What a reader of the answer relies on (tools, images, stop sequences, the schema of the answer, a limit on its
length) is rendered or the candidate cannot serve: `unsupported`, with the reason. What only tunes the model (a seed,
penalties, effort, an unusual temperature) is rendered where the form has it and left out where it has not, for a
session that goes on a little differently is better than one that goes silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from attrs import field, frozen

from detent.adapters.outcomes import ProviderError
from detent.fsm.reasons import Failure

Role = Literal["user", "assistant"]


@frozen
class Text:
    """Words."""

    text: str


@frozen
class Image:
    """A picture, by address or as data.

    Attributes:
        url: where it is; empty for one that comes as data.
        media_type: what the data is (``image/png``).
        data: base64.
        detail: how closely it is to be looked at, in OpenAI's words; empty: the model's choice.
    """

    url: str = ""
    media_type: str = ""
    data: str = field(default="", repr=False)
    detail: str = ""

    @property
    def as_url(self) -> str:
        """Its address; data as a ``data:`` address."""
        return self.url or f"data:{self.media_type};base64,{self.data}"


@frozen
class ToolUse:
    """The model calls a tool.

    Attributes:
        id: the name of this call, which its result refers to.
        name: the tool.
        arguments: a JSON object, as text.
    """

    id: str
    name: str
    arguments: str


@frozen
class ToolResult:
    """What a tool has answered.

    Attributes:
        id: the call's.
        name: the tool's, where the form or an earlier message tells it; else empty.
        content: the answer.
        is_error: the tool failed.
    """

    id: str
    name: str
    content: tuple[Text | Image, ...]
    is_error: bool = False

    @property
    def text(self) -> str:
        """The words of it."""
        return "\n".join(part.text for part in self.content if isinstance(part, Text))

    @property
    def images(self) -> tuple[Image, ...]:
        """The pictures of it."""
        return tuple(part for part in self.content if isinstance(part, Image))


Part = Text | Image | ToolUse | ToolResult


@frozen
class Message:
    """What one side said: the model words and calls of tools, the user all else.

    A model's earlier thinking is not part of it: that is signed by, and for, its vendor.
    """

    role: Role
    parts: tuple[Part, ...]


@frozen
class Tool:
    """A tool that the model may call.

    Attributes:
        name: its name.
        description: what it is for.
        parameters: the JSON schema of its arguments.
        strict: the arguments must fit the schema; None: as the vendor does it.
    """

    name: str
    description: str = ""
    parameters: Mapping[str, Any] = field(factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None


@frozen
class ToolChoice:
    """Whether tools are called.

    Attributes:
        mode: ``auto``; ``none``; ``required``: one at least; ``named``: this one.
        name: the tool, for ``named``.
        parallel: several may be called at once; None: as the vendor does it.
    """

    mode: Literal["auto", "none", "required", "named"] = "auto"
    name: str = ""
    parallel: bool | None = None


@frozen
class AnswerSchema:
    """The answer is to be JSON.

    Attributes:
        name: what the schema is called.
        schema: the JSON schema; None: any JSON object.
        strict: it must fit; None: as the vendor does it.
    """

    name: str = "answer"
    schema: Mapping[str, Any] | None = None
    strict: bool | None = None


@frozen
class Conversation:
    """What is asked of a model.

    Attributes:
        system: the instructions, wherever they stood.
        messages: what was said, oldest first; neighbours have different roles.
        tools: what may be called.
        tool_choice: whether it is.
        answer: the form of the answer, None: free text.
        max_tokens: the longest answer, None: as the vendor does it.
        stop: where the answer ends.
        temperature: how much chance plays.
        top_p: how much of the distribution is drawn from.
        top_k: how many tokens are drawn from.
        seed: for repeatable chance.
        presence_penalty: against repeating subjects.
        frequency_penalty: against repeating words.
        effort: how much the model is to think, in OpenAI's words.
        verbosity: how much it is to say, in OpenAI's words.
        user: who asks, opaque.
    """

    system: tuple[Text, ...] = ()
    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()
    tool_choice: ToolChoice = ToolChoice()
    answer: AnswerSchema | None = None
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    seed: int | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    effort: str | None = None
    verbosity: str | None = None
    user: str | None = None


def merged(messages: list[Message]) -> tuple[Message, ...]:
    """Neighbours of one role as one message: most vendors want the roles to alternate."""
    found: list[Message] = []
    for message in messages:
        if found and found[-1].role == message.role:
            found[-1] = Message(message.role, found[-1].parts + message.parts)
        else:
            found.append(message)
    return tuple(found)


def unsupported(what: str) -> ProviderError:
    """This candidate cannot be asked so; another may.

    Args:
        what: what cannot be rendered, and for whom.
    """
    return ProviderError(Failure("unsupported", message=what, rule="detent.rendering"))


def invalid(path: str, says: str) -> ProviderError:
    """The request is not in the form that it claims to be in; no candidate can be asked so.

    Args:
        path: where (``messages[2].content``).
        says: what is wrong, and what is right.
    """
    return ProviderError(Failure("invalid_request", message=f"{path} {says}", rule="detent.rendering"))
