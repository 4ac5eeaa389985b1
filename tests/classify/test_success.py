"""When a 200 is an answer, and which failure it hides when it is not."""

from __future__ import annotations

import json

import pytest

from detent.adapters.classify import verdict_of_success


def hidden(body: object) -> str | None:
    text = body if isinstance(body, str) else json.dumps(body)
    verdict = verdict_of_success(200, {}, text)
    return None if verdict is None else verdict.reason


def chat(**message: object) -> dict[str, object]:
    return {"object": "chat.completion", "choices": [{"message": {"role": "assistant", **message}}]}


def stream(*data: object) -> str:
    return "".join(f"data: {d if isinstance(d, str) else json.dumps(d)}\n\n" for d in data)


def delta(text: str) -> dict[str, object]:
    return {"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": None}]}


ANSWERS: dict[str, object] = {
    "openai chat": chat(content="hello"),
    "openai tool call": chat(content=None, tool_calls=[{"type": "function", "function": {"name": "f"}}]),
    "openai refusal in words": chat(content=None, refusal="I cannot help with that."),
    "openai responses": {
        "object": "response",
        "status": "completed",
        "error": None,
        "output": [{"type": "message", "content": [{"type": "output_text", "text": "hello"}]}],
    },
    "openai responses call": {"object": "response", "output": [{"type": "function_call", "name": "f"}]},
    "anthropic": {"type": "message", "role": "assistant", "content": [{"type": "text", "text": "hello"}]},
    "anthropic tool use": {"type": "message", "content": [{"type": "tool_use", "name": "f", "input": {}}]},
    "anthropic cut at the window": {
        "type": "message",
        "content": [{"type": "text", "text": "hello"}],
        "stop_reason": "model_context_window_exceeded",
    },
    "gemini": {"candidates": [{"content": {"parts": [{"text": "hello"}]}, "finishReason": "STOP"}]},
    "gemini call": {"candidates": [{"content": {"parts": [{"functionCall": {"name": "f"}}]}}]},
    "code assist": {"response": {"candidates": [{"content": {"parts": [{"text": "hello"}]}}]}},
    "ollama chat": {"message": {"role": "assistant", "content": "hello"}, "done": True},
    "ollama generate": {"response": "hello", "done": True},
    "bedrock converse": {"output": {"message": {"role": "assistant", "content": [{"text": "hello"}]}}},
    "an answer about errors": chat(content="HTTP 429: rate limit exceeded, insufficient_quota"),
    "openai stream": stream(delta("hel"), delta("lo"), "[DONE]"),
    "anthropic stream": stream(
        {"type": "content_block_delta", "delta": {"type": "text_delta", "text": "hi"}},
        {"type": "message_stop"},
    ),
    "anthropic named events": (
        'event: content_block_delta\ndata: {"delta":{"type":"text_delta","text":"hi"}}\n\n'
        'event: message_stop\ndata: {"type":"message_stop"}\n\n'
    ),
    "responses stream": stream(
        {"type": "response.output_text.delta", "delta": "hi"}, {"type": "response.completed", "response": {}}
    ),
    "gemini stream": stream(
        {"candidates": [{"content": {"parts": [{"text": "hi"}]}}]},
        {"candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}]},
    ),
    "ollama stream": '{"message":{"content":"hi"},"done":false}\n{"message":{"content":""},"done":true}\n',
}

FAILURES: dict[str, tuple[object, str]] = {
    "an error object": ({"error": {"message": "Overloaded", "type": "overloaded_error"}}, "overloaded"),
    "an error object beside empty choices": (
        {"error": {"code": "insufficient_quota"}, "choices": []},
        "quota_exhausted",
    ),
    "a base_resp": (
        {"base_resp": {"status_code": 7, "status_msg": "insufficient balance"}},
        "quota_exhausted",
    ),
    "no choices": ({"choices": []}, "empty_response"),
    "empty content": (chat(content=""), "empty_response"),
    "thinking without an answer": (
        {"type": "message", "content": [{"type": "thinking", "thinking": "hm"}]},
        "empty_response",
    ),
    "a candidate without parts": (
        {"candidates": [{"content": {"role": "model"}, "finishReason": "STOP"}]},
        "empty_response",
    ),
    "a candidate withheld": ({"candidates": [{"finishReason": "SAFETY"}]}, "content_filter"),
    "an answer withheld": ({"type": "message", "content": [], "stop_reason": "refusal"}, "content_filter"),
    "an answer withheld, told by the last event with a reason": (
        {"type": "message_delta", "delta": {"stop_reason": "refusal"}, "usage": {"output_tokens": 1}},
        "content_filter",
    ),
    "an answer without words, told by the last event with a reason": (
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 1}},
        "empty_response",
    ),
    "a prompt blocked": ({"promptFeedback": {"blockReason": "OTHER"}}, "content_filter"),
    "a tool call that the model garbled": (
        {"candidates": [{"content": {}, "finishReason": "MALFORMED_FUNCTION_CALL"}]},
        "server_error",
    ),
    "a stream that ends in a garbled call": (
        stream({"candidates": [{"finishReason": "UNEXPECTED_TOOL_CALL"}]}, "[DONE]"),
        "server_error",
    ),
    "an answer broken off for want of resources": (
        {"choices": [{"finish_reason": "insufficient_system_resource", "message": {"content": "hel"}}]},
        "overloaded",
    ),
    "a stream broken off for want of resources": (
        stream(delta("hel"), {"choices": [{"delta": {}, "finish_reason": "insufficient_system_resource"}]}, "[DONE]"),
        "overloaded",
    ),
    "a prompt that fills the window": (
        {"type": "message", "content": [], "stop_reason": "model_context_window_exceeded"},
        "context_overflow",
    ),
    "an empty body": ("", "empty_response"),
    "json nobody knows": ({"oops": True}, "unknown"),
    "a web page": ("<!doctype html><html><head><title>Welcome</title></head></html>", "server_error"),
    "an error event": (
        'event: error\ndata: {"error":{"type":"overloaded_error","message":"Overloaded"}}\n\n',
        "overloaded",
    ),
    "an error after words": (stream(delta("he"), {"error": {"message": "Rate limit reached"}}), "rate_limit"),
    "a stream without its end": (stream(delta("hel")), "stream_interrupted"),
    "a stream without words": (stream({"choices": []}, "[DONE]"), "empty_response"),
}


@pytest.mark.parametrize("name", ANSWERS)
def test_an_answer_hides_no_failure(name: str) -> None:
    assert hidden(ANSWERS[name]) is None


@pytest.mark.parametrize("name", FAILURES)
def test_a_200_may_hide_a_failure(name: str) -> None:
    body, reason = FAILURES[name]
    assert hidden(body) == reason


def test_words_of_the_model_before_a_broken_end_are_no_error() -> None:
    assert hidden(stream(delta("insufficient_quota: context length exceeded"))) == "stream_interrupted"


def test_a_retry_after_on_a_200_is_not_believed() -> None:
    verdict = verdict_of_success(200, {"retry-after": "53"}, '{"choices": []}')
    assert verdict is not None
    assert verdict.retry_after_s is None
