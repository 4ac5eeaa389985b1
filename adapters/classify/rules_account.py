"""Money, allowances, capacity, keys and rights, in whatever words."""

from __future__ import annotations

from typing import Final

from .rule import ALWAYS, Rule
from .sources import ONE_API, OPENROUTER_DOC

QUOTA: Final[tuple[Rule, ...]] = (
    Rule(
        "hourly credit",
        "quota_exhausted",
        "subscription windows",
        windowed=True,
        codes="usage_limit_reached usage_limit_exceeded user_weekly_rate_limited "
        "weekly_limit_reached quota_exceeded daily_limit_exceeded UserByModelByDay "
        "daily_quota_exceeded tokens_per_day session_limit_reached",
        code_like=r"(?:daily|weekly|monthly)_?(?:quota|limit|rate|usage)|per_?day\b",
        says=(
            r"usage limit (?:has been |was )?(?:reached|exceeded|hit)",
            r"(?:daily|weekly|monthly|hourly|5[- ]hour|per[- ]day)\b.{0,30}(?:quota|limit|allocation"
            r"|allowance|usage|credits?)\b",
            r"(?:quota|limit|allocation|credits?|rate) .{0,30}\b(?:per[ -](?:day|week|month)|for "
            r"(?:today|this (?:week|month|billing)))",
            r"\b(?:RPD|TPD)\b",
            r"(?:tokens|requests|calls|messages) per (?:day|week|month)",
            r"calls? ?/ ?month",
            r"per 86400 ?s",
            r"reached your (?:\w+ ){0,3}(?:usage )?limit",
            r"hit your (?:\w+ ){0,3}usage limit",
            r"limit for (?:this|the) (?:billing|current) (?:cycle|period)",
            r"premium request allowance",
            r"free-models-per-day",
            r"usage cap",
            r"hit the .{0,20} cap\b",
            r"exceeded .{0,20}premium (?:request|interaction)",
            r"free plan .{0,30}limit",
            r"(?:每日|今日|当日|每天|每周|每月|本周|本月|小时).{0,12}(?:限额|上限|额度|配额|次数|限制)",
            r"使用(?:量)?(?:已)?(?:达到?)?上限",
            r"用量(?:已)?(?:达到?)?上限",
            r"套餐.{0,8}(?:用尽|用完|耗尽|上限)",
        ),
        unless=(
            r"per minute",
            r"\bRPM\b",
            r"\bTPM\b",
        ),
    ),
    Rule(
        "billing",
        "quota_exhausted",
        "billing replies of OpenAI, DeepSeek, Kimi, xAI, Together, Fireworks, OpenRouter, Ark, one-api",
        believed_from_s=ALWAYS,
        codes="insufficient_quota billing_hard_limit_reached billing_not_active "
        "exceeded_current_quota_error insufficient_user_quota pre_consume_token_quota_failed "
        "budget_exceeded BudgetExceededError billing_error insufficient_balance "
        "insufficient_credits InsufficientBalance AccountOverdueError AccountOverdue "
        "SetLimitExceeded credit_limit payment_required deactivated_workspace "
        "blocked_api_access ServiceQuotaExceededException insufficient_funds "
        "credits_exhausted spend_limit_exceeded account_overdue insufficient_token_quota "
        "credit_balance_too_low free_tier_exhausted billing_limit_user_error arrearage "
        "usage_credits_exhausted",
        code_like=r"insufficient_?(?:\w+_?)?(?:quota|balance|credit|fund)|billing|overdue|out_of_credits?"
        r"|no_credits",
        says=(
            r"(?:insufficient|not enough|exhausted|negative|low|out of|no|used all|all|remaining"
            r"|exceeded|depleted|zero) (?:\w+ ){0,3}(?:balance|credits?|funds|budget)\b",
            r"(?:balance|credits?|funds|budget)\b.{0,30}(?:insufficient|exhausted|not enough|too low"
            r"|depleted|exceeded|run out|used up|is negative|expired|has been reached)",
            r"used up .{0,40}(?:allocation|quota|credit)",
            r"run out of (?:\w+ ){0,2}(?:credits?|funds|balance|tokens)",
            r"past due",
            r"overdue",
            r"arrears",
            r"delinquent",
            r"unpaid (?:invoice|balance)",
            r"(?:spend(?:ing)?|billing|key|credit|hard|budget) (?:hard )?(?:limit|cap|alert)\b.{0,20}"
            r"(?:reached|exceeded|hit)?",
            r"can only afford",
            r"requires more credits",
            r"(?:any|enough|sufficient|no) (?:\w+ )?credits",
            r"(?:set|your) inference limit",
            r"model service has been paused",
            r"quota (?:limit )?(?:has been |was |is )?(?:exceeded|reached|exhausted)(?! for)",
            r"(?:add|purchase|buy|top up|recharge|requires?) (?:\w+ ){0,3}(?:credits?|funds|balance)",
            r"please (?:recharge|top up)",
            r"top up your",
            r"payment (?:required|method|is required|failed)",
            r"billing (?:details|is not active|issue|problem|disabled|hard)",
            r"exceeded your current quota",
            r"exceeded your (?:\w+ )?(?:included|monthly)",
            r"account .{0,30}suspended.{0,60}(?:balance|billing|payment|invoice|limit)",
            r"suspended .{0,80}(?:spending limit|unpaid|past invoices)",
            r"(?:quota|trial) (?:has |is )?(?:been )?(?:exhausted|used up|expired|ended|over)",
            r"subscription (?:has )?(?:expired|ended|is not active|inactive|required|canceled" r"|cancelled)",
            r"余额(?:不足|已用|为零)",
            r"欠费",
            r"充值",
            r"额度.{0,8}(?:不足|用尽|用完|耗尽)",
            r"配额.{0,8}(?:不足|用尽|用完|耗尽|超)",
            r"资源包.{0,8}(?:用尽|不足|过期)",
            r"已?到期",
            r"预扣费",
            r"账单",
        ),
        unless=(
            r"per minute",
            r"requests per min\b",
            r"too many requests sent",
            r"\bRPM\b",
            r"service unavailable for account",
        ),
    ),
)

CAPACITY: Final[tuple[Rule, ...]] = (
    Rule(
        "model does not fit",
        "unsupported",
        "Ollama and LM Studio: the machine is too small for the model",
        says=(
            r"requires more (?:system |gpu )?memory",
            r"model (?:requires|needs) more .{0,30}memory",
            r"insufficient (?:system |gpu )?(?:memory|resources)",
            r"loading guardrails",
        ),
    ),
    Rule(
        "model does not load",
        "server_error",
        "Ollama and LM Studio: loading failed",
        retry_same=False,
        says=(
            r"unable to load (?:full )?model",
            r"(?:error|failed) (?:while )?loading (?:the )?model",
            r"failed to load (?:the )?model",
        ),
    ),
    Rule(
        "cloudflare page",
        "permission",
        "Cloudflare docs, Challenges",
        codes="shape:challenge",
        statuses=(403, 503, 429),
    ),
    Rule(
        "cloudflare denied",
        "permission",
        "Cloudflare docs, 1xxx errors",
        says=(
            r"sorry, you have been blocked",
            r"error 10(?:06|07|08|09|10|20)\b",
            r"used cloudflare to restrict access",
            r"error code: 10(?:06|07|08|09|10|20)",
        ),
    ),
    Rule(
        "gateway has no channel",
        "permission",
        ONE_API,
        says=(
            r"无可用渠道",
            r"no available channels?",
        ),
        codes="no_available_channel",
    ),
    Rule(
        "capacity",
        "overloaded",
        "overload replies of Anthropic, OpenAI, Kimi, Mistral, Groq, Ark, HF, Codex, NIM, vLLM",
        codes="overloaded_error engine_overloaded_error engine_overloaded "
        "service_tier_capacity_exceeded 3505 capacity_exceeded ServerOverloaded "
        "server_overloaded over_capacity overloaded ModelNotReadyException slow_down "
        "model_overloaded NoCapacity queue_exceeded 50505 server_is_overloaded "
        "model_capacity_exceeded model_at_capacity ServiceUnavailableException "
        "insufficient_capacity model_loading ModelOverloaded server_busy InsufficientCapacity",
        code_like=r"overload|capacity_?(?:exceeded|exhausted|reached|error)|(?:no|insufficient"
        r"|out_of)_capacity|too_busy",
        says=(
            r"\boverloaded\b",
            r"\boverload\b",
            r"(?:at|over|out of|insufficient|no|reached) (?:\w+ ){0,2}capacity",
            r"capacity .{0,40}(?:exceeded|reached|exhausted|unavailable|constraint)",
            r"high (?:traffic|load|volume)",
            r"(?:experiencing|due to|of) (?:a )?(?:high|heavy|unusually high|increased) (?:\w+ )?"
            r"(?:demand|traffic|load|volume)",
            r"(?:server|model|service|system|engine|worker)s? (?:is |are )?(?:currently "
            r"|temporarily )?(?:too |very )?busy",
            r"too busy",
            r"heavy load",
            r"peak (?:load|hours)",
            r"is currently loading",
            r"loading model",
            r"model is loading",
            r"model is (?:still )?(?:warming|starting)",
            r"model is not ready",
            r"maximum pending requests",
            r"no (?:healthy |available )?(?:instances?|workers?|servers?|replicas?|deployments?) "
            r"(?:are |is )?available",
            r"no instances",
            r"no healthy upstream",
            r"worker local total request limit",
            r"(?:^|\W)degraded function",
            r"queue (?:is )?full",
            r"queue limit",
            r"temporarily unable to handle",
            r"no deployments available",
            r"no healthy deployment",
            r"cold start",
            r"访问量(?:过大|过高)",
            r"负载(?:已)?(?:饱和|过高|过大)",
            r"(?:服务|系统|模型|服务器)(?:器)?(?:当前)?(?:繁忙|过载|拥挤|忙)",
            r"排队",
            r"资源不足",
            r"高峰",
        ),
        unless=(
            r"context",
            r"high demand for .{0,80}limited to",
            r"capacity on this model",
            r"余额",
            r"rate limit reached",
        ),
    ),
)

RATE: Final[tuple[Rule, ...]] = (
    Rule(
        "azure false day",
        "rate_limit",
        "Azure OpenAI: 'retry after 86400 seconds' on token limits",
        provider=r"azure",
        believed_from_s=ALWAYS,
        says=(r"retry after 86400 seconds",),
    ),
    Rule(
        "cloudflare 1015",
        "rate_limit",
        "Cloudflare docs, error 1015",
        says=(
            r"error (?:code: )?1015",
            r"you are being rate limited",
        ),
    ),
    Rule(
        "rate",
        "rate_limit",
        "rate replies of all OpenAI-like APIs, Anthropic, Bedrock, Copilot, Kimi, GitHub Models",
        codes="rate_limit_exceeded rate_limited RateLimitReached rate_limit_reached_error 1300 "
        "request_quota_exceeded token_quota_exceeded too_many_requests_error "
        "too_many_requests ThrottlingException TooManyRequestsException RequestLimitExceeded "
        "UserByModelByMinute UserConcurrentRequests user_global_rate_limited "
        "RateLimitExceeded limit_burst_rate QPSExceeded",
        code_like=r"rate_?limit_?(?:exceeded|reached)|rpmexceeded|tpmexceeded|ratelimitexceeded|rpmratelimit"
        r"|tpmratelimit|global_rate_limited",
        says=(
            r"rate[- ]?limit(?:s|ed|ing)?\b(?! (?:error )?(?:docs|header))",
            r"too many (?:concurrent )?(?:requests|connections|tokens|calls)",
            r"too quickly",
            r"too frequent",
            r"slow down",
            r"(?:requests?|tokens?|calls?|queries) (?:per|/) ?(?:minute|min|second|sec)\b",
            r"\b(?:RPM|TPM|RPS|QPS|QPM)\b",
            r"calls? ?/ ?min",
            r"concurren\w+ .{0,60}(?:limit|exceed|reached)",
            r"(?:limit|max)\w* .{0,30}concurren",
            r"exceeded (?:the |your )?(?:account )?quotas? for",
            r"account quotas",
            r"quota exceeded for",
            r"cooling down",
            r"cooldown",
            r"cool-down",
            r"throttl(?:ed|ing)",
            r"parallel request limit",
            r"free-models-per-min",
            r"burst",
            r"请求(?:过于|太|太过)?频繁",
            r"频率(?:限制|过高|超)",
            r"速率限制",
            r"限流",
            r"限速",
            r"并发(?:数)?.{0,6}(?:超|过高|限制|上限)",
            r"控制请求",
            r"请求数?过多",
            r"次数过多",
            r"流控",
        ),
        unless=(r"invalid (?:parameter|value)",),
    ),
)

KEYS: Final[tuple[Rule, ...]] = (
    Rule(
        "key",
        "auth",
        "credential replies of all providers",
        codes="invalid_api_key incorrect_api_key_error invalid_authentication_error "
        "authentication_error AuthenticationError InvalidApiKey wrong_api_key token_expired "
        "token_invalidated token_revoked refresh_token_reused refresh_token_expired "
        "invalid_grant invalid_token account_deactivated expired_token invalid_iam_token "
        "access_terminated invalid_client no_api_key missing_api_key app_session_terminated "
        "expired_api_key invalid_credentials bad_credentials api_key_disabled "
        "disabled_api_key InvalidSubscriptionKey invalid_organization",
        code_like=r"(?:invalid|incorrect|wrong|missing|expired|revoked|disabled|unknown)_?(?:api_?key|token"
        r"|credential)|authentication_?(?:failed|error)|(?:api_?key|token)_?(?:invalid|expired"
        r"|revoked|missing|disabled)",
        says=(
            r"(?:invalid|incorrect|wrong|missing|expired|revoked|malformed|unknown|bad|disabled"
            r"|unrecognized) (?:\w+ ){0,2}(?:x-)?(?:api[- _]?keys?|access[- ]?tokens?|auth\w* token"
            r"|bearer|credentials?|auth(?:entication|orization)?(?: header)?|subscription key"
            r"|iam token|token|token|key provided|username|proxy token)\b",
            r"(?:api[- ]?key|token|credentials?|subscription key|authentication)\W.{0,60}?(?:(?:is|was"
            r"|are|has been|appears to be|may have|be) )?(?:invalid|expired|revoked|disabled"
            r"|deactivated|missing|incorrect|not (?:valid|found|set|provided|configured|exist)"
            r"|required|leaked|malformed|deleted|fails?\b)",
            r"\bno (?:valid )?(?:api[- ]?keys?|access token|auth\w*|credentials?)\b",
            r"authentication (?:fail\w*|error|required|is required|token)",
            r"failed to authenticate",
            r"not authenticated",
            r"unauthenticated",
            r"^\W*unauthorized\W*$",
            r"unauthorized:",
            r"401 unauthorized",
            r": unauthorized",
            r"didn.t provide an api key",
            r"provide (?:an|a valid) api key",
            r"no api key",
            r"no (?:cookie )?auth credentials",
            r"no auth\w* (?:header|token)",
            r"missing auth",
            r"user not found",
            r"log(?:ging)? ?in again",
            r"re-?authenticate",
            r"sign(?:ing)? in again",
            r"login (?:required|expired)",
            r"please (?:run /)?log ?in",
            r"account (?:has been|is|was) (?:deactivated|deleted)",
            r"could not validate credentials",
            r"credentials? (?:could not|cannot) be",
            r"virtual key expected",
            r"api key .{0,20}not found",
            r"session token",
            r"(?:session|login) (?:has )?expired",
            r"(?:密钥|令牌|秘钥|api ?key|token).{0,8}(?:无效|错误|过期|不正确|不存在|已禁用|失效|未提供)",
            r"无效的(?:令牌|密钥|api)",
            r"未提供(?:令牌|密钥)",
            r"鉴权失败",
            r"认证失败",
            r"身份验证",
            r"未授权",
            r"未登录",
            r"登录(?:已)?(?:过期|失效)",
        ),
        unless=(
            r"max_tokens",
            r"not (?:allowed|permitted) to (?:access|use)",
            r"model .{0,40}not found",
        ),
    ),
)

RIGHTS: Final[tuple[Rule, ...]] = (
    Rule(
        "codex plan",
        "permission",
        "OpenAI Codex: models bound to API accounts",
        says=(r"when using codex with a chatgpt account",),
    ),
    Rule(
        "no endpoint by policy",
        "permission",
        OPENROUTER_DOC,
        says=(
            r"data policy",
            r"privacy settings",
            r"no allowed providers",
            r"guardrail restrictions",
        ),
    ),
    Rule(
        "denied",
        "permission",
        "access replies of OpenAI, Azure, Groq, GitHub, LiteLLM, Ark, Workers AI, Z.ai",
        codes="unsupported_country_region_territory ip_not_authorized organization_restricted "
        "model_terms_required model_permission_blocked_org model_permission_blocked_project "
        "key_model_access_denied team_model_access_denied ModelNotOpen feature_flag_blocked "
        "3023 5016 usage_not_included OptInRequired permission_denied_error "
        "SpecialFeatureOrQuotaIdRequired no_access insufficient_permissions permission_error "
        "project_not_found access_terminated_error OperationDenied mismatched_organization "
        "model_not_open verification_required plan_not_supported model_access_denied "
        "AccessDeniedException terms_required",
        code_like=r"(?:access|permission)_?(?:denied|blocked)|not_?(?:allowed|authorized|entitled)$|region_?"
        r"(?:blocked|not_?supported)",
        says=(
            r"(?:do|does) not have (?:permission|access(?! to it))",
            r"(?:no|insufficient|missing|lacks?|without|have) (?:\w+ )?(?:permissions?|privileges?"
            r"|scopes?)\b",
            r"(?:is |are )?not (?:allowed|permitted|authorized|entitled|eligible|enabled) (?:to|for)\b",
            r"organization must be verified",
            r"verify organization",
            r"(?:country|region|territory)\W.{0,30}not supported",
            r"not (?:available|supported) in (?:your|this) (?:country|region)",
            r"plan (?:does|do) not include",
            r"not (?:included|available) (?:in|on|with|for|under) (?:your|the current|this"
            r"|current)? ?\w* ?(?:plan|subscription|tier|account)",
            r"not available for integrator",
            r"plan not support",
            r"plan (?:does not|doesn.t) support",
            r"(?:upgrade|subscribe) (?:to|your plan).{0,60}(?:access|use)",
            r"to use .{0,40}(?:upgrade|subscribe)",
            r"requires? (?:a |an )?(?:\w+ ){0,3}(?:subscription|plan)\b",
            r"access (?:is |was |has been )?(?:denied|forbidden|restricted|terminated)",
            r"permission denied",
            r"access to (?:this|the|that) (?:\w+ ){0,2}(?:is |has been )?(?:denied|forbidden"
            r"|restricted|not allowed)",
            r"virtual network",
            r"firewall",
            r"(?:account|user|organization) (?:\w+ )?(?:has been|is) (?:locked|banned|suspended"
            r"|restricted|blocked|disabled|terminated)",
            r"terms? (?:acceptance|of service must|must be accepted)",
            r"accept the .{0,30}(?:terms|license|agreement)",
            r"gated (?:repo|model)",
            r"only available (?:for|to|in|on|through|via)\b",
            r"not open(?:ed)?\b.{0,20}model",
            r"has not activated the model",
            r"access to model .{0,40}denied",
            r"service unavailable for account",
            r"no permission",
            r"authorization failed",
            r"is restricted",
            r"your (?:ip|request) (?:address )?(?:is|was|has been) (?:not allowed|blocked|denied)",
            r"trust",
            r"abuse detected",
            r"violation of terms",
            r"封禁",
            r"锁定",
            r"无权",
            r"没有权限",
            r"权限不足",
            r"禁止访问",
            r"未开通",
            r"未购买",
            r"不允许",
            r"没有.{0,8}权限",
            r"账户.{0,4}异常",
            r"无.{0,8}访问权限",
            r"拒绝访问",
        ),
        unless=(
            r"untrusted",
            r"extra inputs are",
            r"does not exist or",
            r"certificate",
            r"tls",
            r"ssl",
            r"not found",
            r"parameter",
            r"field",
        ),
    ),
)
