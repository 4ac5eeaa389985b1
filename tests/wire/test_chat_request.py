"""Requests in OpenAI's chat form: what is read, what is written, what is refused and why."""

import pytest
from hypothesis import given

from detent.adapters.outcomes import ProviderError
from detent.adapters.wire import Endpoint
from detent.adapters.wires import FORMATS
from detent.adapters.wires.chat_request import read_chat, write_chat
from detent.adapters.wires.conversation import Conversation, Image, Message, Text, ToolChoice, ToolResult, ToolUse

from .conversations import Holds, conversations

CHAT = Holds(
    tuning=(
        *("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty"),
        *("effort", "user", "max_tokens"),
    ),
    details=("", "low", "high"),
    stricts=(None, False, True),
)
PNG = "data:image/png;base64,iVBORw0KGgo="
ASKED = [{"role": "user", "content": "Hello?"}]


@given(conversations(CHAT))
def test_a_conversation_written_and_read_again_is_the_same(asked):
    assert read_chat(write_chat(asked)) == asked


def refused(fields):
    with pytest.raises(ProviderError) as caught:
        read_chat(fields)
    return caught.value.failure


def saying(**message):
    return {"messages": [message]}


def user(*parts):
    return saying(role="user", content=list(parts))


def tool(**function):
    return {"messages": ASKED, "tools": [{"type": "function", "function": function}]}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"messages": ASKED, "n": 2}, "n is of OpenAI's chat form"),
        ({"messages": ASKED, "logprobs": True}, "logprobs"),
        ({"messages": ASKED, "top_logprobs": 3}, "top_logprobs"),
        ({"messages": ASKED, "logit_bias": {"50256": -100}}, "logit_bias"),
        ({"messages": ASKED, "modalities": ["text", "audio"]}, "modalities"),
        ({"messages": ASKED, "audio": {"voice": "alloy"}}, "audio"),
        ({"messages": ASKED, "web_search_options": {}}, "web_search_options"),
        ({"messages": ASKED, "functions": [{"name": "f"}]}, "functions"),
        ({"messages": ASKED, "of_some_other_server": 1}, "of_some_other_server"),
        (user({"type": "input_audio", "input_audio": {}}), 'messages[0].content[0] is of type "input_audio"'),
        (user({"type": "file", "file": {}}), 'messages[0].content[0] is of type "file"'),
        (
            saying(role="system", content=[{"type": "image_url", "image_url": {"url": PNG}}]),
            "messages[0].content holds more than text",
        ),
        (
            saying(role="assistant", content=[{"type": "image_url", "image_url": {"url": PNG}}]),
            "messages[0].content holds more than text",
        ),
        (
            saying(role="assistant", tool_calls=[{"id": "c", "type": "custom", "custom": {}}]),
            'messages[0].tool_calls[0] is of type "custom"',
        ),
        ({"messages": ASKED, "tools": [{"type": "web_search"}]}, 'tools[0] is of type "web_search"'),
        ({"messages": ASKED, "tool_choice": {"type": "allowed_tools"}}, 'tool_choice is of type "allowed_tools"'),
        ({"messages": ASKED, "response_format": {"type": "grammar"}}, 'response_format is of type "grammar"'),
    ],
)
def test_what_no_other_form_has_is_unsupported_and_named(fields, named):
    failure = refused(fields)
    assert failure.reason == "unsupported"
    assert failure.message.startswith(named)


@pytest.mark.parametrize(
    "fields",
    [
        {"n": 1, "logprobs": False, "top_logprobs": 0, "logit_bias": {}, "modalities": ["text"]},
        {"audio": None, "functions": None},
        {"stream_options": {"include_usage": True}, "store": True, "metadata": {"a": "b"}, "service_tier": "flex"},
        {"safety_identifier": "x", "prompt_cache_key": "x", "prompt_cache_retention": "24h", "prediction": {}},
    ],
)
def test_what_asks_for_nothing_or_concerns_the_vendor_alone_is_left_out(fields):
    assert read_chat({"messages": ASKED, **fields}) == Conversation(messages=(Message("user", (Text("Hello?"),)),))


CALL = {"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}
SCHEMA = {"type": "json_schema", "json_schema": {"name": "n", "schema": {}}}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "messages is null, must be a list"),
        ({"messages": "Hello?"}, 'messages is "Hello?", must be a list'),
        ({"messages": ["Hello?"]}, 'messages[0] is "Hello?", must be an object'),
        (saying(role="critic", content=""), 'messages[0].role is "critic", must be system, developer, user'),
        (saying(role="user", content=7), "messages[0].content is 7, must be a list"),
        (saying(role="user"), "messages[0].content is null, must be a list"),
        (user("Hello?"), 'messages[0].content[0] is "Hello?", must be an object'),
        (user({"type": "text", "text": 7}), "messages[0].content[0].text is 7, must be text"),
        (user({"type": "image_url", "image_url": PNG}), 'messages[0].content[0].image_url is "data:'),
        (user({"type": "image_url", "image_url": {}}), "messages[0].content[0].image_url.url is null, must be text"),
        (
            user({"type": "image_url", "image_url": {"url": "data:image/png,x"}}),
            "messages[0].content[0].image_url.url is a data: address without base64",
        ),
        (
            user({"type": "image_url", "image_url": {"url": PNG, "detail": 7}}),
            "messages[0].content[0].image_url.detail is 7, must be text",
        ),
        (saying(role="tool", content="x"), "messages[0].tool_call_id is null, must be text"),
        (saying(role="assistant", tool_calls=7), "messages[0].tool_calls is 7, must be a list"),
        (saying(role="assistant", tool_calls=[{**CALL, "id": 7}]), "messages[0].tool_calls[0].id is 7"),
        (saying(role="assistant", tool_calls=[{**CALL, "function": 7}]), "messages[0].tool_calls[0].function is 7"),
        (
            saying(role="assistant", tool_calls=[{**CALL, "function": {}}]),
            "messages[0].tool_calls[0].function.name is null",
        ),
        (
            saying(role="assistant", tool_calls=[{**CALL, "function": {"name": "f", "arguments": {"a": 1}}}]),
            "messages[0].tool_calls[0].function.arguments is ",
        ),
        ({"messages": ASKED, "tools": {"f": {}}}, "tools is "),
        ({"messages": ASKED, "tools": [{"type": "function"}]}, "tools[0].function is null, must be an object"),
        (tool(), "tools[0].function.name is null, must be text"),
        (tool(name="f", description=7), "tools[0].function.description is 7, must be text"),
        (tool(name="f", parameters=7), "tools[0].function.parameters is 7, must be an object"),
        (tool(name="f", strict="yes"), 'tools[0].function.strict is "yes", must be true or false'),
        ({"messages": ASKED, "tool_choice": "some"}, 'tool_choice is "some", must be an object'),
        (
            {"messages": ASKED, "tool_choice": {"type": "function", "function": {}}},
            "tool_choice.function.name is null, must be text",
        ),
        ({"messages": ASKED, "parallel_tool_calls": 1}, "parallel_tool_calls is 1, must be true or false"),
        ({"messages": ASKED, "response_format": "json"}, 'response_format is "json", must be an object'),
        (
            {"messages": ASKED, "response_format": {"type": "json_schema"}},
            "response_format.json_schema is null, must be an object",
        ),
        (
            {"messages": ASKED, "response_format": {**SCHEMA, "json_schema": {"strict": 1}}},
            "response_format.json_schema.strict is 1, must be true or false",
        ),
        ({"messages": ASKED, "max_tokens": "5"}, 'max_tokens is "5", must be a whole number'),
        ({"messages": ASKED, "max_completion_tokens": 5.5}, "max_completion_tokens is 5.5, must be a whole number"),
        ({"messages": ASKED, "stop": 7}, "stop is 7, must be text or a list of text"),
        ({"messages": ASKED, "stop": ["a", 7]}, "stop[1] is 7, must be text"),
        ({"messages": ASKED, "temperature": "hot"}, 'temperature is "hot", must be a number'),
        ({"messages": ASKED, "top_p": True}, "top_p is true, must be a number"),
        ({"messages": ASKED, "top_k": 1.5}, "top_k is 1.5, must be a whole number"),
        ({"messages": ASKED, "seed": "x"}, 'seed is "x", must be a whole number'),
        ({"messages": ASKED, "reasoning_effort": 3}, "reasoning_effort is 3, must be text"),
        ({"messages": ASKED, "verbosity": 3}, "verbosity is 3, must be text"),
        ({"messages": ASKED, "user": 7}, "user is 7, must be text"),
    ],
)
def test_a_malformed_place_is_named_with_what_is_there_and_what_should_be(fields, said):
    failure = refused(fields)
    assert failure.reason == "invalid_request"
    assert failure.message.startswith(said)


def test_instructions_are_gathered_and_neighbours_of_one_role_are_one_message():
    asked = read_chat(
        {
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello?"},
                {"role": "developer", "content": [{"type": "text", "text": "In verse."}]},
                {"role": "user", "content": "Anyone?"},
            ]
        }
    )
    assert asked.system == (Text("Be brief."), Text("In verse."))
    assert asked.messages == (Message("user", (Text("Hello?"), Text("Anyone?"))),)


def test_a_result_takes_the_name_of_its_call():
    said = [
        {"role": "assistant", "content": None, "tool_calls": [CALL]},
        {"role": "tool", "tool_call_id": "c", "content": "7"},
        {"role": "tool", "tool_call_id": "lost", "content": "8"},
    ]
    results = read_chat({"messages": said}).messages[1].parts
    assert results == (ToolResult("c", "f", (Text("7"),)), ToolResult("lost", "", (Text("8"),)))


@pytest.mark.parametrize(
    ("fields", "limit"),
    [
        ({"max_tokens": 5}, 5),
        ({"max_completion_tokens": 6}, 6),
        ({"max_tokens": 5, "max_completion_tokens": 6}, 6),
        ({"max_tokens": 5, "max_completion_tokens": None}, 5),
    ],
)
def test_the_limit_is_read_by_either_name_the_newer_first(fields, limit):
    assert read_chat({"messages": ASKED, **fields}).max_tokens == limit


def test_pictures_that_a_tool_returned_are_shown_after_all_results():
    image = Image(media_type="image/png", data="iVBORw0KGgo=")
    asked = Conversation(
        messages=(
            Message("assistant", (ToolUse("a", "f", "{}"), ToolUse("b", "f", ""))),
            Message("user", (ToolResult("a", "f", (Text("seen"), image)), ToolResult("b", "f", (Text("none"),)))),
        )
    )
    call, *heard = write_chat(asked)["messages"]
    assert [each["function"]["arguments"] for each in call["tool_calls"]] == ["{}", "{}"]
    assert heard == [
        {"role": "tool", "tool_call_id": "a", "content": "seen"},
        {"role": "tool", "tool_call_id": "b", "content": "none"},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": PNG}}]},
    ]


def test_a_choice_of_tools_is_written_only_with_tools():
    assert "tool_choice" not in write_chat(Conversation(tool_choice=ToolChoice("required", parallel=False)))


def test_verbosity_is_not_sent_to_servers_of_which_most_refuse_it():
    assert "verbosity" not in write_chat(Conversation(verbosity="low"))


OPENAI = (
    "https://api.openai.com/v1",
    "https://eu.api.openai.com/v1",
    "https://mine.openai.azure.com/openai/v1?api-version=preview",
    "https://mine.cognitiveservices.azure.com/openai/deployments/x",
)
OTHERS = (
    "https://openrouter.ai/api/v1",
    "http://127.0.0.1:8000/v1",
    "https://openai.com.example/v1",
    "https://notopenai.com/v1",
)
OLD, NEW = "max_tokens", "max_completion_tokens"


@pytest.mark.parametrize(
    ("hosts", "given", "sent"),
    [
        (OPENAI, {OLD: 5}, {NEW: 5}),
        (OPENAI, {NEW: 5}, {NEW: 5}),
        (OTHERS, {OLD: 5}, {OLD: 5}),
        (OTHERS, {NEW: 5}, {OLD: 5}),
        (OPENAI, {OLD: 5, NEW: 6}, {OLD: 5, NEW: 6}),
        (OTHERS, {OLD: 5, NEW: 6}, {OLD: 5, NEW: 6}),
        (OTHERS, {}, {}),
    ],
)
def test_each_host_is_told_the_limit_by_the_name_it_knows(hosts, given, sent):
    for host in hosts:
        ask = FORMATS["openai"].ask(Endpoint("p", host), "m", given, stream=True)
        assert dict(ask.fields) == {**sent, "model": "m", "stream": True}, host


def test_stream_options_are_for_streams():
    fields = {"stream_options": {"include_usage": True}}
    chat = FORMATS["openai"]
    assert "stream_options" in chat.ask(Endpoint("p", "https://h.example"), "m", fields, stream=True).fields
    assert "stream_options" not in chat.ask(Endpoint("p", "https://h.example"), "m", fields, stream=False).fields


def test_the_key_is_a_bearer_token_and_absent_without_one():
    chat = FORMATS["openai"]
    assert chat.ask(Endpoint("p", "https://h.example", "k"), "m", {}, stream=True).headers == {
        "Authorization": "Bearer k"
    }
    assert chat.ask(Endpoint("p", "https://h.example"), "m", {}, stream=True).headers == {}
