"""What the numbers and names of Z.ai, MiniMax, DashScope, Volcengine, Baidu and Tencent mean, there alone."""

from __future__ import annotations

from typing import Final

from .rule import ALWAYS, Rule
from .sources import ARK_DOC, BAIDU_DOC, DASHSCOPE_DOC, MINIMAX_DOC, TENCENT_DOC, ZAI_DOC

_ZAI: Final = r"z-?\.?ai\b|zai|zhipu|bigmodel|glm"
_MINIMAX: Final = r"minimax"
_DASHSCOPE: Final = r"dashscope|alibaba|bailian|qwen|aliyun"
_BAIDU: Final = r"baidu|qianfan|wenxin|ernie"
_TENCENT: Final = r"tencent|hunyuan"


ZAI: Final[tuple[Rule, ...]] = (
    Rule("zai busy", "overloaded", ZAI_DOC, provider=_ZAI, codes="1305 1312"),
    Rule("zai rate", "rate_limit", ZAI_DOC, provider=_ZAI, codes="1302 1303"),
    Rule("zai windows", "quota_exhausted", ZAI_DOC, provider=_ZAI, codes="1304 1308 1310", windowed=True),
    Rule("zai arrears", "quota_exhausted", ZAI_DOC, provider=_ZAI, codes="1113 1309", believed_from_s=ALWAYS),
    Rule("zai login", "auth", ZAI_DOC, provider=_ZAI, codes="1000 1001 1002 1003 1004 1111"),
    Rule("zai account", "permission", ZAI_DOC, provider=_ZAI, codes="1110 1112 1121 1220 1311 1313"),
    Rule("zai model", "model_not_found", ZAI_DOC, provider=_ZAI, codes="1211 1221 1222"),
    Rule("zai method", "unsupported", ZAI_DOC, provider=_ZAI, codes="1212"),
    Rule("zai prompt", "context_overflow", ZAI_DOC, provider=_ZAI, codes="1261"),
    Rule(
        "zai max tokens",
        "context_overflow",
        ZAI_DOC,
        provider=_ZAI,
        codes="1210",
        also=(r"tokens? in request more than",),
    ),
    Rule("zai content", "content_filter", ZAI_DOC, provider=_ZAI, codes="1301"),
    Rule("zai blocked", "permission", ZAI_DOC, provider=_ZAI, codes="1300"),
    Rule("zai params", "invalid_request", ZAI_DOC, provider=_ZAI, codes="1210 1213 1214 1215 1231"),
    Rule("zai internal", "server_error", ZAI_DOC, provider=_ZAI, codes="1120 1200 1230 1234"),
)

MINIMAX: Final[tuple[Rule, ...]] = (
    Rule(
        "minimax login",
        "auth",
        MINIMAX_DOC,
        provider=_MINIMAX,
        codes="1004 2049",
        says=(
            r"\(1004\)",
            r"\(2049\)",
        ),
    ),
    Rule(
        "minimax balance",
        "quota_exhausted",
        MINIMAX_DOC,
        provider=_MINIMAX,
        codes="1008",
        says=(r"\(1008\)",),
        believed_from_s=ALWAYS,
    ),
    Rule(
        "minimax window",
        "quota_exhausted",
        MINIMAX_DOC,
        provider=_MINIMAX,
        codes="2056 1028 1030",
        says=(r"\(2056\)",),
        windowed=True,
    ),
    Rule(
        "minimax rate",
        "rate_limit",
        MINIMAX_DOC,
        provider=_MINIMAX,
        codes="1002 1039 1041 2045",
        says=(r"\((?:1002|1039|1041|2045)\)",),
    ),
    Rule("minimax timeout", "timeout", MINIMAX_DOC, provider=_MINIMAX, codes="1001", says=(r"\(1001\)",)),
    Rule(
        "minimax content",
        "content_filter",
        MINIMAX_DOC,
        provider=_MINIMAX,
        codes="1026 1027",
        says=(r"\(102[67]\)",),
    ),
    Rule("minimax plan", "permission", MINIMAX_DOC, provider=_MINIMAX, codes="2042 2061", says=(r"\(2061\)",)),
    Rule(
        "minimax window size",
        "context_overflow",
        MINIMAX_DOC,
        provider=_MINIMAX,
        codes="2013",
        says=(r"\(2013\)",),
        also=(
            r"context window",
            r"token.{0,20}exceed",
        ),
    ),
    Rule(
        "minimax params",
        "invalid_request",
        MINIMAX_DOC,
        provider=_MINIMAX,
        codes="1042 1043 2013 20132 2037 2039",
        says=(r"\(2013\)",),
    ),
    Rule(
        "minimax overloaded",
        "overloaded",
        "MiniMax: 529 and 'high load' replies",
        provider=_MINIMAX,
        codes="2064",
        says=(r"high load",),
    ),
    Rule(
        "minimax internal",
        "server_error",
        MINIMAX_DOC,
        provider=_MINIMAX,
        codes="1000 1013 1024 1033",
        says=(r"\((?:1000|1013|1024|1033)\)",),
    ),
)

DASHSCOPE: Final[tuple[Rule, ...]] = (
    Rule(
        "dashscope free tier",
        "quota_exhausted",
        DASHSCOPE_DOC,
        provider=_DASHSCOPE,
        codes="AllocationQuota.FreeTierOnly Throttling.FreeTierOnly",
        says=(r"free (?:tier|quota|allocated quota).{0,40}(?:exhausted|exceeded)",),
        narrows="credential_model",
    ),
    Rule(
        "dashscope hour and week",
        "quota_exhausted",
        DASHSCOPE_DOC,
        provider=_DASHSCOPE,
        says=(r"\b(?:hour|week|month)\w* allocated quota exceeded",),
        windowed=True,
    ),
    Rule(
        "dashscope throttle",
        "rate_limit",
        DASHSCOPE_DOC,
        provider=_DASHSCOPE,
        codes="Throttling Throttling.RateQuota Throttling.BurstRate Throttling.AllocationQuota "
        "Throttling.User insufficient_quota LimitRequests limit_requests limit_burst_rate",
        says=(
            r"allocated quota exceeded",
            r"requests? rate (?:limit|increased)",
        ),
    ),
    Rule(
        "dashscope arrears",
        "quota_exhausted",
        DASHSCOPE_DOC,
        believed_from_s=ALWAYS,
        codes="Arrearage PrepaidBillOverdue PostpaidBillOverdue CommodityNotPurchased OverduePayment",
        says=(
            r"account is in good standing",
            r"overdue[- ]payment",
        ),
    ),
    Rule(
        "dashscope access",
        "permission",
        DASHSCOPE_DOC,
        provider=_DASHSCOPE,
        codes="AccessDenied AccessDenied.Unpurchased Model.AccessDenied Workspace.AccessDenied "
        "App.AccessDenied AccessDenied.Model",
    ),
    Rule(
        "dashscope inspection",
        "content_filter",
        DASHSCOPE_DOC,
        codes="DataInspectionFailed data_inspection_failed DataInspection",
    ),
    Rule(
        "dashscope too large",
        "context_overflow",
        DASHSCOPE_DOC,
        codes="BadRequest.TooLarge",
        says=(r"range of input length should be",),
    ),
    Rule(
        "dashscope model",
        "model_not_found",
        DASHSCOPE_DOC,
        provider=_DASHSCOPE,
        codes="ModelNotFound Model.NotFound InvalidModel",
    ),
    Rule(
        "dashscope time",
        "timeout",
        DASHSCOPE_DOC,
        codes="RequestTimeOut ResponseTimeout InternalError.Timeout",
    ),
    Rule(
        "dashscope serving",
        "overloaded",
        DASHSCOPE_DOC,
        provider=_DASHSCOPE,
        codes="ModelUnavailable ModelServiceFailed ModelServingError ServiceUnavailable Model.Unavailable",
        says=(r"too many requests.{0,30}capacity",),
    ),
    Rule(
        "dashscope internal",
        "server_error",
        DASHSCOPE_DOC,
        provider=_DASHSCOPE,
        codes="InternalError InternalError.Algo SystemError InternalError.FileUpload internal_error",
    ),
)

ARK: Final[tuple[Rule, ...]] = (
    Rule(
        "ark model",
        "model_not_found",
        ARK_DOC,
        codes="InvalidEndpointOrModel.NotFound InvalidEndpoint.ClosedEndpoint",
    ),
)

BAIDU: Final[tuple[Rule, ...]] = (
    Rule("baidu rate", "rate_limit", BAIDU_DOC, provider=_BAIDU, codes="4 18 336501 336502 336503 336504"),
    Rule("baidu day", "quota_exhausted", BAIDU_DOC, provider=_BAIDU, codes="17 19", windowed=True),
    Rule("baidu login", "auth", BAIDU_DOC, provider=_BAIDU, codes="13 14 15 110 111"),
    Rule("baidu rights", "permission", BAIDU_DOC, provider=_BAIDU, codes="6 336004"),
    Rule("baidu busy", "overloaded", BAIDU_DOC, provider=_BAIDU, codes="2 336100"),
    Rule("baidu prompt", "context_overflow", BAIDU_DOC, provider=_BAIDU, codes="336007 336103"),
    Rule(
        "baidu params",
        "invalid_request",
        BAIDU_DOC,
        provider=_BAIDU,
        codes="3 100 336001 336002 336003 336006 336104 336105 336106 336221",
    ),
    Rule("baidu internal", "server_error", BAIDU_DOC, provider=_BAIDU, codes="1 336000"),
)

TENCENT: Final[tuple[Rule, ...]] = (
    Rule(
        "tencent service off",
        "permission",
        TENCENT_DOC,
        provider=_TENCENT,
        codes="FailedOperation.ServiceNotActivated FailedOperation.ServiceStop FailedOperation.UserUnAuthError",
    ),
    Rule(
        "tencent engine",
        "server_error",
        TENCENT_DOC,
        provider=_TENCENT,
        codes="FailedOperation.EngineServerError FailedOperation.ConsoleServerError InternalError",
    ),
    Rule("tencent rate", "rate_limit", TENCENT_DOC, provider=_TENCENT, code_like=r"limit_?exceeded"),
)
