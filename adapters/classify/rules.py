"""The classification table: what providers say, and what it means. Order is priority.

`FACTS` are specific: a provider's own code, a phrase that can mean only one thing. They are asked of every
layer, the innermost first, before anything else. `KINDS` are the general words of an API family
(``invalid_request_error``, ``UNAVAILABLE``, ``ThrottlingException``) and patterns over them. `STATUSES`
decide when all that is left is a number (RFC 9110, RFC 6585, Cloudflare's 52x, nginx's 499), and what a
client says of having been called off comes last.
"""

from __future__ import annotations

from typing import Final

from detent.fsm.reasons import Reason

from .rule import Rule
from .rules_account import KEYS, RIGHTS
from .rules_bedrock import BEDROCK
from .rules_capacity import CAPACITY, QUOTA, RATE
from .rules_chinese import ARK, BAIDU, DASHSCOPE, MINIMAX, TENCENT, ZAI
from .rules_context import CONTENT, CONTEXT, SESSION
from .rules_model import CAPABILITIES, MODEL, OUTPUT, TOOL_CALL, TURNS
from .rules_request import REQUEST
from .rules_transport import CERTIFICATE, INTERNAL, TRANSPORT
from .rules_western import ANTHROPIC, CLOUDFLARE, GOOGLE, SMALL
from .sources import ANTHROPIC_DOC, GROQ_DOC, LITELLM, OPENAI_DOC, OPENROUTER_DOC, SDKS

FACTS: Final[tuple[Rule, ...]] = (
    *CLOUDFLARE,
    *ZAI,
    *MINIMAX,
    *DASHSCOPE,
    *ARK,
    *BAIDU,
    *TENCENT,
    *SMALL,
    *ANTHROPIC,
    *GOOGLE,
    *BEDROCK,
    CERTIFICATE,
    *SESSION,
    *CONTENT,
    *CONTEXT,
    *QUOTA,
    *CAPACITY,
    *RATE,
    TOOL_CALL,
    *OUTPUT,
    TURNS,
    *CAPABILITIES,
    *KEYS,
    *RIGHTS,
    *MODEL,
    *REQUEST,
    *TRANSPORT,
    *INTERNAL,
)
"""Specific facts, in the order in which they are asked of each layer."""

KINDS: Final[tuple[Rule, ...]] = (
    Rule(
        "kind rate",
        "rate_limit",
        LITELLM,
        codes="rate_limit_error RateLimitError tokens requests resource_exhausted",
        code_like=r"rate_?limit|throttl|too_?many_?requests",
    ),
    Rule(
        "kind overloaded",
        "overloaded",
        "gRPC status codes",
        codes="unavailable service_unavailable ServiceUnavailable ServiceUnavailableError service_unavailable_error",
        says=(
            r"(?:service|temporarily|currently) unavailable",
            r"服务(?:暂时)?不可用",
            r"try again (?:later|shortly)",
            r"稍后(?:再|重)试",
        ),
    ),
    Rule("kind quota", "quota_exhausted", "general words", code_like=r"quota|credit|balance|billing|payment"),
    Rule(
        "kind auth",
        "auth",
        "gRPC status codes",
        codes="unauthenticated unauthorized UnauthorizedException AuthError AuthenticationError",
        code_like=r"unauthori[sz]ed|authenticat",
    ),
    Rule(
        "kind permission",
        "permission",
        "gRPC status codes",
        codes="permission_denied forbidden PermissionDeniedError PermissionDenied ForbiddenException access_denied",
        code_like=r"permission|forbidden|accessdenied",
    ),
    Rule(
        "kind not found",
        "model_not_found",
        "gRPC status codes",
        codes="not_found not_found_error NotFoundError ResourceNotFoundException NotFound ResourceNotFound",
    ),
    Rule(
        "kind connection",
        "connection",
        "Fetch standard: what a client says of any cause, so that a cause which says more decides",
        says=(r"fetch failed", r"failed to fetch"),
    ),
    Rule("kind unsupported", "unsupported", "gRPC status codes", codes="unimplemented"),
    Rule(
        "kind error in 200",
        "server_error",
        "an error event without a known word",
        codes="api_error internal upstream_error",
        transports="sse body200",
    ),
    Rule(
        "cut stream",
        "stream_interrupted",
        "SSE without its end: OpenAI, Anthropic, Gemini, Ollama",
        codes="shape:cut",
    ),
    Rule("faulty answer", "server_error", "finish reasons of Gemini", codes="shape:faulty", scope="model"),
    Rule("empty answer", "empty_response", "200 without words or tool calls", codes="shape:empty"),
    Rule(
        "page instead of an answer",
        "server_error",
        "a web page with status 200",
        codes="shape:html",
        statuses=(200,),
    ),
    Rule(
        "kind invalid",
        "invalid_request",
        "gRPC status codes; " + OPENAI_DOC,
        codes="invalid_argument out_of_range ValidationException "
        "invalid_parameter_error InvalidParameter invalid_request failed_precondition "
        "value_error InvalidRequestError validation_error",
        code_like=r"^(?:invalid|missing)_?(?:parameter|argument|request|input|value)",
    ),
    Rule(
        "kind invalid request",
        "invalid_request",
        ANTHROPIC_DOC,
        codes="invalid_request_error",
        statuses=(400, 422, 200),
        transports="http sse body200 sdk",
    ),
    Rule(
        "kind error event",
        "server_error",
        "an error event in a stream says nothing else",
        codes="error response.failed api_error shape:error",
        transports="sse",
    ),
)
"""General words, asked when no layer held a specific fact."""

PHRASES: Final[tuple[tuple[int, Reason, str], ...]] = (
    (401, "auth", r"\bunauthori[sz]ed\b"),
    (403, "permission", r"\bforbidden\b"),
    (429, "rate_limit", r"too many requests"),
    (502, "server_error", r"bad gateway"),
    (503, "overloaded", r"service unavailable"),
    (504, "timeout", r"gateway time-?out"),
    (500, "server_error", r"internal server error"),
    (422, "invalid_request", r"unprocessable (?:entity|content)"),
    (400, "invalid_request", r"\bbad request\b"),
)
"""What statuses are called, where a client dropped the number."""

STATUSES: Final[tuple[Rule, ...]] = (
    Rule(
        "400",
        "invalid_request",
        "RFC 9110, 15.5",
        statuses=(400, 405, 406, 409, 411, 412, 414, 415, 416, 417, 431),
    ),
    Rule("401", "auth", "RFC 9110, 15.5.2", statuses=(401, 407)),
    Rule("402", "quota_exhausted", "RFC 9110, 15.5.3", statuses=(402,)),
    Rule("403", "permission", "RFC 9110, 15.5.4; RFC 7725", statuses=(403, 451)),
    Rule("404", "model_not_found", "RFC 9110, 15.5.5", statuses=(404, 410)),
    Rule("408", "timeout", "RFC 9110, 15.5.9", statuses=(408,)),
    Rule("413", "context_overflow", "RFC 9110, 15.5.14", statuses=(413,)),
    Rule("422", "invalid_request", "RFC 9110, 15.5.21", statuses=(422,)),
    Rule("429", "rate_limit", "RFC 6585, 4", statuses=(429,)),
    Rule("498", "overloaded", GROQ_DOC + ": flex capacity exceeded", statuses=(498,)),
    Rule("499", "aborted", "nginx: client closed request", statuses=(499,)),
    Rule("501", "unsupported", "RFC 9110, 15.6.2", statuses=(501,)),
    Rule("503", "overloaded", "RFC 9110, 15.6.4; " + ANTHROPIC_DOC, statuses=(503, 529)),
    Rule("504", "timeout", "RFC 9110, 15.6.5; Cloudflare docs, 5xx errors", statuses=(504, 522, 524, 598, 599)),
    Rule("521", "connection", "Cloudflare docs, 5xx errors", statuses=(521, 523, 525, 530)),
    Rule("526", "connection", "Cloudflare docs, 5xx errors", statuses=(526,), retry_same=False),
    Rule(
        "500",
        "server_error",
        "RFC 9110, 15.6",
        statuses=(421, 424, 425, 500, 502, 505, 506, 507, 508, 509, 510, 511, 520, 527),
    ),
    Rule("5xx", "server_error", "RFC 9110, 15.6", statuses=range(500, 600)),
    Rule(
        "called off",
        "aborted",
        "AbortError of the Fetch standard; asyncio and Go cancellation",
        codes="AbortError CancelledError APIUserAbortError UND_ERR_ABORTED ABORT_ERR "
        "KeyboardInterrupt cancelled canceled ERR_CANCELED aborted CanceledError "
        "GeneratorExit",
        says=(
            r"\babort(?:ed)?\b",
            r"cancell?ed\b",
            r"interrupted by (?:the )?user",
            r"被(?:用户)?(?:取消|中止)",
        ),
    ),
    Rule(
        "provider returned",
        "server_error",
        OPENROUTER_DOC,
        says=(
            r"(?:provider|upstream|gateway) (?:returned|responded with|sent)? ?(?:an )?error",
            r"provider (?:\w+ )?request failed",
            r"all (?:\w+ )?(?:providers|variants|models|fallbacks) (?:have )?failed",
        ),
    ),
    *(
        Rule(f"words of {status}", reason, "RFC 9110, 15: reason phrases", says=(phrase,))
        for status, reason, phrase in PHRASES
    ),
    Rule(
        "only a client's word",
        "invalid_request",
        "SDK class names",
        codes="invalid_request_error BadRequestError UnprocessableEntityError",
    ),
    Rule(
        "a client's word for 5xx",
        "server_error",
        "SDK class names, which OpenAI's and Anthropic's clients give to every 5xx",
        codes="InternalServerError",
    ),
    Rule("not an answer", "server_error", SDKS, codes="shape:html"),
)
"""What is left: a status, or a client's word for having stopped."""

TIERS: Final[tuple[tuple[Rule, ...], ...]] = (FACTS, KINDS, STATUSES)
"""The three parts of the table: each is asked of every layer before the next is."""

RULES: Final[tuple[Rule, ...]] = (*FACTS, *KINDS, *STATUSES)
"""The whole table, in order."""
