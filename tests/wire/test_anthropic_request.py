"""Requests written for Anthropic: what becomes of a conversation, and which ones it cannot be asked."""

import re

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detent.adapters.outcomes import ProviderError
from detent.adapters.wire import Request
from detent.adapters.wires import FORMATS, fields_for
from detent.adapters.wires.anthropic_request import read_messages, write_messages
from detent.adapters.wires.conversation import (
    AnswerSchema,
    Conversation,
    Image,
    Message,
    Text,
    Tool,
    ToolResult,
    ToolUse,
)

from .conversations import Holds, conversations

ANTHROPIC = FORMATS["anthropic"]
HELLO = {"role": "user", "content": "Hello?"}
ASKED = Conversation(messages=(Message("user", (Text("Hello?"),)),))
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
CLOSED = {**CITY, "additionalProperties": False}
CHAT_TOOL = {"type": "function", "function": {"name": "look_up", "description": "Weather.", "parameters": CITY}}
TOOL = {"name": "look_up", "description": "Weather.", "input_schema": CITY}
HELD = Holds(
    tuning=("user", "max_tokens"),
    answers=False,
    stricts=(None, False),
    modes=("auto", "required", "named"),
    result_images=True,
    result_errors=True,
)
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def calls_without_tools(asked: Conversation) -> bool:
    return not asked.tools and any(isinstance(part, ToolUse) for message in asked.messages for part in message.parts)


@given(conversations(HELD))
@UNHURRIED
def test_a_conversation_written_and_read_again_is_the_same(asked):
    if calls_without_tools(asked):
        asked = evolve(asked, tools=(Tool("look_up"),))
    assert read_messages(write_messages(asked)) == asked


@given(conversations(evolve(HELD, modes=("none",), parallels=(None,))))
@UNHURRIED
def test_a_conversation_in_which_no_tool_is_to_be_called_comes_back_too(asked):
    if calls_without_tools(asked):
        asked = evolve(asked, tools=(Tool("look_up"),))
    assert read_messages(write_messages(asked)) == asked


def of_chat(**fields: object) -> dict[str, object]:
    request = Request({"messages": [HELLO], **fields})
    return dict(fields_for(ANTHROPIC, request))


def schema_asked(schema: object, **more: object) -> dict[str, object]:
    return {"type": "json_schema", "json_schema": {"name": "place", "schema": schema, **more}}


def picture(url: str) -> dict[str, object]:
    return {"role": "user", "content": [{"type": "image_url", "image_url": {"url": url}}]}


CHAT_CALLS = [
    {"id": "call_1", "type": "function", "function": {"name": "look_up", "arguments": '{"city": "Oslo"}'}},
    {"id": "call_2", "type": "function", "function": {"name": "look_up", "arguments": " "}},
]
CALLS = [
    {"type": "tool_use", "id": "call_1", "name": "look_up", "input": {"city": "Oslo"}},
    {"type": "tool_use", "id": "call_2", "name": "look_up", "input": {}},
]
RENDERED = {
    "text": ({}, {"messages": [HELLO]}),
    "instructions, wherever they stand": (
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                HELLO,
                {"role": "developer", "content": [{"type": "text", "text": "Be kind."}]},
            ]
        },
        {"system": "Be brief.\n\nBe kind.", "messages": [HELLO]},
    ),
    "blank text": (
        {"messages": [{"role": "system", "content": " \n"}, {"role": "user", "content": ""}, HELLO]},
        {"messages": [HELLO]},
    ),
    "neighbours of one role, one of them blank": (
        {
            "messages": [
                HELLO,
                {"role": "assistant", "content": "\n"},
                {"role": "user", "content": [{"type": "text", "text": " "}, {"type": "text", "text": "Well?"}]},
            ]
        },
        {
            "messages": [
                {"role": "user", "content": [{"type": "text", "text": "Hello?"}, {"type": "text", "text": "Well?"}]}
            ]
        },
    ),
    "an assistant who speaks first": (
        {"messages": [{"role": "assistant", "content": "How can I help?"}, HELLO]},
        {
            "messages": [
                {"role": "user", "content": "(The assistant speaks first.)"},
                {"role": "assistant", "content": "How can I help?"},
                HELLO,
            ]
        },
    ),
    "pictures": (
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is it?"},
                        {"type": "image_url", "image_url": {"url": "https://h.example/a.png", "detail": "low"}},
                        {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
                    ],
                }
            ]
        },
        {
            "messages": [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "What is it?"},
                        {"type": "image", "source": {"type": "url", "url": "https://h.example/a.png"}},
                        {
                            "type": "image",
                            "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="},
                        },
                    ],
                }
            ]
        },
    ),
    "calls of tools with their results": (
        {
            "messages": [
                HELLO,
                {"role": "assistant", "content": "Let me see.", "tool_calls": CHAT_CALLS},
                {"role": "tool", "tool_call_id": "call_1", "content": "Rain."},
                {"role": "tool", "tool_call_id": "call_2", "content": ""},
                {"role": "user", "content": "And tomorrow?"},
            ],
            "tools": [CHAT_TOOL],
        },
        {
            "messages": [
                HELLO,
                {"role": "assistant", "content": [{"type": "text", "text": "Let me see."}, *CALLS]},
                {
                    "role": "user",
                    "content": [
                        {"type": "tool_result", "tool_use_id": "call_1", "content": "Rain."},
                        {"type": "tool_result", "tool_use_id": "call_2"},
                        {"type": "text", "text": "And tomorrow?"},
                    ],
                },
            ],
            "tools": [TOOL],
        },
    ),
    "calls of tools that are no longer there": (
        {
            "messages": [
                HELLO,
                {"role": "assistant", "content": None, "tool_calls": CHAT_CALLS[:1]},
                {"role": "tool", "tool_call_id": "call_1", "content": "Rain."},
            ]
        },
        {
            "messages": [
                HELLO,
                {"role": "assistant", "content": CALLS[:1]},
                {
                    "role": "user",
                    "content": [{"type": "tool_result", "tool_use_id": "call_1", "content": "Rain."}],
                },
            ],
            "tools": [{"name": "look_up", "input_schema": {"type": "object", "properties": {}}}],
            "tool_choice": {"type": "none"},
        },
    ),
    "tools chosen freely": ({"tools": [CHAT_TOOL], "tool_choice": "auto"}, {"tools": [TOOL]}),
    "one at a time": (
        {"tools": [CHAT_TOOL], "parallel_tool_calls": False},
        {"tools": [TOOL], "tool_choice": {"type": "auto", "disable_parallel_tool_use": True}},
    ),
    "one at least, several at once": (
        {"tools": [CHAT_TOOL], "tool_choice": "required", "parallel_tool_calls": True},
        {"tools": [TOOL], "tool_choice": {"type": "any", "disable_parallel_tool_use": False}},
    ),
    "none": (
        {"tools": [CHAT_TOOL], "tool_choice": "none", "parallel_tool_calls": False},
        {"tools": [TOOL], "tool_choice": {"type": "none"}},
    ),
    "this one, and not two": (
        {
            "tools": [CHAT_TOOL],
            "tool_choice": {"type": "function", "function": {"name": "look_up"}},
            "parallel_tool_calls": False,
        },
        {"tools": [TOOL], "tool_choice": {"type": "tool", "name": "look_up", "disable_parallel_tool_use": True}},
    ),
    "strict arguments": (
        {"tools": [{"type": "function", "function": {"name": "f", "parameters": CITY, "strict": True}}]},
        {"tools": [{"name": "f", "input_schema": CLOSED, "strict": True}]},
    ),
    "a schema of the answer": (
        {"response_format": schema_asked(CITY, strict=True)},
        {"output_config": {"format": {"type": "json_schema", "schema": CLOSED}}},
    ),
    "limits": (
        {"max_completion_tokens": 100, "stop": ["END", " x"], "user": "u-1"},
        {"max_tokens": 100, "stop_sequences": ["END", " x"], "metadata": {"user_id": "u-1"}},
    ),
    "what only tunes": (
        {
            "temperature": 1.7,
            "top_p": 0.5,
            "top_k": 3,
            "seed": 1,
            "presence_penalty": 1,
            "frequency_penalty": 1,
            "reasoning_effort": "low",
        },
        {},
    ),
}


@pytest.mark.parametrize(("asked", "body"), RENDERED.values(), ids=RENDERED)
def test_a_chat_request_is_written_for_anthropic(asked, body):
    assert of_chat(**asked) == {"messages": [HELLO], **body}


OBJECT = {"type": "object", "properties": {}}
UNSUPPORTED = {
    "instructions alone": ({"messages": [{"role": "system", "content": "Be brief."}]}, "instructions alone"),
    "an answer to go on from": ({"messages": [HELLO, {"role": "assistant", "content": "{"}]}, "do not go on"),
    "a blank stop": ({"stop": ["END", "\n"]}, "stop sequence is blank"),
    "json without a schema": ({"response_format": {"type": "json_object"}}, "by a schema alone"),
    "a picture in bmp": ({"messages": [picture("data:image/bmp;base64,Qk0=")]}, '"image/bmp"'),
    "arguments that are no json": (
        {
            "messages": [
                HELLO,
                {
                    "role": "assistant",
                    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": '{"a'}}],
                },
                {"role": "tool", "tool_call_id": "c", "content": "?"},
            ]
        },
        'arguments in call "c" of f is no JSON object',
    ),
    "a bound in a schema": (
        {"response_format": schema_asked({**OBJECT, "properties": {"minimum": {"type": "integer", "minimum": 1}}})},
        "the schema of place.properties.minimum.minimum is a constraint",
    ),
    "a bound in a list": (
        {"response_format": schema_asked({"anyOf": [OBJECT, {"type": "array", "items": {"maxLength": 3}}]})},
        "the schema of place.anyOf[1].items.maxLength is a constraint",
    ),
    "a list of two at least": (
        {"response_format": schema_asked({"type": "array", "minItems": 2})},
        "the schema of place.minItems is above 1",
    ),
    "an open object": (
        {"response_format": schema_asked({"$defs": {"a": {**OBJECT, "additionalProperties": True}}})},
        "the schema of place.$defs.a.additionalProperties leaves an object open",
    ),
    "a bound in strict arguments": (
        {
            "tools": [
                {
                    "type": "function",
                    "function": {"name": "f", "strict": True, "parameters": {"type": "object", "oneOf": []}},
                }
            ]
        },
        "tools.f.oneOf is a constraint",
    ),
}


@pytest.mark.parametrize(("asked", "says"), UNSUPPORTED.values(), ids=UNSUPPORTED)
def test_what_anthropic_cannot_be_asked_is_unsupported(asked, says):
    with pytest.raises(ProviderError) as caught:
        of_chat(**asked)
    assert caught.value.failure.reason == "unsupported"
    assert says in caught.value.failure.message


def test_a_picture_of_the_assistants_is_unsupported():
    shown = Message("assistant", (Image(url="https://h.example/a.png"),))
    with pytest.raises(ProviderError, match="of the user alone"):
        write_messages(Conversation(messages=(*ASKED.messages, shown, *ASKED.messages)))


def test_results_come_first_marked_where_they_failed_and_without_what_is_blank():
    use = Message("assistant", (ToolUse("c", "f", "{}"),))
    picture_of_it = Image(url="https://h.example/a.png")
    result = ToolResult("c", "f", (Text(" "), Text("No."), picture_of_it), is_error=True)
    written = write_messages(Conversation(messages=(*ASKED.messages, use, Message("user", (Text("Well?"), result)))))
    assert written["messages"][-1]["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "c",
            "content": [
                {"type": "text", "text": "No."},
                {"type": "image", "source": {"type": "url", "url": "https://h.example/a.png"}},
            ],
            "is_error": True,
        },
        {"type": "text", "text": "Well?"},
    ]


def test_every_object_in_a_schema_is_closed():
    inner = {"type": ["object", "null"], "properties": {"x": {"type": "string"}}}
    schema = {
        "type": "object",
        "properties": {"a": inner, "b": {"type": "array", "items": inner, "minItems": 1}},
        "$defs": {"c": {"anyOf": [inner, {"type": "string"}]}, "d": {"type": ["object", "null"]}},
    }
    written = write_messages(evolve(ASKED, answer=AnswerSchema(schema=schema)))["output_config"]["format"]["schema"]
    shut = {**inner, "additionalProperties": False}
    assert written == {
        "type": "object",
        "properties": {"a": shut, "b": {"type": "array", "items": shut, "minItems": 1}},
        "$defs": {
            "c": {"anyOf": [shut, {"type": "string"}]},
            "d": {"type": ["object", "null"], "additionalProperties": False},
        },
        "additionalProperties": False,
    }
    assert schema["properties"]["a"] == inner, "the caller's own schema is left as it was"


def calls(*ids: str) -> Conversation:
    turns = [
        message
        for each in ids
        for message in (
            Message("assistant", (ToolUse(each, "f", "{}"),)),
            Message("user", (ToolResult(each, "f", (Text("Done."),)),)),
        )
    ]
    return Conversation(messages=(*ASKED.messages, *turns))


def ids_of(asked: Conversation) -> tuple[list[str], list[str]]:
    blocks = [block for message in write_messages(asked)["messages"][1:] for block in message["content"]]
    return (
        [block["id"] for block in blocks if block["type"] == "tool_use"],
        [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"],
    )


def test_ids_that_anthropic_takes_stay():
    assert ids_of(calls("toolu_01-x", "call_2")) == (["toolu_01-x", "call_2"],) * 2


@given(st.lists(st.text(st.characters(), max_size=4), min_size=1, max_size=6))
@settings(deadline=None)
def test_foreign_ids_are_mapped_alike_in_calls_and_results_and_none_comes_twice(given_ids):
    used, answered = ids_of(calls(*given_ids))
    assert used == answered
    assert len(set(used)) == len(used)
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]+", each) for each in used)
    assert ids_of(calls(*given_ids, "another"))[0][:-1] == used, "what was written stays, and so do the caches"


def test_an_id_of_half_a_character_is_mapped_too():
    used, answered = ids_of(calls("\ud800"))
    assert used == answered


def test_calls_at_once_of_one_id_get_a_result_each():
    uses = Message("assistant", (ToolUse("", "f", "{}"), ToolUse("", "g", "{}")))
    results = Message("user", (ToolResult("", "f", (Text("1"),)), ToolResult("", "g", (Text("2"),))))
    used, answered = ids_of(Conversation(messages=(*ASKED.messages, uses, results)))
    assert used == answered
    assert len(set(used)) == 2


def test_ids_that_differ_only_in_foreign_letters_stay_apart():
    used, _ = ids_of(calls("functions.f:0", "functions.f.0"))
    assert len(set(used)) == 2
    assert all(each.startswith("functions_f_0_") for each in used)
