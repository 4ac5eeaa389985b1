"""Servers that speak OpenAI's chat format, each with its dialect, as recorded."""

import pytest

from detent.adapters.reading import failure_of_exception
from detent.adapters.wire import Piece, ToolCall, UpstreamError, joined

from .recordings import answer_of, pieces_in, pieces_of


def told(path):
    return joined(pieces_of("openai", path), "asked")


def tokens(usage):
    return None if usage is None else (usage.input_tokens, usage.output_tokens)


@pytest.mark.parametrize(
    ("path", "reasoning", "text", "finish_reason", "used"),
    [
        ("azure/text.sse", "", "Hello", "stop", None),
        ("deepseek/thinking.sse", "Hm", "Four.", "stop", (18, 30)),
        ("groq/text.sse", "", "Hello", "stop", (23, 19)),
        ("llamacpp/thinking.sse", "Play", "Hi", "stop", None),
        ("mistral/thinking.sse", "Two and two.", "Four.", "stop", (10, 46)),
        ("mistral/too-long.sse", "", "Once upon", "length", (10, 46)),
        ("ollama/thinking.sse", "Hm", "Hi", "stop", None),
        ("openrouter/thinking.sse", "Two and two.", "Four.", "stop", (7, 5)),
        ("openrouter/details-only.sse", "Adding.", "Four.", "stop", None),
        ("together/text.sse", "", "Hello", "stop", (10, 2)),
    ],
)
def test_a_stream_brings_its_thinking_words_reason_and_usage(path, reasoning, text, finish_reason, used):
    answer = told(path)
    assert (answer.reasoning, answer.text, answer.finish_reason) == (reasoning, text, finish_reason)
    assert tokens(answer.usage) == used


@pytest.mark.parametrize(
    ("path", "calls"),
    [
        ("vllm/call.sse", [("chatcmpl-tool-1", "look_up", '{"city":"Oslo"}')]),
        ("xai/call.sse", [("call_1", "look_up", '{"city":"Oslo"}')]),
        (
            "ollama/two-calls-one-index.sse",
            [("call_a", "file_write", '{"path":"a"}'), ("call_b", "file_write", '{"path":"b"}')],
        ),
    ],
)
def test_a_stream_brings_its_calls_one_after_the_other(path, calls):
    answer = told(path)
    assert answer.tool_calls == tuple(ToolCall(index, *call) for index, call in enumerate(calls))
    assert answer.finish_reason == "tool_calls"


def test_calls_without_ids_are_given_some_that_differ_and_can_be_referred_to():
    streamed, whole = told("ollama/calls-without-ids.sse"), answer_of("openai", "ollama/calls-without-ids.json")
    assert streamed.tool_calls == whole.tool_calls
    assert [(call.index, call.id, call.arguments) for call in whole.tool_calls] == [
        (0, "chatcmpl-547-0", '{"city":"Oslo"}'),
        (1, "chatcmpl-547-1", '{"city":"Rome"}'),
    ]


def calling(*parts):
    calls = ",".join(parts)
    return f'data: {{"choices":[{{"index":0,"delta":{{"tool_calls":[{calls}]}}}}]}}\n\n'


def test_an_id_and_a_name_that_every_fragment_repeats_are_told_once():
    part = '{{"index":0,"id":"a","function":{{"name":"f","arguments":"{}"}}}}'
    body = calling(part.format("[1")) + calling(part.format(",2]")) + "data: [DONE]\n\n"
    assert joined(pieces_in("openai", body.encode()), "m").tool_calls == (ToolCall(0, "a", "f", "[1,2]"),)


def test_calls_are_numbered_from_0_whatever_their_server_counts_from():
    body = calling('{"index":1,"id":"a"}', '{"index":2,"id":"b"}') + calling(
        '{"index":1,"function":{"arguments":"{}"}}'
    )
    answer = joined(pieces_in("openai", f"{body}data: [DONE]\n\n".encode()), "m")
    assert answer.tool_calls == (ToolCall(0, "a", "", "{}"), ToolCall(1, "b", "", ""))


def test_a_name_may_come_in_parts():
    first = '{"index":0,"id":"a","function":{"name":"look"}}'
    body = calling(first) + calling('{"index":0,"function":{"name":"_up"}}') + "data: [DONE]\n\n"
    assert joined(pieces_in("openai", body.encode()), "m").tool_calls == (ToolCall(0, "a", "look_up", ""),)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("eos", "stop"),
        ("eos_token", "stop"),
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("function_call", "tool_calls"),
        ("tool_use", "tool_calls"),
        ("sensitive", "content_filter"),
        ("length", "length"),
        ("of_its_own", "of_its_own"),
    ],
)
def test_finish_reasons_are_told_in_openais_words(said, meant):
    body = f'data: {{"choices":[{{"index":0,"delta":{{"content":"x"}},"finish_reason":"{said}"}}]}}\n\n'
    assert pieces_in("openai", body.encode()) == [Piece(text="x", finish_reason=meant)]


@pytest.mark.parametrize("reason", ['""', "null"])
def test_no_finish_reason_is_no_end(reason):
    body = f'data: {{"choices":[{{"index":0,"delta":{{"content":"x"}},"finish_reason":{reason}}}]}}\n\n'
    with pytest.raises(UpstreamError, match="stream ended early"):
        pieces_in("openai", body.encode())


@pytest.mark.parametrize(
    ("path", "provider", "reason"),
    [
        ("azure/filtered.sse", "azure", "content_filter"),
        ("openrouter/error.sse", "openrouter", "overloaded"),
        ("openrouter/error-without-choices.sse", "openrouter", "overloaded"),
        ("groq/error.sse", "groq", "overloaded"),
        ("vllm/error.sse", "vllm", "server_error"),
        ("lmstudio/error.sse", "lmstudio", "unsupported"),
    ],
)
def test_a_stream_that_fails_is_a_failure_for_the_reason_it_gives(path, provider, reason):
    with pytest.raises(UpstreamError) as caught:
        pieces_of("openai", path)
    assert failure_of_exception(caught.value, provider).reason == reason


def test_an_answer_that_deepseek_had_no_resources_for_is_none():
    with pytest.raises(UpstreamError, match="error event") as caught:
        pieces_of("openai", "deepseek/no-resources.sse")
    assert "insufficient_system_resource" in caught.value.body


@pytest.mark.parametrize("said", ["error", "network_error"])
def test_finish_reasons_that_mean_a_failure_are_failures(said):
    body = f'data: {{"choices":[{{"index":0,"delta":{{"content":"x"}},"finish_reason":"{said}"}}]}}\n\n'
    with pytest.raises(UpstreamError, match="error event"):
        pieces_in("openai", body.encode())


def test_an_answer_that_a_filter_withheld_is_read_as_its_refusal():
    with pytest.raises(UpstreamError, match="empty answer") as caught:
        answer_of("openai", "azure/filtered.json")
    assert failure_of_exception(caught.value, "azure").reason == "content_filter"
