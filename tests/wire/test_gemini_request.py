"""Turns written for OpenAI, as Google's generateContent is asked them."""

import pytest

from detent.adapters.outcomes import ProviderError
from detent.adapters.wire import Endpoint, Request
from detent.adapters.wires import FORMATS, fields_for
from detent.adapters.wires.conversation import Conversation, Image, Message, Text, ToolResult, ToolUse

GEMINI = FORMATS["gemini"]
HELLO = {"role": "user", "content": "Hello"}
HEARD = {"role": "user", "parts": [{"text": "Hello"}]}
CITY = {"type": "object", "properties": {"city": {"$ref": "#/$defs/c"}}, "additionalProperties": False}
TOOL = {"type": "function", "function": {"name": "look_up", "description": "Weather.", "parameters": CITY}}
DECLARED = {"functionDeclarations": [{"name": "look_up", "description": "Weather.", "parametersJsonSchema": CITY}]}


def call(name, arguments, of):
    return {"id": of, "type": "function", "function": {"name": name, "arguments": arguments}}


def body_of(**fields):
    return dict(fields_for(GEMINI, Request({"messages": [HELLO], **fields})))


def refusal(**fields):
    with pytest.raises(ProviderError) as caught:
        body_of(**fields)
    return caught.value.failure


def parts_of(*content):
    (heard,) = body_of(messages=[{"role": "user", "content": list(content)}])["contents"]
    return heard["parts"]


def image(url):
    return {"type": "image_url", "image_url": {"url": url, "detail": "high"}}


def test_instructions_stand_apart_from_what_was_said():
    said = [
        {"role": "system", "content": "Be brief."},
        HELLO,
        {"role": "developer", "content": [{"type": "text", "text": "In Norwegian."}]},
        {"role": "assistant", "content": "Hei"},
        {"role": "user", "content": "And?"},
    ]
    assert body_of(messages=said) == {
        "systemInstruction": {"parts": [{"text": "Be brief."}, {"text": "In Norwegian."}]},
        "contents": [
            HEARD,
            {"role": "model", "parts": [{"text": "Hei"}]},
            {"role": "user", "parts": [{"text": "And?"}]},
        ],
    }


def test_what_says_nothing_is_not_sent():
    empty = {"type": "text", "text": ""}
    said = [
        {"role": "system", "content": [empty]},
        {"role": "user", "content": [{"type": "text", "text": "Hello"}, empty]},
        {"role": "assistant", "content": None},
    ]
    assert body_of(messages=said) == {"contents": [HEARD]}


@pytest.mark.parametrize("messages", [[], [{"role": "system", "content": "Be brief."}]])
def test_instructions_alone_are_no_request_to_google(messages):
    failure = refusal(messages=messages)
    assert (failure.reason, "no messages" in failure.message) == ("unsupported", True)


def test_images_go_as_data_or_by_address():
    assert parts_of(
        {"type": "text", "text": "What is this?"},
        image("data:image/png;base64,aGk="),
        image("https://h.example/a/cat.JPG?sig=x.y"),
        image("https://h.example/b.webp"),
    ) == [
        {"text": "What is this?"},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"fileData": {"mimeType": "image/jpeg", "fileUri": "https://h.example/a/cat.JPG?sig=x.y"}},
        {"fileData": {"mimeType": "image/webp", "fileUri": "https://h.example/b.webp"}},
    ]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("https://h.example/picture?id=1", "an image's address does not end in its type"),
        ("https://h.example/page.html", "an image's address does not end in its type"),
        ("data:;base64,aGk=", "an image comes without its type"),
    ],
)
def test_an_image_of_unknown_type_is_unsupported(url, words):
    failure = refusal(messages=[{"role": "user", "content": [image(url)]}])
    assert (failure.reason, words in failure.message) == ("unsupported", True)


def test_calls_and_their_results_name_each_other_and_the_first_call_of_a_step_is_signed():
    said = [
        HELLO,
        {
            "role": "assistant",
            "content": "One moment.",
            "tool_calls": [call("look_up", '{"city": "Oslo"}', "c1"), call("now", "", "c2")],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "rain"},
        {"role": "tool", "tool_call_id": "c2", "content": '{"hour": 9}'},
        {"role": "assistant", "content": None, "tool_calls": [call("now", "{}", "c3")]},
        {"role": "tool", "tool_call_id": "c3", "content": "ten"},
        {"role": "user", "content": "So?"},
    ]
    signed = {"thoughtSignature": "skip_thought_signature_validator"}
    assert body_of(messages=said)["contents"] == [
        HEARD,
        {
            "role": "model",
            "parts": [
                {"text": "One moment."},
                {"functionCall": {"id": "c1", "name": "look_up", "args": {"city": "Oslo"}}, **signed},
                {"functionCall": {"id": "c2", "name": "now", "args": {}}},
            ],
        },
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c1", "name": "look_up", "response": {"output": "rain"}}},
                {"functionResponse": {"id": "c2", "name": "now", "response": {"output": '{"hour": 9}'}}},
            ],
        },
        {"role": "model", "parts": [{"functionCall": {"id": "c3", "name": "now", "args": {}}, **signed}]},
        {
            "role": "user",
            "parts": [
                {"functionResponse": {"id": "c3", "name": "now", "response": {"output": "ten"}}},
                {"text": "So?"},
            ],
        },
    ]


def test_results_stand_before_pictures_and_words_and_an_error_is_one():
    photo = Image(media_type="image/png", data="aGk=")
    results = (
        ToolResult("c1", "draw", (Text("done"), photo)),
        ToolResult("c2", "now", (Text("no clock"),), is_error=True),
    )
    heard = Message("user", (Text("And?"), *results))
    uses = Message("assistant", (ToolUse("c1", "draw", "{}"), ToolUse("c2", "now", "{}")))
    assert GEMINI.write(Conversation(messages=(uses, heard)))["contents"][1]["parts"] == [
        {"functionResponse": {"id": "c1", "name": "draw", "response": {"output": "done"}}},
        {"functionResponse": {"id": "c2", "name": "now", "response": {"error": "no clock"}}},
        {"inlineData": {"mimeType": "image/png", "data": "aGk="}},
        {"text": "And?"},
    ]


def test_a_result_without_its_call_is_unsupported():
    failure = refusal(messages=[HELLO, {"role": "tool", "tool_call_id": "c9", "content": "rain"}])
    assert failure.reason == "unsupported"
    assert "tool call c9 comes without the call" in failure.message


@pytest.mark.parametrize("arguments", ["[1]", '{"city": '])
def test_arguments_that_are_no_object_are_unsupported(arguments):
    failure = refusal(messages=[HELLO, {"role": "assistant", "tool_calls": [call("f", arguments, "c1")]}])
    assert failure.reason == "unsupported"
    assert failure.message.startswith("the arguments of tool call c1 ")


@pytest.mark.parametrize(
    ("fields", "calling"),
    [
        ({}, None),
        ({"tool_choice": "auto", "parallel_tool_calls": True}, None),
        ({"tool_choice": "none", "parallel_tool_calls": False}, {"mode": "NONE"}),
        ({"tool_choice": "required"}, {"mode": "ANY"}),
        (
            {"tool_choice": {"type": "function", "function": {"name": "look_up"}}},
            {"mode": "ANY", "allowedFunctionNames": ["look_up"]},
        ),
    ],
)
def test_tools_are_declared_with_their_schemas_as_they_are(fields, calling):
    config = {} if calling is None else {"toolConfig": {"functionCallingConfig": calling}}
    assert body_of(tools=[TOOL], **fields) == {"contents": [HEARD], "tools": [DECLARED], **config}


def test_strict_arguments_are_validated():
    strict = {"type": "function", "function": {"name": "f", "strict": True}}
    assert body_of(tools=[TOOL, strict])["toolConfig"] == {"functionCallingConfig": {"mode": "VALIDATED"}}


def test_a_tool_need_not_be_described():
    (declared,) = body_of(tools=[{"type": "function", "function": {"name": "f"}}])["tools"][0]["functionDeclarations"]
    assert declared == {"name": "f", "parametersJsonSchema": {"type": "object", "properties": {}}}


def test_without_tools_there_is_nothing_to_choose():
    assert body_of(parallel_tool_calls=False, tool_choice="none") == {"contents": [HEARD]}


@pytest.mark.parametrize("choice", ["auto", "required"])
def test_one_call_at_a_time_is_unsupported(choice):
    failure = refusal(tools=[TOOL], tool_choice=choice, parallel_tool_calls=False)
    assert (failure.reason, "parallel_tool_calls" in failure.message) == ("unsupported", True)


@pytest.mark.parametrize("name", ["2fast", "a b", "", "x" * 129, "é"])
def test_a_tool_name_that_google_refuses_is_unsupported(name):
    failure = refusal(tools=[{"type": "function", "function": {"name": name}}])
    assert (failure.reason, failure.message.startswith(f"tool name {name!r}")) == ("unsupported", True)


@pytest.mark.parametrize(
    ("wanted", "config"),
    [
        ({"type": "text"}, None),
        ({"type": "json_object"}, {"responseMimeType": "application/json"}),
        (
            {"type": "json_schema", "json_schema": {"name": "place", "schema": CITY, "strict": True}},
            {"responseMimeType": "application/json", "responseJsonSchema": CITY},
        ),
    ],
)
def test_json_is_asked_for_with_its_schema_as_it_is_and_beside_tools(wanted, config):
    configured = {} if config is None else {"generationConfig": config}
    assert body_of(response_format=wanted) == {"contents": [HEARD], **configured}
    assert body_of(response_format=wanted, tools=[TOOL]) == {"contents": [HEARD], "tools": [DECLARED], **configured}


def test_limits_and_sampling_are_named_as_google_names_them():
    tuned = body_of(max_tokens=9, stop=["a", "b"], temperature=0, top_p=0.5, top_k=3, seed=-4)
    assert tuned["generationConfig"] == {
        "maxOutputTokens": 9,
        "stopSequences": ["a", "b"],
        "temperature": 0,
        "topP": 0.5,
        "topK": 3,
        "seed": -4,
    }


def test_what_only_tunes_and_some_models_refuse_is_left_out():
    tuned = {"presence_penalty": 1, "frequency_penalty": 1, "reasoning_effort": "high", "user": "u", "seed": 2**31}
    assert body_of(**tuned) == {"contents": [HEARD]}


def test_more_stop_sequences_than_five_are_unsupported():
    assert body_of(stop=list("abcde"))["generationConfig"] == {"stopSequences": list("abcde")}
    failure = refusal(stop=list("abcdef"))
    assert (failure.reason, failure.message) == (
        "unsupported",
        "there are 6 stop sequences, and Gemini takes 5 at most",
    )


@pytest.mark.parametrize(
    ("base", "model", "stream", "url"),
    [
        (
            "https://g.example/v1beta",
            "gemini-3-flash",
            False,
            "https://g.example/v1beta/models/gemini-3-flash:generateContent",
        ),
        (
            "https://g.example/v1beta/?a=1",
            "tunedModels/mine",
            True,
            "https://g.example/v1beta/tunedModels/mine:streamGenerateContent?a=1&alt=sse",
        ),
        (
            "https://eu-aiplatform.example/v1/projects/p/locations/eu/publishers/google",
            "gemini?x#y",
            True,
            "https://eu-aiplatform.example/v1/projects/p/locations/eu/publishers/google/models/gemini%3Fx%23y"
            ":streamGenerateContent?alt=sse",
        ),
    ],
)
def test_the_model_and_the_method_are_in_the_path(base, model, stream, url):
    endpoint = Endpoint("g", base, "secret", api="gemini")
    ask = GEMINI.ask(endpoint, model, {"contents": []}, stream=stream)
    assert endpoint.url(ask.path) == url
    assert (ask.headers, ask.fields) == ({"x-goog-api-key": "secret"}, {"contents": []})


def test_without_a_key_none_is_sent():
    assert GEMINI.ask(Endpoint("g", "https://g.example", api="gemini"), "m", {}, stream=False).headers == {}


def test_what_an_endpoint_configures_outlives_what_a_request_does():
    extra = {"generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}, "topK": 1}, "safetySettings": []}
    endpoint = Endpoint("g", "https://g.example", extra_body=extra, api="gemini")
    fields = {"contents": [], "generationConfig": {"topK": 2}}
    assert GEMINI.ask(endpoint, "m", fields, stream=False).fields == {
        "contents": [],
        "generationConfig": {"thinkingConfig": {"thinkingLevel": "low"}, "topK": 2},
    }
