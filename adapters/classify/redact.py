"""Taking secrets out of text that people, logs and other programs will read."""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "[redacted]"

_PREFIXED: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"sk[-_][A-Za-z0-9_*-]{6,}(?:\.[A-Za-z0-9_-]{6,})*"
    r"|(?:pk|rk|ak|key|fw|xai|gsk|hf|csk|pplx|nvapi|glpat|github_pat|gh[pousr]|tgp|r8|co|jina|pa|vck|tvly|dsk|ark|ms|up"
    r"|xox[abpr])"
    r"[-_](?=[A-Za-z0-9_*-]*[\d*])[A-Za-z0-9_*-]{10,}"
    r"|AIza[A-Za-z0-9_-]{10,}|ya29\.[A-Za-z0-9_.-]{8,}|1//[A-Za-z0-9_-]{20,}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{8,}|bedrock-api-key-[A-Za-z0-9+/=_-]{8,}|ABSK[A-Za-z0-9+/=]{16,}"
    r"|eyJ[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*){0,4}"
    r")"
)
_SCHEME: Final = re.compile(
    r"\b(Bearer|Basic|Token|ApiKey|AWS4-HMAC-SHA256)(\s+)(?=[^\s,;\"'}]*[\d=*])[^\s,;\"'}]{6,}", re.IGNORECASE
)
_BEARER: Final = re.compile(r"\b(Bearer\s+)[A-Za-z0-9._~+/-]{16,}=*", re.IGNORECASE)
_USERINFO: Final = re.compile(r"(?<=://)[^\s/@:]+:[^\s/@]+(?=@)")
_NAMED: Final = re.compile(
    r"(?P<name>[?&;\s\"'{,(]|^)"
    r"(?P<key>(?:x-)?(?:goog-)?(?:api[-_]?key|apikey|access[-_]?key(?:[-_]?id)?|secret(?:[-_]?key)?|client[-_]?secret"
    r"|access[-_]?token|refresh[-_]?token|id[-_]?token|session[-_]?token|auth[-_]?token|token|password|passwd|authorization"
    r"|x-amz-signature|x-amz-security-token|x-amz-credential|signature|sig|key)[\"']?\s*[=:]\s*[\"']?)"
    r"(?!\[redacted\])(?P<value>[^\s&\"',;})]{4,})",
    re.IGNORECASE,
)
_PROVIDED: Final = re.compile(
    r"((?:api[ _-]?key|token|secret|credential)s?(?:\s+(?:provided|is|was|given|used))?\s*[:=]\s*[\"'`(]?)"
    r"(?!\[redacted\])([^\s\"'`,;)]{4,})",
    re.IGNORECASE,
)
_LONG: Final = re.compile(r"(?<![A-Za-z0-9+/_=.-])[A-Za-z0-9+/_-]{24,}={0,2}(?![A-Za-z0-9+/_=-])")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def redact(text: str) -> str:
    """The text with API keys, tokens and passwords replaced by ``[redacted]``; ordinary words stay.

    Known prefixes (OpenAI, Anthropic, Google, AWS, GitHub, Groq, xAI, Hugging Face and their kin), JWTs, HTTP
    credentials, URL user info, ``key=...`` pairs, a key quoted back by a provider (``Incorrect API key
    provided: X``) and any long run of mixed letters and digits that no language writes.
    """
    text = _PREFIXED.sub(MASK, text)
    text = _SCHEME.sub(rf"\1\2{MASK}", text)
    text = _BEARER.sub(rf"\1{MASK}", text)
    text = _USERINFO.sub(MASK, text)
    text = _NAMED.sub(_named, text)
    text = _PROVIDED.sub(_provided, text)
    return _LONG.sub(_long, text)


def _named(found: re.Match[str]) -> str:
    if _is_prose(found["value"]):
        return found.group(0)
    return f"{found['name']}{found['key']}{MASK}"


def _provided(found: re.Match[str]) -> str:
    return found.group(0) if _is_prose(found.group(2)) else found.group(1) + MASK


def _is_prose(value: str) -> bool:
    """Whether a value is a short plain word (``token: expired``) or the scheme before an already hidden
    secret."""
    bare = value.strip(".!?:")
    return bool(re.fullmatch(r"[A-Za-z]{1,14}|\d{1,9}", bare)) or value.startswith("[redacted")


def _long(found: re.Match[str]) -> str:
    run = found.group(0)
    if _UUID.fullmatch(run):
        return run
    return run if all(_is_wordy(piece) for piece in run.split("/")) else MASK


def _is_wordy(run: str) -> bool:
    """Whether a run is made of words and short numbers, as model names, paths and exception names are."""
    return all(len(piece) <= 10 or _is_words(piece) for piece in re.split(r"[-_=]", run))


def _is_words(piece: str) -> bool:
    """Whether letters alone form words: written in one case, or camel case of words and not of chance."""
    if not piece.isascii() or not piece.isalpha():
        return False
    return len(piece) / len(_CAMEL.findall(piece)) >= 3.5
