"""What Anthropic answers, whole and streamed, as pieces; recordings say where they come from."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detent.adapters.classify import Evidence
from detent.adapters.reading import failure_of_reply
from detent.adapters.wire import Completion, Endpoint, Piece, ToolCall, UpstreamError, Usage, failure, joined
from detent.adapters.wires import FORMATS
from detent.adapters.wires.sse import SseDecoder

from .replies import Json, Raw, chunks

RECORDINGS = Path(__file__).parent / "recordings" / "anthropic"
ENDPOINT = Endpoint("local", "http://127.0.0.1/v1", api="anthropic")
MESSAGES = FORMATS["anthropic"]


@pytest.fixture
def api():
    return "anthropic"


def recorded(name: str) -> bytes:
    return (RECORDINGS / name).read_bytes()


def fail(transport: str, **evidence: str) -> UpstreamError:
    return failure(ENDPOINT, transport, status=200, **evidence)


def read(data: bytes) -> list[Piece]:
    """The pieces of a stream; fed in one and byte by byte, they and the failure are the same."""
    pieces, error = _fed([data])
    again, same = _fed([bytes([byte]) for byte in data])
    assert again == pieces
    assert repr(same) == repr(error)
    if error is not None:
        raise error
    return pieces


def _fed(parts: list[bytes]) -> tuple[list[Piece], UpstreamError | None]:
    reader, pieces = MESSAGES.reader(fail, SseDecoder()), []
    try:
        for part in parts:
            if not reader.done:
                pieces += reader.feed(part)
        if not reader.done:
            pieces += reader.end(None)
    except UpstreamError as error:
        return pieces, error
    return pieces, None


def whole(body: object) -> Completion:
    return MESSAGES.completion(json.dumps(body), "large", fail)


def events(*data: dict[str, object]) -> bytes:
    return "".join(f"event: {each['type']}\ndata: {json.dumps(each)}\n\n" for each in data).encode()


def delta(kind: str, place: int = 0, **value: str) -> dict[str, object]:
    return {"type": "content_block_delta", "index": place, "delta": {"type": kind, **value}}


def begin(place: int, **block: object) -> dict[str, object]:
    return {"type": "content_block_start", "index": place, "content_block": block}


def reason_of(error: UpstreamError) -> str:
    evidence = Evidence(error.status, error.headers, error.body, error.exception, "anthropic", error.transport)
    return failure_of_reply(evidence).reason


HELLO = delta("text_delta", text="Hello")
END = {"type": "message_delta", "delta": {"stop_reason": "end_turn"}}
STOP = {"type": "message_stop"}


def test_words_arrive_as_they_come_with_the_tokens_before_and_behind():
    begun = {"input_tokens": 11, "output_tokens": 1}
    ended = {"input_tokens": 11, "output_tokens": 6}
    assert read(recorded("text.sse")) == [
        Piece(usage=Usage(11, 1, begun)),
        Piece(text="Hello"),
        Piece(text=" there"),
        Piece(text="!"),
        Piece(usage=Usage(11, 6, ended), finish_reason="stop"),
    ]


def test_a_call_arrives_in_fragments_counted_apart_from_the_blocks():
    pieces = read(recorded("tool_use.sse"))
    assert [call for piece in pieces for call in piece.tool_calls] == [
        ToolCall(0, "toolu_01", "get_weather", ""),
        ToolCall(0, "", "", '{"locati'),
        ToolCall(0, "", "", 'on": "P'),
        ToolCall(0, "", "", "ar"),
        ToolCall(0, "", "", 'is"}'),
    ]
    answer = joined(pieces, "large")
    assert (answer.text, answer.finish_reason) == ("I'll check the current weather in Paris for you.", "tool_calls")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (377, 65)
    assert answer.usage.raw["service_tier"] == "standard", "what was told at the beginning is not lost"


def test_thinking_is_apart_from_the_text_and_its_signature_is_silent():
    pieces = read(recorded("thinking.sse"))
    assert [(piece.reasoning, piece.text) for piece in pieces] == [
        ("Let me solve this step by step:\n\n1. First break down 27 * 453", ""),
        ("\n2. 453 = 400 + 50 + 3", ""),
        ("", "27 * 453 = 12,231"),
        ("", ""),
    ]
    assert pieces[-1] == Piece(finish_reason="stop")


def test_a_refusal_without_words_is_a_filter_at_work():
    with pytest.raises(UpstreamError) as caught:
        read(recorded("refusal.sse"))
    assert (caught.value.transport, caught.value.exception) == ("body200", "empty answer")
    assert reason_of(caught.value) == "content_filter"
    with pytest.raises(UpstreamError) as caught:
        whole({"type": "message", "role": "assistant", "content": [], "stop_reason": "refusal"})
    assert reason_of(caught.value) == "content_filter"


def test_what_only_anthropic_has_is_media_by_its_type():
    answer = joined(read(recorded("server_tools.sse")), "large")
    assert sorted(answer.media) == ["server_tool_use", "web_search_tool_result"]
    assert answer.media["web_search_tool_result"]["content"][0]["title"] == "Example Result"
    assert answer.tool_calls == (ToolCall(0, "toolu_01", "ask_internal_tool", '{"query":"test"}'),)


def test_an_error_in_mid_stream_is_raised_behind_the_words_before_it(run):
    async def body(line):
        error = await line.failed_stream(Raw(recorded("overloaded.sse")))
        assert line.text == "Hello"
        assert (error.transport, error.status, error.exception) == ("sse", 200, "error event")
        assert reason_of(error) == "overloaded"

    run(body)


@pytest.mark.parametrize("error", [b"event: error\ndata: overloaded\n\n", events({"type": "error"})[13:]])
def test_an_error_is_known_by_its_name_or_by_its_type(error):
    with pytest.raises(UpstreamError, match="error event"):
        read(error)


def test_a_whole_answer_is_read():
    reply = json.loads(recorded("text.json"))
    assert whole(reply) == Completion(
        model="large",
        text="Here's the answer to your question...",
        usage=Usage(100, 50, reply["usage"]),
        finish_reason="stop",
        raw=reply,
    )


def test_a_whole_call_is_read():
    answer = whole(json.loads(recorded("tool_use.json")))
    assert (answer.model, answer.finish_reason, answer.usage) == ("claude-3-opus-20240229", "tool_calls", None)
    (call,) = answer.tool_calls
    assert (call.index, call.id, call.name) == (0, "toolu_01", "get_weather")
    assert json.loads(call.arguments) == {"location": "San Francisco, CA", "unit": "celsius"}


def test_whole_thinking_is_read():
    blocks = [
        {"type": "thinking", "thinking": "Hm.", "signature": "x"},
        {"type": "redacted_thinking", "data": "x"},
        {"type": "text", "text": "Yes."},
    ]
    answer = whole({"content": blocks})
    assert (answer.reasoning, answer.text, answer.media) == ("Hm.", "Yes.", {})


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", "stop"),
        ("stop_sequence", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("tool_use", "tool_calls"),
        ("refusal", "content_filter"),
        ("pause_turn", "pause_turn"),
        ("not_yet_invented", "not_yet_invented"),
        (None, None),
    ],
)
def test_why_an_answer_ended_is_told_in_common_words(reason, finish):
    assert whole({"content": [{"type": "text", "text": "Hi"}], "stop_reason": reason}).finish_reason == finish
    end = {"type": "message_delta", "delta": {"stop_reason": reason}}
    assert joined(read(events(HELLO, end, STOP)), "large").finish_reason == finish


def test_the_tokens_of_the_prompt_are_those_of_the_caches_too():
    account = {
        "input_tokens": 3,
        "cache_creation_input_tokens": 20,
        "cache_read_input_tokens": 100,
        "output_tokens": 7,
        "cache_creation": {"ephemeral_5m_input_tokens": 20},
    }
    answer = whole({"content": [{"type": "text", "text": "Hi"}], "usage": account})
    assert answer.usage == Usage(123, 7, account)


def test_later_events_correct_the_account_and_leave_the_rest():
    start = {"type": "message_start", "message": {"usage": {"input_tokens": 1, "cache_read_input_tokens": 5}}}
    end = {**END, "usage": {"input_tokens": 2, "cache_read_input_tokens": None, "output_tokens": 9}}
    assert joined(read(events(start, HELLO, end, STOP)), "large").usage == Usage(
        7, 9, {"input_tokens": 2, "cache_read_input_tokens": 5, "output_tokens": 9}
    )


def test_several_calls_are_counted_from_zero_and_one_without_arguments_has_an_empty_object():
    def use(place, name, **more):
        return begin(place, type="tool_use", id=f"toolu_{name}", name=name, input=more)

    stops = [{"type": "content_block_stop", "index": place} for place in range(5)]
    answer = joined(
        read(
            events(
                *(begin(0, type="text", text=""), HELLO, stops[0]),
                *(use(1, "f"), delta("input_json_delta", 1, partial_json=""), stops[1]),
                *(begin(2, type="thinking", thinking="Hm."), stops[2]),
                *(use(3, "g"), use(4, "h", a=1)),
                *(delta("input_json_delta", 3, partial_json="{}"), stops[3], stops[4]),
                *(END, STOP),
            )
        ),
        "large",
    )
    assert answer.tool_calls == (
        ToolCall(0, "toolu_f", "f", "{}"),
        ToolCall(1, "toolu_g", "g", "{}"),
        ToolCall(2, "toolu_h", "h", '{"a": 1}'),
    )
    assert whole({"content": [{"type": "tool_use", "id": "i", "name": "f", "input": {}}]}).tool_calls == (
        ToolCall(0, "i", "f", "{}"),
    )


def test_unknown_events_deltas_and_pings_are_silent():
    silent = events(
        {"type": "ping"},
        {"type": "content_block_shimmer", "index": 0},
        delta("citations_delta", citation="x"),
        delta("shimmer_delta", shimmer="x"),
        delta("input_json_delta", partial_json="{}"),
    )
    assert read(silent + b": a comment\n\n" + events(HELLO) + silent + events(STOP)) == [Piece(text="Hello")]


def test_a_reason_makes_up_for_a_missing_end():
    assert joined(read(events(HELLO, END)), "large").finish_reason == "stop"


def test_a_stream_without_reason_and_end_ended_early():
    with pytest.raises(UpstreamError, match="stream ended early"):
        read(events(HELLO, {"type": "content_block_stop", "index": 0}))


def test_an_answer_of_redacted_thinking_alone_is_empty():
    with pytest.raises(UpstreamError, match="empty answer"):
        whole({"content": [{"type": "redacted_thinking", "data": "x"}]})
    with pytest.raises(UpstreamError, match="empty answer"):
        read(events(begin(0, type="redacted_thinking", data="x"), END, STOP))


def test_an_error_in_the_body_of_a_success_is_a_failure(run):
    async def body(line):
        for reply in ({"type": "error"}, {"error": {"type": "api_error"}}):
            error = await line.failed_whole(Json(reply))
            assert (error.transport, error.exception) == ("body200", "error in the body of a success")

    run(body)


def test_an_event_that_is_no_object_is_a_failure(run):
    async def body(line):
        error = await line.failed_stream(chunks("[1]"))
        assert error.exception == "event is no JSON object"

    run(body)


NAMES = st.sampled_from(
    (
        *("type", "index", "message", "content", "content_block", "delta", "usage", "error", "text", "thinking"),
        *("partial_json", "id", "name", "input", "stop_reason", "model", "input_tokens", "output_tokens"),
    )
)
WORDS = st.sampled_from(
    (
        *("message_start", "content_block_start", "content_block_delta", "content_block_stop", "message_delta"),
        *("message_stop", "text", "text_delta", "tool_use", "input_json_delta", "thinking", "end_turn", "error"),
    )
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=12,
)


EVENTS = st.fixed_dictionaries({"type": WORDS}, optional={"index": ANY, "delta": ANY, "content_block": ANY})


@given(ANY)
@settings(deadline=None)
def test_whatever_body_comes_it_is_an_answer_or_a_failure(value):
    with suppress(UpstreamError):
        assert whole(value).has_content


@given(st.lists(EVENTS | ANY, max_size=5), st.integers(0, 40))
@settings(deadline=None)
def test_whatever_stream_comes_it_is_an_answer_or_a_failure(values, cut):
    data = "".join(f"data: {json.dumps(value)}\n\n" for value in values).encode()
    with suppress(UpstreamError):
        assert any(piece.has_content for piece in read(data[: len(data) - cut]))
