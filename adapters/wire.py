"""What every wire adapter shares: where a provider is, what is asked, what comes back, what went wrong.

A *wire* (`detent.adapters.wires`) knows nothing of chains, retries or sessions: one call, one outcome. The outcome is a
`Completion`, an iterator of `Piece`, or an `UpstreamError` that carries all the evidence a classifier may want and none
of the secrets.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from math import isfinite
from typing import Any, Final, Literal, Protocol
from urllib.parse import urlsplit

from attrs import field, frozen

from detent.fsm.errors import BadDataError, DetentError

Transport = Literal["http", "sse", "body200", "socket"]
"""Where a failure showed: in the HTTP status, inside a stream, in the body of a 200, or on the socket."""

Form = Literal["openai", "responses", "anthropic"]
"""How a request is written: OpenAI's chat completions, OpenAI's Responses, or Anthropic's Messages."""

ERROR_BODY_BYTES: Final = 64 * 1024
"""How much of an error body is read, and how many characters of it an `UpstreamError` keeps."""

_SECRET_HEADER_WORDS: Final = ("auth", "key", "token", "secret", "cookie")
_SHORTEST_SECRET: Final = 4
_EXCERPT: Final = 200


def _names(mapping: Mapping[str, object]) -> str:
    return "{" + ", ".join(f"{name!r}: ..." for name in sorted(mapping)) + "}"


def _without_query(url: str) -> str:
    return repr(url.partition("?")[0])


@frozen
class Endpoint:
    """One provider's address with one credential.

    Its repr shows neither the key, nor the values of headers and extra body, nor the URL's query: each is a
    place where people put secrets.

    Attributes:
        name: the provider's name in model references.
        base_url: ``http(s)://host/prefix`` to which the wire adds its path; a query is kept.
        key: the API key; None where the provider wants none.
        headers: sent with every call; they win over the wire's own, so that ``api-key`` schemes work.
        extra_body: merged into every request body, below the request's own parameters.
        connect_s: seconds a TCP connection and its TLS handshake may take.
        api: the format it speaks: ``openai``, ``responses``, ``anthropic`` or ``gemini``.

    Raises:
        BadDataError: the URL, the key, a header or the time limit cannot be used; no secret is quoted.
    """

    name: str
    base_url: str = field(repr=_without_query)
    key: str | None = field(default=None, repr=False)
    headers: Mapping[str, str] = field(factory=dict, repr=_names, kw_only=True)
    extra_body: Mapping[str, Any] = field(factory=dict, repr=_names, kw_only=True)
    connect_s: float = field(default=10.0, kw_only=True)
    api: str = field(default="openai", kw_only=True)

    def __attrs_post_init__(self) -> None:
        problems = tuple(f"endpoint {self.name!r}: {problem}" for problem in self._problems())
        if problems:
            raise BadDataError(problems)

    def _problems(self) -> Iterator[str]:
        try:
            parts = urlsplit(self.base_url)
            usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            usable = False
        if not usable:
            yield "base_url (not quoted, it may hold a secret) is no address; write https://host/prefix"
        elif "@" in parts.netloc:
            yield "base_url holds a user or a password; put the credential into key or headers"
        if self.key is not None and not _fits_a_header(self.key):
            yield "key is empty or holds a space or line end; look where it is read"
        for name, value in self.headers.items():
            if not _fits_a_header(name) or not (value.isprintable() and value.isascii()):
                yield f"headers.{name!r} is no HTTP header; remove its line ends and other control characters"
        if not (isfinite(self.connect_s) and self.connect_s > 0):
            yield f"connect_s is {self.connect_s!r}; give a number of seconds above 0"

    def url(self, path: str) -> str:
        """The address of ``path`` (``/chat/completions``, a query may follow) below the base URL, its query kept."""
        base, (path, _, own) = urlsplit(self.base_url), path.partition("?")
        query = "&".join(part for part in (base.query, own) if part)
        return base._replace(path=base.path.rstrip("/") + path, query=query, fragment="").geturl()

    def scrub(self, text: str) -> str:
        """The text with every secret of this endpoint blotted out: servers echo what they were sent.

        Secrets below four characters stay: they are placeholders, and blotting would mangle the text.
        """
        secrets = [self.key or ""]
        for name, value in self.headers.items():
            if any(word in name.lower() for word in _SECRET_HEADER_WORDS):
                secrets += [value, value.rpartition(" ")[2]]
        for secret in sorted(secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST_SECRET:
                text = text.replace(secret, "[secret]")
        return text


def _fits_a_header(value: str) -> bool:
    return value.isascii() and value.isprintable() and bool(value) and " " not in value


@frozen
class Request:
    """What a client asks, free of any model or provider.

    Attributes:
        fields: the body of the request in the form it was written in, without ``model`` and ``stream``; they win over
            `Endpoint.extra_body`. To a provider of the same form they go as they are (but for the name of OpenAI's
            limit on tokens, which servers disagree on), to others they are rendered.
        form: that form.
        verbatim: pieces carry the event they came in, where the provider speaks this very form, so that a gateway can
            pass on what Detent does not know.
        headers: go along to a provider of the same form: versions and features that the fields are written in.
    """

    fields: Mapping[str, Any] = field(repr=_names)
    form: Form = "openai"
    verbatim: bool = False
    headers: Mapping[str, str] = field(factory=dict, repr=_names)


@frozen
class ToolCall:
    """A call of a tool, or in a stream a fragment of one: fragments with the same index belong together.

    Attributes:
        index: the place among the calls of this answer, from 0.
        id: the provider's name for this call; empty in all fragments but the first.
        name: the tool; empty in all fragments but the first.
        arguments: JSON text, or the next part of it.
    """

    index: int
    id: str
    name: str
    arguments: str


@frozen
class Usage:
    """The tokens a call has used.

    Attributes:
        input_tokens: tokens of the prompt.
        output_tokens: tokens of the answer.
        raw: the provider's own account, with what only some providers count.
    """

    input_tokens: int
    output_tokens: int
    raw: Mapping[str, Any] = field(factory=dict, repr=False)


@frozen(kw_only=True)
class Piece:
    """What one event of a stream brought; any of its parts may be there, alone or together.

    Attributes:
        text: the next characters of the answer.
        reasoning: the next characters of the model's visible thinking.
        refusal: the next characters of a refusal, where the provider keeps it apart from the text.
        tool_calls: tool calls, or fragments of them.
        media: ``audio``, ``images`` and (of OpenAI's Responses) further ``items``, in the provider's own shape; lists
            go on from piece to piece.
        usage: tokens so far; the last one counts, and it may come after the finish reason.
        finish_reason: the answer is complete, for this reason (``stop``, ``length``, ``tool_calls``, ...).
        event: the event it came in, as bytes to be sent on; empty unless it was asked for.
    """

    text: str = ""
    reasoning: str = ""
    refusal: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    media: Mapping[str, Any] = field(factory=dict)
    usage: Usage | None = None
    finish_reason: str | None = None
    event: bytes = field(default=b"", repr=False)

    def carrying(self, event: bytes) -> Piece:
        """This piece with the event it came in."""
        return Piece(
            text=self.text,
            reasoning=self.reasoning,
            refusal=self.refusal,
            tool_calls=self.tool_calls,
            media=self.media,
            usage=self.usage,
            finish_reason=self.finish_reason,
            event=event,
        )

    @property
    def has_content(self) -> bool:
        """Something a client would see: once such a piece is passed on, the answer cannot be begun anew."""
        return bool(self.text or self.reasoning or self.refusal or self.tool_calls or self.media)


@frozen(kw_only=True)
class Completion(Piece):
    """A whole answer: one `Piece` that holds everything.

    Attributes:
        model: the model as the provider names it.
        raw: the reply as it came, for a gateway that passes it on.
    """

    model: str
    raw: Mapping[str, Any] = field(factory=dict, repr=False)


def joined(pieces: Iterable[Piece], model: str) -> Completion:
    """The whole answer that pieces make together; fragments of a tool call are put together by their index.

    Args:
        pieces: every piece of one answer, in order.
        model: the model that answered.
    """
    kept = list(pieces)
    calls: dict[int, ToolCall] = {}
    media: dict[str, Any] = {}
    for piece in kept:
        for kind, brought in piece.media.items():
            more = isinstance(brought, list) and isinstance(media.get(kind), list)
            media[kind] = media[kind] + brought if more else brought
        for part in piece.tool_calls:
            call = calls.get(part.index, ToolCall(part.index, "", "", ""))
            calls[part.index] = ToolCall(
                part.index, call.id or part.id, call.name + part.name, call.arguments + part.arguments
            )
    return Completion(
        model=model,
        text="".join(piece.text for piece in kept),
        reasoning="".join(piece.reasoning for piece in kept),
        refusal="".join(piece.refusal for piece in kept),
        tool_calls=tuple(calls[index] for index in sorted(calls)),
        media=media,
        usage=next((piece.usage for piece in reversed(kept) if piece.usage is not None), None),
        finish_reason=next((piece.finish_reason for piece in reversed(kept) if piece.finish_reason), None),
    )


class UpstreamError(DetentError):
    """A provider call that gave no usable answer; the evidence a classifier reads, without secrets.

    Attributes:
        provider: the endpoint's name.
        transport: where the failure showed.
        status: the HTTP status; None when no response came.
        headers: the response headers, names in lower case, without cookies.
        body: the body or the offending event, at most `ERROR_BODY_BYTES` characters.
        exception: the exception's type and message, or what was wrong in a few words; None when the HTTP
            status says it all.
    """

    def __init__(
        self,
        provider: str,
        transport: Transport,
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        body: str = "",
        exception: str | None = None,
    ) -> None:
        self.provider = provider
        self.transport = transport
        self.status = status
        self.headers = dict(headers or {})
        self.body = body[:ERROR_BODY_BYTES]
        self.exception = exception
        where = f"HTTP {status}" if status is not None else "no response"
        said = [f"{provider}: {where}", _excerpt(exception or ""), _excerpt(self.body)]
        super().__init__(": ".join(part for part in said if part))


def _excerpt(text: str) -> str:
    line = " ".join("".join(c if c.isprintable() else " " for c in text[: 4 * _EXCERPT]).split())
    return line if len(line) <= _EXCERPT else line[: _EXCERPT - 3] + "..."


def failure(
    endpoint: Endpoint,
    transport: Transport,
    *,
    status: int | None = None,
    headers: Mapping[str, str] | None = None,
    body: str = "",
    exception: str | None = None,
) -> UpstreamError:
    """An `UpstreamError` from raw evidence, the endpoint's secrets blotted out; wires make theirs here."""
    kept: dict[str, str] = {}
    for name, value in (headers or {}).items():
        low = name.lower()
        if low != "set-cookie":
            value = endpoint.scrub(value.encode("utf-8", "replace").decode())
            kept[low] = f"{kept[low]}, {value}" if low in kept else value
    return UpstreamError(
        endpoint.name,
        transport,
        status=status,
        headers=kept,
        body=endpoint.scrub(body),
        exception=None if exception is None else endpoint.scrub(exception),
    )


class Wire(Protocol):
    """One vendor's format: a call goes out, an answer or an `UpstreamError` comes back; no retries."""

    async def answer(self, endpoint: Endpoint, model: str, request: Request) -> Completion:
        """Ask for a whole answer. Raises `UpstreamError` for whatever is not one."""
        ...

    def stream(self, endpoint: Endpoint, model: str, request: Request) -> AsyncIterator[Piece]:
        """Ask for pieces; ends normally only after a complete answer, else raises `UpstreamError`."""
        ...
