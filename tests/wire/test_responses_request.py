"""Requests in the form of OpenAI's Responses: read, written, rendered from chat, refused, begun afresh."""

import pytest
from attrs import evolve
from hypothesis import given

from detent.adapters.outcomes import ProviderError
from detent.adapters.wire import Endpoint, Request
from detent.adapters.wires import FORMATS, afresh, fields_for
from detent.adapters.wires.conversation import Conversation, Image, Message, Text, Tool, ToolChoice, ToolResult, ToolUse
from detent.adapters.wires.responses_request import read_responses, write_responses

from .conversations import Holds, conversations

RESPONSES = Holds(
    tuning=("temperature", "top_p", "effort", "verbosity", "user", "max_tokens"),
    stop=False,
    details=("", "low", "high"),
    stricts=(False, True),
    result_images=True,
)
PNG = "data:image/png;base64,iVBORw0KGgo="


@given(conversations(RESPONSES))
def test_a_conversation_written_and_read_again_is_the_same(asked):
    assert read_responses(write_responses(asked)) == asked


def rendered(**chat):
    return fields_for(FORMATS["responses"], Request({"messages": [{"role": "user", "content": "Hi"}], **chat}))


HI = {"input": [{"role": "user", "content": "Hi"}], "store": False}
LOOK_UP = {"name": "look_up", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}}}
FUNCTION = {"type": "function", **LOOK_UP, "strict": False}
TOOLS = [{"type": "function", "function": LOOK_UP}]
SCHEMA = {"type": "object", "properties": {}}
NAMED = {"name": "n", "schema": SCHEMA}


@pytest.mark.parametrize(
    ("chat", "body"),
    [
        ({}, HI),
        ({"temperature": 0.5, "top_p": 0.9, "user": "u"}, {**HI, "temperature": 0.5, "top_p": 0.9, "user": "u"}),
        ({"max_tokens": 16}, {**HI, "max_output_tokens": 16}),
        ({"max_completion_tokens": 900}, {**HI, "max_output_tokens": 900}),
        ({"reasoning_effort": "low"}, {**HI, "reasoning": {"effort": "low"}}),
        ({"verbosity": "low"}, {**HI, "text": {"verbosity": "low"}}),
        ({"seed": 7, "presence_penalty": 1, "frequency_penalty": 1, "top_k": 5}, HI),
        ({"tools": TOOLS}, {**HI, "tools": [FUNCTION]}),
        ({"tools": TOOLS, "tool_choice": "auto"}, {**HI, "tools": [FUNCTION]}),
        ({"tools": TOOLS, "tool_choice": "none"}, {**HI, "tools": [FUNCTION], "tool_choice": "none"}),
        ({"tools": TOOLS, "tool_choice": "required"}, {**HI, "tools": [FUNCTION], "tool_choice": "required"}),
        (
            {"tools": TOOLS, "tool_choice": {"type": "function", "function": {"name": "look_up"}}},
            {**HI, "tools": [FUNCTION], "tool_choice": {"type": "function", "name": "look_up"}},
        ),
        ({"tools": TOOLS, "parallel_tool_calls": False}, {**HI, "tools": [FUNCTION], "parallel_tool_calls": False}),
        (
            {"tools": [{"type": "function", "function": {**LOOK_UP, "strict": True, "description": "Weather."}}]},
            {**HI, "tools": [{**FUNCTION, "strict": True, "description": "Weather."}]},
        ),
        ({"response_format": {"type": "text"}}, HI),
        ({"response_format": {"type": "json_object"}}, {**HI, "text": {"format": {"type": "json_object"}}}),
        (
            {
                "response_format": {
                    "type": "json_schema",
                    "json_schema": {"name": "n", "schema": SCHEMA, "strict": True},
                }
            },
            {**HI, "text": {"format": {"type": "json_schema", **NAMED, "strict": True}}},
        ),
        (
            {"response_format": {"type": "json_schema", "json_schema": NAMED}},
            {**HI, "text": {"format": {"type": "json_schema", **NAMED}}},
        ),
    ],
)
def test_a_chat_request_becomes_exactly_this(chat, body):
    assert rendered(**chat) == body


def test_a_whole_chat_conversation_becomes_items_in_its_order():
    calls = [
        {"id": "a", "type": "function", "function": {"name": "look_up", "arguments": '{"city":"Oslo"}'}},
        {"id": "b", "type": "function", "function": {"name": "look_up", "arguments": ""}},
    ]
    body = rendered(
        messages=[
            {"role": "system", "content": "Be brief."},
            {"role": "developer", "content": "In verse."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Where?"},
                    {"type": "image_url", "image_url": {"url": "https://x.example/a.png", "detail": "low"}},
                    {"type": "image_url", "image_url": {"url": PNG}},
                ],
            },
            {"role": "assistant", "content": "I look.", "tool_calls": calls},
            {"role": "tool", "tool_call_id": "a", "content": "rain"},
            {"role": "tool", "tool_call_id": "b", "content": "Error: no city"},
            {"role": "assistant", "content": "Rain."},
            {"role": "user", "content": "Thanks."},
        ]
    )
    assert body == {
        "instructions": "Be brief.\n\nIn verse.",
        "input": [
            {
                "role": "user",
                "content": [
                    {"type": "input_text", "text": "Where?"},
                    {"type": "input_image", "image_url": "https://x.example/a.png", "detail": "low"},
                    {"type": "input_image", "image_url": PNG, "detail": "auto"},
                ],
            },
            {"role": "assistant", "content": "I look."},
            {"type": "function_call", "call_id": "a", "name": "look_up", "arguments": '{"city":"Oslo"}'},
            {"type": "function_call", "call_id": "b", "name": "look_up", "arguments": "{}"},
            {"type": "function_call_output", "call_id": "a", "output": "rain"},
            {"type": "function_call_output", "call_id": "b", "output": "Error: no city"},
            {"role": "assistant", "content": "Rain."},
            {"role": "user", "content": "Thanks."},
        ],
        "store": False,
    }


@pytest.mark.parametrize(
    ("chat", "named"),
    [
        ({"stop": ["END"]}, "stop sequences have no counterpart in OpenAI's Responses"),
        ({"max_tokens": 15}, "OpenAI's Responses take no limit below 16 tokens; asked is 15"),
    ],
)
def test_what_responses_cannot_be_asked_is_unsupported_and_named(chat, named):
    with pytest.raises(ProviderError) as caught:
        rendered(**chat)
    assert (caught.value.failure.reason, caught.value.failure.message) == ("unsupported", named)


def test_what_the_model_said_in_several_parts_stays_in_parts():
    asked = Conversation(messages=(Message("assistant", (Text("One."), Text("Two."))),))
    assert write_responses(asked)["input"] == [
        {
            "role": "assistant",
            "content": [{"type": "output_text", "text": "One."}, {"type": "output_text", "text": "Two."}],
        }
    ]


def read(**fields):
    return read_responses({"input": "Hi", **fields})


PLAIN = Conversation(messages=(Message("user", (Text("Hi"),)),))


@pytest.mark.parametrize(
    ("fields", "asked"),
    [
        ({}, PLAIN),
        ({"input": [{"type": "message", "role": "user", "content": "Hi"}]}, PLAIN),
        ({"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}]}]}, PLAIN),
        ({"instructions": "Be brief."}, evolve(PLAIN, system=(Text("Be brief."),))),
        ({"text": {"format": {"type": "text"}}, "reasoning": {"summary": "auto"}, "tools": None}, PLAIN),
        ({"store": True, "include": ["reasoning.encrypted_content"], "truncation": "auto", "metadata": {}}, PLAIN),
        ({"service_tier": "flex", "prompt_cache_key": "k", "safety_identifier": "s"}, PLAIN),
        ({"background": False, "previous_response_id": None, "conversation": None, "top_logprobs": 0}, PLAIN),
        (
            {"tools": [{"type": "function", "name": "f", "parameters": None}]},
            evolve(PLAIN, tools=(Tool("f"),)),
        ),
        (
            {"tool_choice": {"type": "function", "name": "f"}, "parallel_tool_calls": True},
            evolve(PLAIN, tool_choice=ToolChoice("named", "f", parallel=True)),
        ),
    ],
)
def test_each_way_of_asking_the_same_is_read_the_same(fields, asked):
    assert read(**fields) == asked


def test_items_are_read_in_order_and_thinking_is_left_out():
    items = [
        {"role": "developer", "content": "In verse."},
        {"role": "user", "content": "Weather?"},
        {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"},
        {
            "type": "message",
            "id": "msg_1",
            "role": "assistant",
            "status": "completed",
            "content": [
                {"type": "output_text", "text": "I look.", "annotations": []},
                {"type": "refusal", "refusal": "Not that."},
            ],
        },
        {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"},
        {
            "type": "function_call_output",
            "call_id": "c",
            "output": [{"type": "input_text", "text": "rain"}, {"type": "input_image", "image_url": PNG}],
        },
        {"type": "function_call_output", "call_id": "lost", "output": ""},
    ]
    asked = read(input=items, instructions="Be brief.")
    image = Image(media_type="image/png", data="iVBORw0KGgo=")
    assert asked.system == (Text("Be brief."), Text("In verse."))
    assert asked.messages == (
        Message("user", (Text("Weather?"),)),
        Message("assistant", (Text("I look."), Text("Not that."), ToolUse("c", "f", "{}"))),
        Message("user", (ToolResult("c", "f", (Text("rain"), image)), ToolResult("lost", "", ()))),
    )


def item(**fields):
    return {"input": [fields]}


def part(**fields):
    return item(role="user", content=[fields])


def refused(fields):
    with pytest.raises(ProviderError) as caught:
        read(**fields)
    return caught.value.failure


KEPT = "refers to a history that is kept at its vendor, so that no other candidate can be asked"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"previous_response_id": "resp_1"}, f"previous_response_id {KEPT}"),
        ({"conversation": "conv_1"}, f"conversation {KEPT}"),
        (item(type="item_reference", id="msg_1"), f"input[0] {KEPT}"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt refers to a template that is kept at its vendor"),
        ({"background": True}, "background lets the answer be made at its vendor"),
        ({"top_logprobs": 3}, "top_logprobs is of OpenAI's Responses form"),
        ({"of_some_other_server": 1}, "of_some_other_server is of OpenAI's Responses form"),
        *(
            ({"tools": [{"type": kind}]}, f'tools[0] is of type "{kind}", which only its vendor has')
            for kind in ("web_search", "file_search", "computer_use_preview", "code_interpreter", "mcp", "custom")
        ),
        ({"tool_choice": {"type": "file_search"}}, 'tool_choice is of type "file_search"'),
        (item(type="web_search_call", id="ws_1"), 'input[0] is of type "web_search_call"'),
        (item(type="compaction", encrypted_content="gA"), 'input[0] is of type "compaction"'),
        (part(type="input_file", file_id="f"), 'input[0].content[0] is of type "input_file"'),
        (part(type="input_image", file_id="f"), "input[0].content[0] is a picture by file_id"),
        (
            item(role="assistant", content=[{"type": "input_image", "image_url": PNG}]),
            "input[0].content holds more than text",
        ),
        (
            item(role="system", content=[{"type": "input_image", "image_url": PNG}]),
            "input[0].content holds more than text",
        ),
        ({"text": {"format": {"type": "grammar"}}}, 'text.format is of type "grammar"'),
    ],
)
def test_what_is_bound_to_its_vendor_is_unsupported_elsewhere_and_says_why(fields, named):
    failure = refused(fields)
    assert failure.reason == "unsupported"
    assert failure.message.startswith(named)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"input": None}, "input is null, must be a list"),
        ({"input": 7}, "input is 7, must be a list"),
        ({"input": ["Hi"]}, 'input[0] is "Hi", must be an object'),
        ({"instructions": 7}, "instructions is 7, must be text"),
        (item(role="critic", content=""), 'input[0].role is "critic", must be user, assistant, system or developer'),
        (item(content=""), "input[0].role is null, must be user"),
        (item(role="user"), "input[0].content is null, must be a list"),
        (part(type="input_text"), "input[0].content[0].text is null, must be text"),
        (part(type="refusal"), "input[0].content[0].refusal is null, must be text"),
        (part(type="input_image"), "input[0].content[0].image_url is null, must be text"),
        (part(type="input_image", image_url="data:,x"), "input[0].content[0].image_url is a data: address without"),
        (part(type="input_image", image_url=PNG, detail=7), "input[0].content[0].detail is 7, must be text"),
        (item(type="function_call", name="f"), "input[0].call_id is null, must be text"),
        (item(type="function_call", call_id="c"), "input[0].name is null, must be text"),
        (item(type="function_call", call_id="c", name="f", arguments=[1]), "input[0].arguments is [1], must be text"),
        (item(type="function_call_output", output=""), "input[0].call_id is null, must be text"),
        (item(type="function_call_output", call_id="c"), "input[0].output is null, must be a list"),
        ({"tools": {"f": 1}}, 'tools is {"f": 1}, must be a list'),
        ({"tools": [{"type": "function"}]}, "tools[0].name is null, must be text"),
        ({"tools": [{"type": "function", "name": "f", "description": 7}]}, "tools[0].description is 7, must be text"),
        ({"tools": [{"type": "function", "name": "f", "parameters": 7}]}, "tools[0].parameters is 7, must be an obj"),
        ({"tools": [{"type": "function", "name": "f", "strict": 7}]}, "tools[0].strict is 7, must be true or false"),
        ({"tool_choice": "some"}, 'tool_choice is "some", must be an object'),
        ({"tool_choice": {"type": "function"}}, "tool_choice.name is null, must be text"),
        ({"parallel_tool_calls": "no"}, 'parallel_tool_calls is "no", must be true or false'),
        ({"text": "json"}, 'text is "json", must be an object'),
        ({"text": {"format": "json"}}, 'text.format is "json", must be an object'),
        ({"text": {"format": {"type": "json_schema", "schema": 7}}}, "text.format.schema is 7, must be an object"),
        ({"text": {"format": {"type": "json_schema", "name": 7}}}, "text.format.name is 7, must be text"),
        ({"text": {"format": {"type": "json_schema", "strict": 7}}}, "text.format.strict is 7, must be true or false"),
        ({"text": {"verbosity": 7}}, "text.verbosity is 7, must be text"),
        ({"reasoning": "low"}, 'reasoning is "low", must be an object'),
        ({"reasoning": {"effort": 7}}, "reasoning.effort is 7, must be text"),
        ({"max_output_tokens": "5"}, 'max_output_tokens is "5", must be a whole number'),
        ({"temperature": "hot"}, 'temperature is "hot", must be a number'),
        ({"top_p": "all"}, 'top_p is "all", must be a number'),
        ({"user": 7}, "user is 7, must be text"),
    ],
)
def test_a_malformed_place_is_named_with_what_is_there_and_what_should_be(fields, said):
    failure = refused(fields)
    assert failure.reason == "invalid_request"
    assert failure.message.startswith(said)


def test_a_responses_request_becomes_a_chat_request():
    asked = Request(
        {
            "instructions": "Be brief.",
            "input": "Hi",
            "max_output_tokens": 5,
            "tools": [{"type": "function", "name": "f", "parameters": SCHEMA, "strict": True}],
        },
        "responses",
    )
    assert fields_for(FORMATS["openai"], asked) == {
        "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
        "tools": [{"type": "function", "function": {"name": "f", "parameters": SCHEMA, "strict": True}}],
        "max_completion_tokens": 5,
    }


def test_a_request_in_its_own_form_passes_as_it_is():
    fields = {"input": "Hi", "previous_response_id": "resp_1", "tools": [{"type": "web_search"}], "store": True}
    assert fields_for(FORMATS["responses"], Request(fields, "responses")) is fields


def test_the_ask_names_model_and_stream_and_keeps_stream_options_for_streams():
    form, endpoint = FORMATS["responses"], Endpoint("p", "https://h.example/v1", "k")
    fields = {"input": "Hi", "stream_options": {"include_obfuscation": False}}
    streamed, whole = (form.ask(endpoint, "m", fields, stream=stream) for stream in (True, False))
    assert (streamed.path, dict(streamed.headers)) == ("/responses", {"Authorization": "Bearer k"})
    assert streamed.fields == {**fields, "model": "m", "stream": True}
    assert whole.fields == {"input": "Hi", "model": "m", "stream": False}
    assert form.ask(Endpoint("p", "https://h.example/v1"), "m", fields, stream=True).headers == {}


CALL = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
RESULT = {"type": "function_call_output", "call_id": "c", "output": "7"}
ASKED = {"role": "user", "content": "Hi"}
SAID = {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "Ho"}]}


def without(fields, *names):
    return {name: value for name, value in fields.items() if name not in names}


@pytest.mark.parametrize("state", [{"previous_response_id": "resp_1"}, {"conversation": "conv_1"}])
@pytest.mark.parametrize(
    "items", [[ASKED, SAID, ASKED], [ASKED, CALL, RESULT], [{"role": "developer", "content": "x"}, ASKED, SAID, ASKED]]
)
def test_a_whole_conversation_is_sent_afresh_without_what_refers_to_the_lost_state(state, items):
    fresh = afresh(Request({"input": items, "temperature": 1, **state}, "responses"))
    assert fresh == Request({"input": [without(each, "id") for each in items], "temperature": 1}, "responses")


@pytest.mark.parametrize(
    "said",
    [
        "And tomorrow?",
        None,
        [],
        [ASKED],
        [ASKED, ASKED],
        [RESULT],
        [RESULT, ASKED],
        [SAID, ASKED],
        [CALL, RESULT],
        [ASKED, SAID, RESULT],
        [ASKED, SAID, {"type": "item_reference", "id": "msg_2"}, ASKED],
    ],
)
def test_what_would_be_answered_out_of_its_context_is_not_sent_afresh(said):
    with pytest.raises(ProviderError) as caught:
        afresh(Request({"input": said, "previous_response_id": "resp_1"}, "responses"))
    assert caught.value.failure.reason == "session_expired"
    assert "send the whole conversation as input" in caught.value.failure.message


def test_sealed_thinking_that_the_vendor_cannot_open_is_left_out_and_ids_with_it():
    thought = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAA"}
    fresh = afresh(Request({"input": [ASKED, thought, CALL, RESULT]}, "responses"))
    assert fresh.fields == {"input": [ASKED, without(CALL, "id"), RESULT]}


def test_a_reference_to_a_stored_item_cannot_be_begun_afresh_even_alone():
    with pytest.raises(ProviderError, match="has forgotten the history"):
        afresh(Request({"input": [ASKED, {"type": "item_reference", "id": "rs_1"}]}, "responses"))


@pytest.mark.parametrize("fields", [{"input": "Hi"}, {"input": "Hi", "previous_response_id": None}])
def test_a_request_that_refers_to_nothing_is_asked_again_as_it_is(fields):
    assert afresh(Request(fields, "responses")).fields == {"input": "Hi"}


def test_forms_that_keep_no_state_stay_as_they_are():
    asked = Request({"messages": [ASKED]})
    assert afresh(asked) is asked
