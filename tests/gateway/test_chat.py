"""OpenAI's chat completions through the gateway, as the official client sees them."""

import json

import aiohttp
import openai
import pytest

from detent.adapters.local import Cut, Fail, Say, UseTool, Wrong, rate_limited, server_error

from .conftest import ASKED, CHAIN


def client(scene):
    return openai.AsyncOpenAI(base_url=scene.base_url, api_key="sk-any", max_retries=0)


def test_a_whole_answer_comes_through_an_outage(played):
    async def story(scene):
        scene.alpha.behave(server_error())
        scene.beta.behave(Say("All is well."))
        async with client(scene) as detent:
            said = await detent.chat.completions.create(**ASKED)
        assert said.choices[0].message.content == "All is well."
        assert said.model == "small"
        assert said.usage.completion_tokens > 0

    played(story)


def test_a_stream_comes_through_an_outage(played):
    async def story(scene):
        scene.alpha.behave(rate_limited())
        scene.beta.behave(Say("One two three"))
        async with client(scene) as detent:
            stream = await detent.chat.completions.create(stream=True, **ASKED)
            chunks = [chunk async for chunk in stream]
        assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks) == "One two three"
        assert chunks[-1].choices[0].finish_reason == "stop"

    played(story)


@pytest.mark.parametrize("stream", [False, True])
def test_the_answer_says_what_happened(played, stream):
    async def story(scene):
        scene.alpha.behave(server_error())
        async with (
            aiohttp.ClientSession() as http,
            http.post(f"{scene.base_url}/chat/completions", json={**ASKED, "stream": stream}) as reply,
        ):
            assert reply.status == 200
            assert reply.headers["X-Detent-Model"] == "beta/small"
            assert reply.headers["X-Detent-State"] == "failover_active"
            assert reply.headers["X-Detent-Attempts"] == "2"
            assert reply.headers["X-Detent-Turn"]

    played(story)


def test_what_detent_does_not_know_passes_through_in_both_directions(played):
    class Peculiar:
        async def reply(self, exchange):
            assert exchange.call.body["house_rules"] == {"tea": True}
            async with exchange.open() as response:
                await response.write(
                    b'data: {"id": "x", "fingerprint": "fp", "choices": [{"index": 0, "delta":'
                    b' {"content": "Hi", "mood": "calm"}, "finish_reason": null}]}\n\n'
                )
                await response.write(exchange.speech.chunk({}, "stop") + b"data: [DONE]\n\n")
            return response

    async def story(scene):
        scene.alpha.behave(Peculiar())
        url, asked = f"{scene.base_url}/chat/completions", {**ASKED, "house_rules": {"tea": True}}
        async with aiohttp.ClientSession() as http:
            async with http.post(url, json=asked) as reply:
                whole = await reply.json()
            async with http.post(url, json={**asked, "stream": True}) as reply:
                streamed = await reply.text()
        assert whole["fingerprint"] == "fp"
        assert whole["choices"][0]["message"] == {"content": "Hi", "mood": "calm"}
        assert '"mood": "calm"' in streamed
        assert streamed.endswith("data: [DONE]\n\n")

    played(story)


def test_a_tool_call_comes_through_whole_and_streamed(played):
    async def story(scene):
        scene.alpha.behave(UseTool("look_up", '{"city": "Oslo"}'))
        async with client(scene) as detent:
            whole = await detent.chat.completions.create(**ASKED)
            stream = await detent.chat.completions.create(stream=True, **ASKED)
            parts = [chunk.choices[0].delta.tool_calls async for chunk in stream]
        call = whole.choices[0].message.tool_calls[0]
        assert (call.function.name, call.function.arguments) == ("look_up", '{"city": "Oslo"}')
        arguments = "".join(part[0].function.arguments for part in parts if part)
        assert json.loads(arguments) == {"city": "Oslo"}

    played(story)


def test_an_answer_that_breaks_off_ends_in_an_error_and_never_looks_whole(played):
    async def story(scene):
        scene.alpha.behave(Cut(after=3))
        async with client(scene) as detent:
            stream = await detent.chat.completions.create(stream=True, **ASKED)
            said = []
            with pytest.raises(openai.APIError, match="broke off"):
                async for chunk in stream:
                    said.append(chunk.choices[0].delta.content)
        assert "".join(said) == "Once upon a"

    played(story)


def test_the_last_event_of_a_broken_answer_is_an_error_and_no_done_follows(played):
    async def story(scene):
        scene.alpha.behave(Cut(after=3))
        asked, url = {**ASKED, "stream": True}, f"{scene.base_url}/chat/completions"
        async with aiohttp.ClientSession() as http, http.post(url, json=asked) as reply:
            events = (await reply.text()).strip().split("\n\n")
        assert json.loads(events[-1].removeprefix("data: "))["error"]["code"] == "interrupted"

    played(story)


def test_what_came_in_one_packet_goes_out_in_one(played):
    class AtOnce:
        async def reply(self, exchange):
            words = b"".join(exchange.speech.chunk({"content": f"{number} "}) for number in range(20))
            async with exchange.open() as response:
                await response.write(words + exchange.speech.chunk({}, "stop") + b"data: [DONE]\n\n")
            return response

    async def story(scene):
        scene.alpha.behave(AtOnce())
        asked, url = {**ASKED, "stream": True}, f"{scene.base_url}/chat/completions"
        async with aiohttp.ClientSession() as http, http.post(url, json=asked) as reply:
            return [packet async for packet, _ in reply.content.iter_chunks()]

    (whole,) = played(story)
    assert whole.count(b"data: ") == 22


def test_usage_comes_in_a_stream_only_where_it_was_asked_for(played):
    async def story(scene):
        async with client(scene) as detent:
            plain = await detent.chat.completions.create(stream=True, **ASKED)
            unasked = [chunk.usage async for chunk in plain]
            more = await detent.chat.completions.create(stream=True, stream_options={"include_usage": True}, **ASKED)
            asked = [chunk.usage async for chunk in more]
        assert not any(unasked)
        assert asked[-1].completion_tokens > 0

    played(story)


def test_nobody_left_to_ask_is_a_503_that_says_when_to_come_back(played):
    async def story(scene):
        for provider in (scene.alpha, scene.beta):
            provider.behave(server_error())
        async with client(scene) as detent:
            with pytest.raises(openai.InternalServerError) as caught:
                await detent.chat.completions.create(**ASKED)
        assert caught.value.status_code == 503
        assert 0 < int(caught.value.response.headers["Retry-After"]) <= 30
        assert "alpha/large" in caught.value.message

    played(story)


def test_a_failure_of_the_requests_own_is_shown_as_the_provider_said_it(played):
    async def story(scene):
        said = "This model's maximum context length is 8192 tokens. Your messages resulted in 9000 tokens."
        for provider in (scene.alpha, scene.beta):
            provider.behave(Fail(400, Wrong(said, "invalid_request_error", "context_length_exceeded")))
        async with client(scene) as detent:
            with pytest.raises(openai.BadRequestError) as caught:
                await detent.chat.completions.create(**ASKED)
        assert caught.value.code == "context_length_exceeded"
        assert caught.value.body["message"] == said

    played(story)


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", 400, "no JSON"),
        (b"[]", 400, "must be a JSON object"),
        (b'{"model": 5}', 400, "model is 5"),
        (b'{"stream": "yes"}', 400, 'stream is "yes"'),
        (b'{"model": "defualt"}', 404, 'did you mean "default"'),
    ],
)
def test_a_request_that_reaches_no_model_is_told_why(played, body, status, says):
    async def story(scene):
        async with aiohttp.ClientSession() as http, http.post(f"{scene.base_url}/chat/completions", data=body) as reply:
            assert reply.status == status
            assert says in (await reply.json())["error"]["message"]

    played(story)


def test_a_model_may_be_asked_for_by_its_reference_its_bare_name_or_an_alias(played):
    async def story(scene):
        async with client(scene) as detent:
            asked = [
                (await detent.chat.completions.create(**{**ASKED, "model": name})).model
                for name in ("beta/small", "small", "fast", "beta/other")
            ]
        assert asked == ["small", "small", "small", "other"]

    played(story, CHAIN + 'aliases = { fast = "beta/small" }\n')


def test_models_lists_every_name(played):
    async def story(scene):
        async with client(scene) as detent:
            return [model.id async for model in detent.models.list()]

    assert played(story) == ["default", "alpha/large", "beta/small"]
