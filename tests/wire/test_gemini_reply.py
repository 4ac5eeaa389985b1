"""What Google's generateContent replies, as pieces and answers."""

import json
import re
from contextlib import suppress

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from detent.adapters.reading import failure_of_exception
from detent.adapters.wire import Piece, ToolCall, UpstreamError, Usage, joined
from detent.adapters.wires import FORMATS

from .recordings import FAIL, answer_of, pieces_in, pieces_of
from .replies import Raw


@pytest.fixture
def api():
    return "gemini"


def bare(piece):
    """A piece without the provider's own account of tokens."""
    return evolve(piece, usage=piece.usage and Usage(piece.usage.input_tokens, piece.usage.output_tokens))


def streamed(name):
    return [bare(piece) for piece in pieces_of("gemini", f"gemini/{name}.sse")]


def test_words_come_in_chunks_and_a_signature_alone_is_no_content():
    assert streamed("signature-only") == [
        Piece(text="1+1", usage=Usage(15, 3)),
        Piece(text=" equals 2.", usage=Usage(15, 6)),
        Piece(finish_reason="stop", usage=Usage(15, 26)),
    ]


def test_thoughts_are_reasoning_and_paid_for_as_output():
    thought, call = streamed("thinking-call")
    assert thought == Piece(reasoning="**Planning**\n\nI need the date.\n\n", usage=Usage(38, 68))
    assert (call.text, call.reasoning, call.finish_reason, call.usage) == ("", "", "tool_calls", Usage(38, 174))


def test_a_call_without_an_id_is_given_one_that_every_vendor_takes():
    calls = [streamed("thinking-call")[1].tool_calls[0] for _ in range(2)]
    assert [(call.index, call.name, call.arguments) for call in calls] == [(0, "now", "{}")] * 2
    assert calls[0].id != calls[1].id
    assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,40}", call.id) for call in calls)


def test_a_call_makes_the_finish_reason_of_a_later_chunk():
    call, end = streamed("call-before-the-end")
    assert (call.tool_calls[0].arguments, call.finish_reason) == ('{"location": "Oslo"}', None)
    assert end == Piece(finish_reason="tool_calls", usage=Usage(29, 819))


def test_calls_of_one_answer_are_numbered_through():
    expected = (ToolCall(0, "a1", "f", '{"x": 1}'), ToolCall(1, "a2", "g", "{}"))
    answer = joined(pieces_of("gemini", "gemini/two-steps-of-calls.sse"), "m")
    assert (answer.text, answer.tool_calls, answer.finish_reason) == ("Let me see.", expected, "tool_calls")


def test_parallel_calls_keep_the_ids_they_have():
    answer = answer_of("gemini", "gemini/parallel-calls.json")
    assert answer.tool_calls == (
        ToolCall(0, "lp1", "get_weather", '{"city": "Paris"}'),
        ToolCall(1, "m6", "get_weather", '{"city": "Tokyo"}'),
    )
    assert (answer.finish_reason, answer.model) == ("tool_calls", "gemini-3-flash")
    assert answer.raw["responseId"] == "r1"


def test_what_googles_own_tools_did_is_media_and_what_they_found_is_input():
    answer = joined(pieces_of("gemini", "gemini/code.sse"), "m")
    assert answer.text == "Let me compute. It is 5."
    assert answer.media == {
        "executableCode": [{"language": "PYTHON", "code": "print(2 + 3)\n"}],
        "codeExecutionResult": [{"outcome": "OUTCOME_OK", "output": "5\n"}],
    }
    assert bare(answer).usage == Usage(21 + 243, 70 + 95)


def test_pictures_of_several_chunks_are_all_kept():
    blob = {"mimeType": "image/png", "data": "iVBORw0KGgo="}
    assert answer_of("gemini", "gemini/image.json").media == {"images": [blob]}
    part = {"candidates": [{"content": {"parts": [{"inlineData": blob}]}}]}
    end = {"candidates": [{"finishReason": "STOP"}]}
    body = "".join(f"data: {json.dumps(chunk)}\n\n" for chunk in (part, part, end))
    assert joined(pieces_in("gemini", body.encode()), "m").media == {"images": [blob, blob]}


def said(*parts):
    body = {"candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}]}
    return FORMATS["gemini"].completion(json.dumps(body), "m", FAIL)


def test_speech_is_audio():
    blob = {"mimeType": "audio/L16;rate=24000", "data": "AAAA"}
    assert said({"inlineData": blob}).media == {"audio": [blob]}


@pytest.mark.parametrize("call", [{"name": "now"}, {"name": "now", "args": None}])
def test_a_call_without_arguments_has_none(call):
    assert [(call.name, call.arguments) for call in said({"functionCall": call}).tool_calls] == [("now", "{}")]


def test_an_answer_cut_short_by_its_limit_says_so():
    assert answer_of("gemini", "gemini/length.json").finish_reason == "length"


def test_an_answer_that_a_filter_broke_off_keeps_its_words_and_says_why():
    assert [(piece.text, piece.finish_reason) for piece in streamed("filtered")] == [
        ("Once", None),
        (" upon", "content_filter"),
    ]


@pytest.mark.parametrize("name", ["OTHER", "LANGUAGE", "A_NEW_ONE"])
def test_a_reason_of_googles_own_is_passed_on(name):
    body = json.dumps({"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": name}]})
    assert FORMATS["gemini"].completion(body, "m", FAIL).finish_reason == name


def failed(name):
    with pytest.raises(UpstreamError) as caught:
        read = answer_of if name.endswith(".json") else pieces_of
        read("gemini", f"gemini/{name}")
    return caught.value


@pytest.mark.parametrize(
    ("name", "exception", "reason"),
    [
        ("prompt-blocked.json", "prompt blocked: PROHIBITED_CONTENT", "content_filter"),
        ("prompt-blocked.sse", "prompt blocked: PROHIBITED_CONTENT", "content_filter"),
        ("filtered.json", "empty answer", "content_filter"),
        ("filtered-at-once.sse", "empty answer", "content_filter"),
        ("malformed-call.sse", "empty answer: what came is unusable", "empty_response"),
        ("error.json", "error in the body of a success", "overloaded"),
        ("error.sse", "error event", "overloaded"),
    ],
)
def test_a_reply_without_an_answer_is_a_failure_with_its_reason(name, exception, reason):
    error = failed(name)
    assert error.exception == exception
    assert failure_of_exception(error, "gemini").reason == reason


@pytest.mark.parametrize("reason", ["MODEL_ARMOR", "IMAGE_RECITATION", "IMAGE_PROHIBITED_CONTENT", "ESCALATION"])
def test_every_filter_of_googles_is_known_as_one(reason):
    body = json.dumps({"candidates": [{"finishReason": reason}]})
    with pytest.raises(UpstreamError) as caught:
        FORMATS["gemini"].completion(body, "m", FAIL)
    assert failure_of_exception(caught.value, "gemini").reason == "content_filter"


@pytest.mark.parametrize("reason", ["UNEXPECTED_TOOL_CALL", "TOO_MANY_TOOL_CALLS", "MALFORMED_RESPONSE"])
def test_an_answer_that_went_wrong_is_none_whatever_it_holds(reason):
    body = json.dumps({"candidates": [{"content": {"parts": [{"text": "Hm"}]}, "finishReason": reason}]})
    with pytest.raises(UpstreamError) as caught:
        FORMATS["gemini"].completion(body, "m", FAIL)
    assert (caught.value.exception, caught.value.body) == ("empty answer: what came is unusable", body)
    assert failure_of_exception(caught.value, "gemini").reason == "empty_response"


def test_arguments_in_parts_are_refused_rather_than_lost():
    assert "leave streamFunctionCallArguments out" in failed("call-in-parts.sse").exception


def test_an_error_in_a_list_is_an_error(run):
    async def body(line):
        wrapped = [{"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}]
        event = Raw(f"data: {json.dumps(wrapped)}\n\n".encode())
        whole = Raw(json.dumps(wrapped).encode(), "application/json")
        for error in (await line.failed_stream(event), await line.failed_whole(whole), await line.failed_stream(whole)):
            assert failure_of_exception(error, "gemini").reason == "overloaded"

    run(body)


def test_only_the_first_candidate_is_read():
    said = [{"index": n, "content": {"parts": [{"text": text}]}} for n, text in ((1, "second"), (0, "first"))]
    assert FORMATS["gemini"].completion(json.dumps({"candidates": said}), "m", FAIL).text == "first"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.sampled_from(["STOP", "x", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    *("candidates", "content", "parts", "text", "thought", "thoughtSignature", "functionCall", "id"),
                    *("name", "args", "partialArgs", "inlineData", "mimeType", "executableCode", "finishReason"),
                    *("promptFeedback", "blockReason", "usageMetadata", "promptTokenCount", "modelVersion", "error"),
                ]
            ),
            inner,
            max_size=6,
        )
    ),
    max_leaves=12,
)


@given(JSON, st.integers(0, 40))
@settings(deadline=None)
def test_whatever_json_comes_it_is_an_answer_or_an_upstream_error(value, cut):
    content = {"candidates": [{"content": {"parts": value}, "finishReason": "STOP"}], "usageMetadata": value}
    for reply in (value, content, {"candidates": [value]}, {"candidates": [{"content": {"parts": [value]}}]}):
        body = json.dumps(reply)
        with suppress(UpstreamError):
            assert FORMATS["gemini"].completion(body, "m", FAIL).has_content
        stream = f"data: {body}\n\n".encode()
        for sent in (stream, stream[: len(stream) - cut]):
            with suppress(UpstreamError):
                assert any(piece.has_content for piece in pieces_in("gemini", sent))
