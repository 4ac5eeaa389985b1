"""What went wrong on the way: certificates, time, streams, sockets, and faults of the server."""

from __future__ import annotations

from typing import Final

from .rule import Rule
from .sources import SDKS

CERTIFICATE: Final = Rule(
    "certificate",
    "connection",
    "TLS alerts of OpenSSL, Go and Node",
    retry_same=False,
    codes="CERTIFICATE_VERIFY_FAILED SSLCertVerificationError DEPTH_ZERO_SELF_SIGNED_CERT "
    "SELF_SIGNED_CERT_IN_CHAIN CERT_HAS_EXPIRED ERR_TLS_CERT_ALTNAME_INVALID "
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE UNABLE_TO_GET_ISSUER_CERT_LOCALLY "
    "UNABLE_TO_GET_ISSUER_CERT ClientConnectorCertificateError CERT_UNTRUSTED "
    "CERT_NOT_YET_VALID",
    says=(
        r"certificate (?:verify|verification|has expired|is not|signed|chain|relies|name|error"
        r"|required|unknown|validation)",
        r"verify (?:the )?(?:certificate|first certificate|leaf)",
        r"\bx509\b",
        r"self[- ]signed",
        r"local issuer",
        r"certificate.s altnames",
        r"hostname.{0,40}(?:mismatch|doesn.t match|not match)",
        r"invalid (?:peer )?certificate",
        r"unknown ?issuer",
        r"notvalidforname",
        r"invalid ssl certificate",
        r"error 526",
    ),
)
"""Asked early, for the text of a failed handshake speaks of connections too."""

TRANSPORT: Final[tuple[Rule, ...]] = (
    Rule(
        "time",
        "timeout",
        SDKS,
        codes="ETIMEDOUT ESOCKETTIMEDOUT UND_ERR_HEADERS_TIMEOUT UND_ERR_BODY_TIMEOUT "
        "UND_ERR_CONNECT_TIMEOUT APITimeoutError APIConnectionTimeoutError ReadTimeout "
        "ConnectTimeout WriteTimeout PoolTimeout TimeoutError ServerTimeoutError "
        "SocketTimeoutError ReadTimeoutError ConnectTimeoutError TimeoutException "
        "DeadlineExceeded deadline_exceeded ModelTimeoutException timeout_error "
        "request_timeout Timeout connection_timeout gateway_timeout GatewayTimeout "
        "HeadersTimeoutError BodyTimeoutError ConnectionTimeoutError ECONNABORTED "
        "ERR_SOCKET_CONNECTION_TIMEOUT upstream_timeout WSATIMEDOUT 3007 RequestTimeout "
        "timed_out",
        code_like=r"time_?d?_?out",
        says=(
            r"tim(?:ed|e|ing)[ -]?out\b",
            r"\btimeout\b(?! (?:parameter|value|must))",
            r"deadline exceeded",
            r"deadline_exceeded",
            r"deadline expired",
            r"no first token",
            r"first token before",
            r"given deadline",
            r"first token within",
            r"took too long",
            r"did(?:n.t| not) respond in time",
            r"no response within",
            r"stall(?:ed)?\b",
            r"idle for",
            r"inactivity",
            r"no (?:data|events?|output|chunks?|activity|progress) (?:received )?(?:for|within|in) ",
            r"超时",
        ),
    ),
    Rule(
        "stream broke off",
        "stream_interrupted",
        SDKS,
        codes="IncompleteRead ChunkedEncodingError ClientPayloadError ERR_STREAM_PREMATURE_CLOSE "
        "stream_read_error stream_truncated provider_disconnected ModelStreamErrorException "
        "stream_error TransferEncodingError ContentLengthError IncompleteReadError "
        "stream_disconnected upstream_stream_error EventStreamError stream_interrupted "
        "ResponseStreamingError",
        code_like=r"^stream_?(?:read|truncat|interrupt|disconnect|error|closed|aborted)|(?:provider|stream|upstream|client)_?disconnect"
        r"|incomplete_?(?:read|stream)|malformed_stream",
        says=(
            r"(?:stream|response|message|connection|body)\b.{0,40}(?:ended|closed|terminated|broke\w*"
            r"|interrupted|disconnected|truncated|cut off|dropped|aborted|stopped|failed|died"
            r"|lost)\b.{0,40}(?:before|without|unexpectedly|prematurely|early|mid|while|during"
            r"|completion|incomplete)",
            r"\bstream (?:\w+ ){0,2}(?:closed|disconnected|interrupted|truncated|terminated|failed|broken|error"
            r"|incomplete|aborted|reset|cut)",
            r"incomplete (?:chunked|read|response|stream|message|body|json|envelope)",
            r"incompleteread",
            r"invalidchunk|connection broken: in",
            r"premature(?:ly)? (?:close|end)",
            r"closed prematurely",
            r"response body while trying to fetch",
            r"peer closed connection without sending complete",
            r"before (?:receiving )?(?:message_stop|response\.completed|\[?done|completion|a final"
            r"|the final|finish)",
            r"mid-?stream",
            r"disconnected during",
            r"(?:during|while) streaming",
            r"^\W*terminated\W*$",
            r": terminated\b",
            r"unexpected end of (?:json|input|stream|data|file)",
            r"unterminated string",
            r"unexpected eof while",
            r"without a final (?:response|chunk)",
            r"(?:no|missing|without) (?:a )?(?:message_stop|finish_reason|done|terminal|stop_reason)",
            r"\b1006\b",
            r"abnormal closure",
            r"unexpected eof",
            r"(?:provider|upstream|backend) disconnected",
            r"invalid chunk",
            r"chunk size",
            r"malformed (?:chunk|stream|event)",
            r"INTERNAL_ERROR; received from peer",
            r"连接.{0,4}(?:中断|断开)",
            r"流.{0,4}中断",
        ),
        unless=(
            r"before headers",
            r"tls",
            r"ssl",
            r"violation of protocol",
            r"before (?:any|a) response",
            r"without (?:sending a )?response",
            r"(?:tool|function) call",
            r"status code: [45]",
            r"invalid status",
            r"no (?:content|output)",
            r"socket connection",
            r"error sending request",
            r"without (?:sending )?any",
            r"while running the model",
        ),
    ),
    Rule(
        "nothing came",
        "empty_response",
        "empty 200 replies of gateways; Vercel AI SDK AI_NoOutputGeneratedError",
        codes="AI_NoOutputGeneratedError AI_NoContentGeneratedError NoOutputGeneratedError "
        "EmptyResponseError empty_response no_content channel:empty_response EmptyResponse "
        "AI_EmptyResponseBodyError NoContentGeneratedError",
        code_like=r"empty_?(?:response|stream|output|completion|content)|no_?(?:output|content)(?:_?generated|$)",
        says=(
            r"empty (?:\w+ ){0,2}(?:response|completion|reply|output|answer|stream|message|content"
            r"|body|choices|candidates)(?!.{0,20}not allowed)",
            r"(?:response|completion|output|stream|content|reply|choices|candidates?|body)\b.{0,20}"
            r"(?:is|was|were|are|came back|had|returned) (?:\w+ )?empty",
            r"no (?:\w+ )?(?:content|choices|output|candidates|completion|text|response|message"
            r"|chunks?|tokens?)\b.{0,30}(?:generated|returned|received|produced|in (?:the )?response"
            r"|was|were|from)",
            r"(?:returned|sending|produced|received|with|without|contained|generated) (?:no|any|zero"
            r"|0) (?:\w+ )?(?:content|choices|output|text|chunks?|candidates|events?|tokens?|message"
            r"|response|completion)",
            r"did not (?:return|produce|generate|contain|provide) (?:any|a)",
            r"missing .{0,3}(?:choices|candidates|content)\b.{0,10}(?:key|field)?$",
            r"null (?:response|content)",
            r"returned (?:nothing|null|none)",
            r"返回(?:内容)?为?空",
            r"空(?:响应|回复|内容)",
        ),
    ),
    Rule(
        "no connection",
        "connection",
        SDKS,
        codes="ECONNRESET ECONNREFUSED ENOTFOUND EAI_AGAIN EAI_FAIL EHOSTUNREACH ENETUNREACH "
        "ENETDOWN EHOSTDOWN EPIPE EPROTO ECONNABORT UND_ERR_SOCKET ConnectError ReadError "
        "WriteError CloseError RemoteProtocolError LocalProtocolError NetworkError network_error "
        "ConnectionError ConnectionResetError ConnectionRefusedError ConnectionAbortedError "
        "BrokenPipeError gaierror ClientConnectorError ClientConnectionError "
        "ServerDisconnectedError ClientOSError ClientConnectorDNSError "
        "EndpointConnectionError ConnectionClosedError SSLError SSLEOFError "
        "SSLZeroReturnError ProxyError ProxyConnectionError APIConnectionError "
        "do_request_failed RemoteDisconnected MaxRetryError NewConnectionError "
        "HTTPClientError TransportError ERR_NETWORK ERR_CONNECTION_REFUSED "
        "ERR_INTERNET_DISCONNECTED ERR_SSL_PROTOCOL_ERROR upstream_connection_error "
        "connection_error ERR_HTTP2_GOAWAY_SESSION ERR_HTTP2_STREAM_ERROR "
        "ERR_HTTP2_SESSION_ERROR ClientConnectionResetError InvalidURL ERR_NAME_NOT_RESOLVED "
        "ENOTCONN EADDRNOTAVAIL WSAECONNRESET ConnectionClosed",
        code_like=r"^(?:e|err_|und_err_)(?:conn|net|host|socket|ai_)|connection_?(?:error|refused|reset"
        r"|failed|closed)|dns_",
        says=(
            r"connection (?:\w+ )?(?:refused|reset|closed|aborted|error|lost|failed|dropped|terminated"
            r"|was forcibly|broken|attempts? failed)",
            r"(?:connect|connection|connecting) (?:error|to .{0,80}(?:failed|refused)|failed|failure)",
            r"failed to (?:connect|establish|open)",
            r"(?:cannot|could not|couldn.t|can.t|unable to) (?:connect|reach|establish|resolve)",
            r"no such host",
            r"name or service not known",
            r"nodename nor servname",
            r"name resolution",
            r"name_not_resolved",
            r"getaddrinfo",
            r"dns (?:lookup|error|resolution)",
            r"no address associated",
            r"network (?:is unreachable|error|request failed|connection|unreachable|changed|issue)",
            r"unreachable",
            r"no route to host",
            r"broken pipe",
            r"socket (?:hang up|closed|error|disconnected|connection)",
            r"hang up",
            r"other side closed",
            r"server disconnected",
            r"tls (?:handshake|connection|alert)",
            r"ssl (?:handshake|error|routines)",
            r"handshake fail",
            r"wrong version number",
            r"bad record mac",
            r"\[ssl",
            r"upstream connect error",
            r"error sending request",
            r"reset before headers",
            r"did not get a response",
            r"disconnect/reset",
            r"goaway",
            r"http2?: (?:server|client) (?:sent|connection)",
            r"use of closed",
            r"\beof\b(?! encountered while running)",
            r"proxy (?:error|connect|tunnel|authentication)",
            r"tunnel connection",
            r"websocket .{0,40}(?:closed|error|failed|1011|1012)",
            r"closed with code",
            r"网络(?:错误|异常|连接)",
            r"连接(?:失败|超时|被拒绝|错误|异常)",
            r"无法连接",
        ),
        unless=(
            r"while running the model",
            r"internal server error",
        ),
    ),
)

INTERNAL: Final[tuple[Rule, ...]] = (
    Rule(
        "its own fault",
        "server_error",
        "internal error replies of all providers",
        codes="InternalServerException internal_server_error internal_error "
        "server_error InternalServiceError ModelErrorException internalServerException "
        "APIResponseValidationError JSONDecodeError EngineDeadError bad_gateway "
        "BadGatewayError AI_TypeValidationError malformed_function_call internal_failure "
        "InternalFailure LlamaServerError SyntaxError AI_JSONParseError unexpected_tool_call malformed_response",
        says=(
            r"internal (?:\w+ )?(?:error|failure|exception)",
            r"server (?:had an )?error\b(?! '\d)",
            r"(?:model|runner|engine|server) (?:\w+ ){0,3}(?:has )?crashed",
            r"process has terminated",
            r"runner process",
            r"encountered while running",
            r"died unexpectedly",
            r"engine (?:is )?dead",
            r"out of memory",
            r"cuda error",
            r"\boom\b",
            r"segmentation fault",
            r"invalid response\b(?! body| object)",
            r"(?:stop|finish)[ _]reason:? error",
            r"unhandled exception",
            r"index out of range",
            r"database error",
            r"bad gateway",
            r"upstream (?:error|request failed|provider)",
            r"invalid for expected schema",
            r"(?:invalid|malformed) json response",
            r"not valid json",
            r"unexpected token",
            r"expecting value",
            r"服务器?(?:内部)?(?:错误|异常|出错)",
            r"内部(?:错误|服务)",
            r"系统(?:错误|异常)",
            r"未知错误",
        ),
        unless_statuses=(401, 402, 403),
        unless=(
            r"invalid_request",
            r"bad request",
            r"status code: 4",
        ),
    ),
    Rule(
        "vague fault",
        "server_error",
        "words for any fault, which say less than a status that names one",
        says=(
            r"unexpected error",
            r"encountered an? (?:issue|error)",
            r"unable to process (?:your|the) request\b(?!.{0,10}because)",
            r"something went wrong",
            r"(?:temporary|transient) .{0,20}(?:failure|error)",
            r"\bunknown error\b",
            r"an error occurred while",
            r"error while processing",
            r"untagged enum|did not match any variant",
        ),
        unless=(
            r"invalid_request",
            r"bad request",
        ),
        unless_statuses=(401, 402, 403, 404, 422, 429),
    ),
)
