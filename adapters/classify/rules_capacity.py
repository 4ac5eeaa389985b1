"""How much there is: money and allowances, capacity, and rates."""

from __future__ import annotations

from typing import Final

from .rule import ALWAYS, Rule
from .sources import ONE_API, OPENAI_DOC

QUOTA: Final[tuple[Rule, ...]] = (
    Rule(
        "window spent",
        "quota_exhausted",
        "subscription windows",
        windowed=True,
        codes="usage_limit_reached usage_limit_exceeded user_weekly_rate_limited "
        "weekly_limit_reached quota_exceeded QuotaExceeded daily_limit_exceeded UserByModelByDay "
        "daily_quota_exceeded tokens_per_day session_limit_reached",
        code_like=r"(?:daily|weekly|monthly)_?(?:quota|limit|rate|usage)|per_?day\b|usage[-_]exhausted|usage_?limit_?error",
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
            r"\b\d+[- ]?(?:days?|d|hours?|hr?) (?:\w+ ){0,2}limit",
            r"usage window\b",
            r"exceeded its usage limit",
            r"rolling \d+[- ](?:day|hour) window",
            r"used all (?:\w+ ){0,3}free usage",
            r"limit for (?:this|the) (?:billing|current) (?:cycle|period)",
            r"premium request allowance",
            r"free-models-per-day",
            r"(?:usage|inference) cap\b",
            r"free usage limit",
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
        code_like=r"exceeded\w*budget|budget_?exceed|insufficient_?(?:\w+_?)?(?:quota|balance|credit|fund)|billing|overdue|arrear|out_of_credits?"
        r"|no_credits|(?:quota|balance|credits?)_?not_?enough|not_?enough_?(?:quota|balance|credit)"
        r"|(?:pack|package|pkg|charge_?resource|credits?|balance|allowance|free_?(?:tier|quota))_?exhaust",
        says=(
            r"(?:insufficient|not enough|exhausted|negative|low|out of|no|any|used all|all|remaining"
            r"|exceeded|depleted|zero|over) (?:\w+ ){0,3}(?:balance|credits?|funds|budget)\b",
            r"(?:insufficient|not enough|out of|no|any) (?:\w+ ){0,3}quota\b",
            r"max budget",
            r"exhausted (?:\w+ ){1,4}quota",
            r"plans? (?:&|and) billing",
            r"no available package",
            r"quota\b.{0,20}(?:insufficient|not enough)",
            r"(?:allowance|resource pack|package|free (?:tier|trial|quota|usage|time)|trial)\b.{0,40}"
            r"(?:exhaust|used up|exceed|expired|ended|limit reached)",
            r"inactive subscription",
            r"(?:no|not have|without) (?:a |an )?(?:valid|active) (?:\w+ ){0,2}subscription",
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
            r"(?:资源包|套餐|额度|配额|余额|点数|积分|试用).{0,10}(?:不足|用尽|用完|耗尽|过期|到期|已超)",
            r"欠费",
            r"充值",
            r"配额.{0,8}超",
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
            r"payment required\W{1,3}rate[- ]limit",
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
            r"too large to be loaded",
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
            r"failed to load (?:the )?model\b",
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
    Rule("slow down", "overloaded", OPENAI_DOC + ": 503 Slow Down", statuses=(503,), says=(r"slow down",)),
    Rule(
        "capacity",
        "overloaded",
        "overload replies of Anthropic, OpenAI, Kimi, Mistral, Groq, Ark, HF, Codex, NIM, vLLM",
        codes="overloaded_error engine_overloaded_error engine_overloaded "
        "service_tier_capacity_exceeded 3505 capacity_exceeded ServerOverloaded "
        "server_overloaded over_capacity overloaded ModelNotReadyException slow_down "
        "model_overloaded NoCapacity queue_exceeded 50505 server_is_overloaded "
        "model_capacity_exceeded model_at_capacity ServiceUnavailableException "
        "insufficient_capacity model_loading ModelOverloaded server_busy InsufficientCapacity "
        "insufficient_system_resource shape:starved auth_unavailable",
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
            r"^\W*loading\W*$",
            r"loading model",
            r"(?:model|server|service|endpoint|instance|deployment)\b.{0,60} is (?:still |currently )?(?:loading"
            r"|starting|warming|booting|initiali[sz]ing|scaling)",
            r"not ready\b",
            r"ring-balancer",
            r"maximum pending requests",
            r"no (?:healthy |available )?(?:instances?|workers?|servers?|replicas?|deployments?) "
            r"(?:are |is )?available",
            r"no instances",
            r"no healthy upstream",
            r"worker local total request limit",
            r"(?:^|\W)degraded function",
            r"queue (?:is )?full",
            r"queue limit",
            r"(?:temporarily|currently) unable to",
            r"no deployments available",
            r"no healthy deployment",
            r"cold start",
            r"访问量(?:过大|过高)",
            r"负载(?:已)?(?:饱和|过高|过大)",
            r"(?:服务|系统|模型|服务器)(?:器)?(?:当前)?忙",
            r"繁忙|过载|拥挤|拥堵|算力",
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
        code_like=r"rate_?limit_?(?:exceeded|reached)|(?:rpm|tpm|qps|rps)_?(?:rate|limit|exceed)|global_rate_limited"
        r"|burst_?(?:rate|too)|^request_?limit_?exceeded|inflight",
        says=(
            r"rate[- ]?limit(?:s|ed|ing)?\b(?! (?:error )?(?:docs|header))",
            r"too many (?:concurrent )?(?:requests|connections|tokens|calls)",
            r"per[- ](?:minute|second) (?:\w+ ){0,2}limit",
            r"too quickly",
            r"too frequent",
            r"slow down",
            r"(?:requests?|tokens?|calls?|queries) (?:per|/) ?(?:minute|min|second|sec)\b",
            r"\b(?:RPM|TPM|RPS|QPS|QPM)\b",
            r"(?:requests?|tokens?|calls?|queries) ?/ ?(?:min|m|s|sec|second|minute)\b",
            r"(?:requests?|calls?) .{0,20}too (?:fast|often)",
            r"request rate",
            r"concurren\w+ .{0,60}(?:limit|exceed|reached)",
            r"(?:limit|max)\w* .{0,30}concurren",
            r"exceeded (?:the |your )?(?:account )?quotas? for",
            r"account quotas",
            r"quota exceeded for",
            r"resource (?:has been )?exhausted",
            r"organization usage limit.{0,20}try again",
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
            r"限流|限频",
            r"限速",
            r"并发(?:数)?.{0,6}(?:超|过高|限制|上限)",
            r"控制请求",
            r"请求(?:数|量|次数)?(?:过多|太多|限制|过大|超限)",
            r"次数过多",
            r"调用(?:频率|过于频繁|超限|过快)",
            r"每分钟",
            r"流控",
        ),
        unless=(r"invalid (?:parameter|value)", r"max[_ ]tokens must be"),
    ),
)
