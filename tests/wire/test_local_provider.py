"""The local provider follows its script and speaks the real format."""

import asyncio
import time

import openai
import pytest
from attrs import field, frozen

from detent.adapters.local import Exchange, Hang, LocalProvider, Say, Slow, UseTool, rate_limited
from detent.adapters.wire import Endpoint, Request, UpstreamError
from detent.adapters.wires import HttpWire
from detent.fsm.errors import BadDataError

ASKED = Request({"messages": [{"role": "user", "content": "Hello?"}]})
MESSAGES = [{"role": "user", "content": "Hello?"}]


def answers(script, models):
    async def main():
        async with LocalProvider("local") as provider, HttpWire() as wire:
            script(provider)
            endpoint = Endpoint("local", provider.base_url)
            return [(await wire.answer(endpoint, model, ASKED)).text for model in models]

    return asyncio.run(main())


def test_counted_replies_come_first_and_in_order_then_the_lasting_one():
    def script(provider):
        provider.behave(Say("lasting"))
        provider.behave(Say("first"), times=2)
        provider.behave(Say("second"), times=1)

    assert answers(script, ["m"] * 4) == ["first", "first", "second", "lasting"]


def test_a_models_own_script_stands_before_that_of_any_model():
    def script(provider):
        provider.behave(Say("own"), model="large")
        provider.behave(Say("any"))

    assert answers(script, ["large", "small"]) == ["own", "any"]


def test_a_newer_lasting_script_replaces_an_older_one():
    def script(provider):
        provider.behave(Say("old"))
        provider.behave(Say("new"))

    assert answers(script, ["m"]) == ["new"]


def test_no_calls_cannot_be_scripted():
    with pytest.raises(BadDataError, match="times: 0"):
        LocalProvider("local").behave(Say(), times=0)


def test_calls_are_recorded_with_model_kind_and_time():
    async def main():
        async with LocalProvider("local") as provider, HttpWire() as wire:
            endpoint = Endpoint("local", provider.base_url)
            before = time.time()
            await wire.answer(endpoint, "small", ASKED)
            async for _ in wire.stream(endpoint, "large", ASKED):
                pass
            assert [(call.model, call.stream) for call in provider.calls] == [
                ("small", False),
                ("large", True),
            ]
            assert before <= provider.calls[0].at <= provider.calls[1].at <= time.time()

    asyncio.run(main())


@frozen
class Noted:
    """Hang, and say when that has begun."""

    begun: asyncio.Event = field(factory=asyncio.Event)

    async def reply(self, exchange: Exchange) -> None:
        self.begun.set()
        await Hang().reply(exchange)


def test_a_hanging_reply_does_not_hold_up_the_closing():
    async def main():
        noted = Noted()
        async with HttpWire() as wire:
            async with LocalProvider("local") as provider:
                provider.behave(noted)
                asking = asyncio.create_task(wire.answer(Endpoint("local", provider.base_url), "m", ASKED))
                await noted.begun.wait()
            with pytest.raises(UpstreamError) as caught:
                await asking
        assert caught.value.transport == "socket"

    began = time.monotonic()
    asyncio.run(main())
    assert time.monotonic() - began < 2


def test_a_slow_reply_takes_its_time():
    began = time.monotonic()
    assert answers(lambda provider: provider.behave(Slow(0.1, Say("late"))), ["m"]) == ["late"]
    assert time.monotonic() - began >= 0.1


def with_sdk(test):
    async def main():
        async with (
            LocalProvider("local") as provider,
            openai.AsyncOpenAI(base_url=provider.base_url, api_key="sk-test", max_retries=0) as client,
        ):
            await test(provider, client)

    asyncio.run(main())


def test_the_openai_sdk_reads_a_whole_answer():
    async def body(provider, client):
        got = await client.chat.completions.create(model="small", messages=MESSAGES)
        assert got.choices[0].message.content == "Hello from the local provider."
        assert got.usage.total_tokens == got.usage.prompt_tokens + got.usage.completion_tokens
        assert provider.calls[0].authorized

    with_sdk(body)


def test_the_openai_sdk_reads_a_stream_with_its_usage():
    async def body(provider, client):
        provider.behave(Say("Grüße aus 世界"))
        stream = await client.chat.completions.create(
            model="small", messages=MESSAGES, stream=True, stream_options={"include_usage": True}
        )
        chunks = [chunk async for chunk in stream]
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        assert text == "Grüße aus 世界"
        assert chunks[-2].choices[0].finish_reason == "stop"
        assert chunks[-1].usage.total_tokens > 0

    with_sdk(body)


def test_the_openai_sdk_reads_tool_calls_errors_and_the_list_of_models():
    async def body(provider, client):
        provider.behave(rate_limited(7), times=1)
        provider.behave(UseTool())
        with pytest.raises(openai.RateLimitError) as caught:
            await client.chat.completions.create(model="small", messages=MESSAGES)
        assert caught.value.code == "rate_limit_exceeded"
        assert caught.value.response.headers["retry-after"] == "7"
        got = await client.chat.completions.create(model="small", messages=MESSAGES)
        assert got.choices[0].message.tool_calls[0].function.name == "look_up"
        assert [model.id async for model in client.models.list()] == ["small", "large"]

    with_sdk(body)
