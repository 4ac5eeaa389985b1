"""Anthropic's own SDK against the local provider: what it parses, and what it raises, are the vendor's to judge."""

import asyncio

import anthropic
import pytest

from detent.adapters import Controller, ExhaustedError
from detent.adapters.local import Fail, FailInStream, LocalProvider, Say, UseTool, Wrong, rate_limited, unauthorized
from detent.adapters.outcomes import InterruptedTurnError
from detent.fsm import Chain, Config, Policy

ASKED = {"model": "small", "max_tokens": 100, "messages": [{"role": "user", "content": "Hello?"}]}
OVERLOADED = Fail(529, Wrong("Overloaded", "server_error"))


@pytest.fixture
def with_sdk():
    """Run a coroutine function on a provider and a client of it that does not retry."""

    def running(test):
        async def main():
            async with (
                LocalProvider("local") as provider,
                anthropic.AsyncAnthropic(base_url=provider.address, api_key="sk-test", max_retries=0) as client,
            ):
                await test(provider, client)

        asyncio.run(main())

    return running


def test_it_reads_a_whole_answer(with_sdk):
    async def body(provider, client):
        got = await client.messages.create(**ASKED)
        assert got.content[0].text == "Hello from the local provider."
        assert (got.stop_reason, got.model) == ("end_turn", "small")
        assert min(got.usage.input_tokens, got.usage.output_tokens) > 0
        assert provider.calls[0].authorized
        assert provider.calls[0].api == "anthropic"

    with_sdk(body)


def test_it_reads_a_stream(with_sdk):
    async def body(provider, client):
        provider.behave(Say("Grüße aus 世界"))
        async with client.messages.stream(**ASKED) as stream:
            assert "".join([text async for text in stream.text_stream]) == "Grüße aus 世界"
            got = await stream.get_final_message()
        assert (got.content[0].text, got.stop_reason) == ("Grüße aus 世界", "end_turn")
        assert got.usage.output_tokens > 1

    with_sdk(body)


@pytest.mark.parametrize("streamed", [True, False])
def test_it_reads_a_call_of_a_tool(with_sdk, streamed):
    async def body(provider, client):
        provider.behave(UseTool())
        if streamed:
            async with client.messages.stream(**ASKED) as stream:
                got = await stream.get_final_message()
        else:
            got = await client.messages.create(**ASKED)
        (block,) = got.content
        assert (block.type, block.name, block.input) == ("tool_use", "look_up", {"city": "Oslo"})
        assert got.stop_reason == "tool_use"

    with_sdk(body)


def test_it_is_told_what_anthropic_wants_of_a_request(with_sdk):
    async def body(provider, client):
        with pytest.raises(anthropic.BadRequestError) as caught:
            await client.post("/v1/messages", body={"model": "small", "messages": []}, cast_to=object)
        assert caught.value.type == "invalid_request_error"
        assert provider.calls == []

    with_sdk(body)


@pytest.mark.parametrize(
    ("behaviour", "raised", "reason"),
    [
        (rate_limited(7), anthropic.RateLimitError, "rate_limit"),
        (unauthorized(), anthropic.AuthenticationError, "auth"),
        (OVERLOADED, anthropic.InternalServerError, "overloaded"),
        (FailInStream(after=0), anthropic.APIStatusError, "overloaded"),
    ],
    ids=["rate limit", "key", "overload", "error event"],
)
def test_what_it_raises_is_understood_by_a_session(with_sdk, behaviour, raised, reason):
    async def body(provider, client):
        provider.behave(behaviour, model="large")
        met = []

        async def call(attempt):
            try:
                events = await client.messages.create(**{**ASKED, "model": attempt.name}, stream=True)
                return [event async for event in events]
            except Exception as error:
                met.append(error)
                raise

        config = Config(Chain.of("anthropic/large", "anthropic/small"), Policy(retries=0))
        async with Controller(config) as host:
            session = host.session("s")
            if reason == "auth":
                with pytest.raises(ExhaustedError):
                    await session.run(call)
            else:
                assert (await session.run(call)).model == "anthropic/small"
            assert isinstance(met[0], raised)
            assert f"anthropic/large: {reason}" in "\n".join(session.why())

    with_sdk(body)


def test_an_error_event_behind_words_interrupts_the_turn(with_sdk):
    async def body(provider, client):
        provider.behave(FailInStream(after=2))

        async def call(attempt):
            return await client.messages.create(**ASKED, stream=True)

        async with Controller(Config(Chain.of("anthropic/small", "anthropic/large"))) as host:
            with pytest.raises(InterruptedTurnError, match="overloaded"):
                async for _ in await host.session("s").run(call):
                    pass

    with_sdk(body)
