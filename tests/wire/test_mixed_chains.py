"""A chain of providers that speak different formats: a turn is written once, and whoever serves is asked in his own."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from detent.adapters import Controller, Upstreams
from detent.adapters.local import LocalProvider, Say, UseTool, bad_gateway
from detent.adapters.wires import FORMATS
from detent.fsm import Chain, Config, Policy

from .conftest import endpoint_of

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "look_up",
            "description": "The weather.",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
        },
    }
]
ASKED = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Rain in Oslo?"}]


@pytest.fixture(params=sorted(FORMATS.keys() - {"openai"}))
def other(request):
    """A format that is not the one in which the turn is written."""
    return request.param


@asynccontextmanager
async def mixed(first: str, second: str):
    """A session on a chain of two providers, which speak these formats."""
    async with LocalProvider("one") as one, LocalProvider("two") as two:
        endpoints = {"one": endpoint_of(one, first), "two": endpoint_of(two, second)}
        config = Config(Chain.of("one/large", "two/large"), Policy(retries=0))
        async with Controller(config, upstreams=Upstreams(lambda provider, _: endpoints[provider])) as host:
            yield host.session("s"), one, two


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("home", [True, False])
def test_tools_and_their_results_survive_a_failover_to_another_format(other, home, streamed):
    async def main():
        first, second = ("openai", other) if home else (other, "openai")
        async with mixed(first, second) as (session, one, two):
            one.behave(UseTool())
            called = (await session.send(messages=ASKED, tools=TOOLS)).value
            (use,) = called.tool_calls
            call = {"id": use.id, "type": "function", "function": {"name": use.name, "arguments": use.arguments}}
            messages = [
                *ASKED,
                {"role": "assistant", "content": None, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": use.id, "content": "Heavy rain."},
            ]
            one.behave(bad_gateway())
            two.behave(Say("Take an umbrella."))
            if streamed:
                text = "".join([piece.text async for piece in session.stream(messages=messages, tools=TOOLS)])
            else:
                text = (await session.send(messages=messages, tools=TOOLS)).value.text
            assert text == "Take an umbrella."
            assert [each.api for each in (*one.calls, *two.calls)] == [first, first, second]
            asked = json.dumps(two.calls[0].body)
            for told in ("Be brief.", "Rain in Oslo?", "look_up", "The weather.", "Oslo", "Heavy rain."):
                assert told in asked

    asyncio.run(main())


@pytest.mark.parametrize("api", sorted(FORMATS.keys() - {"anthropic"}))
def test_a_turn_written_in_anthropics_form_goes_as_it_is_or_rendered(api):
    fields = {
        "system": "Be brief.",
        "messages": [
            {"role": "user", "content": "Rain in Oslo?"},
            {
                "role": "assistant",
                "content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "for Anthropic alone"},
                    {"type": "tool_use", "id": "toolu_1", "name": "look_up", "input": {"city": "Oslo"}},
                ],
            },
            {
                "role": "user",
                "content": [{"type": "tool_result", "tool_use_id": "toolu_1", "content": "Heavy rain."}],
            },
        ],
        "tools": [{"name": "look_up", "input_schema": TOOLS[0]["function"]["parameters"]}],
        "thinking": {"type": "adaptive"},
        "max_tokens": 100,
    }

    async def main():
        async with mixed("anthropic", api) as (session, one, two):
            one.behave(bad_gateway())
            assert (await session.send(form="anthropic", **fields)).model == "two/large"
            assert dict(one.calls[0].body) == {**fields, "model": "large", "stream": True}
            asked = json.dumps(two.calls[0].body)
            for told in ("Be brief.", "Rain in Oslo?", "look_up", "Heavy rain."):
                assert told in asked
            assert "for Anthropic alone" not in asked

    asyncio.run(main())


def test_what_the_other_format_cannot_hold_detours_the_turn_and_cools_nothing(other):
    async def main():
        async with mixed(other, "openai") as (session, one, two):
            answer = await session.send(messages=ASKED, n=2)
            assert answer.model == "two/large"
            assert one.calls == []
            assert "one/large: unsupported" in "\n".join(session.why())
            assert (await session.send(messages=ASKED)).model == "one/large"
            assert len(two.calls) == 1

    asyncio.run(main())
