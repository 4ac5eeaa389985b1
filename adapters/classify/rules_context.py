"""What the conversation is: gone, not allowed, or too long."""

from __future__ import annotations

from typing import Final

from .rule import Rule

SESSION: Final[tuple[Rule, ...]] = (
    Rule(
        "state is gone",
        "session_expired",
        "OpenAI docs, Conversation state; gateways' sticky sessions",
        codes="previous_response_not_found invalid_encrypted_content session_expired "
        "session_not_found conversation_not_found thread_not_found "
        "websocket_connection_limit_reached conversation_expired",
        says=(
            r"previous.?response.{0,60}not found",
            r"no response found for previous",
            r"items are not persisted when",
            r"(?:session|conversation|thread|container)\b.{0,60}(?:not found|expired|does not exist"
            r"|no longer exists|is invalid)",
            r"(?:unknown|invalid|expired|no such|no) (?:session|conversation|thread"
            r"|container)\b(?! token)",
            r"会话(?:已)?(?:过期|失效|不存在)",
        ),
        unless=(
            r"(?:sign|log) ?in",
            r"api key",
            r"oauth",
            r"credential",
            r"login",
            r"token (?:has )?expired",
            r"authenticat",
        ),
    ),
)

CONTENT: Final[tuple[Rule, ...]] = (
    Rule(
        "filtered",
        "content_filter",
        "content policy replies of OpenAI, Azure, Anthropic, Mistral, OpenRouter, xAI, DeepSeek, Ark, Kimi",
        codes="content_filter content_policy_violation ResponsibleAIPolicyViolation "
        "ContentPolicyViolationError moderation_blocked SensitiveContentDetected "
        "InputTextSensitiveContentDetected OutputTextSensitiveContentDetected "
        "PROHIBITED_CONTENT SAFETY BLOCKLIST RECITATION SPII content_moderation "
        "guardrail_violation content_filtered risk_control cyber_policy_violation "
        "image_content_policy_violation ContentFilterFinishReasonError safety_check "
        "SAFETY_CHECK_TYPE_CSAM sensitive_words_detected bio_policy cyber_policy "
        "prompt_blocked invalid_prompt",
        code_like=r"sensitive_?(?:content|word|text|image|input|output)|content_?(?:filter|policy|security|risk)"
        r"|moderation_?(?:failed|blocked)|safety_check|censor|illegal_?detected|risk_?(?:control|detect)"
        r"|data_?inspection",
        says=(
            r"content (?:management|filter(?:ing)?|usage|moderation) polic",
            r"blocked by (?:our )?(?:content|safety|moderation|guardrail)",
            r"content exists risk",
            r"considered high risk",
            r"suspicious activity related to",
            r"violat\w+ (?:our |the )?(?:\w+ )?(?:usage|content|safety|acceptable use) (?:polic"
            r"|guideline)",
            r"flagged (?:as|for|by)\b",
            r"requires moderation",
            r"safety (?:filter|system|settings|polic)",
            r"input .{0,30}inappropriate content",
            r"potentially (?:high.risk|sensitive|unsafe)",
            r"unsafe or sensitive",
            r"sensitive content",
            r"blocked output",
            r"output blocked",
            r"content\b.{0,60}(?:is|was|were|been|be) (?:blocked|filtered|rejected)",
            r"content (?:blocked|filtered)",
            r"prompt (?:was|has been|is) (?:blocked|flagged|rejected)",
            r"prohibited content",
            r"response was blocked",
            r"unable to respond to this request, which appears",
            r"new_sensitive",
            r"(?:input|output) sensitive",
            r"deny[- ]listed",
            r"(?:illegal|unlawful|harmful) content",
            r"敏感(?:内容|信息|词)",
            r"违规|违法|不合规",
            r"审核(?:未|不)通过",
            r"(?:内容|文本|输入|提示词).{0,8}风险",
            r"违反.{0,12}(?:政策|规定|规范|法律)",
            r"不安全(?:或敏感)?",
            r"内容安全",
            r"内容审核",
            r"高风险",
        ),
    ),
    Rule(
        "refused in 200",
        "content_filter",
        "finish and block reasons of OpenAI, Gemini and Anthropic",
        codes="shape:refused",
    ),
)

CONTEXT: Final[tuple[Rule, ...]] = (
    Rule(
        "larger than the tier",
        "context_overflow",
        "OpenAI and Groq: Request too large on tokens per min",
        failover=True,
        says=(
            r"request too large .{0,240}(?:tokens per|\(TP[MD]\)|TPM)",
            r"request too large for model",
        ),
        unless=(r"prompt is too long",),
    ),
    Rule(
        "context spelled out",
        "context_overflow",
        "vLLM and OpenRouter: the window and what was asked of it in one sentence",
        says=(r"maximum context length is \d+ tokens",),
    ),
    Rule(
        "context",
        "context_overflow",
        "context length replies, as collected by pi, LiteLLM and openclaw",
        codes="context_length_exceeded ContextWindowExceededError exceed_context_size_error "
        "model_max_prompt_tokens_exceeded tokens_limit_reached TOO_MANY_TOKENS "
        "context_window_exceeded request_too_large context_overflow max_tokens_exceeded "
        "prompt_too_long model_context_window_exceeded shape:overlong input_too_long content_too_large "
        "RequestTooLarge PayloadTooLarge string_above_max_length context_length_limit "
        "OversizedRequest InputTooLong request_entity_too_large",
        code_like=r"(?:prompt|input|context|request|messages?|characters|tokens?|content|body|payload)_?too_?(?:long|large"
        r"|many)|context_?(?:length|window|size)_?(?:exceed|limit|over|too)|out_?of_?context|max(?:imum)?_context_length",
        says=(
            r"maximum (?:context|prompt|sequence) (?:length|window)",
            r"context.{0,3}(?:length|window|size|limit).{0,40}(?:exceed|overflow|too (?:small|long"
            r"|large)|full)",
            r"exceed\w* .{0,60}(?:context|token) (?:length|window|size|limit)",
            r"exceed\w* (?:the )?(?:model'?s? )?(?:max\w* )?(?:number of )?tokens? (?:allowed|limit)",
            r"exceed\w* max(?:imum)? context",
            r"(?:token|input|prompt|context|length)s?\b.{0,30}too (?:long|large)",
            r"(?:total|input|prompt|request) tokens? .{0,30}exceeds?",
            r"exceed\w* .{0,40}maximum (?:number of tokens|input|context|allowed (?:input|tokens?" r"|size))",
            r"prompt (?:is )?too long",
            r"input (?:is )?too (?:long|large)",
            r"(?:prompt|request|input|message|conversation|context) (?:is |was |size )?(?:too (?:long"
            r"|large|big))",
            r"too many (?:input )?tokens\b(?!.{0,20}(?:per|wait|minute))",
            r"must have less than \d+ tokens",
            r"must be <= \d+\. given",
            r"tokens? in request more than",
            r"room in the model.s context",
            r"(?:input|prompt|request)\W.{0,40}tokens?.{0,40}exceeds?",
            r"longer than the (?:maximum )?(?:model|context)",
            r"ran out of (?:context|room)",
            r"context the overflows",
            r"greater than the context",
            r"(?:payload|entity|body|content) (?:size )?(?:is )?too large",
            r"(?:payload|body) (?:size )?exceeds",
            r"reduce the length of",
            r"maximum (?:model )?length of? \d+",
            r"max(?:imum)? (?:input|prompt) (?:length|tokens?|characters)",
            r"too large for model with \d+",
            r"(?:max|maximum) (?:allowed )?(?:input |prompt )?tokens? (?:is|of|are|allowed"
            r"|limit)\b.{0,60}(?:but|requested|got|given|exceed)",
            r"context (?:window|length) (?:is|of)\b",
            r"prompt contains .{0,30}tokens.{0,60}(?:limit|max)",
            r"request exceeds the (?:maximum|limit|model)",
            r"context (?:overflow|budget)",
            r"(?:configured|current) context (?:size|length|window)",
            r"current length is \d+ while limit",
            r"(?:total )?(?:messages?|request|prompt) size exceeds",
            r"prompt exceeds (?:the )?max",
            r"string too long\. expected a string with maximum length",
            r"token limit exceeded",
            r"压缩上下文",
            r"n_ctx",
            r"n_keep",
            r"max_model_len",
            r"token count .{0,60}(?:only supports|up to|exceed|limit)",
            r"available context",
            r"physical batch size",
            r"supported sequence length",
            r"(?:prompt|input|context|request|tokens?|messages?)\b.{0,60}(?:longer|larger|greater|more) than .{0,50}"
            r"(?:context|maximum|max|limit|allowed|window|model)",
            r"tokens?\W.{0,60}must be <=",
            r"(?:超过|超出).{0,12}(?:长度|上下文|token)",
            r"最大(?:上下文|输入)",
            r"(?:上下文|输入|提示词|请求|prompt|token).{0,16}(?:过长|超长|超出|超过|太长)",
            r"长度.{0,6}超",
        ),
        unless=(
            r"per (?:minute|min|day|hour|second)",
            r"\bTP[MD]\b",
            r"rate limit",
            r"maximum tokens you requested",
            r"max[_ ](?:completion[_ ])?tokens.{0,30}(?:is too large|must be(?!.{0,30}context)|should be|at most)",
            r"频率",
            r"速率",
            r"images? (?:size|width|height|dimensions|exceed|is too|are too|file)",
            r"invalid 'user'",
            r"\bcredits?\b",
            r"messages? array",
            r"array too long",
        ),
    ),
    Rule(
        "rate-sized request",
        "context_overflow",
        "Groq: 413 rate_limit_exceeded",
        statuses=(413,),
        codes="rate_limit_exceeded tokens",
        failover=True,
    ),
)
