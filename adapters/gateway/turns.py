"""One request, one turn: from what a client asks to the answer in its own form."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Final

from aiohttp import web
from aiohttp.http import HttpProcessingError
from attrs import field, frozen

from detent.adapters.controller import Controller
from detent.adapters.outcomes import SurfacedError, TurnError
from detent.adapters.session import Answer, LiveSession
from detent.adapters.tool_calls import with_whole_calls
from detent.adapters.upstreams import Upstreams
from detent.adapters.wire import Form, Piece, Request, UpstreamError
from detent.fsm.chain import DEFAULT_CHAIN, provider_of
from detent.fsm.errors import BadReferenceError, UnknownModelError

from .answer import AnswerWriter
from .anthropic_answer import AnthropicAnswer
from .asked import Asked, asked_in
from .chat_answer import ChatAnswer
from .guard import Guard
from .identity import pin_of, session_of
from .naming import Names
from .responses_answer import ResponsesAnswer
from .trouble import RefusedError, Trouble, trouble_of

WRITERS: Final[Mapping[Form, type[AnswerWriter]]] = {
    writer.form: writer for writer in (ChatAnswer, ResponsesAnswer, AnthropicAnswer)
}
"""What writes answers, by the client's form."""


@frozen
class Turns:
    """Answers requests with turns of sessions.

    Attributes:
        controller: what the sessions are of.
        upstreams: what calls providers.
        guard: who is let in.
        apis: the format of each provider, by its name.
        aliases: further names for chains and models.
        client_s: the longest that a client may take to send its request, or to accept a piece, in seconds.
    """

    controller: Controller
    upstreams: Upstreams
    guard: Guard
    apis: Mapping[str, str]
    aliases: Mapping[str, str] = field(factory=dict)
    client_s: float = 60.0

    async def names(self) -> Names:
        """The names that clients may ask for."""
        return Names(await self.controller.configs(), self.aliases)

    async def answer(self, http: web.Request, form: Form) -> web.StreamResponse:
        """Answer one request.

        Args:
            http: the request.
            form: the form of its endpoint.
        """
        try:
            caller = self.guard.admit(http, "call")
            asked = asked_in(form, await self._body(http), http.headers)
            session = await self._session(asked, http.headers, caller.name)
            with self.guard:
                return await self._sent(http, await self._answered(http, asked, session))
        except RefusedError as error:
            return refusal(form, error.trouble, {"X-Detent-Attempts": "0"})

    async def _body(self, http: web.Request) -> bytes:
        """The whole body, if it comes in time."""
        try:
            async with asyncio.timeout(self.client_s):
                return await http.read()
        except TimeoutError:
            says = f"the request took longer than gateway.client_s, {self.client_s:g} s"
            raise RefusedError(408, "invalid_request", says) from None
        except web.HTTPRequestEntityTooLarge as error:
            raise RefusedError(413, "invalid_request", f"{error.text}; raise gateway.max_body_bytes") from error
        except (web.RequestPayloadError, HttpProcessingError) as error:
            raise RefusedError(400, "invalid_request", f"the body cannot be read: {error}") from error

    async def _sent(self, http: web.Request, response: web.StreamResponse) -> web.StreamResponse:
        """The same response, accepted by the client."""
        try:
            async with asyncio.timeout(self.client_s):
                await response.prepare(http)
                await response.write_eof()
        except TimeoutError:
            raise _cut_off(http) from None
        return response

    async def _answered(self, http: web.Request, asked: Asked, session: LiveSession) -> web.StreamResponse:
        request = Request(asked.fields, asked.form, verbatim=True, headers=asked.headers)
        try:
            answer = await session.run(with_whole_calls(self.upstreams.caller(request)), stream=asked.stream)
        except TurnError as error:
            return await self._without_answer(error, asked, session)
        written = self._writer(asked, answer)
        if asked.stream and answer.value is None:
            return await self._streamed(http, answer, written)
        return _whole(asked, answer, written)

    async def _session(self, asked: Asked, headers: Mapping[str, str], caller: str) -> LiveSession:
        """The session, pinned as its request says.

        One conversation may ask for several models (an agent's small one for titles, say); each is a session of its
        own, for each has its own home. So the name ends in the chain, unless that is the default one.
        """
        chain = (await self.names()).chain_of(asked.model)
        name = session_of(asked, headers, caller)
        session = self.controller.session(name if chain == DEFAULT_CHAIN else f"{name}|{chain}", chain)
        says, model = pin_of(headers)
        if says and (await session.status()).pinned != model:
            try:
                await (session.unpin() if model is None else session.pin(model))
            except (BadReferenceError, UnknownModelError) as error:
                raise RefusedError(400, "invalid_request", str(error)) from error
        return session

    def _writer(self, asked: Asked, answer: Answer) -> AnswerWriter:
        verbatim = self.apis.get(provider_of(answer.model)) == asked.form
        return WRITERS[asked.form](
            f"detent-{answer.turn}", _bare(answer.model), int(time.time()), asked.fields, verbatim
        )

    async def _streamed(self, http: web.Request, answer: Answer, writer: AnswerWriter) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers | _told(answer))
        async with answer:
            await response.prepare(http)
            await self._write(http, response, writer.begin())
            try:
                async for pieces in answer.batches():
                    await self._write(http, response, b"".join(map(writer.piece, pieces)))
            except TurnError as error:
                trouble = trouble_of(error, writer.form, self.apis)
                await self._write(http, response, writer.broken(trouble))
            else:
                await self._write(http, response, writer.end())
        await response.write_eof()
        return response

    async def _write(self, http: web.Request, response: web.StreamResponse, data: bytes) -> None:
        """Send some bytes to a client; one that does not take them in time has gone away."""
        if not data:
            return
        try:
            async with asyncio.timeout(self.client_s):
                await response.write(data)
        except TimeoutError:
            raise _cut_off(http) from None

    async def _without_answer(self, error: TurnError, asked: Asked, session: LiveSession) -> web.Response:
        status, outcome = await session.status(), error.outcome
        headers = _headers(outcome.model or status.serving, status.state, outcome.attempts, outcome.turn)
        if _is_silent_refusal(error):
            writer = WRITERS[asked.form](f"detent-{outcome.turn}", _bare(outcome.model), int(time.time()), asked.fields)
            refused = [Piece(finish_reason="content_filter")]
            if asked.stream:
                return _stream_of(refused, writer, headers)
            return web.json_response(writer.whole(refused), headers=headers)
        return refusal(asked.form, trouble_of(error, asked.form, self.apis), headers)


def _cut_off(http: web.Request) -> ConnectionResetError:
    """End the connection of a client that takes nothing in, and drop what waits for it."""
    if http.transport is not None:
        http.transport.abort()
    return ConnectionResetError("the client takes nothing in")


def _whole(asked: Asked, answer: Answer, writer: AnswerWriter) -> web.Response:
    pieces: list[Piece] = answer.value if isinstance(answer.value, list) else [answer.value]
    if not asked.stream:
        return web.json_response(writer.whole(pieces), headers=_told(answer))
    # The chain buffers: the client gets its stream, all of it at once.
    return _stream_of(pieces, writer, _told(answer))


def _stream_of(pieces: Sequence[Piece], writer: AnswerWriter, headers: Mapping[str, str]) -> web.Response:
    written = writer.begin() + b"".join(map(writer.piece, pieces)) + writer.end()
    return web.Response(body=written, content_type="text/event-stream", headers=headers)


def _is_silent_refusal(error: TurnError) -> bool:
    """The model withheld its answer, and said so in the reply of a success."""
    cause = error.__cause__
    silent = isinstance(cause, UpstreamError) and cause.transport in ("sse", "body200")
    return silent and isinstance(error, SurfacedError) and error.outcome.reason == "content_filter"


def refusal(form: Form, trouble: Trouble, headers: Mapping[str, str] | None = None) -> web.Response:
    """What a client is told that gets no answer, in the form it speaks."""
    body = trouble.reply if trouble.reply is not None else WRITERS[form].error(trouble)
    return web.json_response(body, status=trouble.status, headers={**(headers or {}), **trouble.headers})


def _bare(model: str) -> str:
    """A model as its provider names it."""
    return model.partition("/")[2]


def _told(answer: Answer) -> dict[str, str]:
    return _headers(answer.model, answer.state, len(answer.attempts), answer.turn)


def _headers(model: str, state: str, attempts: int, turn: str) -> dict[str, str]:
    """What happened: the model that answers, or that the failure is about."""
    return {
        "X-Detent-Model": model,
        "X-Detent-State": state,
        "X-Detent-Attempts": str(attempts),
        "X-Detent-Turn": turn,
    }
