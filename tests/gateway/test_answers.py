"""Answers written from pieces, read by the official SDKs' own models."""

import json

import pytest
from anthropic.types import Message, RawMessageStreamEvent
from openai.types.chat import ChatCompletion, ChatCompletionChunk
from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from detent.adapters.gateway.answer import events_in
from detent.adapters.gateway.anthropic_answer import AnthropicAnswer
from detent.adapters.gateway.chat_answer import ChatAnswer
from detent.adapters.gateway.responses_answer import ResponsesAnswer
from detent.adapters.gateway.trouble import Trouble
from detent.adapters.wire import Piece, ToolCall, Usage

TALK = (
    Piece(reasoning="Hm. "),
    Piece(text="It is "),
    Piece(text="warm."),
    Piece(tool_calls=(ToolCall(0, "call_1", "look_up", '{"city": '),)),
    Piece(tool_calls=(ToolCall(0, "", "", '"Oslo"}'),)),
    Piece(tool_calls=(ToolCall(1, "call_2", "wait", ""),)),
    Piece(text="Well."),
    Piece(finish_reason="tool_calls"),
    Piece(usage=Usage(7, 5)),
)
MODELS = {
    ChatAnswer: (ChatCompletion, ChatCompletionChunk),
    AnthropicAnswer: (Message, RawMessageStreamEvent),
    ResponsesAnswer: (Response, ResponseStreamEvent),
}
writers = pytest.mark.parametrize("writer", list(MODELS))


def written(writer, **fields):
    return writer("x", "small", 1_790_000_000, fields)


def streamed(writer, pieces=TALK, **fields):
    answer = written(writer, **fields)
    return events_in(answer.begin() + b"".join(map(answer.piece, pieces)) + answer.end())


@writers
def test_a_whole_answer_is_read_by_the_vendors_own_model(writer):
    model, _ = MODELS[writer]
    body = written(writer).whole(TALK)
    assert model.model_validate(body).model == "small"
    assert "Hm. " in json.dumps(body)


@writers
def test_every_event_of_a_stream_is_read_by_the_vendors_own_model(writer):
    _, event = MODELS[writer]
    for data in streamed(writer, stream_options={"include_usage": True}):
        TypeAdapter(event).validate_python(data)


@writers
def test_a_whole_answer_says_what_its_stream_says(writer):
    """The words, the calls with their arguments, and the usage are the same either way."""
    assert (
        _told_whole(writer, written(writer).whole(TALK))
        == _told_by_events(writer)
        == (
            "It is warm.Well.",
            [("call_1", "look_up", {"city": "Oslo"}), ("call_2", "wait", {})],
            (7, 5),
        )
    )


def _told_whole(writer, body):
    if writer is ChatAnswer:
        message = body["choices"][0]["message"]
        calls = [
            (c["id"], c["function"]["name"], json.loads(c["function"]["arguments"])) for c in message["tool_calls"]
        ]
        return message["content"], calls, (body["usage"]["prompt_tokens"], body["usage"]["completion_tokens"])
    usage = (body["usage"]["input_tokens"], body["usage"]["output_tokens"])
    if writer is AnthropicAnswer:
        text = "".join(block["text"] for block in body["content"] if block["type"] == "text")
        calls = [(b["id"], b["name"], b["input"]) for b in body["content"] if b["type"] == "tool_use"]
        return text, calls, usage
    items = body["output"]
    text = "".join(item["content"][0]["text"] for item in items if item["type"] == "message")
    calls = [
        (i["call_id"], i["name"], json.loads(i["arguments"] or "{}")) for i in items if i["type"] == "function_call"
    ]
    return text, calls, usage


def _told_by_events(writer):
    events = streamed(writer, stream_options={"include_usage": True})
    if writer is ResponsesAnswer:
        deltas = "".join(e["delta"] for e in events if e["type"] == "response.output_text.delta")
        return deltas, *_told_whole(writer, events[-1]["response"])[1:]
    if writer is AnthropicAnswer:
        return _told_by_blocks(events)
    deltas = [event["choices"][0]["delta"] for event in events if event["choices"]]
    calls = {}
    for part in (part for delta in deltas for part in delta.get("tool_calls", ())):
        call = calls.setdefault(part["index"], [part.get("id"), part["function"].get("name"), ""])
        call[2] += part["function"]["arguments"]
    usage = events[-1]["usage"]
    told = [(call_id, name, json.loads(arguments or "{}")) for call_id, name, arguments in calls.values()]
    text = "".join(delta.get("content") or "" for delta in deltas)
    return text, told, (usage["prompt_tokens"], usage["completion_tokens"])


def _told_by_blocks(events):
    blocks, text = {}, ""
    for event in events:
        if event["type"] == "content_block_start":
            blocks[event["index"]] = [event["content_block"], ""]
        elif event["type"] == "content_block_delta":
            text += event["delta"].get("text", "")
            blocks[event["index"]][1] += event["delta"].get("partial_json", "")
    calls = [(b["id"], b["name"], json.loads(said or "{}")) for b, said in blocks.values() if b["type"] == "tool_use"]
    usage = next(event["usage"] for event in events if event["type"] == "message_delta")
    return text, calls, (usage["input_tokens"], usage["output_tokens"])


@pytest.mark.parametrize(
    ("writer", "last"), [(AnthropicAnswer, "message_stop"), (ResponsesAnswer, "response.completed")]
)
def test_an_answer_that_broke_off_has_no_end(writer, last):
    answer = written(writer)
    sent = (
        answer.begin() + answer.piece(Piece(text="It is")) + answer.broken(Trouble(502, "interrupted", "It broke off."))
    )
    kinds = [event["type"] for event in events_in(sent)]
    assert last not in kinds
    assert kinds[-1] in ("error", "response.failed")


@pytest.mark.parametrize(
    ("writer", "finish", "told"),
    [
        (ChatAnswer, "length", '"finish_reason": "length"'),
        (AnthropicAnswer, "length", '"stop_reason": "max_tokens"'),
        (AnthropicAnswer, "content_filter", '"stop_reason": "refusal"'),
        (ResponsesAnswer, "length", '"incomplete_details": {"reason": "max_output_tokens"}'),
        (ResponsesAnswer, "content_filter", '"status": "incomplete"'),
    ],
)
def test_why_an_answer_ends_is_said_in_the_clients_words(writer, finish, told):
    pieces = (Piece(text="It"), Piece(finish_reason=finish))
    assert told in json.dumps(written(writer).whole(pieces))
    assert told in json.dumps(streamed(writer, pieces))
