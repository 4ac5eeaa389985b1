"""What the model is for this request: not able to, or not there at all."""

from __future__ import annotations

from typing import Final

from .rule import Rule
from .sources import COPILOT, GROQ_DOC, OPENROUTER_DOC

TOOL_CALL: Final = Rule(
    "groq tool call",
    "server_error",
    GROQ_DOC + "; sampling fault of the model",
    codes="tool_use_failed json_validate_failed output_parse_failed",
    says=(
        r"tool call validation failed",
        r"failed to generate json",
        r"did not call a tool",
        r"malformed (?:json )?(?:function call|tool|arguments)",
        r"incomplete tool call",
        r"no object generated",
        r"interpret tool use",
        r"model produced invalid content",
    ),
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
            r"(?:operation|endpoint|method|api)\b.{0,30}(?:does not|doesn.t|cannot) work with",
        ),
    ),
    Rule(
        "parameter nobody knows",
        "unsupported",
        "Gemini, Mistral, Fireworks, OpenAI: a parameter that other providers take",
        codes="extra_forbidden unknown_parameter unrecognized_parameter",
        says=(
            r"unknown name .{0,80}cannot (?:find|bind)",
            r"(?:unknown|unrecognized|unexpected|extra) (?:request )?"
            r"(?:parameter|field|argument|keyword|input|name)s?\b",
            r"extra (?:inputs|fields?) (?:are |is )?not permitted",
            r"extraneous key",
        ),
        unless=(r"unexpected (?:token|end)",),
    ),
    Rule(
        "kind of content",
        "unsupported",
        "DeepSeek, OpenAI: text-only models",
        says=(
            r"(?:function calling|tool use|thinking|instruction|image input|audio"
            r"|json mode|penalty|logprobs) is not enabled",
            r"thinking may not be enabled when",
            r"compiled grammar is too large",
            r"content must be a (?:valid )?string",
            r"is not one of \[?.{0,3}(?:system|user|assistant)",
            r"unknown variant\b",
            r"invalid type: \w+, expected a string",
            r"untagged enum \w*content",
            r"content (?:blocks?|parts?|types?) .{0,20}expected",
            r"(?:image|audio|video|file|document)(?:_url|s| input)? (?:content )?(?:is|are) not "
            r"(?:supported|allowed)",
            r"at most \d+ (?:image|file|video|audio)",
        ),
    ),
)
"""What the model or the endpoint cannot do, though the reply may speak of a 404 or of rights."""

OUTPUT: Final[tuple[Rule, ...]] = (
    Rule(
        "range of a value",
        "invalid_request",
        "DeepSeek, Qianfan, vLLM, Perplexity: max_tokens out of the range that is open to any request",
        says=(
            r"(?:valid )?range (?:of|for)? ?\S{0,40} ?(?:is|should be|must be)\W{0,3}\[?\d",
            r"must be (?:at least|no less than|positive|a positive|non-negative|> ?=? ?\d|greater than)",
            r"(?:above|below|greater than|less than|over|under) (?:the )?m(?:ax|in)imum value",
        ),
        code_like=r"_(?:above|below)_m(?:ax|in)_|out_of_range",
        unless=(r"sequence|context|input length|prompt",),
    ),
    Rule(
        "output cap",
        "unsupported",
        "OpenAI, Anthropic, Groq, Bedrock: more output asked for than this model gives; another may",
        says=(
            r"max(?:_completion|_output|_new|imum)?_?.?tokens\W.{0,60}(?:too large|too high|exceed|at most|<=|<|limit"
            r"|less than|larger than|maximum)",
            r"supports? (?:at most|up to|a maximum of) \d+ (?:completion|output) tokens",
            r"maximum (?:allowed )?(?:number of )?output tokens",
            r"exceeded the \d+ output token maximum",
            r"maximum tokens you requested exceed",
        ),
    ),
)
"""How many tokens a reply may have."""

TURNS: Final = Rule(
    "order of turns",
    "invalid_request",
    "message rules of Anthropic, OpenAI, DeepSeek, Mistral, Perplexity, chat templates",
    says=(
        r"(?:must|should) (?:be )?(?:strictly )?alternat",
        r"successive (?:user|assistant)",
        r"last message .{0,60}must be",
        r"(?:unexpected|expected (?:last )?) ?role\b",
        r"after role\b",
        r"must be followed by tool",
        r"must be a response to a",
        r"not the same number of function",
        r"(?:did not find|no) .{0,20}tool.?(?:result|call|output)s?\b.{0,30}(?:block|found|for)",
        r"cannot be modified",
    ),
)
"""Asked before capabilities, for some providers say that they do not support such an order."""

_MODEL: Final = r"\b(?:models?|deployment|endpoint|(?:specified|requested) version)\b.{0,160}?"

_FEATURE: Final = (
    r"(?:does|do) not support",
    r"not support(?:ed|s)? .{0,30}(?:parameter|tool|image|modality|input|feature)",
    r"parameter",
    r"tool_call",
    r"tool call",
    r"files? (?:is|are|was|type|input|format)",
    r"images? (?:is|are|input|url|content|format)",
    r"session",
    r"with this model(?! group)",
    r"by this model",
    r"temperature",
    r"(?:supported|available|allowed|valid|enabled) for this model",
    r"in this model",
    r"tool ?use",
    r"support for",
)
"""Words of what a model cannot do; it exists."""

_ABSENT_UNLESS: Final = (*_FEATURE, r"temporarily", r"currently unavailable", r"try again", r"retry", r"later", r"heal")

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
        code_like=r"model_?(?:is_)?(?:not_?(?:found|exist|available)|deactivated|deprecated|decommissioned|retired)|(?:unknown"
        r"|invalid)_?model",
        says=(
            _MODEL + r"(?:do(?:es)? not exist|not exist|(?:is|was|be|isn.t)? ?not found|isn.t found|no longer "
            r"(?:available|exists|supported)|has been (?:deprecated|decommissioned|removed|retired"
            r"|shut down|deactivated|disabled|discontinued|sunset|archived)|was removed"
            r"|is not (?:a valid|deployed|served|recognized)|is deprecated|has reached its end|end.of.life)",
            r"(?:no such|unknown|invalid|illegal|unrecognized|unsupported|not a valid) model",
            r"not a valid model",
            r"(?m:^)\W*model: \S{1,100}\s*$",
            r"no .{0,12}model_name",
            r"not found the model",
            r"period for this model",
            r"not (?:a )?(?:known|supported|recogni[sz]ed) model",
            r"non-serverless model",
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
        unless=_FEATURE,
    ),
    Rule(
        "model not available",
        "model_not_found",
        "model replies of all providers; what is not available for the moment is none of them",
        says=(_MODEL + r"(?:is )?not (?:available|supported)",),
        unless=_ABSENT_UNLESS,
    ),
    Rule(
        "model unavailable",
        "model_not_found",
        "model replies of all providers; behind a status of 5xx the word speaks of the moment",
        says=(_MODEL + r"(?:is )?unavailable",),
        unless=_ABSENT_UNLESS,
        unless_statuses=range(500, 600),
    ),
)
