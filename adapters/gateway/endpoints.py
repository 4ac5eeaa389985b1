"""The vendors' endpoints: where clients that know nothing of Detent send their requests."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web
from attrs import frozen

from detent.adapters.wire import Form

from .trouble import RefusedError, Trouble
from .turns import Turns, refusal

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TURNS: Final[Mapping[str, Form]] = {"/chat/completions": "openai", "/responses": "responses", "/messages": "anthropic"}
"""Where turns are asked for, and in which form."""

PREFIXES: Final = ("/v1", "")
"""OpenAI's SDKs add their paths to a base URL that usually ends in ``/v1``, Anthropic's add ``/v1/messages`` to one
that does not, and Vercel's AI SDK adds ``/messages``: each finds its endpoint, with ``/v1`` in its base URL or not.
"""


@frozen
class Endpoints:
    """The endpoints of every form.

    Attributes:
        turns: answers requests, as the present settings have it.
        started: when the gateway was started, in POSIX seconds: the age of all that it lists.
    """

    turns: Callable[[], Turns]
    started: int

    def routes(self) -> list[web.RouteDef]:
        """Every endpoint; what else is asked for below ``/v1`` is refused in the client's form."""
        routes = []
        for prefix in PREFIXES:
            routes += [web.post(f"{prefix}{path}", self._turn(form)) for path, form in TURNS.items()]
            routes += [
                web.post(f"{prefix}/messages/count_tokens", _count_tokens),
                web.get(f"{prefix}/models", self._models),
                web.get(f"{prefix}/models/{{name:.+}}", self._models),
            ]
        return [*routes, web.route("*", "/v1/{rest:.*}", _nothing_here)]

    def _turn(self, form: Form) -> Handler:
        async def turn(http: web.Request) -> web.StreamResponse:
            return await self.turns().answer(http, form)

        return turn

    async def _models(self, http: web.Request) -> web.Response:
        """Every name that may be asked for, or one of them, in the shape of the client's vendor."""
        turns, form = self.turns(), form_of(http)
        try:
            turns.guard.admit(http, "call")
            listed = (await turns.names()).listed
            name = http.match_info.get("name")
            if name is not None and name not in listed:
                says = f"nothing is named {name!r}; GET /v1/models lists what is"
                raise RefusedError(404, "model_not_found", says)
        except RefusedError as error:
            return refusal(form, error.trouble)
        if name is not None:
            return web.json_response(self._model(name, form))
        models = [self._model(each, form) for each in listed]
        if form == "anthropic":
            return web.json_response({"data": models, "has_more": False, "first_id": listed[0], "last_id": listed[-1]})
        return web.json_response({"object": "list", "data": models})

    def _model(self, name: str, form: Form) -> dict[str, Any]:
        if form == "anthropic":
            since = datetime.fromtimestamp(self.started, UTC).isoformat().replace("+00:00", "Z")
            return {"type": "model", "id": name, "display_name": name, "created_at": since}
        return {"id": name, "object": "model", "created": self.started, "owned_by": "detent"}


def form_of(http: web.Request) -> Form:
    """The form that a client speaks: by its path, or where that does not tell, by the version that Anthropic's say."""
    asked = next((form for path, form in TURNS.items() if path in http.path), None)
    return asked or ("anthropic" if "anthropic-version" in http.headers else "openai")


async def _count_tokens(_http: web.Request) -> web.Response:
    """Tokens differ from model to model, and nobody knows yet which one will answer.

    Claude Code takes the endpoint for optional, and estimates by itself where it is not served
    (https://code.claude.com/docs/en/llm-gateway-protocol).
    """
    says = "tokens are not counted here, for they differ between the models of a chain; estimate them"
    return refusal("anthropic", Trouble(404, "not_found", says))


async def _nothing_here(http: web.Request) -> web.Response:
    served = ", ".join(f"POST /v1{path}" for path in TURNS)
    says = f"nothing is served at {http.method} {http.path}; served are {served} and GET /v1/models"
    return refusal(form_of(http), Trouble(404, "not_found", says))
