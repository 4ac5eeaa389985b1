"""A request in Anthropic's form: reading it, and writing it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any, Final, Literal

from attrs import define, field

from detent.fsm.mistakes import shown

from .anthropic_schema import closed
from .conversation import (
    AnswerSchema,
    Conversation,
    Image,
    Message,
    Part,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
    invalid,
    merged,
    unsupported,
)
from .shapes import as_count, as_flag, as_number, as_table, as_tables, as_text, as_text_or_none, as_texts, object_of

_READ: Final = frozenset(
    (
        *("messages", "system", "max_tokens", "stop_sequences", "tools", "tool_choice", "output_config", "metadata"),
        *("temperature", "top_p", "top_k"),
    )
)
_BETWEEN_CLIENT_AND_VENDOR: Final = frozenset(
    (
        *("thinking", "cache_control", "context_management", "service_tier", "speed", "inference_geo", "diagnostics"),
        *("user_profile_id", "workspace_id", "betas"),
    )
)
"""What tunes, bills or files a request at Anthropic, and is no part of what is asked."""

_THINKING: Final = ("thinking", "redacted_thinking")
_MEDIA_TYPES: Final = ("image/jpeg", "image/png", "image/gif", "image/webp")
_MODES: Final[Mapping[str, Literal["auto", "required", "named", "none"]]] = {
    "auto": "auto",
    "any": "required",
    "tool": "named",
    "none": "none",
}
_OPENING: Final = "(The assistant speaks first.)"
"""What stands in for the user's words where there are none before the assistant's: Anthropic wants some."""


def read_messages(fields: Mapping[str, Any]) -> Conversation:
    """The conversation that a Messages request holds.

    Instructions that stand between other messages are taken to the front, for most vendors know them nowhere else.
    Hints to Anthropic's caches and to its models' thinking are left behind, as is their thinking so far.

    Raises:
        ProviderError: it is not in that form (``invalid_request``), or asks what no other form has (``unsupported``).
    """
    for name, value in fields.items():
        if value is not None and name not in _READ and name not in _BETWEEN_CLIENT_AND_VENDOR:
            raise unsupported(f"{name} is of Anthropic's form, and has no counterpart in other formats")
    between, messages = _messages(fields.get("messages"))
    config = as_table(fields.get("output_config") or {}, "output_config")
    metadata = as_table(fields.get("metadata") or {}, "metadata")
    return Conversation(
        system=(*_texts(fields.get("system") or (), "system"), *between),
        messages=messages,
        tools=tuple(_tools(fields.get("tools") or ())),
        tool_choice=_tool_choice(as_table(fields.get("tool_choice") or {"type": "auto"}, "tool_choice")),
        answer=_answer(config.get("format")),
        max_tokens=as_count(fields.get("max_tokens"), "max_tokens"),
        stop=as_texts(fields.get("stop_sequences") or (), "stop_sequences"),
        temperature=as_number(fields.get("temperature"), "temperature"),
        top_p=as_number(fields.get("top_p"), "top_p"),
        top_k=as_count(fields.get("top_k"), "top_k"),
        effort=_effort(config.get("effort")),
        user=as_text_or_none(metadata.get("user_id"), "metadata.user_id"),
    )


def write_messages(asked: Conversation) -> dict[str, Any]:
    """The body of a Messages request, without model, stream, and the limit that Anthropic wants and `ask` adds.

    Temperature, top_p, top_k and effort are left out: they tune, and some of the models that Anthropic serves refuse
    the first three with a 400, others the last. Who wants them for the rest has ``extra_body``.

    Raises:
        ProviderError: something in it cannot be rendered (``unsupported``).
    """
    body: dict[str, Any] = {"messages": _written_messages(asked.messages)}
    system = "\n\n".join(part.text for part in asked.system if part.text.strip())
    if system:
        body["system"] = system
    if asked.tools:
        body["tools"] = [_written_tool(tool) for tool in asked.tools]
        body |= _written_choice(asked.tool_choice)
    else:
        body |= _tools_of_the_past(asked.messages)
    if asked.answer is not None:
        body["output_config"] = {"format": _written_answer(asked.answer)}
    if asked.stop:
        if not all(stop.strip() for stop in asked.stop):
            raise unsupported("a stop sequence is blank, and Anthropic wants some that is not white space in each")
        body["stop_sequences"] = list(asked.stop)
    if asked.max_tokens is not None:
        body["max_tokens"] = asked.max_tokens
    if asked.user is not None:
        body["metadata"] = {"user_id": asked.user}
    return body


def _messages(said: object) -> tuple[list[Text], tuple[Message, ...]]:
    between: list[Text] = []
    messages: list[Message] = []
    names: dict[str, str] = {}
    for path, message in as_tables(said, "messages"):
        role, content = message.get("role"), message.get("content")
        if role == "system":
            between += _texts(content, f"{path}.content")
        elif role == "user" or role == "assistant":
            parts = tuple(_parts(content, f"{path}.content", names))
            messages += [Message(role, parts)] if parts else []
        else:
            raise invalid(f"{path}.role", f"is {shown(role)}, must be user, assistant or system")
    if messages and messages[-1].role == "assistant":
        raise unsupported("messages end with words of the assistant to go on from, which no other format does")
    return between, merged(messages)


def _texts(content: object, path: str) -> list[Text]:
    found = []
    for part in _parts(content, path, {}):
        if not isinstance(part, Text):
            raise unsupported(f"{path} holds more than text, which no other format takes there")
        found.append(part)
    return found


def _parts(content: object, path: str, names: dict[str, str]) -> Iterator[Part]:
    """The parts of a message; ``names`` keeps the tools by the ids of their calls."""
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for at, block in as_tables(content, path):
        kind = block.get("type")
        if kind == "text":
            yield Text(as_text(block.get("text"), f"{at}.text"))
        elif kind == "image":
            yield _image(as_table(block.get("source"), f"{at}.source"), f"{at}.source")
        elif kind == "tool_use":
            use = ToolUse(
                as_text(block.get("id"), f"{at}.id"),
                as_text(block.get("name"), f"{at}.name"),
                json.dumps(as_table(block.get("input"), f"{at}.input")),
            )
            names[use.id] = use.name
            yield use
        elif kind == "tool_result":
            call = as_text(block.get("tool_use_id"), f"{at}.tool_use_id")
            answer = tuple(_answered(block.get("content") or "", f"{at}.content"))
            failed = as_flag(block.get("is_error"), f"{at}.is_error")
            yield ToolResult(call, names.get(call, ""), answer, is_error=bool(failed))
        elif kind not in _THINKING:
            raise unsupported(f"{at} is of type {shown(kind)}, which has no counterpart in other formats")


def _answered(content: object, path: str) -> Iterator[Text | Image]:
    """The parts of a tool's result."""
    for part in _parts(content, path, {}):
        if isinstance(part, (ToolUse, ToolResult)):
            raise invalid(path, "holds a block that no result of a tool may hold; put it into a message")
        yield part


def _image(source: Mapping[str, Any], path: str) -> Image:
    kind = source.get("type")
    if kind == "url":
        return Image(url=as_text(source.get("url"), f"{path}.url"))
    if kind != "base64":
        raise unsupported(f"{path} is of type {shown(kind)}, which has no counterpart in other formats")
    media_type = as_text(source.get("media_type"), f"{path}.media_type")
    return Image(media_type=media_type, data=as_text(source.get("data"), f"{path}.data"))


def _tools(tools: object) -> Iterator[Tool]:
    for path, tool in as_tables(tools, "tools"):
        if tool.get("type") not in (None, "custom"):
            raise unsupported(f"{path} is of type {shown(tool.get('type'))}, which only Anthropic has")
        yield Tool(
            as_text(tool.get("name"), f"{path}.name"),
            as_text(tool.get("description") or "", f"{path}.description"),
            as_table(tool.get("input_schema"), f"{path}.input_schema"),
            as_flag(tool.get("strict"), f"{path}.strict"),
        )


def _tool_choice(choice: Mapping[str, Any]) -> ToolChoice:
    mode = choice.get("type")
    single = as_flag(choice.get("disable_parallel_tool_use"), "tool_choice.disable_parallel_tool_use")
    if not isinstance(mode, str) or mode not in _MODES:
        raise invalid("tool_choice.type", f"is {shown(mode)}, must be auto, any, tool or none")
    name = as_text(choice.get("name"), "tool_choice.name") if mode == "tool" else ""
    return ToolChoice(_MODES[mode], name, None if single is None else not single)


def _answer(wanted: object) -> AnswerSchema | None:
    if wanted is None:
        return None
    table = as_table(wanted, "output_config.format")
    if table.get("type") != "json_schema":
        raise unsupported(f"output_config.format is of type {shown(table.get('type'))}, which has no counterpart")
    return AnswerSchema(schema=as_table(table.get("schema"), "output_config.format.schema"), strict=True)


def _effort(value: object) -> str | None:
    effort = as_text_or_none(value, "output_config.effort")
    return "xhigh" if effort == "max" else effort


@define
class _Ids:
    """The ids of tool calls as Anthropic takes them: of its letters alone, and none twice in a conversation.

    Attributes:
        waiting: by the ids given, how the calls are called whose results are to come.
        taken: the ids in use.
    """

    waiting: dict[str, list[str]] = field(factory=dict)
    taken: set[str] = field(factory=set)

    def of_call(self, given: str) -> str:
        """A call's; the same for the same conversation, however often it is written."""
        fitting = re.sub(r"[^a-zA-Z0-9_-]", "_", given)
        if fitting != given or not given:
            fitting = f"{fitting}_{sha256(given.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
        name, times = fitting, 1
        while name in self.taken:
            times += 1
            name = f"{fitting}_{times}"
        self.taken.add(name)
        self.waiting.setdefault(given, []).append(name)
        return name

    def of_result(self, given: str) -> str:
        """That of the call which a result belongs to; of several alike, the first without one."""
        if not self.waiting.get(given):
            self.of_call(given)
        return self.waiting[given].pop(0)


def _written_messages(messages: tuple[Message, ...]) -> list[dict[str, Any]]:
    ids = _Ids()
    spoken = [Message(message.role, tuple(filter(_says_something, message.parts))) for message in messages]
    kept = merged([message for message in spoken if message.parts])
    if not kept:
        raise unsupported("there is no message, and Anthropic does not answer to instructions alone")
    if kept[-1].role == "assistant":
        raise unsupported("the last message is the assistant's, from which Anthropic's newer models do not go on")
    if kept[0].role == "assistant":
        kept = (Message("user", (Text(_OPENING),)), *kept)
    return [{"role": message.role, "content": _content(message, ids)} for message in kept]


def _says_something(part: Part) -> bool:
    """Anthropic refuses blocks of text that are blank."""
    return not isinstance(part, Text) or bool(part.text.strip())


def _content(message: Message, ids: _Ids) -> str | list[dict[str, Any]]:
    """The blocks of a message, results of tools first, where Anthropic wants them; of words alone, the words."""
    first, *more = message.parts
    if isinstance(first, Text) and not more:
        return first.text
    if message.role == "assistant" and any(isinstance(part, Image) for part in message.parts):
        raise unsupported("a message of the assistant holds a picture, which Anthropic takes of the user alone")
    parts = sorted(message.parts, key=lambda part: not isinstance(part, ToolResult))
    return [_block(part, ids) for part in parts]


def _block(part: Part, ids: _Ids) -> dict[str, Any]:
    if isinstance(part, Text):
        return {"type": "text", "text": part.text}
    if isinstance(part, Image):
        return {"type": "image", "source": _source(part)}
    if isinstance(part, ToolUse):
        arguments = object_of(part.arguments, f"the text of arguments in call {shown(part.id)} of {part.name}")
        return {"type": "tool_use", "id": ids.of_call(part.id), "name": part.name, "input": arguments}
    block: dict[str, Any] = {"type": "tool_result", "tool_use_id": ids.of_result(part.id)}
    inner = [_block(each, ids) for each in part.content if _says_something(each)]
    if inner:
        alone = len(inner) == 1 and inner[0]["type"] == "text"
        block["content"] = inner[0]["text"] if alone else inner
    return block | ({"is_error": True} if part.is_error else {})


def _source(image: Image) -> dict[str, Any]:
    if image.url:
        return {"type": "url", "url": image.url}
    if image.media_type not in _MEDIA_TYPES:
        known = ", ".join(_MEDIA_TYPES)
        raise unsupported(f"a picture is of type {shown(image.media_type)}, and Anthropic takes {known}")
    return {"type": "base64", "media_type": image.media_type, "data": image.data}


def _written_tool(tool: Tool) -> dict[str, Any]:
    path = f"tools.{tool.name}"
    schema = closed(tool.parameters, path) if tool.strict else dict(tool.parameters)
    written: dict[str, Any] = {"name": tool.name, "input_schema": schema}
    if tool.description:
        written["description"] = tool.description
    if tool.strict is not None:
        written["strict"] = tool.strict
    return written


def _written_choice(choice: ToolChoice) -> dict[str, Any]:
    kind = next(name for name, mode in _MODES.items() if mode == choice.mode)
    written: dict[str, Any] = {"type": kind}
    if kind == "tool":
        written["name"] = choice.name
    if kind != "none" and choice.parallel is not None:
        written["disable_parallel_tool_use"] = not choice.parallel
    return {} if written == {"type": "auto"} else {"tool_choice": written}


def _tools_of_the_past(messages: tuple[Message, ...]) -> dict[str, Any]:
    """The tools of earlier calls, not to be called again: Anthropic wants every tool of the messages declared."""
    names = dict.fromkeys(part.name for message in messages for part in message.parts if isinstance(part, ToolUse))
    if not names:
        return {}
    return {
        "tools": [{"name": name, "input_schema": {"type": "object", "properties": {}}} for name in names],
        "tool_choice": {"type": "none"},
    }


def _written_answer(answer: AnswerSchema) -> dict[str, Any]:
    if answer.schema is None:
        raise unsupported("the answer is to be JSON without a schema, and Anthropic promises JSON by a schema alone")
    return {"type": "json_schema", "schema": closed(answer.schema, f"the schema of {answer.name}")}
