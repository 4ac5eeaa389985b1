"""Requests in Anthropic's form: what is read of them, what no other format has, and what is malformed."""

import json
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detent.adapters.outcomes import ProviderError
from detent.adapters.wires.anthropic_request import read_messages, write_messages
from detent.adapters.wires.conversation import (
    AnswerSchema,
    Conversation,
    Image,
    Message,
    Text,
    Tool,
    ToolChoice,
    ToolResult,
    ToolUse,
)

HELLO = {"role": "user", "content": "Hello?"}
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "additionalProperties": False}
TOOL = {"name": "look_up", "description": "Weather.", "input_schema": SCHEMA}
CALL = {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"city": "Oslo"}}


def of_anthropic(**fields: object) -> Conversation:
    return read_messages({"messages": [HELLO], **fields})


def test_a_request_of_anthropics_is_read_whole():
    thinking = {"type": "thinking", "thinking": "Hm.", "signature": "x"}
    cached = {"cache_control": {"type": "ephemeral"}}
    pixel = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}
    asked = read_messages(
        {
            "system": [{"type": "text", "text": "Be brief.", **cached}],
            "messages": [
                HELLO,
                {"role": "system", "content": "Be kind."},
                {
                    "role": "assistant",
                    "content": [thinking, {"type": "redacted_thinking", "data": "x"}, {**CALL, **cached}],
                },
                {
                    "role": "user",
                    "content": [
                        {
                            "type": "tool_result",
                            "tool_use_id": "call_1",
                            "is_error": True,
                            "content": [{"type": "text", "text": "No."}, pixel],
                        },
                        {"type": "text", "text": "Again.", **cached},
                    ],
                },
            ],
            "tools": [{**TOOL, "type": "custom", "strict": True, **cached}],
            "tool_choice": {"type": "any", "disable_parallel_tool_use": True},
            "output_config": {"effort": "max", "format": {"type": "json_schema", "schema": SCHEMA}},
            "thinking": {"type": "adaptive"},
            "cache_control": {"type": "ephemeral"},
            "container": None,
            "service_tier": "auto",
            "metadata": {"user_id": "u-1"},
            "max_tokens": 100,
            "stop_sequences": ["END"],
            "temperature": 0.5,
            "top_p": 0.9,
            "top_k": 5,
        }
    )
    assert asked == Conversation(
        system=(Text("Be brief."), Text("Be kind.")),
        messages=(
            Message("user", (Text("Hello?"),)),
            Message("assistant", (ToolUse("call_1", "look_up", '{"city": "Oslo"}'),)),
            Message(
                "user",
                (
                    ToolResult(
                        "call_1",
                        "look_up",
                        (Text("No."), Image(media_type="image/png", data="iVBORw0KGgo=")),
                        is_error=True,
                    ),
                    Text("Again."),
                ),
            ),
        ),
        tools=(Tool("look_up", "Weather.", SCHEMA, strict=True),),
        tool_choice=ToolChoice("required", parallel=False),
        answer=AnswerSchema(schema=SCHEMA, strict=True),
        max_tokens=100,
        stop=("END",),
        temperature=0.5,
        top_p=0.9,
        top_k=5,
        effort="xhigh",
        user="u-1",
    )


def test_a_message_of_thinking_alone_leaves_no_trace():
    thought = {"role": "assistant", "content": [{"type": "thinking", "thinking": "Hm.", "signature": "x"}]}
    asked = of_anthropic(messages=[HELLO, thought, {"role": "user", "content": "Well?"}])
    assert asked.messages == (Message("user", (Text("Hello?"), Text("Well?"))),)


@pytest.mark.parametrize(
    "hint",
    [
        *("thinking", "cache_control", "context_management", "service_tier", "speed", "inference_geo", "diagnostics"),
        *("user_profile_id", "workspace_id", "betas"),
    ],
)
def test_what_is_between_the_client_and_anthropic_is_left_behind(hint):
    assert of_anthropic(**{hint: {"type": "x"}}) == of_anthropic()


def block(**fields: object) -> dict[str, object]:
    return {"messages": [{"role": "user", "content": [fields]}]}


ONLY_ANTHROPICS = {
    "a container": ({"container": "c"}, "container is of Anthropic's form"),
    "remote servers of tools": ({"mcp_servers": [{"name": "x"}]}, "mcp_servers is of Anthropic's form"),
    "its own tools": ({"tools": [{"type": "web_search_20260318", "name": "w"}]}, '"web_search_20260318", which only'),
    "a document": (block(type="document", source={}), 'messages[0].content[0] is of type "document"'),
    "what its own tools did": (block(type="server_tool_use", id="s"), '"server_tool_use"'),
    "a picture it keeps": (block(type="image", source={"type": "file", "file_id": "f"}), 'source is of type "file"'),
    "words to go on from": ({"messages": [HELLO, {"role": "assistant", "content": "{"}]}, "go on from"),
    "a picture among instructions": (
        {"system": [{"type": "image", "source": {"type": "url", "url": "https://h.example/a"}}]},
        "system holds more than text",
    ),
    "another form of answers": ({"output_config": {"format": {"type": "grammar"}}}, '"grammar"'),
}


@pytest.mark.parametrize(("fields", "says"), ONLY_ANTHROPICS.values(), ids=ONLY_ANTHROPICS)
def test_what_only_anthropic_has_is_unsupported_elsewhere(fields, says):
    with pytest.raises(ProviderError) as caught:
        of_anthropic(**fields)
    assert caught.value.failure.reason == "unsupported"
    assert says in caught.value.failure.message


MALFORMED = {
    "no messages": ({"messages": None}, "messages"),
    "messages as text": ({"messages": "Hello?"}, "messages"),
    "a message as text": ({"messages": ["Hello?"]}, "messages[0]"),
    "an unknown role": ({"messages": [{"role": "tool", "content": ""}]}, "messages[0].role"),
    "content as a number": ({"messages": [{"role": "user", "content": 1}]}, "messages[0].content"),
    "text as a number": (block(type="text", text=1), "messages[0].content[0].text"),
    "a picture without a source": (block(type="image"), "messages[0].content[0].source"),
    "a picture without an address": (block(type="image", source={"type": "url"}), "messages[0].content[0].source.url"),
    "a picture without data": (
        block(type="image", source={"type": "base64", "media_type": "image/png"}),
        "messages[0].content[0].source.data",
    ),
    "a picture without a type": (
        block(type="image", source={"type": "base64", "data": "x"}),
        "messages[0].content[0].source.media_type",
    ),
    "a call without an id": (block(type="tool_use", name="f", input={}), "messages[0].content[0].id"),
    "a call without a name": (block(type="tool_use", id="c", input={}), "messages[0].content[0].name"),
    "a call with text": (block(type="tool_use", id="c", name="f", input="{}"), "messages[0].content[0].input"),
    "a result without an id": (block(type="tool_result"), "messages[0].content[0].tool_use_id"),
    "a result with an error as text": (
        block(type="tool_result", tool_use_id="c", is_error="no"),
        "messages[0].content[0].is_error",
    ),
    "a call in a result": (
        block(type="tool_result", tool_use_id="c", content=[{"type": "tool_use", "id": "d", "name": "f", "input": {}}]),
        "messages[0].content[0].content",
    ),
    "instructions as a number": ({"system": 1}, "system"),
    "tools as an object": ({"tools": {"name": "f"}}, "tools"),
    "a tool without a name": ({"tools": [{"input_schema": {}}]}, "tools[0].name"),
    "a tool without a schema": ({"tools": [{"name": "f"}]}, "tools[0].input_schema"),
    "a tool with a number as description": ({"tools": [{"name": "f", "description": 1}]}, "tools[0].description"),
    "strictness as text": ({"tools": [{**TOOL, "strict": "yes"}]}, "tools[0].strict"),
    "a choice as text": ({"tool_choice": "auto"}, "tool_choice"),
    "a choice of another kind": ({"tool_choice": {"type": "required"}}, "tool_choice.type"),
    "a choice of a list": ({"tool_choice": {"type": []}}, "tool_choice.type"),
    "a choice without a name": ({"tool_choice": {"type": "tool"}}, "tool_choice.name"),
    "parallel as text": (
        {"tool_choice": {"type": "auto", "disable_parallel_tool_use": "no"}},
        "tool_choice.disable_parallel_tool_use",
    ),
    "output_config as text": ({"output_config": "high"}, "output_config"),
    "effort as a number": ({"output_config": {"effort": 1}}, "output_config.effort"),
    "a format as text": ({"output_config": {"format": "json"}}, "output_config.format"),
    "a schema as text": (
        {"output_config": {"format": {"type": "json_schema", "schema": "{}"}}},
        "output_config.format.schema",
    ),
    "metadata as text": ({"metadata": "u"}, "metadata"),
    "a user as a number": ({"metadata": {"user_id": 1}}, "metadata.user_id"),
    "a limit as text": ({"max_tokens": "100"}, "max_tokens"),
    "a stop as a number": ({"stop_sequences": [1]}, "stop_sequences[0]"),
    "temperature as text": ({"temperature": "hot"}, "temperature"),
    "top_p as text": ({"top_p": "all"}, "top_p"),
    "top_k as a fraction": ({"top_k": 1.5}, "top_k"),
}


@pytest.mark.parametrize(("fields", "path"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_malformed_is_told_with_its_path(fields, path):
    with pytest.raises(ProviderError) as caught:
        of_anthropic(**fields)
    assert caught.value.failure.reason == "invalid_request"
    assert caught.value.failure.message.startswith(f"{path} ")


PLACES = st.sampled_from(
    (
        *("messages", "system", "tools", "tool_choice", "output_config", "metadata", "stop_sequences"),
        *("role", "content", "type", "text", "source", "input", "id", "name", "tool_use_id", "input_schema"),
        *("user_id", "format", "schema", "data", "user", "assistant", "tool_use", "tool_result", "image"),
    )
)


@given(
    st.dictionaries(
        PLACES,
        st.recursive(
            st.none() | st.booleans() | st.integers() | PLACES,
            lambda inner: st.lists(inner, max_size=2) | st.dictionaries(PLACES, inner, max_size=5),
        ),
        max_size=5,
    )
)
@settings(deadline=None)
def test_whatever_is_asked_is_read_or_refused(fields):
    with suppress(ProviderError):
        json.dumps(write_messages(read_messages(fields)))
