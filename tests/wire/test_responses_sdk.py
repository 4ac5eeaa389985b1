"""OpenAI's own SDK against the local provider's Responses, and sessions that are asked in that form."""

import asyncio
from contextlib import asynccontextmanager

import openai
import pytest

from detent.adapters import Controller, ExhaustedError, InterruptedTurnError, Upstreams
from detent.adapters.local import (
    Fail,
    FailInStream,
    LocalProvider,
    Say,
    UseTool,
    Wrong,
    overloaded,
    rate_limited,
    unauthorized,
)
from detent.adapters.wire import Endpoint
from detent.fsm import Chain, Config, Policy

from .conftest import endpoint_of

ASKED = {"model": "small", "input": "Hello?"}
FORGOTTEN = Fail(
    400,
    Wrong("Previous response with id 'resp_1' not found.", "invalid_request_error", "previous_response_not_found"),
)


@pytest.fixture
def with_sdk():
    """Run a coroutine function on a provider and a client of it that does not retry."""

    def running(test):
        async def main():
            async with (
                LocalProvider("local") as provider,
                openai.AsyncOpenAI(base_url=provider.base_url, api_key="sk-test", max_retries=0) as client,
            ):
                await test(provider, client)

        asyncio.run(main())

    return running


def test_it_reads_a_whole_answer(with_sdk):
    async def body(provider, client):
        got = await client.responses.create(**ASKED)
        assert got.output_text == "Hello from the local provider."
        assert (got.status, got.model) == ("completed", "small")
        assert got.usage.total_tokens == got.usage.input_tokens + got.usage.output_tokens
        assert (provider.calls[0].api, provider.calls[0].authorized) == ("responses", True)

    with_sdk(body)


def test_it_reads_a_stream(with_sdk):
    async def body(provider, client):
        provider.behave(Say("Grüße aus 世界"))
        async with client.responses.stream(**ASKED) as stream:
            events = [event async for event in stream]
            got = await stream.get_final_response()
        assert [event.delta for event in events if event.type == "response.output_text.delta"] == [
            "Grüße",
            " aus",
            " 世界",
        ]
        assert [event.sequence_number for event in events] == list(range(len(events)))
        assert (got.output_text, events[-1].type) == ("Grüße aus 世界", "response.completed")

    with_sdk(body)


@pytest.mark.parametrize("streamed", [True, False])
def test_it_reads_a_call_of_a_tool(with_sdk, streamed):
    async def body(provider, client):
        provider.behave(UseTool())
        if streamed:
            async with client.responses.stream(**ASKED) as stream:
                got = await stream.get_final_response()
        else:
            got = await client.responses.create(**ASKED)
        (call,) = got.output
        assert (call.type, call.name, call.arguments) == ("function_call", "look_up", '{"city": "Oslo"}')

    with_sdk(body)


@pytest.mark.parametrize(
    ("behaviour", "kind", "reason"),
    [
        (rate_limited(), openai.RateLimitError, "rate_limit"),
        (unauthorized(), openai.AuthenticationError, "auth"),
        (overloaded(), openai.InternalServerError, "overloaded"),
        (FORGOTTEN, openai.BadRequestError, "session_expired"),
        (FailInStream(after=0), openai.APIError, "overloaded"),
    ],
)
def test_its_exceptions_are_read_for_what_they_say(with_sdk, behaviour, kind, reason):
    async def body(provider, client):
        provider.behave(behaviour)

        async def call(attempt):
            raised = None
            try:
                stream = await client.responses.create(model=attempt.name, input="Hello?", stream=True)
                async for event in stream:
                    if event.type == "response.output_text.delta":
                        yield event.delta
            except Exception as error:
                raised = error
                raise
            finally:
                assert isinstance(raised, kind)

        async with Controller(Config(Chain.of("openai/large"), Policy(retries=0))) as host:
            with pytest.raises(ExhaustedError) as caught:
                await host.session("s").run(call)
        assert caught.value.outcome.failure.reason == reason

    with_sdk(body)


def test_an_error_in_mid_stream_interrupts_its_turn(with_sdk):
    async def body(provider, client):
        provider.behave(FailInStream(after=2))

        async def call(attempt):
            async for event in await client.responses.create(model=attempt.name, input="Hello?", stream=True):
                if event.type == "response.output_text.delta":
                    yield event.delta

        async with Controller(Config(Chain.of("openai/large"), Policy(retries=0))) as host:
            seen = []
            with pytest.raises(InterruptedTurnError):
                async for word in await host.session("s").run(call):
                    seen.append(word)
        assert seen == ["Once", " upon"]

    with_sdk(body)


@asynccontextmanager
async def on(first: str, second: str, **policy: object):
    """A session on a chain of two providers, which speak these formats."""
    async with LocalProvider("one") as one, LocalProvider("two") as two:
        endpoints: dict[str, Endpoint] = {"one": endpoint_of(one, first), "two": endpoint_of(two, second)}
        config = Config(Chain.of("one/large", "two/large"), Policy(**{"retries": 0, "backoff_s": 0.0, **policy}))
        async with Controller(config, upstreams=Upstreams(lambda provider, _: endpoints[provider])) as host:
            yield host.session("s"), one, two


HISTORY = [
    {"role": "user", "content": "Hello?"},
    {"type": "message", "id": "msg_1", "role": "assistant", "content": [{"type": "output_text", "text": "Hi!"}]},
    {"role": "user", "content": "How are you?"},
]


def test_a_session_that_is_asked_in_this_form_fails_over_to_chat():
    async def main():
        async with on("responses", "openai") as (session, one, two):
            one.behave(rate_limited())
            two.behave(Say("Fine."))
            answer = await session.send(form="responses", input=HISTORY, instructions="Be brief.")
            assert answer.value.text == "Fine."
            assert two.calls[0].body["messages"] == [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Hello?"},
                {"role": "assistant", "content": "Hi!"},
                {"role": "user", "content": "How are you?"},
            ]

    asyncio.run(main())


def test_a_vendor_that_forgot_is_asked_again_with_the_whole_conversation():
    async def main():
        async with on("responses", "openai", retries=1) as (session, one, two):
            one.behave(FORGOTTEN, times=1)
            answer = await session.send(form="responses", input=HISTORY, previous_response_id="resp_1", store=True)
            assert answer.model == "one/large"
            stale, fresh = one.calls
            assert stale.body["previous_response_id"] == "resp_1"
            assert "previous_response_id" not in fresh.body
            assert fresh.body["input"][1] == {name: v for name, v in HISTORY[1].items() if name != "id"}
            assert fresh.body["store"] is True
            assert two.calls == []

    asyncio.run(main())


def test_a_new_question_alone_is_not_asked_out_of_its_context_by_anybody():
    async def main():
        async with on("responses", "openai", retries=1) as (session, one, two):
            one.behave(FORGOTTEN)
            with pytest.raises(ExhaustedError) as caught:
                await session.send(form="responses", input="And tomorrow?", previous_response_id="resp_1")
            assert [fate.why for fate in caught.value.outcome.fates] == ["session_expired", "unsupported"]
            assert [call.body["previous_response_id"] for call in one.calls] == ["resp_1"]
            assert two.calls == []
            assert "no other candidate can be asked" in str(caught.value)

    asyncio.run(main())


def test_a_rendered_request_asks_not_to_be_stored():
    async def main():
        async with on("responses", "openai") as (session, one, _two):
            await session.send(messages=[{"role": "user", "content": "Hello?"}])
            assert one.calls[0].body["store"] is False

    asyncio.run(main())
