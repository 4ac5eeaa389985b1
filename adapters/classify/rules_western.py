"""What only one provider says: Anthropic, Google, Cloudflare and smaller ones."""

from __future__ import annotations

from typing import Final

from .rule import ALWAYS, Rule
from .sources import ANTHROPIC_DOC, CF_AI_DOC, COPILOT, GOOGLE_DOC

_GOOGLE: Final = r"google|gemini|vertex|code-assist|antigravity"

_CLOUDFLARE_AI: Final = r"cloudflare.*(?:workers|ai)|workers-ai"

CLOUDFLARE: Final[tuple[Rule, ...]] = (
    Rule(
        "cloudflare timeout",
        "timeout",
        "Cloudflare docs, 5xx errors as problem+json",
        statuses=(522, 524),
        says=(r"cloudflare",),
    ),
    Rule(
        "cloudflare origin",
        "connection",
        "Cloudflare docs, 5xx errors as problem+json",
        statuses=(521, 523, 525, 530),
        says=(r"cloudflare",),
    ),
    Rule(
        "cloudflare odd answer",
        "server_error",
        "Cloudflare docs, 5xx errors as problem+json",
        statuses=(520, 502),
        says=(r"cloudflare",),
    ),
)
"""Its edge, before anything a page or a problem document says in passing."""

SMALL: Final[tuple[Rule, ...]] = (
    Rule("workers ai allocation", "quota_exhausted", CF_AI_DOC, provider=_CLOUDFLARE_AI, codes="3036 4006"),
    Rule("workers ai capacity", "overloaded", CF_AI_DOC, provider=_CLOUDFLARE_AI, codes="3040"),
    Rule("workers ai login", "auth", CF_AI_DOC, provider=_CLOUDFLARE_AI, codes="10000 10001"),
    Rule(
        "ollama runner",
        "server_error",
        "Ollama server: the runner behind it died",
        statuses=(500,),
        provider=r"ollama",
        says=(r"\beof\b", r"\brunner\b", r"\bpredict:"),
        unless=(r"timed out",),
    ),
    Rule(
        "fireworks suspended",
        "quota_exhausted",
        "Fireworks docs, 412 for suspended accounts",
        statuses=(412,),
        provider=r"fireworks",
        believed_from_s=ALWAYS,
    ),
    Rule(
        "cerebras bare 400",
        "context_overflow",
        "Cerebras: 400 and 413 without a body",
        statuses=(400, 413),
        provider=r"cerebras",
        says=(
            r"^\W*(?:\d{3} )?(?:status code )?\(no body\)",
            r"no body",
        ),
    ),
    Rule("cohere unsafe", "content_filter", "Cohere docs, Errors: 498", statuses=(498,), provider=r"cohere"),
    Rule("copilot rate", "rate_limit", COPILOT, codes="rate_limited", provider=r"copilot"),
)

ANTHROPIC: Final[tuple[Rule, ...]] = (
    Rule(
        "long context is extra",
        "quota_exhausted",
        "Claude Code: 1M context needs extra usage",
        scope="request",
        narrows="credential_model",
        says=(r"(?:extra usage|usage credits?) (?:is|are) required for (?:long|1m)",),
        acts_as="unsupported",
    ),
    Rule(
        "fast mode is extra",
        "quota_exhausted",
        "Claude Code: fast mode credits",
        scope="request",
        narrows="credential_model",
        says=(r"(?:extra usage|usage credits?) (?:is|are) required for fast",),
        acts_as="unsupported",
    ),
    Rule(
        "anthropic spend",
        "quota_exhausted",
        ANTHROPIC_DOC,
        believed_from_s=ALWAYS,
        says=(
            r"credit balance is too low",
            r"out of extra usage",
            r"third-party apps now draw from",
            r"draw from your extra usage",
        ),
    ),
    Rule(
        "anthropic limits",
        "quota_exhausted",
        ANTHROPIC_DOC,
        says=(
            r"specified api usage limits?",
            r"regain access on",
            r"workspace api usage limits?",
        ),
    ),
    Rule(
        "anthropic windows",
        "quota_exhausted",
        "Claude Code: 5-hour and weekly limits",
        windowed=True,
        says=(
            r"usage limit reached\b",
            r"(?:5[- ]hour|weekly|session|opus|sonnet|usage) limit reached",
            r"you(?:'|’)?(?:ve| have) hit your (?:\w+ )?limit",
            r"reached your (?:5-hour|weekly|session) limit",
        ),
    ),
    Rule(
        "anthropic long context beta",
        "permission",
        ANTHROPIC_DOC,
        says=(r"long context beta is not yet available",),
    ),
    Rule(
        "anthropic claude code only",
        "permission",
        "Claude Code OAuth: credential bound to one client",
        says=(
            r"only authorized for use with",
            r"oauth authentication is currently not",
        ),
        statuses=(403,),
    ),
    Rule(
        "anthropic oauth",
        "auth",
        "Claude Code OAuth",
        says=(
            r"only authorized for use with",
            r"oauth authentication is currently not",
            r"oauth token (?:has expired|revoked|does not meet)",
        ),
    ),
    Rule("anthropic organization", "auth", ANTHROPIC_DOC, says=(r"this organization has been disabled",)),
    Rule(
        "thinking signature",
        "session_expired",
        "Anthropic docs, Extended thinking: signatures",
        says=(
            r"invalid .{0,3}signature.{0,3} in .{0,3}thinking",
            r"invalid .{0,3}thought.?signature",
            r"thought.?signature.{0,40}(?:not valid|invalid)",
            r"encrypted content .{0,40}could not be (?:verified|decrypted)",
        ),
    ),
)

GOOGLE: Final[tuple[Rule, ...]] = (
    Rule(
        "google foreign signature",
        "unsupported",
        "Gemini API docs, Thought signatures: another model's are refused by Google alone",
        says=(r"corrupted thought.?signature",),
    ),
    Rule(
        "google fetches no url",
        "invalid_request",
        "Vertex AI docs: robots.txt and reachability bind Google's own fetcher",
        says=(r"cannot fetch content from the provided url",),
        acts_as="unsupported",
    ),
    Rule(
        "google no quota at all",
        "quota_exhausted",
        GOOGLE_DOC,
        narrows="credential_model",
        believed_from_s=ALWAYS,
        says=(
            r"\blimit: 0\b(?!\.\d*[1-9])",
            r"quotavalue=0\b",
            r"quota limit:? 0\b",
        ),
    ),
    Rule(
        "google per day",
        "quota_exhausted",
        GOOGLE_DOC,
        narrows="credential_model",
        believed_from_s=3600.0,
        says=(
            r"PerDay\b",
            r"PerDayPer",
            r"per_day",
            r"requests? per day",
            r"\bdaily (?:quota|limit).{0,20}(?:exceeded|reached|exhausted)",
        ),
        provider=_GOOGLE,
    ),
    Rule(
        "google no free tier",
        "quota_exhausted",
        GOOGLE_DOC,
        says=(
            r"(?:doesn.t|does not) have a free (?:quota )?tier",
            r"not available (?:in|on) the free tier",
        ),
        narrows="credential_model",
        believed_from_s=ALWAYS,
    ),
    Rule(
        "google g1 credits",
        "quota_exhausted",
        "gemini-cli googleQuotaErrors.ts",
        codes="INSUFFICIENT_G1_CREDITS_BALANCE",
        believed_from_s=ALWAYS,
    ),
    Rule(
        "google capacity",
        "overloaded",
        "gemini-cli googleQuotaErrors.ts",
        codes="MODEL_CAPACITY_EXHAUSTED",
        says=(r"no capacity available",),
    ),
    Rule(
        "google quota reason",
        "quota_exhausted",
        "gemini-cli googleQuotaErrors.ts",
        codes="QUOTA_EXHAUSTED",
        narrows="credential_model",
    ),
    Rule("google rate reason", "rate_limit", GOOGLE_DOC, provider=_GOOGLE, codes="RATE_LIMIT_EXCEEDED"),
    Rule(
        "google capacity text",
        "quota_exhausted",
        "gemini-cli: exhausted your capacity on this model",
        provider=_GOOGLE,
        narrows="credential_model",
        says=(
            r"exhausted your (?:daily )?(?:capacity|quota)",
            r"quota will reset after",
        ),
        windowed=True,
    ),
    Rule(
        "google per minute",
        "rate_limit",
        GOOGLE_DOC,
        provider=_GOOGLE,
        says=(
            r"PerMinute",
            r"per_minute",
            r"please retry in \d",
            r"retrydelay=",
            r"per[ _]minute",
            r"quota exceeded for aiplatform",
        ),
    ),
    Rule(
        "google check plan",
        "quota_exhausted",
        GOOGLE_DOC,
        provider=_GOOGLE,
        says=(r"exceeded your current quota",),
        believed_from_s=ALWAYS,
    ),
    Rule(
        "google resource exhausted",
        "rate_limit",
        "Vertex AI docs, Error code 429 (dynamic shared quota)",
        provider=_GOOGLE,
        says=(
            r"resource (?:has been )?exhausted",
            r"out of capacity",
        ),
        unless=(
            r"capacity",
            r"credit",
            r"billing",
        ),
    ),
    Rule(
        "google location",
        "permission",
        GOOGLE_DOC,
        says=(
            r"location is not supported",
            r"not available in your (?:country|location|region)",
        ),
    ),
    Rule(
        "google billing",
        "quota_exhausted",
        GOOGLE_DOC,
        codes="BILLING_DISABLED",
        believed_from_s=ALWAYS,
        says=(
            r"requires billing to be enabled",
            r"billing (?:account )?.{0,30}(?:disabled|closed|not active|not enabled)",
            r"prepay(?:ment)? credits? (?:are|is) depleted",
        ),
    ),
    Rule(
        "google key",
        "auth",
        GOOGLE_DOC,
        codes="API_KEY_INVALID ACCESS_TOKEN_EXPIRED CREDENTIALS_MISSING API_KEY_EXPIRED",
        says=(
            r"api key (?:not valid|expired|not found)",
            r"api key was reported as leaked",
            r"invalid authentication credentials",
        ),
    ),
    Rule(
        "google key bounds",
        "permission",
        GOOGLE_DOC,
        codes="SERVICE_DISABLED CONSUMER_INVALID API_KEY_SERVICE_BLOCKED "
        "API_KEY_HTTP_REFERRER_BLOCKED ACCESS_TOKEN_SCOPE_INSUFFICIENT IAM_PERMISSION_DENIED "
        "CONSUMER_SUSPENDED VALIDATION_REQUIRED SUBSCRIPTION_REQUIRED",
        says=(
            r"is not allowed to use publisher model",
            r"has not been used in project",
            r"verify your account",
        ),
    ),
    Rule(
        "google turn order",
        "invalid_request",
        GOOGLE_DOC,
        says=(
            r"function call turn",
            r"function response parts is equal",
            r"missing a thought_signature",
        ),
    ),
    Rule(
        "google stale cache",
        "session_expired",
        "Gemini API docs, Context caching",
        says=(
            r"cachedcontent not found",
            r"cached content .{0,60}(?:not found|expired)",
        ),
    ),
    Rule(
        "google publisher model",
        "model_not_found",
        "Vertex AI docs, model 404",
        says=(r"publisher model .{0,200}(?:was not found|not found|not servable)",),
    ),
)
