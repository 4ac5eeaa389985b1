"""What OpenAI's Responses, and servers that imitate them, answer: whole and streamed, as pieces."""

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detent.adapters.classify.words import words
from detent.adapters.reading import failure_of_exception
from detent.adapters.wire import Completion, Piece, ToolCall, UpstreamError, joined
from detent.adapters.wires import FORMATS
from detent.adapters.wires.sse import SseDecoder

from .recordings import FAIL, RECORDINGS, answer_of, pieces_in, pieces_of
from .replies import Json, Raw

CALLS = (
    ToolCall(0, "call_a", "get_weather", '{"city":"Oslo"}'),
    ToolCall(1, "call_b", "get_time", '{"city":"Rome"}'),
)
IMAGE = {
    "id": "ig_1",
    "type": "image_generation_call",
    "status": "completed",
    "result": "iVBORw0KGgo=",
    "output_format": "png",
}
CUSTOM = {"id": "ctc_1", "type": "custom_tool_call", "call_id": "call_c", "name": "run", "input": "print(1)"}


@pytest.fixture
def api():
    return "responses"


def streamed(name):
    return joined(pieces_of("responses", f"responses/{name}"), "asked")


def whole(name):
    return answer_of("responses", f"responses/{name}")


@pytest.mark.parametrize("answer", [streamed, whole])
def test_an_answer_is_its_words_its_thinking_and_why_it_ended(answer):
    got = answer("text-after-summaries.sse" if answer is streamed else "answer.json")
    assert (got.text, got.reasoning) == ("It is four.", "**Adding**\n\nTwo and two.")
    assert (got.finish_reason, got.usage.input_tokens, got.usage.output_tokens) == ("stop", 45, 25)
    assert got.usage.raw["total_tokens"] == 70


def test_a_stream_is_told_as_it_comes_and_nothing_twice():
    pieces = pieces_of("responses", "responses/text-after-summaries.sse")
    assert [piece.reasoning for piece in pieces if piece.reasoning] == ["**Adding**", "\n\n", "Two and two."]
    assert [piece.text for piece in pieces if piece.text] == ["It is", " four."]
    assert pieces[-1] == Piece(usage=pieces[-1].usage, finish_reason="stop")


def test_a_whole_answer_names_its_model_and_keeps_the_reply():
    got = whole("answer.json")
    assert (got.model, got.raw["id"]) == ("gpt-5-nano-2025-08-07", "resp_1")


@pytest.mark.parametrize("answer", [streamed, whole])
def test_calls_are_counted_from_0_whatever_stands_before_them(answer):
    got = answer("two-calls.sse" if answer is streamed else "calls.json")
    assert (got.tool_calls, got.finish_reason) == (CALLS, "tool_calls")


def test_a_calls_id_and_name_are_told_once_and_its_arguments_as_they_come():
    calls = [call for piece in pieces_of("responses", "responses/two-calls.sse") for call in piece.tool_calls]
    assert calls[:3] == [
        ToolCall(0, "call_a", "get_weather", ""),
        ToolCall(0, "", "", '{"city"'),
        ToolCall(0, "", "", ':"Oslo"}'),
    ]


@pytest.mark.parametrize(
    ("name", "reasoning"), [("only-completed.sse", "**Adding**\n\nTwo and two."), ("only-items.sse", "")]
)
def test_what_came_without_deltas_is_told_exactly_once(name, reasoning):
    got = streamed(name)
    assert (got.text, got.reasoning, got.tool_calls) == ("It is four.", reasoning, CALLS[:1])
    assert got.finish_reason == "tool_calls"


def test_a_refusal_is_kept_apart_from_the_text():
    got = streamed("refusal.sse")
    assert (got.refusal, got.text, got.finish_reason) == ("I cannot help with that.", "", "stop")


@pytest.mark.parametrize("answer", [streamed, whole])
def test_an_answer_cut_at_its_limit_says_so(answer):
    got = answer("incomplete.sse" if answer is streamed else "incomplete.json")
    assert (got.text, got.finish_reason) == ("Once upon a", "length")


def test_thinking_that_is_shown_as_it_is_comes_as_thinking():
    got = streamed("vllm-thinking.sse")
    assert (got.reasoning, got.text) == ("A greeting", "Hi!")


def test_what_a_client_sees_or_does_beyond_words_is_kept_and_the_vendors_own_doings_are_not():
    got = streamed("image-and-custom-tool.sse")
    assert got.media == {"items": [IMAGE, CUSTOM]}
    assert got.finish_reason == "tool_calls"


@pytest.mark.parametrize(
    ("output", "finish_reason"),
    [([IMAGE], "stop"), ([CUSTOM], "tool_calls"), ([{"type": "mcp_approval_request"}], "tool_calls")],
)
def test_an_answer_of_such_items_alone_is_one_whole_or_streamed(output, finish_reason):
    body = {"status": "completed", "output": output}
    answer = completion(body)
    assert (answer.media, answer.finish_reason) == ({"items": output}, finish_reason)
    assert joined(stream({"type": "response.completed", "response": body}), "asked") == Completion(
        model="asked", media={"items": output}, finish_reason=finish_reason
    )


@pytest.mark.parametrize("item", [{**IMAGE, "result": None}, {"type": "web_search_call"}, {"type": "reasoning"}, {}])
def test_an_answer_of_nothing_that_a_client_sees_is_empty(item):
    with pytest.raises(UpstreamError, match="empty answer"):
        completion({"status": "completed", "output": [item]})


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("error-event.sse", "quota_exhausted"),
        ("failed.sse", "rate_limit"),
        ("filtered.sse", "content_filter"),
        ("failed.json", "server_error"),
        ("filtered.json", "content_filter"),
        ("cancelled.json", "empty_response"),
        ("queued.json", "empty_response"),
    ],
)
def test_what_is_no_answer_fails_for_the_reason_it_gives(name, reason):
    with pytest.raises(UpstreamError) as caught:
        (streamed if name.endswith(".sse") else whole)(name)
    assert failure_of_exception(caught.value, "openai").reason == reason


def completion(body):
    return FORMATS["responses"].completion(json.dumps(body), "asked", FAIL)


def stream(*events):
    return pieces_in("responses", "".join(f"data: {json.dumps(each)}\n\n" for each in events).encode())


DELTA = {"type": "response.output_text.delta", "output_index": 0, "delta": "Hello"}
MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hello"}]}
DONE = {"type": "response.completed", "response": {"status": "completed", "output": [MESSAGE]}}
COMPLETE = [Piece(text="Hello"), Piece(finish_reason="stop")]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "error", "code": "server_error", "message": "Sorry", "param": None},
        {"type": "error", "error": {"code": None, "message": "Sorry"}},
        {"type": "response.failed", "response": {"status": "failed", "error": {"message": "Sorry"}}},
        {"type": "response.cancelled", "response": {"status": "cancelled"}},
        {"type": "response.completed", "response": {"status": "failed", "output": [MESSAGE]}},
        {"type": "response.completed", "response": {"error": {"message": "Sorry"}, "output": [MESSAGE]}},
        {"error": {"message": "Sorry"}},
    ],
)
def test_each_way_to_say_that_it_failed_is_a_failure_with_the_event_as_evidence(event):
    with pytest.raises(UpstreamError, match="error event") as caught:
        stream(DELTA, event, DONE)
    assert json.loads(caught.value.body) == event


def test_an_error_event_may_be_no_json():
    with pytest.raises(UpstreamError, match="error event") as caught:
        pieces_in("responses", b"event: error\ndata: out of memory\n\n")
    assert caught.value.body == "out of memory"


def test_an_event_may_be_named_by_its_line_alone():
    named = b'event: response.output_text.delta\ndata: {"delta": "Hello"}\n\n'
    assert pieces_in("responses", named + f"data: {json.dumps(DONE)}\n\n".encode()) == COMPLETE


@pytest.mark.parametrize("event", [{"type": "response.of_tomorrow", "delta": "x"}, {"type": "keepalive"}, {}])
def test_events_that_are_not_known_are_passed_over(event):
    assert stream(DELTA, event, DONE) == COMPLETE


def test_a_done_behind_the_end_is_of_no_concern():
    body = f"data: {json.dumps(DELTA)}\n\ndata: {json.dumps(DONE)}\n\ndata: [DONE]\n\n"
    assert pieces_in("responses", body.encode()) == COMPLETE


@pytest.mark.parametrize("place", [{}, {"output_index": 5}])
def test_words_are_not_told_again_where_a_server_counts_its_items_otherwise(place):
    events = ({**DELTA, "output_index": None, **place}, {**DELTA, "type": "x"}, DONE)
    assert stream(*events) == COMPLETE


def test_words_told_without_a_place_are_not_told_again_with_their_item():
    item = {"type": "response.output_item.done", "output_index": 3, "item": MESSAGE}
    assert stream({"type": "response.output_text.delta", "delta": "Hello"}, item, DONE) == COMPLETE


def test_an_item_told_whole_is_not_told_again_at_the_end():
    item = {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE}
    assert stream(item, DONE) == COMPLETE


def test_each_item_without_deltas_is_told_beside_those_that_had_some():
    item = {"type": "response.output_item.done", "output_index": 1, "item": MESSAGE}
    assert joined(stream(DELTA, item, DONE), "m").text == "HelloHello"


ADDED = {
    "type": "response.output_item.added",
    "output_index": 0,
    "item": {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": ""},
}
CALLED = {"type": "function_call", "id": "fc", "call_id": "c", "name": "f", "arguments": "{}"}
ALL_IN_ONE = {**ADDED, "item": CALLED}
CALL_DONE = {"type": "response.completed", "response": {"output": [CALLED]}}


@pytest.mark.parametrize(
    "events",
    [
        [ADDED, {"type": "response.function_call_arguments.delta", "output_index": 0, "delta": "{}"}],
        [ADDED, {"type": "response.function_call_arguments.delta", "item_id": "fc", "delta": "{}"}],
        [ADDED, {"type": "response.function_call_arguments.done", "output_index": 0, "arguments": "{}"}],
        [ADDED, {"type": "response.output_item.done", "output_index": 0, "item": CALLED}],
        [ADDED, {"type": "response.output_item.done", "output_index": 0, "item": {**CALLED, "id": "rotated"}}],
        [{"type": "response.output_item.done", "output_index": 0, "item": CALLED}],
        [{"type": "response.output_item.done", "item": {**CALLED, "arguments": {}}}],
        [ALL_IN_ONE, {"type": "response.function_call_arguments.delta", "item_id": "fc", "delta": "{}"}],
        [ADDED],
        [],
    ],
)
def test_a_call_is_told_once_however_much_of_its_course_is_streamed(events):
    answer = joined(stream(*events, CALL_DONE), "m")
    assert (answer.tool_calls, answer.finish_reason) == ((ToolCall(0, "c", "f", "{}"),), "tool_calls")


def test_arguments_of_no_call_are_passed_over():
    lost = {"type": "response.function_call_arguments.delta", "output_index": 7, "delta": "{}"}
    assert stream(DELTA, lost, DONE) == COMPLETE


@pytest.mark.parametrize(
    ("details", "finish_reason"),
    [
        ({"reason": "max_output_tokens"}, "length"),
        ({"reason": "content_filter"}, "content_filter"),
        ({"reason": "max_messages"}, "max_messages"),
        (None, "incomplete"),
    ],
)
def test_an_incomplete_answer_says_why(details, finish_reason):
    body = {"status": "incomplete", "incomplete_details": details, "output": [MESSAGE]}
    assert completion(body).finish_reason == finish_reason
    del body["status"]
    assert stream({"type": "response.incomplete", "response": body})[-1].finish_reason == finish_reason


def test_a_whole_answer_without_a_status_is_taken_for_complete():
    assert completion({"output": [MESSAGE]}).finish_reason == "stop"


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_an_answer_that_is_still_being_made_is_none(status):
    with pytest.raises(UpstreamError, match=f"response is {status}"):
        completion({"status": status, "output": [MESSAGE]})


def test_a_stream_that_ends_without_its_last_event_ended_early():
    with pytest.raises(UpstreamError, match="stream ended early"):
        stream(DELTA, {"type": "response.output_item.done", "output_index": 0, "item": MESSAGE})


def test_a_server_that_keeps_the_connection_open_behind_the_end_is_not_waited_for():
    reader = FORMATS["responses"].reader(FAIL, SseDecoder())
    assert list(reader.feed(f"data: {json.dumps(DELTA)}\n\ndata: {json.dumps(DONE)}\n\n".encode())) == COMPLETE
    assert reader.done


NAMES = st.sampled_from(
    sorted(
        words(
            "type response output content text status error item output_index item_id delta arguments call_id name id "
            "refusal summary incomplete_details reason usage input_tokens result part model summary_index"
        )
    )
)
KINDS = st.sampled_from(
    sorted(
        words(
            "response.completed response.incomplete response.output_text.delta response.output_item.added "
            "response.output_item.done response.function_call_arguments.delta response.function_call_arguments.done "
            "response.reasoning_summary_part.added response.reasoning_text.delta response.refusal.delta message "
            "reasoning function_call image_generation_call custom_tool_call completed incomplete failed"
        )
    )
)
LEAVES = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=3) | KINDS
JSON = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6))
EVENTS = st.fixed_dictionaries({"type": KINDS}, optional=dict.fromkeys(("item", "response", "output_index"), JSON))


@given(st.lists(EVENTS | st.dictionaries(NAMES, JSON, max_size=6), max_size=6), st.integers(0, 400))
def test_whatever_events_come_they_are_pieces_or_an_upstream_error(events, cut):
    body = "".join(f"data: {json.dumps(each)}\n\n" for each in events).encode()
    with suppress(UpstreamError):
        assert any(piece.has_content for piece in pieces_in("responses", body[: len(body) - cut]))


@given(st.dictionaries(NAMES, JSON, max_size=6), st.lists(st.dictionaries(NAMES, JSON | KINDS, max_size=6), max_size=3))
def test_whatever_body_comes_it_is_an_answer_or_an_upstream_error(body, output):
    for value in (body, {**body, "output": output}):
        with suppress(UpstreamError):
            assert completion(value).has_content


def test_every_recording_is_of_a_source():
    for path in RECORDINGS.rglob("*.*"):
        assert path.name == "SOURCES.md" or path.name in (path.parent / "SOURCES.md").read_text(), path.name


def test_a_whole_answer_to_a_streaming_request_is_one_piece(run):
    async def body(line):
        (piece,) = await line.pieces(Json({"status": "completed", "output": [MESSAGE]}))
        assert (piece.text, piece.finish_reason) == ("Hello", "stop")

    run(body)


def test_keep_alives_between_the_events_are_silent(run):
    async def body(line):
        events = f": keep-alive\n\ndata: {json.dumps(DELTA)}\n\n: keep-alive\n\ndata: {json.dumps(DONE)}\n\n"
        assert await line.pieces(Raw(events.encode())) == COMPLETE

    run(body)
