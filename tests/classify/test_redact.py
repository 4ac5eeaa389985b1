"""Secrets leave no trace in what is said; words stay readable."""

from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detent.adapters.classify import redact

SECRETS = [
    "sk-abcdefghijklmnop",
    "sk-proj-AbCd1234_efGH5678-ijKL",
    "sk-ant-api03-AbCdEf123456-xyz",
    "sk-or-v1-0123456789abcdef0123456789abcdef",
    "AIzaSyA1234567890abcdefghijklmnopqrstuv",
    "gsk_abcdefghij1234567890",
    "xai-abcdefghij1234567890",
    "hf_abcdefghij1234567890",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_abcdefghij1234567890abcd",
    "nvapi-abcdefghij1234567890",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9P",
    "9f86d081884c7d659a2feaa0c55ad015",
    "zX9kQ2mV7rT4pL1wN8bC5yH3",
]


@pytest.mark.parametrize("secret", SECRETS)
def test_a_key_is_hidden_wherever_it_stands(secret: str) -> None:
    for text in (
        secret,
        f"key {secret} is bad",
        f'{{"token": "{secret}"}}',
        f"https://x/y?key={secret}&z=1",
        f"({secret})",
    ):
        hidden = redact(text)
        assert secret not in hidden
        assert "[redacted]" in hidden


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer [redacted]"),
        ("Incorrect API key provided: abc*****wxyz.", "Incorrect API key provided: [redacted]"),
        ("GET /v1/models?key=hunter22x&alt=sse", "GET /v1/models?key=[redacted]&alt=sse"),
        ("https://user:secret@host/path", "https://[redacted]@host/path"),
        ("password=correct-horse1", "password=[redacted]"),
    ],
)
def test_what_stands_around_a_secret_stays(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "The model `claude-3-5-sonnet-20241022` does not exist",
        "nvidia/moonshotai/kimi-k2.6-instruct-preview is not a valid model",
        "models/gemini-2.5-flash-preview-native-audio-dialog is not found",
        "tokens per minute (TPM): Limit 12000, Used 2542",
        "generate_content_free_tier_input_token_count exceeded",
        "generativelanguage.googleapis.com/generate_content_paid_tier_input_token_count",
        "api key: missing",
        "SSLCertVerificationError: certificate verify failed",
        "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
        "您的账户余额不足，请充值后重试",
        "token limit exceeded",
    ],
)
def test_words_names_and_numbers_stay_readable(text: str) -> None:
    assert redact(text) == text


def test_redaction_is_idempotent() -> None:
    once = redact(" ".join(SECRETS))
    assert redact(once) == once


@given(
    before=st.text(alphabet=string.ascii_letters + " .,:'\"{}", max_size=40),
    prefix=st.sampled_from(["sk-", "sk-ant-", "gsk_", "xai-", "hf_", "AIza"]),
    body=st.text(alphabet=string.ascii_letters + string.digits, min_size=20, max_size=60).filter(
        lambda s: any(c.isdigit() for c in s)
    ),
)
def test_a_planted_key_never_survives(before: str, prefix: str, body: str) -> None:
    assert body not in redact(f"{before} {prefix}{body} end")
