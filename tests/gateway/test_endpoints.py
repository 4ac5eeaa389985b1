"""The endpoints of the three forms: what is served where, what passes through, and how errors are said."""

import json

import aiohttp
import anthropic
import openai
import pytest
from aiohttp import web
from anthropic.types import Message
from openai.types.chat import ChatCompletion
from openai.types.responses import Response

from detent.adapters.gateway.endpoints import PREFIXES
from detent.adapters.local import Fail, Said, Say, UseTool, Wrong, rate_limited, server_error
from detent.adapters.local.speech import event

from .conftest import CHAIN, FORMS

OTHER = {"openai": "anthropic", "responses": "openai", "anthropic": "responses"}
"""A format that is not the client's own."""

MODELS = {"openai": ChatCompletion, "responses": Response, "anthropic": Message}
VERSION = {"anthropic-version": "2023-06-01"}


def same(form):
    return {"apis": (form, form)}


@pytest.mark.parametrize("prefix", PREFIXES)
def test_each_form_is_served_with_v1_in_the_base_url_or_without(played, form, prefix):
    async def story(scene):
        spoken = FORMS[form]
        async with (
            aiohttp.ClientSession(headers=spoken.headers) as http,
            http.post(f"{scene.gateway.address}{prefix}{spoken.path}", json=spoken.asked) as reply,
        ):
            body = await reply.json()
        assert MODELS[form].model_validate(body).model == "large"

    played(story)


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_comes_in_the_clients_form_from_a_fallback_that_speaks_another(played, form, stream):
    async def story(scene):
        scene.alpha.behave(server_error())
        scene.beta.behave(Say("All is well."))
        reply = await scene.ask(form, stream=stream)
        assert reply.status == 200
        said = json.dumps(reply.events) if stream else reply.text
        assert "small" in said
        if not stream:
            MODELS[form].model_validate(reply.body)
            assert "All is well." in said

    played(story, apis=(form, OTHER[form]))


class Peculiar:
    """Says what Detent does not know, whole or streamed, where it was asked in words that Detent does not know."""

    async def reply(self, exchange):
        assert exchange.call.body["house_rules"] == {"tea": True}
        speech, said = exchange.speech, Said("Hi")
        async with exchange.open() as response:
            sent = speech.begin(said) + speech.text("Hi") + speech.end(said)
            for field in (b'"content": "Hi"', b'"text": "Hi"', b'"output_text"', b'"text_delta"'):
                sent = sent.replace(field, field + b', "mood": "calm"')
            await response.write(sent)
        return response


@pytest.mark.parametrize("stream", [False, True])
def test_unknown_fields_pass_both_ways_where_client_and_provider_speak_the_same_form(played, form, stream):
    async def story(scene):
        scene.alpha.behave(Peculiar())
        reply = await scene.ask(form, stream=stream, house_rules={"tea": True})
        assert reply.headers["X-Detent-Model"] == "alpha/large"
        assert '"mood": "calm"' in reply.text
        assert "broke off" not in reply.text

    played(story, **same(form))


@pytest.mark.parametrize("provider", ["same", "other"])
def test_a_streaming_client_gets_a_stream_from_a_chain_that_buffers(played, form, provider):
    async def story(scene):
        whole = await scene.ask(form, stream=True)
        assert whole.headers["Content-Type"].startswith("text/event-stream")
        assert "Hello" in whole.text
        scene.alpha.behave(CutInText())
        scene.beta.behave(Say("From beta"))
        recovered = await scene.ask(form, stream=True)
        assert recovered.headers["X-Detent-Model"] == "beta/small"
        assert "beta" in recovered.text
        assert "Once" not in recovered.text

    text = CHAIN.replace("retries = 0", 'retries = 0\nstream = "buffered"')
    api = form if provider == "same" else OTHER[form]
    played(story, text, **same(api))


class CutInText:
    async def reply(self, exchange):
        async with exchange.open() as response:
            await response.write(exchange.speech.begin(Said("Once upon")) + exchange.speech.text("Once"))
            exchange.close()


class Whole:
    """Answers whole where a stream was asked for, as some servers do."""

    async def reply(self, exchange):
        return web.json_response(exchange.speech.whole(Said("All at once.")))


@pytest.mark.parametrize("stream", [False, True])
def test_a_provider_that_answers_whole_all_the_same_is_understood(played, form, stream):
    """Its answer has no events: where the client wants a stream, one is written."""

    async def story(scene):
        scene.alpha.behave(Whole())
        reply = await scene.ask(form, stream=stream)
        assert "All at once." in reply.text
        if stream:
            first, last = {
                "openai": (None, None),
                "responses": ("response.created", "response.completed"),
                "anthropic": ("message_start", "message_stop"),
            }[form]
            kinds = [said.get("type") for said in reply.events]
            assert (kinds[0], kinds[-1]) == (first, last)

    played(story, **same(form))


class CutInTool:
    """Breaks off in the middle of a tool call, before which it may have said something."""

    def __init__(self, words):
        self.words = words

    async def reply(self, exchange):
        speech, api = exchange.speech, exchange.call.api
        async with exchange.open() as response:
            if self.words:
                await response.write(speech.begin(Said(self.words)) + speech.text(self.words) + _SECOND[api])
            else:
                await response.write(speech.begin(Said("", "look_up")) + speech.arguments('{"city": '))
            exchange.close()


_BLOCK = {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {}}
_FRAGMENT = {"index": 0, "id": "c", "type": "function", "function": {"name": "look_up", "arguments": '{"city": '}}
_ITEM = {"id": "fc_1", "type": "function_call", "call_id": "call_1", "name": "look_up", "arguments": ""}
_SECOND = {
    "openai": event({"choices": [{"index": 0, "delta": {"tool_calls": [_FRAGMENT]}, "finish_reason": None}]}),
    "responses": event({"type": "response.output_item.added", "output_index": 1, "item": _ITEM})
    + event({"type": "response.function_call_arguments.delta", "output_index": 1, "delta": '{"city": '}),
    "anthropic": event({"type": "content_block_stop", "index": 0}, "content_block_stop")
    + event({"type": "content_block_start", "index": 1, "content_block": _BLOCK}, "content_block_start")
    + event(
        {"type": "content_block_delta", "index": 1, "delta": {"type": "input_json_delta", "partial_json": '{"city": '}},
        "content_block_delta",
    ),
}
"""A tool call that begins behind words, and never ends."""


@pytest.mark.parametrize("api", list(FORMS))
@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_call_that_breaks_off_is_replaced_by_the_next_candidates_answer(played, form, api, stream):
    async def story(scene):
        scene.alpha.behave(CutInTool(""))
        scene.beta.behave(Say("From beta"))
        reply = await scene.ask(form, stream=stream)
        assert reply.headers["X-Detent-Model"] == "beta/small"
        assert "look_up" not in reply.text
        assert "beta" in reply.text

    played(story, apis=(api, form))


@pytest.mark.parametrize("api", list(FORMS))
def test_a_tool_call_that_breaks_off_behind_words_is_interrupted_and_never_delivered(played, form, api):
    async def story(scene):
        scene.alpha.behave(CutInTool("I look "))
        reply = await scene.ask(form, stream=True)
        assert "I look" in reply.text
        assert "look_up" not in reply.text.partition("broke off")[0]
        assert "broke off" in json.dumps(reply.events[-1])

    played(story, apis=(api, form))


def test_a_tool_call_in_the_providers_own_events_is_passed_on_whole(played, form):
    async def story(scene):
        scene.alpha.behave(UseTool())
        reply = await scene.ask(form, stream=True)
        kinds = {
            "openai": ["tool_calls"],
            "responses": ["function_call_arguments.delta", "function_call_arguments.done", "response.completed"],
            "anthropic": ["tool_use", "input_json_delta", "content_block_stop", "message_stop"],
        }[form]
        places = [reply.text.index(kind) for kind in kinds]
        assert places == sorted(places)
        assert "Oslo" in reply.text

    played(story, **same(form))


class Listening:
    """Keeps the headers that come."""

    def __init__(self):
        self.headers = []

    async def reply(self, exchange):
        self.headers.append(dict(exchange.http.headers))
        return await Say().reply(exchange)


TOLD = {"anthropic": {"anthropic-beta": "some-2026-01-01", **VERSION}, "openai": {"OpenAI-Beta": "assistants=v2"}}
PRIVATE = {"Cookie": "a=b", "X-Forwarded-For": "10.0.0.1", "User-Agent": "agent/1", "X-Api-Key": "sk-mine"}


@pytest.mark.parametrize("asked", TOLD)
def test_the_features_a_request_is_written_in_go_to_a_provider_of_its_form_and_no_other_header(played, asked):
    async def story(scene):
        heard = Listening()
        scene.alpha.behave(heard)
        await scene.ask(asked, {**PRIVATE, **TOLD[asked]})
        (came,) = heard.headers
        assert TOLD[asked].items() <= came.items()
        assert not set(PRIVATE.values()) & set(came.values())

    played(story, **same(asked))


def test_a_provider_of_another_form_hears_nothing_of_them(played):
    async def story(scene):
        heard = Listening()
        scene.alpha.behave(heard)
        await scene.ask("anthropic", TOLD["anthropic"])
        assert not any(name.lower().startswith("anthropic") for name in heard.headers[0])

    played(story)


ERRORS = {
    "openai": lambda body: (body["error"]["type"], body["error"]["code"], body["error"]["message"]),
    "anthropic": lambda body: (body["error"]["type"], body["error"]["reason"], body["error"]["message"]),
}
ERRORS["responses"] = ERRORS["openai"]


@pytest.mark.parametrize("stream", [False, True])
def test_nobody_left_to_ask_is_an_error_in_the_clients_envelope_with_a_time_to_come_back(played, form, stream):
    async def story(scene):
        for provider in (scene.alpha, scene.beta):
            provider.behave(server_error())
        reply = await scene.ask(form, stream=stream)
        kind, code, message = ERRORS[form](reply.body)
        assert reply.status == 503
        assert (kind, code) == ("overloaded_error" if form == "anthropic" else "server_error", "exhausted")
        assert "alpha/large" in message
        assert 0 < int(reply.headers["Retry-After"]) <= 30

    played(story, apis=("openai", "anthropic"))


def test_a_rate_limit_everywhere_is_a_429_with_the_providers_own_time(played, form):
    async def story(scene):
        for provider in (scene.alpha, scene.beta):
            provider.behave(rate_limited(retry_after_s=20))
        reply = await scene.ask(form)
        assert reply.status == 429
        assert 18 <= int(reply.headers["Retry-After"]) <= 20
        assert ERRORS[form](reply.body)[0] == "rate_limit_error"

    played(story)


@pytest.mark.parametrize("stream", [False, True])
def test_what_no_candidate_can_be_asked_is_the_requests_failure_and_not_worth_coming_back_for(played, stream):
    """Codex came back for ever where it was told that the service is unavailable."""

    async def story(scene):
        reply = await scene.ask("responses", stream=stream, tools=[{"type": "web_search"}])
        assert reply.status == 400
        assert ERRORS["responses"](reply.body)[:2] == ("invalid_request_error", "unsupported")
        assert "web_search" in ERRORS["responses"](reply.body)[2]
        assert "Retry-After" not in reply.headers

    played(story, apis=("openai", "anthropic"))


def test_what_codex_says_of_itself_is_no_part_of_what_is_asked(played):
    async def story(scene):
        codex = {"client_metadata": {"session_id": "s"}, "include": ["reasoning.encrypted_content"], "store": False}
        reply = await scene.ask("responses", **codex, prompt_cache_key="s", reasoning={"summary": "auto"})
        assert reply.headers["X-Detent-Model"] == "alpha/large"
        assert "client_metadata" not in scene.alpha.calls[0].body

    played(story, apis=("anthropic", "openai"))


def test_a_failure_of_the_request_is_told_in_the_clients_form_whoever_said_it(played, form):
    async def story(scene):
        said = "This model's maximum context length is 8192 tokens. Your messages resulted in 9000 tokens."
        for provider in (scene.alpha, scene.beta):
            provider.behave(Fail(400, Wrong(said, "invalid_request_error", "context_length_exceeded")))
        reply = await scene.ask(form)
        assert reply.status == 400
        assert ERRORS[form](reply.body)[0] == "invalid_request_error"
        assert "9000 tokens" in ERRORS[form](reply.body)[2]

    played(story, **same(OTHER[form]))


def test_a_request_that_reaches_no_model_is_refused_in_the_clients_form(played, form):
    async def story(scene):
        reply = await scene.ask(form, model="nobody")
        assert reply.status == 404
        assert ERRORS[form](reply.body)[1:] == (
            "model_not_found",
            "nothing is named 'nobody'; ask for 'default', 'alpha/large', 'beta/small'",
        )

    played(story)


async def get(scene, path, headers=None, method="GET"):
    url = f"{scene.gateway.address}{path}"
    async with aiohttp.ClientSession(headers=headers) as http, http.request(method, url) as reply:
        return reply.status, await reply.json()


def test_models_are_listed_in_anthropics_shape_for_its_clients(played):
    async def story(scene):
        async with anthropic.AsyncAnthropic(base_url=scene.gateway.address, api_key="any") as client:
            listed = [model async for model in client.models.list()]
            one = await client.models.retrieve("alpha/large")
        assert [model.id for model in listed] == ["default", "alpha/large", "beta/small"]
        assert (one.id, one.type) == ("alpha/large", "model")
        assert one.created_at.year > 2000

    played(story)


def test_one_model_may_be_looked_up(played):
    async def story(scene):
        async with openai.AsyncOpenAI(base_url=scene.base_url, api_key="any") as client:
            assert (await client.models.retrieve("beta/small")).id == "beta/small"
            with pytest.raises(openai.NotFoundError, match="nothing is named 'beta/large'"):
                await client.models.retrieve("beta/large")

    played(story)


def test_tokens_are_not_counted_and_anthropics_client_is_told_so(played):
    async def story(scene):
        async with anthropic.AsyncAnthropic(base_url=scene.gateway.address, api_key="any") as client:
            with pytest.raises(anthropic.NotFoundError, match="tokens are not counted"):
                await client.messages.count_tokens(model="default", messages=FORMS["anthropic"].asked["messages"])

    played(story)


@pytest.mark.parametrize("headers", [{}, VERSION])
def test_what_is_not_served_is_a_404_in_the_clients_envelope(played, headers):
    async def story(scene):
        status, body = await get(scene, "/v1/embeddings", headers, "POST")
        assert status == 404
        assert "POST /v1/embeddings; served are POST /v1/chat/completions" in body["error"]["message"]
        assert body.get("type") == ("error" if headers else None)

    played(story)
