"""What only Amazon Bedrock says."""

from __future__ import annotations

from typing import Final

from .rule import Rule
from .sources import BEDROCK_DOC

BEDROCK: Final[tuple[Rule, ...]] = (
    Rule(
        "bedrock per day",
        "quota_exhausted",
        BEDROCK_DOC,
        says=(
            r"too many tokens per day",
            r"tokens per day",
        ),
        provider=r"bedrock|aws|amazon",
        narrows="credential_model",
    ),
    Rule(
        "bedrock too long",
        "context_overflow",
        BEDROCK_DOC,
        says=(
            r"input is too long",
            r"too many total text bytes",
            r"input (?:length|tokens?).{0,40}exceeds?",
            r"prompt is too long",
            r"max(?:imum)? input.{0,20}exceeded",
        ),
        provider=r"bedrock|aws|amazon",
    ),
    Rule("bedrock maximum tokens", "unsupported", BEDROCK_DOC, says=(r"maximum tokens you requested exceed",)),
    Rule("bedrock on demand", "unsupported", BEDROCK_DOC, says=(r"on-demand throughput isn.t supported",)),
    Rule(
        "bedrock counting",
        "unsupported",
        BEDROCK_DOC,
        says=(
            r"model doesn.t support",
            r"input tag .{0,60} does not match any of the expected",
        ),
    ),
    Rule(
        "bedrock model id",
        "model_not_found",
        BEDROCK_DOC,
        says=(
            r"model identifier is invalid",
            r"marked by provider as legacy",
            r"reached the end of its life",
            r"could not resolve the foundation model",
        ),
    ),
    Rule(
        "bedrock access",
        "permission",
        BEDROCK_DOC,
        says=(
            r"access to the model with the specified",
            r"is not authorized to perform",
            r"use case details have not been submitted",
            r"model access is denied",
            r"aws marketplace",
            r"explicit deny",
            r"not available for this account",
            r"operation not allowed",
        ),
    ),
    Rule(
        "bedrock region",
        "permission",
        BEDROCK_DOC,
        says=(r"not (?:allowed|available|supported) from unsupported countries",),
    ),
    Rule(
        "bedrock token",
        "auth",
        "AWS STS and Signature Version 4 errors",
        codes="UnrecognizedClientException ExpiredTokenException ExpiredToken "
        "InvalidSignatureException IncompleteSignature MissingAuthenticationToken "
        "InvalidClientTokenId SignatureDoesNotMatch NoCredentialsError "
        "PartialCredentialsError CredentialRetrievalError TokenRetrievalError "
        "UnauthorizedSSOTokenError SSOTokenLoadError CredentialsProviderError "
        "MissingAuthenticationTokenException RefreshError DefaultCredentialsError",
        says=(
            r"security token included in the request",
            r"unable to locate credentials",
            r"could not load credentials",
            r"sso session .{0,60}expired",
            r"bearer token has expired",
            r"signature expired",
            r"request signature we calculated",
        ),
    ),
)
