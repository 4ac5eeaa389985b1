"""What is wrong with the request, or with the model for this request."""

from __future__ import annotations

from typing import Final

from .rule import Rule
from .sources import COPILOT, GROQ_DOC, OPENROUTER_DOC

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
        code_like=r"sensitivecontent|content_?filter|content_?policy|moderation_?(?:failed|blocked)"
        r"|safety_check",
        says=(
            r"content (?:management|filter(?:ing)?|usage|moderation) polic",
            r"blocked by (?:our )?(?:content|safety|moderation|guardrail)",
            r"content exists risk",
            r"considered high risk",
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
            r"content (?:was |has been )?(?:blocked|filtered)",
            r"prompt (?:was|has been|is) (?:blocked|flagged|rejected)",
            r"prohibited content",
            r"response was blocked",
            r"unable to respond to this request, which appears",
            r"new_sensitive",
            r"(?:input|output) sensitive",
            r"敏感(?:内容|信息|词)",
            r"违规",
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
        "prompt_too_long model_context_window_exceeded input_too_long content_too_large "
        "RequestTooLarge PayloadTooLarge string_above_max_length context_length_limit "
        "OversizedRequest InputTooLong request_entity_too_large",
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
            r"maximum input (?:length|tokens)",
            r"too large for model with \d+",
            r"(?:max|maximum) (?:allowed )?(?:input |prompt )?tokens? (?:is|of|are|allowed"
            r"|limit)\b.{0,60}(?:but|requested|got|given|exceed)",
            r"context (?:window|length) of",
            r"prompt contains .{0,30}tokens.{0,60}(?:limit|max)",
            r"request exceeds the (?:maximum|limit|model)",
            r"n_ctx",
            r"n_keep",
            r"(?:上下文|输入|提示词|请求|prompt|token).{0,16}(?:过长|超长|超出|超过|太长)",
            r"长度.{0,6}超",
        ),
        unless=(
            r"per (?:minute|min|day|hour|second)",
            r"\bTP[MD]\b",
            r"rate limit",
            r"maximum tokens you requested",
            r"max_(?:completion_)?tokens.{0,30}(?:is too large|must be|should be|at most)",
            r"频率",
            r"速率",
            r"image",
            r"messages? array",
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

TOOL_CALL: Final = Rule(
    "groq tool call",
    "server_error",
    GROQ_DOC + "; sampling fault of the model",
    codes="tool_use_failed json_validate_failed output_parse_failed",
    scope="model",
)
"""A fault of sampling, though Groq types it as a fault of the request."""

CAPABILITIES: Final[tuple[Rule, ...]] = (
    Rule(
        "capability of the endpoint",
        "unsupported",
        OPENROUTER_DOC + "; " + COPILOT,
        codes="unsupported_api_for_model OperationNotSupported",
        says=(
            r"no endpoints found (?:that|which) (?:support|can)",
            r"no (?:available )?(?:model|endpoints?).{0,30}support(?:s|ing)? (?:tool|image|vision"
            r"|function)",
            r"unhashable type",
            r"not supported (?:with|in|via|by|for) (?:this|the|your) (?:\w+ ){0,3}(?:endpoint|api)\b",
            r"not (?:a chat model|accessible via)",
        ),
    ),
    Rule(
        "kind of content",
        "unsupported",
        "DeepSeek, OpenAI: text-only models",
        says=(
            r"(?:function calling|tool use|thinking|instruction|image input|audio"
            r"|json mode) is not enabled",
            r"content must be a (?:valid )?string",
            r"is not one of \[?.{0,3}(?:system|user|assistant)",
            r"unknown variant .{0,3}(?:image|input_|file|audio|video)",
            r"content (?:blocks?|parts?|types?) .{0,20}expected",
            r"(?:image|audio|video|file|document)(?:_url|s| input)? (?:content )?(?:is|are) not "
            r"(?:supported|allowed)",
            r"at most \d+ (?:image|file|video|audio)",
        ),
    ),
)
"""What the model or the endpoint cannot do, though the reply may speak of a 404 or of rights."""

MODEL: Final[tuple[Rule, ...]] = (
    Rule(
        "local model is gone",
        "model_not_found",
        "Ollama and LM Studio servers",
        says=(
            r"no models? loaded",
            r"try pulling it",
            r"model .{0,80}(?:not loaded|unloaded)",
        ),
        unless=(
            r"fail",
            r"error",
        ),
    ),
    Rule(
        "no such model",
        "model_not_found",
        "model replies of all providers",
        codes="model_not_found model_not_supported model_decommissioned model_not_active "
        "invalid_model 1500 DeploymentNotFound unknown_model unavailable_model "
        "model_not_available ModelNotFound InvalidEndpointOrModel.NotFound model_not_exist "
        "ModelNotFoundError 5007 20012 model_deprecated resource_not_found_error "
        "model_archived model_does_not_exist InvalidEndpoint.NotFound UnknownModel 30003 "
        "deployment_not_found model_unavailable ModelNotSupported",
        code_like=r"model_?(?:not_?(?:found|exist|available)|deprecated|decommissioned|retired)|(?:unknown"
        r"|invalid)_?model",
        says=(
            r"(?:models?|deployment|endpoint)\b.{0,160}?(?:does not exist|do not exist|not exist"
            r"|not found|is not found|isn.t found|could not be found|was not found|no longer "
            r"(?:available|exists|supported)|has been (?:deprecated|decommissioned|removed|retired"
            r"|shut down|deactivated|disabled|discontinued|sunset|archived)|was removed|is not "
            r"(?:a valid|available|supported|deployed|served|recognized)|not available|is unavailable"
            r"|unavailable|is deprecated|has reached its end|end.of.life)",
            r"(?:no such|unknown|invalid|unrecognized|unsupported|not a valid) model",
            r"not a valid model",
            r"\bmodel: \S{1,100}\s*$",
            r"no endpoints found",
            r"no available (?:model )?provider",
            r"(?:could not|cannot|can.t|unable to) (?:find|resolve|access) (?:\w+[- ]){0,3}model",
            r"invalid model",
            r"not found for account",
            r"is not served by",
            r"requested model",
            r"function .{0,60}not found for",
            r"模型.{0,12}(?:不存在|未找到|已下线|无效|不可用)",
            r"(?:不存在|未知|无效)的?模型",
            r"找不到.{0,6}模型",
        ),
        unless=(
            r"(?:does|do) not support",
            r"not support(?:ed|s)? .{0,30}(?:parameter|tool|image|modality|input|feature)",
            r"parameter",
            r"tool_call",
            r"tool call",
            r"file",
            r"image",
            r"session",
            r"with this model",
            r"by this model",
            r"temperature",
            r"for this model",
            r"in this model",
            r"tool ?use",
            r"support for",
            r"temporarily",
            r"currently unavailable",
            r"try again",
            r"retry",
            r"later",
            r"heal",
        ),
    ),
)

REQUEST: Final[tuple[Rule, ...]] = (
    Rule(
        "bare 422",
        "unsupported",
        "Mistral: 422 without a body follows an unknown parameter",
        statuses=(422,),
        provider=r"mistral",
        says=(r"no body",),
    ),
    Rule(
        "mistral empty 422",
        "unsupported",
        "Mistral and one-api: 422 for unknown parameters",
        statuses=(422,),
        codes="extra_forbidden bad_response_status_code",
        says=(r"extra inputs are not permitted",),
    ),
    Rule(
        "template or grammar",
        "unsupported",
        "llama.cpp and LM Studio: chat templates and grammars",
        says=(
            r"(?:chat|prompt|jinja|for this) template",
            r"parsing grammar",
            r"parse grammar",
            r"grammar .{0,30}(?:invalid|error|failed)",
            r"error rendering prompt",
            r"generate parser",
        ),
    ),
    Rule(
        "order of messages",
        "invalid_request",
        "message rules of Anthropic, OpenAI, Bedrock, Mistral",
        codes="3230 3240 invalid_request_message_order missing_required_parameter "
        "INVALID_REQUEST_BODY invalid_type MissingParameter invalid_message_role",
        says=(
            r"tool_?(?:call|use|result)\w*.{0,80}(?:missing|must|without|not found|no matching"
            r"|no corresponding|unexpected|ids? (?:were|was)|did not have|exceeds|duplicate)",
            r"roles? must alternate",
            r"custom tool call output",
            r"(?:messages?|content|text).{0,60}(?:must|should) (?:have|be|contain|not be|end"
            r"|start)\b(?!.{0,30}model)",
            r"blocks? at messages\.",
            r"must be (?:set|unique|provided|specified|a |an |one of|greater|less|between|positive)",
            r"(?:reasoning_content|thinking).{0,40}(?:missing|must be passed|must start)",
            r"missing reasoning_content",
            r"expected (?:role|last role|a user|an? )",
            r"not enough values",
            r"failed to (?:parse|deserialize)",
            r"could not parse",
            r"cannot parse",
            r"unable to parse",
            r"invalid json",
            r"json parse",
            r"malformed",
            r"could not process (?:image|input)",
            r"unable to process input image",
            r"invalid image",
            r"image (?:data|url|dimensions|exceeds)",
            r"less than the minimum",
            r"greater than the maximum",
            r"range is from",
            r"supported range",
            r"out of range",
            r"decimal_",
            r"temperature value",
            r"missing required",
            r"required (?:parameter|property|field)",
            r"is required",
            r"field required",
            r"missing field",
            r"invalid schema",
            r"schema .{0,40}(?:invalid|not valid)",
            r"invalid .?(?:function|tool|parameters)",
            r"(?:invalid|duplicate|empty) (?:\w+ )?(?:tool|messages?|content|role|function)",
            r"参数.{0,8}(?:错误|有误|不合法|无效|非法|缺失)",
            r"请求(?:体)?格式",
            r"不能为空",
        ),
        unless=(
            r"model (?:does|is|do)",
            r"not support",
            r"unsupported",
            r"isn.t support",
            r"stream",
            r"connect",
            r"certificate",
            r"server error",
            r"response",
            r"timed? ?out",
            r"api[- ]?key",
            r"token (?:is|in)",
            r"less than \d+ tokens",
        ),
    ),
    Rule(
        "cannot do that",
        "unsupported",
        "capability replies of all providers",
        codes="unsupported_parameter unsupported_value extra_forbidden unknown_parameter "
        "unsupported_model UnsupportedParamsError UnsupportedOperation unsupported_feature "
        "feature_not_supported unimplemented not_implemented UnsupportedFunctionalityError "
        "AI_UnsupportedFunctionalityError unsupported_content_type UnsupportedOpenAIOperation "
        "unrecognized_parameter",
        code_like=r"unsupported|not_?supported|extra_forbidden|not_?implemented",
        says=(
            r"(?:does|do|did)(?: not|n.t) support",
            r"(?:is|are)(?: not|n.t) (?:currently )?supported",
            r"not supported\b",
            r"\bunsupported\b",
            r"\bunrecognized (?:request )?(?:argument|parameter|field|chat)",
            r"(?:unknown|unexpected|unrecognized) (?:parameter|field|argument|keyword|name)",
            r"unknown name .{0,60}cannot find field",
            r"extra inputs are not permitted",
            r"extra fields? not permitted",
            r"is mandatory",
            r"cannot be (?:disabled|enabled|turned off)",
            r"supports? (?:at most|up to|only)",
            r"is not enabled for",
            r"is not available (?:on|for|with) this",
            r"cannot be used (?:with|on|for)",
            r"incompatible",
            r"not (?:a multimodal|multimodal|capable)",
            r"cannot (?:read|accept|process|handle) .{0,20}(?:image|audio|pdf|video|file)s?",
            r"requires --\S",
            r"--jinja",
            r"enable-auto-tool-choice",
            r"text is not set",
            r"(?:no|without) support for",
            r"max(?:_completion|_output|imum)?_?.?tokens.{0,40}(?:too large|exceed|at most|must be"
            r"|should be|limit)",
            r"only (?:supports?|accepts?|works)",
            r"only .{0,20}(?:is|are) allowed",
            r"not implemented",
            r"temperature\W.{0,40}(?:deprecated|only)",
            r"does not match any of the expected tags",
            r"input tag",
            r"不支持",
        ),
        unless=(
            r"content policy",
            r"certificate",
            r"tls",
            r"ssl",
            r"protocol version",
        ),
    ),
)
