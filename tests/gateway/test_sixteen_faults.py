"""Sixteen faults, through the gateway, with the careful profile of the template and with the defaults."""

import json
import tomllib
from pathlib import Path

import pytest
from attrs import frozen

from detent.adapters.local import Cut, Fail, MalformedChunk, Reset, Say, Wrong

from .faults import FAULTS, TEXT, Fault, careful, defaults, play

LIVE_ENDS_IN_AN_ERROR = {
    "cut at 40 of 60 tokens",
    "stalled for 30 s",
    "malformed chunk",
    "cut, and a fallback without prefill",
}
"""Where some of a live answer is with the client already, nothing else can follow it but an error."""


@pytest.fixture(params=["whole", "streamed"])
def through(request, tmp_path):
    """One answer through a fault with the careful profile, and the stage it was played on."""

    def asking(name, fault=None):
        async def story(stage):
            return await stage.ask(stream=request.param == "streamed"), stage

        return play(tmp_path, careful(), fault or FAULTS[name], story)

    return asking


def test_a_429_is_waited_for_as_long_as_it_says_and_the_primary_answers(through):
    seen, stage = through("429 with Retry-After 2")
    assert seen.is_whole
    assert seen.model == "large"
    first, second = stage.times
    assert 2 <= second - first <= 3
    assert stage.beta.calls == []


def test_a_429_without_a_time_is_not_asked_again_and_the_fallback_answers(through):
    seen, stage = through("persistent 429 without")
    assert seen.is_whole
    assert seen.model == "small"
    assert len(stage.times) == 1


def test_a_500_is_retried_once_and_the_primary_answers(through):
    seen, stage = through("500 once")
    assert seen.is_whole
    assert seen.model == "large"
    assert len(stage.times) == 2
    assert stage.beta.calls == []


def test_a_503_is_tried_three_times_at_most_with_growing_waits_and_the_fallback_answers(through):
    seen, stage = through("persistent 503")
    assert seen.is_whole
    assert seen.model == "small"
    first, second, third = stage.times
    assert 0.25 <= second - first <= 0.5
    assert 0.5 <= third - second <= 1


def test_a_reset_is_retried_and_the_primary_answers(through):
    seen, stage = through("reset before headers")
    assert seen.is_whole
    assert seen.model == "large"
    assert len(stage.times) == 2


def test_a_server_that_resets_every_connection_is_left_for_the_fallback(through):
    seen, stage = through("", Fault((Reset(),)))
    assert seen.is_whole
    assert seen.model == "small"
    assert len(stage.times) == 2


def test_silence_is_overtaken_after_ten_seconds_and_asked_once(through):
    seen, stage = through("two minutes of silence")
    assert seen.is_whole
    assert seen.model == "small"
    assert seen.took_s < 11
    assert len(stage.times) == 1


def test_a_first_token_that_comes_late_is_overtaken_after_ten_seconds(through):
    seen, stage = through("first token after 20 s")
    assert seen.is_whole
    assert seen.first_s < 15
    assert len(stage.times) == 1


def test_a_first_token_is_waited_for_up_to_the_limit_where_nobody_overtakes(tmp_path):
    async def story(stage):
        return await stage.ask(stream=True)

    alone = careful().replace("hedge_after_s = 10", "")
    just_within = play(tmp_path, alone, Fault((Say(TEXT, first_s=29),)), story)
    too_late = play(tmp_path, alone.replace("retries = 2", "retries = 0"), Fault((Say(TEXT, first_s=31),)), story)
    assert (just_within.is_whole, just_within.model) == (True, "large")
    assert (too_late.is_whole, too_late.model) == (True, "small")
    assert 30 <= too_late.took_s < 31


@pytest.mark.parametrize("fault", [Fault((Cut(40, TEXT),)), Fault((Cut(40, TEXT), Say(TEXT)))])
def test_a_stream_that_is_cut_gives_a_whole_answer_from_one_model(through, fault):
    seen, stage = through("", fault)
    assert seen.is_whole
    assert len(stage.times) <= 3
    assert seen.model == ("large" if len(fault.primary) > 1 else "small")


def test_a_stream_that_stalls_is_left_in_time_for_a_whole_answer(through):
    seen, stage = through("stalled for 30 s")
    assert seen.is_whole
    assert seen.took_s < 45
    assert len(stage.times) <= 3


@pytest.mark.parametrize("fault", [FAULTS["malformed chunk"], Fault((MalformedChunk(10, TEXT),))])
def test_a_malformed_chunk_gives_a_whole_answer_with_nothing_of_it(through, fault):
    seen, stage = through("", fault)
    assert seen.is_whole
    assert len(stage.times) <= 3


def test_a_stream_without_done_is_at_its_end_at_once_with_its_usage(through):
    seen, stage = through("no [DONE]")
    assert seen.is_whole
    assert seen.usage["completion_tokens"] > 0
    assert seen.took_s < 1
    assert len(stage.times) == 1


def test_an_overflow_goes_to_the_next_model_and_is_not_tried_again(through):
    seen, stage = through("context length exceeded")
    assert seen.is_whole
    assert seen.model == "small"
    assert len(stage.times) == 1


def test_a_refusal_is_shown_as_it_was_and_nobody_else_is_asked(through):
    seen, stage = through("content-filter refusal")
    assert seen.status == 400
    assert seen.error["code"] == "content_policy_violation"
    assert seen.error["message"] == "Your request was rejected by our safety system."
    assert len(stage.times) == 1
    assert stage.beta.calls == []


def test_a_refusal_without_a_word_is_an_answer_that_says_so_and_nobody_else_is_asked(through):
    class Silent:
        async def reply(self, exchange):
            async with exchange.open() as response:
                await response.write(exchange.speech.chunk({"role": "assistant", "content": ""}))
                await response.write(exchange.speech.chunk({}, "content_filter") + b"data: [DONE]\n\n")
            return response

    seen, stage = through("", Fault((Silent(),)))
    assert seen.status == 200
    assert seen.ended
    assert (seen.text, seen.model) == ("", "large")
    assert len(stage.times) == 1
    assert stage.beta.calls == []


def test_a_cut_stream_is_begun_anew_for_a_fallback_that_takes_no_prefill(through):
    seen, stage = through("cut, and a fallback without prefill")
    assert seen.is_whole
    assert seen.model == "small"
    assert [call.body["messages"] for call in stage.beta.calls] == [stage.alpha.calls[0].body["messages"]]


@pytest.mark.parametrize(("profile", "down_s"), [(careful, 60), (careful, 80), (defaults, 60)])
def test_a_primary_that_was_down_is_back_within_half_a_minute_and_was_probed_seldom(tmp_path, profile, down_s):
    async def story(stage):
        stage.loop.call_at(down_s, stage.alpha.behave, Say(TEXT))
        answers = []
        for number in range(30):
            await stage.loop.sleep(4 * number - stage.loop.time())
            answers.append((stage.loop.time(), await stage.ask(stream=True)))
        assert all(seen.is_whole for _, seen in answers)
        home = [at for at, seen in answers if seen.model == "large"]
        assert home[0] <= down_s + 30
        assert home == [at for at, _ in answers if at >= home[0]]
        assert len([at for at in stage.times if at < down_s]) <= 3 + down_s / 10

    play(tmp_path, profile(), FAULTS["primary down for 60 s"], story)


@frozen
class Counting:
    """A stream that says what it has used and then ends, or is cut."""

    used: int
    cut: bool

    async def reply(self, exchange):
        usage = {"prompt_tokens": 7, "completion_tokens": self.used, "total_tokens": 7 + self.used}
        async with exchange.open() as response:
            await response.write(exchange.speech.chunk({"content": TEXT}))
            await response.write(f'data: {{"choices": [], "usage": {json.dumps(usage)}}}\n\n'.encode())
            if self.cut:
                exchange.close()
            else:
                await response.write(exchange.speech.chunk({}, "stop") + b"data: [DONE]\n\n")


def test_model_and_usage_are_those_of_the_model_that_answered(through):
    seen, stage = through("", Fault((Counting(1000, cut=True),), Counting(60, cut=False)))
    assert seen.is_whole
    assert seen.model == "small"
    assert seen.usage == {"prompt_tokens": 7, "completion_tokens": 60, "total_tokens": 67}
    assert len(stage.times) == 3


def test_a_model_that_is_down_is_not_counted_for_an_answer(through):
    seen, _ = through("accounting")
    assert seen.is_whole
    assert seen.model == "small"
    assert seen.usage["completion_tokens"] == len(TEXT + "{}") // 4 + 1


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("name", FAULTS)
def test_by_default_no_fault_ends_in_a_hang_or_in_a_short_answer_that_looks_whole(tmp_path, name, stream):
    async def story(stage):
        seen, attempts = await stage.ask(stream=stream), len(stage.times)
        stage.alpha.behave(Say(TEXT))
        return seen, attempts, await stage.ask(stream=stream)

    seen, attempts, after = play(tmp_path, defaults(), FAULTS[name], story)
    assert attempts <= 3
    assert after.is_whole
    if name == "content-filter refusal" or (stream and name in LIVE_ENDS_IN_AN_ERROR):
        assert seen.is_a_clear_error
    else:
        assert seen.is_whole


def test_by_default_a_broken_stream_says_why_and_what_was_sent_is_true(tmp_path):
    async def story(stage):
        return await stage.ask(stream=True)

    seen = play(tmp_path, defaults(), FAULTS["cut at 40 of 60 tokens"], story)
    assert TEXT.startswith(seen.text)
    assert seen.error["code"] == "interrupted"
    assert "broke off" in seen.error["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_where_nobody_can_answer_the_error_is_the_last_word(tmp_path, stream):
    async def story(stage):
        return await stage.ask(stream=stream)

    down = Fail(503, Wrong("The engine is currently overloaded.", "server_error"))
    seen = play(tmp_path, careful(), Fault((down,), down), story)
    assert seen.status == 503
    assert seen.is_a_clear_error


def test_the_profile_is_the_one_that_the_readme_shows():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    shown = readme.partition("<!-- careful -->\n```toml\n")[2].partition("```")[0]
    policy = tomllib.loads(careful())["chains"]["default"]["policy"]
    assert tomllib.loads(shown)["chains"]["default"]["policy"] == policy
