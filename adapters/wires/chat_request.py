"""A request in OpenAI's chat form: reading it, and writing it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from detent.fsm.mistakes import shown

from .conversation import (
    Conversation,
    Image,
    Message,
    Part,
    Text,
    Tool,
    ToolResult,
    ToolUse,
    invalid,
    merged,
    unsupported,
)
from .openai_tools import answer_schema_in, tool_choice_in, tools_in, written_answer_schema, written_tool_choice
from .shapes import as_count, as_number, as_table, as_tables, as_text, as_text_or_none, as_texts, image_at

_TUNING: Final = ("temperature", "top_p", "presence_penalty", "frequency_penalty")
_READ: Final = frozenset(
    (
        *("messages", "max_tokens", "max_completion_tokens", "stop", "tools", "tool_choice", "parallel_tool_calls"),
        *("response_format", "reasoning_effort", "verbosity", "seed", "top_k", "user", *_TUNING),
    )
)
_BETWEEN_CLIENT_AND_VENDOR: Final = frozenset(
    (
        *("stream_options", "store", "metadata", "service_tier", "safety_identifier", "prompt_cache_key"),
        *("prompt_cache_retention", "prediction"),
    )
)
"""What tunes, bills or files a request at its vendor, and is no part of what is asked."""

_SAYS_NOTHING: Final[Mapping[str, tuple[Any, ...]]] = {
    "n": (1,),
    "logprobs": (False,),
    "top_logprobs": (0,),
    "logit_bias": ({},),
    "modalities": (["text"],),
}
"""Fields that cannot be rendered, with the values in which they ask for nothing."""


def read_chat(fields: Mapping[str, Any]) -> Conversation:
    """The conversation that a chat request holds.

    Instructions that stand between other messages are taken to the front: most vendors know them nowhere else.

    Raises:
        ProviderError: it is not in that form (``invalid_request``), or asks what no other form has (``unsupported``).
    """
    _check(fields)
    system, messages = _messages(fields.get("messages"))
    return Conversation(
        system=system,
        messages=messages,
        tools=tuple(tools_in(fields.get("tools") or (), "function")),
        tool_choice=tool_choice_in(fields.get("tool_choice"), fields.get("parallel_tool_calls"), "function"),
        answer=answer_schema_in(fields.get("response_format"), "response_format", "json_schema"),
        max_tokens=_limit(fields),
        stop=as_texts(fields.get("stop") or (), "stop"),
        top_k=as_count(fields.get("top_k"), "top_k"),
        seed=as_count(fields.get("seed"), "seed"),
        effort=as_text_or_none(fields.get("reasoning_effort"), "reasoning_effort"),
        verbosity=as_text_or_none(fields.get("verbosity"), "verbosity"),
        user=as_text_or_none(fields.get("user"), "user"),
        **{name: as_number(fields.get(name), name) for name in _TUNING},
    )


def write_chat(asked: Conversation) -> dict[str, Any]:
    """The body of a chat request, without model and stream.

    ``verbosity`` is left out: of the servers that speak this form only OpenAI's know it, and others refuse it.
    """
    messages: list[dict[str, Any]] = []
    if asked.system:
        messages.append({"role": "system", "content": "\n\n".join(part.text for part in asked.system)})
    for message in asked.messages:
        messages += _said(message) if message.role == "assistant" else _heard(message)
    body: dict[str, Any] = {"messages": messages}
    if asked.tools:
        body["tools"] = [_written_tool(tool) for tool in asked.tools]
        body |= written_tool_choice(asked.tool_choice, "function")
    if asked.answer is not None:
        body["response_format"] = written_answer_schema(asked.answer, "json_schema")
    if asked.stop:
        body["stop"] = list(asked.stop)
    rest = {
        "max_completion_tokens": asked.max_tokens,
        "reasoning_effort": asked.effort,
        "seed": asked.seed,
        "user": asked.user,
        **{name: getattr(asked, name) for name in _TUNING},
    }
    return body | {name: value for name, value in rest.items() if value is not None}


def _check(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        known = name in _READ or name in _BETWEEN_CLIENT_AND_VENDOR
        if not known and value is not None and value not in _SAYS_NOTHING.get(name, ()):
            raise unsupported(f"{name} is of OpenAI's chat form, and has no counterpart in other formats")


def _limit(fields: Mapping[str, Any]) -> int | None:
    given = (as_count(fields.get(name), name) for name in ("max_completion_tokens", "max_tokens"))
    return next((limit for limit in given if limit is not None), None)


def _messages(said: object) -> tuple[tuple[Text, ...], tuple[Message, ...]]:
    system: list[Text] = []
    messages: list[Message] = []
    names: dict[str, str] = {}
    for path, message in as_tables(said, "messages"):
        role, content = message.get("role"), message.get("content")
        if role in ("system", "developer"):
            system += _texts(content, f"{path}.content")
        elif role == "user":
            messages.append(Message("user", tuple(_parts(content, f"{path}.content"))))
        elif role == "assistant":
            uses = tuple(_uses(message.get("tool_calls") or (), f"{path}.tool_calls"))
            names |= {use.id: use.name for use in uses}
            spoken = () if content is None else tuple(_texts(content, f"{path}.content"))
            messages.append(Message("assistant", (*spoken, *uses)))
        elif role == "tool":
            call = as_text(message.get("tool_call_id"), f"{path}.tool_call_id")
            result = ToolResult(call, names.get(call, ""), tuple(_texts(content, f"{path}.content")))
            messages.append(Message("user", (result,)))
        else:
            raise invalid(f"{path}.role", f"is {shown(role)}, must be system, developer, user, assistant or tool")
    return tuple(system), merged(messages)


def _texts(content: object, path: str) -> list[Text]:
    found = []
    for part in _parts(content, path):
        if not isinstance(part, Text):
            raise unsupported(f"{path} holds more than text, which no other format takes there")
        found.append(part)
    return found


def _parts(content: object, path: str) -> Iterator[Part]:
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for at, part in as_tables(content, path):
        kind = part.get("type")
        if kind in ("text", "refusal"):
            yield Text(as_text(part.get(kind), f"{at}.{kind}"))
        elif kind == "image_url":
            image = as_table(part.get("image_url"), f"{at}.image_url")
            detail = as_text(image.get("detail") or "", f"{at}.image_url.detail")
            yield image_at(as_text(image.get("url"), f"{at}.image_url.url"), f"{at}.image_url.url", detail)
        else:
            raise unsupported(f"{at} is of type {shown(kind)}, which has no counterpart in other formats")


def _uses(calls: object, path: str) -> Iterator[ToolUse]:
    for at, call in as_tables(calls, path):
        if call.get("type", "function") != "function":
            raise unsupported(f"{at} is of type {shown(call.get('type'))}, which has no counterpart in other formats")
        function = as_table(call.get("function"), f"{at}.function")
        yield ToolUse(
            as_text(call.get("id"), f"{at}.id"),
            as_text(function.get("name"), f"{at}.function.name"),
            as_text(function.get("arguments") or "", f"{at}.function.arguments"),
        )


def _said(message: Message) -> list[dict[str, Any]]:
    """A message of the assistant."""
    text = "".join(part.text for part in message.parts if isinstance(part, Text))
    written: dict[str, Any] = {"role": "assistant", "content": text or None}
    uses = [part for part in message.parts if isinstance(part, ToolUse)]
    if uses:
        written["tool_calls"] = [
            {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments or "{}"}}
            for use in uses
        ]
    return [written]


def _heard(message: Message) -> list[dict[str, Any]]:
    """A message of the user: the results of tools come first, each by itself, and pictures in them after all."""
    results = [part for part in message.parts if isinstance(part, ToolResult)]
    written: list[dict[str, Any]] = [
        {"role": "tool", "tool_call_id": result.id, "content": result.text} for result in results
    ]
    shown_by_tools = [image for result in results for image in result.images]
    spoken = [part for part in message.parts if isinstance(part, (Text, Image))]
    content = [_written_part(part) for part in (*shown_by_tools, *spoken)]
    if content:
        alone = len(content) == 1 and content[0]["type"] == "text"
        written.append({"role": "user", "content": content[0]["text"] if alone else content})
    return written


def _written_part(part: Text | Image) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    detail = {"detail": part.detail} if part.detail else {}
    return {"type": "image_url", "image_url": {"url": part.as_url, **detail}}


def _written_tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name, "parameters": dict(tool.parameters)}
    if tool.description:
        function["description"] = tool.description
    if tool.strict is not None:
        function["strict"] = tool.strict
    return {"type": "function", "function": function}
