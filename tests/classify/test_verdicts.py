"""What a reply means: the innermost fact, in the words of the provider that spoke."""

from __future__ import annotations

import json
from typing import Any

import pytest

from detent.adapters.classify import Evidence, Rule, Verdict, classify
from detent.adapters.classify.facts import facts_of
from detent.adapters.classify.layers import Layer


def reply(status: int | None, body: object, provider: str | None = None, **more: Any) -> Verdict:
    text = body if isinstance(body, str) or body is None else json.dumps(body)
    more.setdefault("transport", "http")
    return classify(Evidence(status=status, body=text, provider=provider, **more))


def fault(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


def test_the_fact_inside_a_gateways_wrapper_beats_the_wrapper_and_the_status() -> None:
    upstream = json.dumps(fault("Your credit balance is too low", type="invalid_request_error"))
    wrapped = {"error": {"message": "Provider returned error", "code": 502, "metadata": {"raw": upstream}}}
    assert reply(502, wrapped, "openrouter").reason == "quota_exhausted"


def test_json_nested_as_a_string_in_a_message_is_opened() -> None:
    inner = json.dumps(fault("The model is overloaded.", status="UNAVAILABLE"))
    assert reply(500, fault(inner, code=500)).reason == "overloaded"


def test_json_nested_twice_is_opened_twice() -> None:
    inner = json.dumps(fault(json.dumps(fault("maximum context length is 10 tokens")), code=400))
    assert reply(500, fault(inner)).reason == "context_overflow"


def test_a_python_dict_in_an_sdk_message_is_read_like_json() -> None:
    text = "Error code: 400 - {'error': {'message': 'bad', 'code': 'context_length_exceeded', 'param': None}}"
    assert reply(None, text, transport="sdk").reason == "context_overflow"


def test_an_error_wrapped_in_an_array_is_read() -> None:
    assert reply(403, [fault("nope", status="PERMISSION_DENIED", code=403)]).reason == "permission"


def test_a_body_that_breaks_off_in_the_middle_still_tells_its_code() -> None:
    assert reply(None, '{"error": {"code": "invalid_api_key", "message": "Inco').reason == "auth"


def test_earlier_attempts_of_a_gateway_are_facts_too() -> None:
    previous = [{"code": 400, "message": "prompt is too long: 9 tokens > 8 maximum"}]
    body = {"error": {"message": "All attempts failed", "code": 502, "metadata": {"previous_errors": previous}}}
    assert reply(502, body).reason == "context_overflow"


@pytest.mark.parametrize("key", ["failed_generation", "input", "messages"])
def test_what_a_user_or_a_model_wrote_is_no_fact(key: str) -> None:
    body = {"error": {"message": "bad gateway", key: "insufficient_quota, context length exceeded"}}
    assert reply(502, body).reason == "server_error"


def test_an_address_in_capitals_is_no_fact_either() -> None:
    assert reply(400, fault("SEE HTTPS://HELP.EXAMPLE/INSUFFICIENT_QUOTA")).reason == "invalid_request"


def test_the_address_of_a_help_page_is_no_fact() -> None:
    body = fault("Rate limit reached. Upgrade at https://example.com/settings/billing/overdue")
    assert reply(429, body).reason == "rate_limit"


def test_insufficient_quota_is_billing_at_openai_and_a_throttle_at_dashscope() -> None:
    body = fault("You exceeded your current quota", code="insufficient_quota")
    assert reply(429, body, "openai").reason == "quota_exhausted"
    assert reply(429, body, "alibaba-dashscope").reason == "rate_limit"


def test_a_number_means_what_its_own_provider_says() -> None:
    assert reply(429, {"error": {"code": "1302", "message": "x"}}, "zai").reason == "rate_limit"
    assert reply(429, {"error": {"code": "1305", "message": "x"}}, "zai").reason == "overloaded"
    minimax = {"base_resp": {"status_code": 1004, "status_msg": "x"}}
    assert reply(200, minimax, "minimax", transport="body200").reason == "auth"
    zai_number = {"error": {"code": "1004", "message": "x"}}
    assert reply(500, zai_number, "somebody else").reason == "server_error"


def test_a_429_that_speaks_of_capacity_does_not_condemn_the_key() -> None:
    verdict = reply(429, fault("Service tier capacity exceeded for this model.", code="3505"), "mistral")
    assert (verdict.reason, verdict.scope) == ("overloaded", "model")


def test_a_request_larger_than_the_tier_overflows_but_another_model_may_take_it() -> None:
    verdict = reply(413, fault("Request too large for model `m` on tokens per minute (TPM): Limit 6, Requested 7"))
    assert (verdict.reason, verdict.failover, verdict.retry_same) == ("context_overflow", True, False)


def test_a_plain_overflow_is_for_the_host_to_mend() -> None:
    assert reply(400, fault("prompt is too long: 9 tokens > 8 maximum")).failover is False


def test_a_window_that_opens_soon_is_only_a_rate_limit() -> None:
    soon = {"error": {"type": "usage_limit_reached", "message": "x", "resets_in_seconds": 120}}
    late = {"error": {"type": "usage_limit_reached", "message": "x", "resets_in_seconds": 9000}}
    assert reply(429, soon, "openai-codex").reason == "rate_limit"
    assert reply(429, late, "openai-codex").reason == "quota_exhausted"


def test_a_long_stated_wait_ends_the_retries() -> None:
    body = fault("Rate limit reached.")
    assert reply(429, body, headers={"Retry-After": "5"}).retry_same is True
    assert reply(429, body, headers={"Retry-After": "90"}).retry_same is False


def test_a_certificate_does_not_mend_itself_while_other_connections_may() -> None:
    certificate = reply(None, "x509: certificate has expired", transport="socket")
    reset = reply(None, "read: connection reset by peer", transport="socket")
    assert (certificate.reason, certificate.retry_same) == ("connection", False)
    assert (reset.reason, reset.retry_same) == ("connection", True)


def test_a_faulty_tool_call_is_the_models_fault_although_typed_as_the_requests() -> None:
    body = fault("Failed to call a function.", type="invalid_request_error", code="tool_use_failed")
    assert reply(400, body, "groq").reason == "server_error"


def test_long_context_credits_condemn_the_request_alone() -> None:
    verdict = reply(429, fault("Extra usage is required for long context requests."), "anthropic")
    assert (verdict.reason, verdict.scope) == ("quota_exhausted", "request")


@pytest.mark.parametrize(
    ("status", "title", "reason"),
    [
        (502, "502 Bad Gateway", "server_error"),
        (413, "413 Request Entity Too Large", "context_overflow"),
        (524, "api.example.com | 524: A timeout occurred", "timeout"),
        (521, "api.example.com | 521: Web server is down", "connection"),
        (403, "Attention Required! | Cloudflare", "permission"),
    ],
)
def test_a_web_page_is_read_by_its_title(status: int, title: str, reason: str) -> None:
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body><p>Invalid API key?</p></body></html>"
    assert reply(status, page).reason == reason


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("余额不足，请充值", "quota_exhausted"),
        ("请求过于频繁，请稍后再试", "rate_limit"),
        ("服务器繁忙，请稍后再试", "overloaded"),
        ("模型不存在", "model_not_found"),
        ("无效的令牌", "auth"),
        ("内容包含敏感信息", "content_filter"),
        ("请求超时", "timeout"),
        ("输入内容过长", "context_overflow"),
        ("没有权限", "permission"),
        ("请求参数错误", "invalid_request"),
    ],
)
def test_chinese_replies_are_understood(text: str, reason: str) -> None:
    assert reply(None, text, transport="sdk").reason == reason


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ThrottlingException", "rate_limit"),
        ("ServiceUnavailableException", "overloaded"),
        ("ModelTimeoutException", "timeout"),
        ("ExpiredTokenException", "auth"),
        ("AccessDeniedException", "permission"),
        ("ServiceQuotaExceededException", "quota_exhausted"),
        ("ResourceNotFoundException", "model_not_found"),
    ],
)
def test_amazon_names_its_class_in_a_header(name: str, reason: str) -> None:
    headers = {"X-Amzn-ErrorType": f"{name}:http://internal.amazon.com/coral/"}
    assert reply(None, "{}", "aws-bedrock", headers=headers).reason == reason


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("UNAVAILABLE", "overloaded"),
        ("DEADLINE_EXCEEDED", "timeout"),
        ("UNAUTHENTICATED", "auth"),
        ("RESOURCE_EXHAUSTED", "rate_limit"),
        ("INVALID_ARGUMENT", "invalid_request"),
        ("UNIMPLEMENTED", "unsupported"),
    ],
)
def test_grpc_status_words_are_understood(word: str, reason: str) -> None:
    assert reply(None, {"error": {"status": word, "message": ""}}).reason == reason


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (400, "invalid_request"),
        (401, "auth"),
        (402, "quota_exhausted"),
        (403, "permission"),
        (404, "model_not_found"),
        (408, "timeout"),
        (413, "context_overflow"),
        (429, "rate_limit"),
        (499, "aborted"),
        (500, "server_error"),
        (502, "server_error"),
        (503, "overloaded"),
        (504, "timeout"),
        (529, "overloaded"),
        (418, "unknown"),
        (599, "timeout"),
    ],
)
def test_a_bare_status_decides_when_nothing_else_is_known(status: int, reason: str) -> None:
    assert reply(status, None).reason == reason


def test_being_called_off_counts_only_without_another_signal() -> None:
    assert reply(None, None, exception="AbortError: This operation was aborted").reason == "aborted"
    both = "HTTP 429 Too Many Requests\nAbortError: This operation was aborted"
    assert reply(None, None, exception=both).reason == "rate_limit"
    assert reply(None, None, exception="AbortError: The operation was aborted due to timeout").reason == "timeout"


def test_nothing_at_all_is_unknown_and_worth_another_model() -> None:
    verdict = classify(Evidence())
    assert (verdict.reason, verdict.retry_same, verdict.failover) == ("unknown", False, True)


def test_the_fact_in_a_verdict_names_no_secret() -> None:
    verdict = reply(401, fault("Incorrect API key provided: sk-proj-abcdefgh12345678"))
    assert verdict.reason == "auth"
    assert "abcdefgh" not in verdict.fact


def test_a_status_in_the_message_beats_the_number_of_the_object_around_it() -> None:
    assert reply(500, fault("upstream answered 405 status code", code=500)).reason != "server_error"
    assert reply(500, fault("Request failed with status code 401", code=500)).reason == "auth"


def test_a_web_page_quoted_by_an_sdk_is_read_by_its_title() -> None:
    page = "<html><head><title>504 Gateway Time-out</title></head><body>no such model</body></html>"
    seen = reply(None, f"InternalServerError: litellm.APIError: {page}", transport="sdk")
    assert seen.reason == "timeout"


def test_an_upstream_body_deep_in_a_gateways_details_is_found() -> None:
    raw = json.dumps(fault("prompt is too long: 9 tokens > 8 maximum"))
    body = {"error": {"message": "failed", "details": {"metadata": {"raw": raw}}}}
    assert reply(502, body).reason == "context_overflow"


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("FailedOperation.ResourcePackExhausted", "quota_exhausted"),
        ("FailedOperation.ServiceNotActivated", "permission"),
        ("FailedOperation.EngineServerError", "server_error"),
        ("RequestLimitExceeded.UinLimitExceeded", "rate_limit"),
        ("AuthFailure.SignatureExpire", "auth"),
    ],
)
def test_a_code_of_two_parts_is_read_whole_and_by_its_last(code: str, reason: str) -> None:
    body = {"Response": {"Error": {"Code": code, "Message": "x"}, "RequestId": "r"}}
    assert reply(200, body, "tencent-hunyuan", transport="body200").reason == reason


@pytest.mark.parametrize(
    ("provider", "code", "reason"),
    [
        ("baidu-qianfan", 17, "quota_exhausted"),
        ("baidu-qianfan", 18, "rate_limit"),
        ("baidu-qianfan", 110, "auth"),
        ("baidu-qianfan", 336103, "context_overflow"),
    ],
)
def test_a_small_number_is_a_code_at_its_provider_alone(provider: str, code: int, reason: str) -> None:
    body = {"error_code": code, "error_msg": "x"}
    assert reply(200, body, provider, transport="body200").reason == reason
    assert reply(200, body, "openai", transport="body200").reason != reason


def test_a_code_counts_although_the_text_speaks_of_something_else() -> None:
    rule = Rule("r", "rate_limit", "here", codes="too_fast", says=("slow down",), unless=("forever",))
    layer = Layer(("too_fast",), "slow down forever", None)
    assert rule.reads(layer, facts_of(Evidence())) == "code too_fast"
    assert rule.reads(Layer((), "slow down forever", None), facts_of(Evidence())) is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("max_tokens (90000) exceeds the model's limit of 4096 output tokens", "unsupported"),
        ("temperature must be in the range [0, 2]", "invalid_request"),
        ("messages: roles must alternate between user and assistant", "invalid_request"),
        ("The model foo-9 does not support tools", "unsupported"),
        ("The model foo-9 does not exist or you do not have access to it", "model_not_found"),
        ("The model foo-9 is temporarily unavailable, try again later", "overloaded"),
        ("Loading model", "overloaded"),
        ("Previous response with id 'resp_1' not found.", "session_expired"),
        ("Thinking may not be enabled when tool_choice forces tool use.", "unsupported"),
        ("The compiled grammar is too large", "unsupported"),
        ("max_tokens: 70000 > 64000, which is the maximum allowed number of output tokens for foo-9", "unsupported"),
        ("Penalty is not enabled for this model", "unsupported"),
        ("Corrupted thought signature.", "unsupported"),
        ("Invalid thoughtSignature in model content", "session_expired"),
        ("The temperature 9 is malformed", "invalid_request"),
        ("Unhandled stop reason: MALFORMED_RESPONSE", "server_error"),
        ("Provider completed tool call with malformed JSON arguments", "server_error"),
        ("7-day rate limit exceeded.", "quota_exhausted"),
        ("Number of requests has exceeded your per-minute rate limit", "rate_limit"),
        ("The configured context size is 4096 tokens, the prompt has 9000", "context_overflow"),
        ("Context overflow: summarization failed", "context_overflow"),
        ("OAuth token refresh failed", "auth"),
        ("Invalid client secret provided.", "auth"),
        ("Your plan does not yet include access to foo-9", "permission"),
        ("upstream failed", "invalid_request"),
        ("stream failed", "stream_interrupted"),
        ("stream disconnected before completion: error sending request", "connection"),
        ("Invalid response body while trying to fetch <url>: Parse Error", "stream_interrupted"),
    ],
)
def test_families_of_phrases(text: str, reason: str) -> None:
    assert reply(400, fault(text)).reason == reason


@pytest.mark.parametrize(("status", "reason"), [(401, "auth"), (429, "rate_limit"), (500, "server_error")])
def test_words_for_any_fault_say_less_than_a_status_that_names_one(status: int, reason: str) -> None:
    assert reply(status, fault("Something went wrong, an unknown error")).reason == reason


def test_a_status_about_the_key_says_more_than_a_code_for_any_fault() -> None:
    assert reply(401, fault("", type="server_error", code="server_error")).reason == "auth"


def test_a_model_that_is_unavailable_is_missing_unless_a_status_of_5xx_says_for_now() -> None:
    assert reply(404, fault("model foo-9 unavailable")).reason == "model_not_found"
    assert reply(500, fault("model foo-9 unavailable")).reason == "server_error"


def test_what_fetch_says_of_any_cause_leaves_the_word_to_the_cause() -> None:
    alone = reply(None, "fetch failed", transport="socket")
    caused = reply(None, "fetch failed", transport="socket", exception="Error ETIMEDOUT\nTypeError: fetch failed")
    assert (alone.reason, caused.reason) == ("connection", "timeout")


def test_a_reason_phrase_before_a_fact_is_no_fact() -> None:
    assert reply(402, "402 Payment Required: rate limit exceeded").reason == "rate_limit"
    assert reply(402, "402 Payment Required").reason == "quota_exhausted"


def test_a_number_of_an_envelope_is_no_code_of_the_provider_inside() -> None:
    body = {"error": {"message": "Weekly/Monthly Limit Exhausted", "code": "500"}}
    assert reply(500, body, "zai").reason == "quota_exhausted"
