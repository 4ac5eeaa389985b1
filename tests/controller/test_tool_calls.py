"""Tool calls: an incomplete one is never delivered, and a delivered one is never delivered twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from attrs import evolve

from detent.adapters import Attempt, Controller, Endpoint, InterruptedTurnError, SurfacedError, Upstreams
from detent.adapters.wire import Piece, Request, ToolCall
from detent.fsm import Chain, Config, Policy

from .conftest import controller, in_virtual_time

Script = tuple[Piece | float | Exception, ...]
LIVE = Policy(retries=0, first_token_s=5.0, idle_s=5.0)
END = Piece(finish_reason="tool_calls")
CALM = (Piece(text="from b"), Piece(finish_reason="stop"))


def part(arguments: str, index: int = 0, name: str = "", call: str = "") -> Piece:
    return Piece(tool_calls=(ToolCall(index, call, name, arguments),))


LOOK = (part("", name="look", call="c1"), part('{"at": '), part('"sky"}'))
TURN = (part("", 1, "turn", "c2"), part("{}", 1))
SKY = ToolCall(0, "c1", "look", '{"at": "sky"}')
ROUND = ToolCall(1, "c2", "turn", "{}")


class Scripted:
    """A wire of any format: the pieces of a script, with pauses in seconds and what it raises."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def stream(self, endpoint: Endpoint, model: str, request: Request) -> AsyncIterator[Piece]:
        for item in self.script:
            if isinstance(item, Exception):
                raise item
            if isinstance(item, float):
                await asyncio.sleep(item)
            else:
                yield item


def play(script: Script, *, policy: Policy = LIVE, whole: bool = False) -> tuple[list[Piece], Any]:
    """One turn in which a/x plays the script and b/y answers: what was delivered, and what was raised or answered."""

    async def story() -> tuple[list[Piece], Any]:
        loop: Any = asyncio.get_running_loop()
        wires = {"a": Scripted(script), "b": Scripted(CALM)}
        upstreams = Upstreams(lambda name, _: Endpoint(name, "http://127.0.0.1:9"), wires)
        config = Config(Chain.of("a/x", "b/y"), policy)
        host = Controller(config, upstreams=upstreams, now=loop.now, sleep=loop.sleep, dice=lambda: 1.0)
        got: list[Piece] = []
        async with host:
            try:
                if whole:
                    answer = await host.session("s").send(messages=[])
                    return [answer.value], answer
                async for piece in host.session("s").stream(messages=[]):
                    got.append(piece)
            except Exception as error:
                return got, error
        return got, None

    return in_virtual_time(story)  # type: ignore[no-any-return]


def calls(pieces: list[Piece]) -> list[ToolCall]:
    return [call for piece in pieces for call in piece.tool_calls]


def text(pieces: list[Piece]) -> str:
    return "".join(piece.text for piece in pieces)


@pytest.mark.parametrize("policy", [LIVE, Policy(stream="buffered"), Policy(hedge_after_s=1.0)])
def test_each_call_comes_whole_and_once_while_the_text_flows_on(policy: Policy) -> None:
    got, error = play((LOOK[0], Piece(text="I look "), *LOOK[1:], *TURN, Piece(text="around"), END), policy=policy)
    assert error is None
    assert [(piece.text, piece.tool_calls) for piece in got] == [
        ("I look ", ()),
        ("", (SKY,)),
        ("around", (ROUND,)),
        ("", ()),
    ]


def test_send_has_each_call_once() -> None:
    got, _ = play((*LOOK, *TURN, END), whole=True)
    assert calls(got) == [SKY, ROUND]


INCOMPLETE: dict[str, Script] = {
    "the stream ends": LOOK[:2],
    "finished, but no JSON": (*LOOK[:2], END),
    "finished without a name": (part("{}"), END),
    "the connection drops": (*LOOK[:2], ConnectionResetError("peer went away")),
}


@pytest.mark.parametrize("script", INCOMPLETE.values(), ids=INCOMPLETE)
@pytest.mark.parametrize("whole", [False, True], ids=["live", "whole"])
def test_an_incomplete_call_is_a_failure_and_the_next_candidate_answers(script: Script, whole: bool) -> None:
    got, _ = play(script, whole=whole)
    assert (text(got), calls(got)) == ("from b", [])


@pytest.mark.parametrize("script", INCOMPLETE.values(), ids=INCOMPLETE)
def test_an_incomplete_call_after_text_is_interrupted_and_never_delivered(script: Script) -> None:
    got, error = play((Piece(text="I look "), *script))
    assert isinstance(error, InterruptedTurnError)
    assert (text(got), calls(got)) == ("I look ", [])


def test_a_call_that_was_delivered_stays_delivered_where_the_next_one_breaks_off() -> None:
    got, error = play((*LOOK, part("{", 1, "turn", "c2"), END))
    assert isinstance(error, InterruptedTurnError)
    assert "'turn' was cut off" in str(error)
    assert calls(got) == [SKY]


def test_calls_that_come_interleaved_are_put_together() -> None:
    got, error = play((LOOK[0], TURN[0], LOOK[1], TURN[1], LOOK[2], END))
    assert error is None
    assert sorted(calls(got), key=lambda call: call.index) == [SKY, ROUND]


AGAIN = {"its end goes on": part('{"more": 1}'), "it is repeated": part('{"at": "sky"}', 0, "look", "c1")}


@pytest.mark.parametrize("again", AGAIN.values(), ids=AGAIN)
def test_a_call_that_was_delivered_is_not_delivered_again(again: Piece) -> None:
    got, error = play((*LOOK, *TURN, again, END))
    assert isinstance(error, InterruptedTurnError)
    assert calls(got) == [SKY]


def test_a_call_without_arguments_is_whole() -> None:
    got, _ = play((part("", 0, "now", "c1"), END))
    assert calls(got) == [ToolCall(0, "c1", "now", "")]


def test_a_call_cut_at_the_requests_own_limit_is_the_requests_failure() -> None:
    got, error = play((*LOOK[:2], Piece(finish_reason="length")))
    assert isinstance(error, SurfacedError)
    assert "limit of tokens" in str(error)
    assert calls(got) == []


def test_fragments_are_a_sign_of_life_and_their_end_is_not() -> None:
    slow: Script = (LOOK[0], 4.0, LOOK[1], 4.0, LOOK[2], 4.0, END)
    got, error = play(slow)
    assert (error, calls(got)) == (None, [SKY])
    got, error = play((LOOK[0], 4.0, LOOK[1], 6.0, LOOK[2], END))
    assert text(got) == "from b"


def sent(event: str, piece: Piece) -> Piece:
    """The piece with the event it came in, as a gateway asks for it."""
    return evolve(piece, event=event.encode())


BLOCK_START, BLOCK_END = sent("start", Piece()), sent("end", Piece())
WITH_EVENTS: dict[str, tuple[Script, str]] = {
    "text overtakes the fragments of an open call": (
        (sent("a", LOOK[0]), sent("b", LOOK[1]), sent("text", Piece(text="I look ")), sent("c", LOOK[2])),
        "text a b c done",
    ),
    "a call that is whole goes before what follows it": (
        (*(sent(name, part) for name, part in zip("abc", LOOK, strict=True)), sent("text", Piece(text="So."))),
        "a b c text done",
    ),
    "another event in between keeps its place, and so does the text behind it": (
        (sent("a", LOOK[0]), BLOCK_START, sent("text", Piece(text="I look ")), sent("bc", part('{"at": "sky"}'))),
        "a start text bc done",
    ),
    "the end of a block follows its call": (
        (sent("a", LOOK[0]), sent("bc", part('{"at": "sky"}')), BLOCK_END),
        "a bc end done",
    ),
    "text and a fragment in one event wait together": (
        (sent("a", evolve(LOOK[0], text="I look ")), sent("bc", part('{"at": "sky"}'))),
        "a bc done",
    ),
}


@pytest.mark.parametrize(("script", "order"), WITH_EVENTS.values(), ids=WITH_EVENTS)
def test_events_are_passed_on_as_they_came_and_in_order(script: Script, order: str) -> None:
    got, error = play((*script, sent("done", END)))
    assert error is None
    assert [piece.event.decode() for piece in got] == order.split()


def test_an_event_with_text_and_a_fragment_is_no_text_to_let_go() -> None:
    got, error = play((sent("a", evolve(LOOK[0], text="I look ")),))
    assert error is None
    assert text(got) == "from b"


def test_a_call_that_is_whole_is_passed_on_though_the_next_one_breaks_off() -> None:
    first = tuple(sent(name, piece) for name, piece in zip("abc", LOOK, strict=True))
    got, error = play((*first, sent("d", TURN[0])))
    assert isinstance(error, InterruptedTurnError)
    assert [piece.event for piece in got] == [b"a", b"b", b"c"]


@pytest.mark.parametrize("script", INCOMPLETE.values(), ids=INCOMPLETE)
def test_no_event_of_an_incomplete_call_is_passed_on(script: Script) -> None:
    events = tuple(sent("call", item) if isinstance(item, Piece) else item for item in script)
    got, error = play((sent("text", Piece(text="I look ")), *events))
    assert isinstance(error, InterruptedTurnError)
    assert [piece.event for piece in got] == [b"text"]
    got, error = play(events)
    assert error is None
    assert text(got) == "from b"


def chunk(**choice: Any) -> dict[str, Any]:
    return {"choices": [{"delta": {}, "finish_reason": None, **choice}]}


FRAGMENT = chunk(delta={"tool_calls": [{"index": 0, "function": {"name": "look", "arguments": '{"at'}}]})
BLOCK = {"type": "content_block_start", "content_block": {"type": "tool_use", "name": "look"}}
FOREIGN: dict[str, list[Any]] = {"OpenAI's chunks": [FRAGMENT], "Anthropic's events": [BLOCK]}


@pytest.mark.parametrize("pieces", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("drops", [True, False], ids=["it drops", "it just ends"])
def test_an_applications_own_stream_that_is_cut_in_a_call_says_so(pieces: list[Any], drops: bool) -> None:
    async def call(attempt: Attempt) -> AsyncIterator[Any]:
        for piece in pieces:
            yield piece
        if drops:
            raise ConnectionResetError("peer went away")

    async def story() -> None:
        answer = await controller().session("s").run(call)
        with pytest.raises(InterruptedTurnError, match="an incomplete tool call was cut off, which must not be run"):
            _ = [piece async for piece in answer]

    in_virtual_time(story)


WHOLE: dict[str, list[Any]] = {
    "OpenAI's chunks": [FRAGMENT, chunk(finish_reason="tool_calls")],
    "Anthropic's events": [BLOCK, {"type": "content_block_stop"}],
}


@pytest.mark.parametrize("pieces", WHOLE.values(), ids=WHOLE)
def test_an_applications_own_call_that_is_finished_is_an_answer(pieces: list[Any]) -> None:
    async def call(attempt: Attempt) -> AsyncIterator[Any]:
        for piece in pieces:
            yield piece

    async def story() -> None:
        answer = await controller().session("s").run(call)
        assert [piece async for piece in answer] == pieces

    in_virtual_time(story)
