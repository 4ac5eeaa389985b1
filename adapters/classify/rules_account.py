"""Who asks: keys and rights."""

from __future__ import annotations

from typing import Final

from .rule import Rule
from .sources import OPENROUTER_DOC

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
        "disabled_api_key InvalidSubscriptionKey invalid_organization "
        # LiteLLM's proxy without a database knows its master key alone, and says so of any other.
        "no_db_connection",
        code_like=r"^auth_?fail|signature_?(?:failure|expire|mismatch)"
        r"|(?:invalid|incorrect|wrong|missing|expired|revoked|disabled|unknown)_?(?:api_?key|token"
        r"|credential)|authentication_?(?:failed|error)|(?:api_?key|token)_?(?:invalid|expired"
        r"|revoked|missing|disabled|deleted|deactivated)",
        says=(
            r"(?:invalid|incorrect|wrong|missing|expired|revoked|malformed|unknown|bad|disabled"
            r"|unrecognized) (?:\w+ ){0,2}(?:x-)?(?:api[-_ ]?keys?|access[- ]?tokens?|auth\w* token"
            r"|bearer|credentials?|auth(?:entication|orization)?(?: header)?|subscription key"
            r"|iam token|token|key provided|client secret|username|proxy token)\b",
            r"(?:api[-_ ]?key|token|credentials?|subscription key|authentication|authorization header)\W.{0,60}?"
            r"(?:(?:is|was|are|has been|appears to be|may have|be) )?(?:invalid|expired|revoked|disabled"
            r"|deactivated|missing|incorrect|not (?:valid|found|set|provided|configured|exist)"
            r"|required|must be (?:set|provided)|leaked|malformed|deleted|fails?\b)",
            r"\bno (?:valid )?(?:api[-_ ]?keys?|access token|auth\w*|credentials?)\b",
            r"authentication (?:fail\w*|error|required|is required|token)",
            r"(?:failed to|could not|unable to) authenticate",
            r"(?:failed to|could not) (?:extract|decode|parse|validate|refresh) .{0,30}\btoken\b",
            r"\baadsts\d",
            r"token refresh (?:failed|error)",
            r"(?:get|fetch|refresh)(?:ing)? (?:access )?token failed",
            r"(?:cannot|could not|failed to|unable to) (?:fetch|get|obtain|acquire|refresh) .{0,20}\btoken\b",
            r"not authenticated",
            r"not created with authentication",
            r"unauthenticated",
            r"^\W*unauthorized\W*$",
            r"unauthorized:",
            r"401 unauthorized",
            r": unauthorized(?! field)",
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
            r"unregistered callers",
            r"令牌状态|令牌.{0,6}不可用",
            r"member of an organization to use",
            r"(?:ak/sk|secret ?id|secret ?key|signature)\b.{0,40}(?:invalid|missing|expired|not match|incorrect)",
            r"key (?:is |was |has been )?(?:currently )?(?:blocked|disabled|suspended|inactive|revoked|deleted)",
            r"credentials? (?:could not|cannot) be",
            r"access token could not be",
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
            r"(?:do|does) not have access",
            r"unexpected token",
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
            r"providers have been ignored",
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
            r"plan (?:does|do)(?: not|n.t) (?:yet )?include",
            r"not (?:included|available) (?:in|on|with|for|under) (?:your|the current|this"
            r"|current)? ?\w* ?(?:plan|subscription|tier|account|team)",
            r"not available for integrator",
            r"not eligible",
            r"policy enablement",
            r"can only access",
            r"licen[cs]e .{0,20}(?:failed|invalid|expired|required)",
            r"authorized list",
            r"暂未开放|不在.{0,12}列表",
            r"plan not support",
            r"not support .{0,16}plan\b",
            r"plan (?:does not|doesn.t) support",
            r"(?:upgrade|subscribe) (?:to|your plan).{0,60}(?:access|use)",
            r"to use .{0,40}(?:upgrade|subscribe)",
            r"requires? (?:a |an )?(?:\w+ ){0,3}(?:subscription|plan)\b",
            r"access (?:is |was |has been )?(?:denied|forbidden|restricted|terminated)",
            r"permission denied",
            r"permissions? (?:is|are) required",
            r"(?:requests?|api|method|access)\b.{0,200}\b(?:is|are) blocked",
            r"^\W*request not allowed",
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
            r"abuse detected|prevent abuse",
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
            r"does not exist\b.{0,4}or\b",
            r"or does not exist",
            r"certificate",
            r"tls",
            r"ssl",
            r"not found",
            r"parameter",
            r"field",
        ),
    ),
)
