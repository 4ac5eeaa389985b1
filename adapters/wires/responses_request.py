"""A request in the form of OpenAI's Responses: reading it, writing it, and beginning it afresh."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from detent.adapters.outcomes import ProviderError
from detent.fsm.mistakes import shown
from detent.fsm.reasons import Failure

from .conversation import (
    Conversation,
    Image,
    Message,
    Text,
    Tool,
    ToolResult,
    ToolUse,
    invalid,
    merged,
    unsupported,
)
from .openai_tools import answer_schema_in, tool_choice_in, tools_in, written_answer_schema, written_tool_choice
from .shapes import as_count, as_number, as_table, as_tables, as_text, as_text_or_none, image_at

_READ: Final = frozenset(
    (
        *("input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "text", "reasoning"),
        *("max_output_tokens", "temperature", "top_p", "user"),
    )
)
_BETWEEN_CLIENT_AND_VENDOR: Final = frozenset(
    (
        *("store", "include", "truncation", "context_management", "max_tool_calls", "service_tier"),
        *("metadata", "client_metadata"),
        *("safety_identifier", "prompt_cache_key", "prompt_cache_options", "prompt_cache_retention", "stream_options"),
    )
)
"""What tunes, bills, keeps or files a request at its vendor, and is no part of what is asked."""

_HISTORY_IS_THERE: Final = (
    "refers to a history that is kept at its vendor, so that no other candidate can be asked; "
    "send the whole conversation as input"
)
_VENDOR_BOUND: Final[Mapping[str, str]] = {
    "previous_response_id": _HISTORY_IS_THERE,
    "conversation": _HISTORY_IS_THERE,
    "prompt": "refers to a template that is kept at its vendor; write its text into instructions and input",
    "background": "lets the answer be made at its vendor and fetched later, which no other format has",
}
_SAYS_NOTHING: Final[Mapping[str, tuple[Any, ...]]] = {"background": (False,), "top_logprobs": (0,)}
"""Fields that cannot be rendered, with the values in which they ask for nothing."""

_LEAST_TOKENS: Final = 16
"""The smallest ``max_output_tokens`` that OpenAI takes (API reference, Create a model response)."""

_STATE: Final = ("previous_response_id", "conversation")


def read_responses(fields: Mapping[str, Any]) -> Conversation:
    """The conversation that a Responses request holds.

    Raises:
        ProviderError: it is not in that form (``invalid_request``), or asks what no other form has (``unsupported``).
    """
    _check(fields)
    instructions = as_text_or_none(fields.get("instructions"), "instructions")
    system, messages = _said(fields.get("input"))
    text = as_table(fields.get("text") or {}, "text")
    reasoning = as_table(fields.get("reasoning") or {}, "reasoning")
    return Conversation(
        system=(*((Text(instructions),) if instructions else ()), *system),
        messages=messages,
        tools=tuple(tools_in(fields.get("tools") or (), "")),
        tool_choice=tool_choice_in(fields.get("tool_choice"), fields.get("parallel_tool_calls"), ""),
        answer=answer_schema_in(text.get("format"), "text.format", ""),
        max_tokens=as_count(fields.get("max_output_tokens"), "max_output_tokens"),
        temperature=as_number(fields.get("temperature"), "temperature"),
        top_p=as_number(fields.get("top_p"), "top_p"),
        effort=as_text_or_none(reasoning.get("effort"), "reasoning.effort"),
        verbosity=as_text_or_none(text.get("verbosity"), "text.verbosity"),
        user=as_text_or_none(fields.get("user"), "user"),
    )


def write_responses(asked: Conversation) -> dict[str, Any]:
    """The body of a Responses request, without model and stream.

    It asks not to be stored: by default OpenAI keeps every response for 30 days (Data controls), which whoever wrote
    the request in another form has not agreed to.

    Raises:
        ProviderError: stop sequences, or a limit on the answer that OpenAI does not take (``unsupported``).
    """
    if asked.stop:
        raise unsupported("stop sequences have no counterpart in OpenAI's Responses")
    if asked.max_tokens is not None and asked.max_tokens < _LEAST_TOKENS:
        raise unsupported(f"OpenAI's Responses take no limit below {_LEAST_TOKENS} tokens; asked is {asked.max_tokens}")
    items = [item for message in asked.messages for item in _written(message)]
    body: dict[str, Any] = {"input": items, "store": False}
    if asked.system:
        body["instructions"] = "\n\n".join(part.text for part in asked.system)
    if asked.tools:
        body["tools"] = [_written_tool(tool) for tool in asked.tools]
        body |= written_tool_choice(asked.tool_choice, "")
    text: dict[str, Any] = {} if asked.answer is None else {"format": written_answer_schema(asked.answer, "")}
    if asked.verbosity is not None:
        text["verbosity"] = asked.verbosity
    rest = {
        "text": text or None,
        "reasoning": None if asked.effort is None else {"effort": asked.effort},
        "max_output_tokens": asked.max_tokens,
        "temperature": asked.temperature,
        "top_p": asked.top_p,
        "user": asked.user,
    }
    return body | {name: value for name, value in rest.items() if value is not None}


def without_state(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The same request for a vendor that has forgotten what it kept: no reference to it, no sealed thinking.

    Raises:
        ProviderError: the input without that history would be answered out of its context (``session_expired``).
    """
    said = fields.get("input")
    items = [item for item in said if isinstance(item, Mapping)] if isinstance(said, Sequence) else []
    leans = any(fields.get(name) is not None for name in _STATE)
    if (leans and not _is_whole(items)) or any(item.get("type") == "item_reference" for item in items):
        lost = "the vendor has forgotten the history that the request refers to, and the input does not hold it"
        raise ProviderError(Failure("session_expired", message=f"{lost}; send the whole conversation as input"))
    fresh = {name: value for name, value in fields.items() if name not in _STATE}
    if items:
        # An item that keeps its id is looked for among those stored, and wants the thinking that led to it.
        kept = (item for item in items if item.get("type") != "reasoning")
        fresh["input"] = [{name: value for name, value in item.items() if name != "id"} for item in kept]
    return fresh


def _is_whole(items: Sequence[Mapping[str, Any]]) -> bool:
    """Whether items are a conversation from its beginning: questions first, answers among them, a call to each result.

    A new question alone is not: nobody can tell it from the first of a conversation, and its history is gone.
    """
    spoken = [item for item in items if item.get("role") not in ("system", "developer")]
    begins = bool(spoken) and spoken[0].get("role") == "user"
    answered = any(item.get("role") == "assistant" or item.get("type") == "function_call" for item in items)
    calls = {item.get("call_id") for item in items if not _is_result(item)}
    return begins and answered and all(item.get("call_id") in calls for item in items if _is_result(item))


def _is_result(item: Mapping[str, Any]) -> bool:
    return str(item.get("type")).endswith("_output")


def _check(fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        known = name in _READ or name in _BETWEEN_CLIENT_AND_VENDOR
        if known or value is None or value in _SAYS_NOTHING.get(name, ()):
            continue
        why = _VENDOR_BOUND.get(name, "is of OpenAI's Responses form, and has no counterpart in other formats")
        raise unsupported(f"{name} {why}")


def _said(given: object) -> tuple[tuple[Text, ...], tuple[Message, ...]]:
    if isinstance(given, str):
        return (), (Message("user", (Text(given),) if given else ()),)
    system: list[Text] = []
    messages: list[Message] = []
    names: dict[str, str] = {}
    for path, item in as_tables(given, "input"):
        kind, role = item.get("type", "message"), item.get("role")
        if kind == "message" and role in ("system", "developer"):
            system += _words(item, path)
        elif kind == "message":
            messages.append(_message(item, path))
        elif kind == "function_call":
            use = _use(item, path)
            names[use.id] = use.name
            messages.append(Message("assistant", (use,)))
        elif kind == "function_call_output":
            call = as_text(item.get("call_id"), f"{path}.call_id")
            content = tuple(_parts(item.get("output"), f"{path}.output"))
            messages.append(Message("user", (ToolResult(call, names.get(call, ""), content),)))
        elif kind == "item_reference":
            raise unsupported(f"{path} {_HISTORY_IS_THERE}")
        elif kind != "reasoning":
            raise unsupported(f"{path} is of type {shown(kind)}, which only its vendor has")
    return tuple(system), merged(messages)


def _message(item: Mapping[str, Any], path: str) -> Message:
    role = item.get("role")
    if role == "user":
        return Message("user", tuple(_parts(item.get("content"), f"{path}.content")))
    if role == "assistant":
        return Message("assistant", _words(item, path))
    raise invalid(f"{path}.role", f"is {shown(role)}, must be user, assistant, system or developer")


def _words(item: Mapping[str, Any], path: str) -> tuple[Text, ...]:
    parts = tuple(_parts(item.get("content"), f"{path}.content"))
    words = tuple(part for part in parts if isinstance(part, Text))
    if len(words) != len(parts):
        raise unsupported(f"{path}.content holds more than text, which no other format takes there")
    return words


def _parts(content: object, path: str) -> Iterator[Text | Image]:
    if isinstance(content, str):
        if content:
            yield Text(content)
        return
    for at, part in as_tables(content, path):
        kind = part.get("type")
        if kind in ("input_text", "output_text"):
            yield Text(as_text(part.get("text"), f"{at}.text"))
        elif kind == "refusal":
            yield Text(as_text(part.get("refusal"), f"{at}.refusal"))
        elif kind == "input_image" and part.get("file_id") is None:
            detail = as_text(part.get("detail") or "auto", f"{at}.detail")
            url = as_text(part.get("image_url"), f"{at}.image_url")
            yield image_at(url, f"{at}.image_url", "" if detail == "auto" else detail)
        elif kind == "input_image":
            raise unsupported(f"{at} is a picture by file_id, which is kept at its vendor; send it by image_url")
        else:
            raise unsupported(f"{at} is of type {shown(kind)}, which has no counterpart in other formats")


def _use(item: Mapping[str, Any], path: str) -> ToolUse:
    return ToolUse(
        as_text(item.get("call_id"), f"{path}.call_id"),
        as_text(item.get("name"), f"{path}.name"),
        as_text(item.get("arguments") or "", f"{path}.arguments"),
    )


def _written(message: Message) -> Iterator[dict[str, Any]]:
    """The items of a message, in its order: runs of words and pictures together, each call and result by itself."""
    for spoken, parts in groupby(message.parts, lambda part: isinstance(part, (Text, Image))):
        if spoken:
            content = _content([part for part in parts if isinstance(part, (Text, Image))], message.role)
            yield {"role": message.role, "content": content}
            continue
        for part in parts:
            if isinstance(part, ToolUse):
                call = {"call_id": part.id, "name": part.name, "arguments": part.arguments or "{}"}
                yield {"type": "function_call", **call}
            elif isinstance(part, ToolResult):
                yield {"type": "function_call_output", "call_id": part.id, "output": _content(part.content, "user")}


def _content(parts: Sequence[Text | Image], role: str) -> str | list[dict[str, Any]]:
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], Text):
        return parts[0].text
    words = "output_text" if role == "assistant" else "input_text"
    return [
        {"type": words, "text": part.text}
        if isinstance(part, Text)
        else {"type": "input_image", "image_url": part.as_url, "detail": part.detail or "auto"}
        for part in parts
    ]


def _written_tool(tool: Tool) -> dict[str, Any]:
    # Unless told otherwise Responses hold a schema to the rules of strict mode; few that were written for others obey.
    written = {"type": "function", "name": tool.name, "parameters": dict(tool.parameters), "strict": bool(tool.strict)}
    return written | ({"description": tool.description} if tool.description else {})
