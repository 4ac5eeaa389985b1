"""Google's generateContent over real sockets: its own SDK at the local provider, Vertex AI's address, mixed chains."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
import pytest
from google import genai
from google.genai import types

from detent.adapters import Controller, InterruptedTurnError, SurfacedError, Upstreams
from detent.adapters.local import (
    Fail,
    FailInStream,
    LocalProvider,
    Say,
    UseTool,
    overloaded,
    rate_limited,
    server_error,
    unauthorized,
)
from detent.adapters.wire import Endpoint, Request
from detent.adapters.wires import HttpWire
from detent.fsm import Chain, Config, Policy

TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object", "properties": {}}}}
ASKED = [{"role": "user", "content": "Weather?"}]
QUICK = Policy(retries=0)

pytestmark = pytest.mark.filterwarnings("ignore:Inheritance class AiohttpClientSession:DeprecationWarning")
"""Of Google's SDK, which makes a class of its own of aiohttp's session."""


@asynccontextmanager
async def sdk_of(provider: LocalProvider) -> AsyncIterator[genai.client.AsyncClient]:
    options = types.HttpOptions(base_url=provider.address, retry_options=types.HttpRetryOptions(attempts=1))
    client = genai.Client(api_key="k", http_options=options).aio
    try:
        yield client
    finally:
        await client.aclose()


def with_sdk(body):
    async def main():
        async with asyncio.timeout(10), LocalProvider("google") as provider, sdk_of(provider) as client:
            await body(provider, client.models)

    asyncio.run(main())


def test_googles_sdk_reads_a_whole_answer():
    async def body(provider, models):
        provider.behave(Say("Rain."))
        answer = await models.generate_content(model="large", contents="Weather?")
        assert (answer.text, answer.candidates[0].finish_reason.value) == ("Rain.", "STOP")
        assert (answer.model_version, answer.usage_metadata.candidates_token_count > 0) == ("large", True)
        (call,) = provider.calls
        assert (call.model, call.stream, call.authorized, call.api) == ("large", False, True, "gemini")

    with_sdk(body)


def test_googles_sdk_reads_a_stream_word_by_word():
    async def body(provider, models):
        provider.behave(Say("Rain and wind."))
        chunks = [chunk async for chunk in await models.generate_content_stream(model="large", contents="Weather?")]
        assert [chunk.text for chunk in chunks] == ["Rain", " and", " wind.", ""]
        assert chunks[-1].candidates[0].finish_reason.value == "STOP"
        assert provider.calls[0].stream

    with_sdk(body)


@pytest.mark.parametrize("streamed", [True, False])
def test_googles_sdk_reads_a_tool_call(streamed):
    async def body(provider, models):
        provider.behave(UseTool())
        if streamed:
            stream = await models.generate_content_stream(model="large", contents="Weather?")
            calls = [call for chunk in [chunk async for chunk in stream] for call in chunk.function_calls or ()]
        else:
            calls = (await models.generate_content(model="large", contents="Weather?")).function_calls
        assert [(call.name, call.args) for call in calls] == [("look_up", {"city": "Oslo"})]

    with_sdk(body)


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (rate_limited(), "rate_limit"),
        (server_error(), "server_error"),
        (overloaded(), "overloaded"),
        (unauthorized(), "auth"),
        (FailInStream(after=0), "overloaded"),
    ],
)
def test_exceptions_of_googles_sdk_are_understood_and_the_next_model_answers(behaviour, reason):
    async def body(provider, models):
        provider.behave(behaviour, model="large")
        provider.behave(Say("Rain."), model="small")

        async def call(candidate):
            return await models.generate_content_stream(model=candidate.name, contents="Weather?")

        async with Controller(Config(Chain.of("google/large", "spare/small"), QUICK)) as host:
            session = host.session("s")
            text = "".join([chunk.text async for chunk in await session.run(call)])
        assert text == "Rain."
        assert f"google/large: {reason}" in "\n".join(session.why())

    with_sdk(body)


def endpoint_of(provider, api):
    base = provider.base_url if api == "openai" else f"{provider.address}/v1beta"
    return Endpoint(provider.name, base, "k", api=api)


@asynccontextmanager
async def chain_of(first, second, policy=QUICK):
    """A controller whose chain goes from a provider of one format to one of another."""
    apis = {"a": first, "b": second}
    async with LocalProvider("a") as a, LocalProvider("b") as b:
        where = {"a": a, "b": b}
        upstreams = Upstreams(lambda provider, _: endpoint_of(where[provider], apis[provider]))
        async with Controller(Config(Chain.of("a/large", "b/large"), policy), upstreams=upstreams) as host:
            yield host, a, b


def with_tool_history(answer):
    """The next turn of an application that has run the tool it was asked for."""
    (call,) = answer.tool_calls
    function = {"name": call.name, "arguments": call.arguments}
    return [
        *ASKED,
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": call.id, "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": call.id, "content": "rain"},
    ]


@pytest.mark.parametrize(("first", "second"), [("openai", "gemini"), ("gemini", "openai")])
@pytest.mark.parametrize("streamed", [True, False])
def test_a_chain_of_two_formats_goes_on_with_tools_and_their_results(first, second, streamed):
    async def main():
        async with asyncio.timeout(10), chain_of(first, second) as (host, a, b):
            a.behave(UseTool(), times=1)
            a.behave(overloaded())
            b.behave(Say("It rains."))
            session = host.session("s")
            asked = await session.send(messages=ASKED, tools=[TOOL])
            assert asked.model == "a/large"
            told = with_tool_history(asked.value)
            if streamed:
                text = "".join([piece.text async for piece in session.stream(messages=told, tools=[TOOL])])
            else:
                text = (await session.send(messages=told, tools=[TOOL])).value.text
            return text, asked.value.tool_calls[0].id, b.calls[-1]

    text, call, heard = asyncio.run(main())
    assert (text, heard.api) == ("It rains.", second)
    if second == "gemini":
        _, said, result = heard.body["contents"]
        assert said["parts"][0]["functionCall"] == {"id": call, "name": "look_up", "args": {"city": "Oslo"}}
        assert said["parts"][0]["thoughtSignature"] == "skip_thought_signature_validator"
        assert result["parts"][0]["functionResponse"] == {"id": call, "name": "look_up", "response": {"output": "rain"}}
    else:
        assert heard.body["messages"][1]["tool_calls"][0]["id"] == heard.body["messages"][2]["tool_call_id"] == call


@pytest.mark.parametrize("streamed", [True, False])
def test_a_tool_call_of_gemini_goes_back_to_gemini_with_a_signature_it_takes(streamed):
    async def main():
        async with asyncio.timeout(10), chain_of("gemini", "openai") as (host, a, _):
            a.behave(UseTool(), times=1)
            a.behave(Say("It rains."))
            session = host.session("s")
            asked = await session.send(messages=ASKED, tools=[TOOL])
            told = with_tool_history(asked.value)
            if streamed:
                assert [piece async for piece in session.stream(messages=told, tools=[TOOL])]
            else:
                await session.send(messages=told, tools=[TOOL])
            return a.calls[-1].body["contents"]

    _, said, result = asyncio.run(main())
    (part,) = said["parts"]
    assert part["thoughtSignature"] == "skip_thought_signature_validator"
    assert part["functionCall"]["id"] == result["parts"][0]["functionResponse"]["id"]


def test_what_gemini_cannot_be_asked_goes_to_the_next_model():
    async def main():
        async with asyncio.timeout(10), chain_of("gemini", "openai") as (host, a, b):
            answer = await host.session("s").send(messages=ASKED, tools=[TOOL], parallel_tool_calls=False)
            return answer.model, len(a.calls), len(b.calls)

    assert asyncio.run(main()) == ("b/large", 0, 1)


@pytest.mark.parametrize(
    "said",
    [
        "Function calling with a response mime type: 'application/json' is unsupported",
        "Forced function calling (ANY mode) with a response mime type: 'application/json' is unsupported",
        "Invalid or unsupported file uri: https://h.example/cat.png",
        "Unsupported MIME type: image/gif",
    ],
)
def test_what_an_older_model_of_googles_refuses_goes_to_the_next_model(said):
    async def main():
        async with asyncio.timeout(10), chain_of("gemini", "openai") as (host, a, _):
            a.behave(Fail(400, {"error": {"code": 400, "message": said, "status": "INVALID_ARGUMENT"}}))
            return (await host.session("s").send(messages=ASKED)).model

    assert asyncio.run(main()) == "b/large"


def test_a_blocked_prompt_is_shown_and_not_asked_elsewhere():
    async def main():
        async with asyncio.timeout(10), chain_of("gemini", "openai") as (host, a, b):
            a.behave(Fail(200, {"promptFeedback": {"blockReason": "PROHIBITED_CONTENT"}}))
            with pytest.raises(SurfacedError) as caught:
                await host.session("s").send(messages=ASKED)
            return caught.value, len(b.calls)

    error, elsewhere = asyncio.run(main())
    assert ("content_filter" in str(error), elsewhere) == (True, 0)


def test_an_error_after_the_first_words_interrupts_the_turn():
    async def main():
        async with asyncio.timeout(10), chain_of("gemini", "openai") as (host, a, b):
            a.behave(FailInStream(after=2))
            heard = []
            with pytest.raises(InterruptedTurnError):
                async for piece in host.session("s").stream(messages=ASKED):
                    heard.append(piece.text)
            return heard, len(b.calls)

    assert asyncio.run(main()) == (["Once", " upon"], 0)


def test_vertex_ai_is_the_same_at_another_address_with_a_token():
    async def main():
        async with asyncio.timeout(10), LocalProvider("vertex") as provider, HttpWire() as wire:
            base = f"{provider.address}/v1/projects/p/locations/europe-west1/publishers/google"
            endpoint = Endpoint("vertex", base, headers={"Authorization": "Bearer t"}, api="gemini")
            whole = await wire.answer(endpoint, "gemini-3-flash", Request({"messages": ASKED}))
            pieces = [p async for p in wire.stream(endpoint, "gemini-3-flash", Request({"messages": ASKED}))]
            return whole.text, "".join(piece.text for piece in pieces), provider.calls

    whole, streamed, calls = asyncio.run(main())
    assert whole == streamed == "Hello from the local provider."
    assert [(call.model, call.stream, call.authorized) for call in calls] == [
        ("gemini-3-flash", False, True),
        ("gemini-3-flash", True, True),
    ]


def test_the_local_provider_wants_contents_as_google_does():
    async def main():
        async with LocalProvider("google") as provider, aiohttp.ClientSession(provider.address) as client:
            reply = await client.post("/v1beta/models/large:generateContent", json={})
            return reply.status, await reply.json()

    status, body = asyncio.run(main())
    assert (status, body["error"]["status"]) == (400, "INVALID_ARGUMENT")
