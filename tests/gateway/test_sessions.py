"""Which session a request belongs to, and what its answer says of it."""

import json

import pytest

from detent.adapters.gateway.asked import Asked
from detent.adapters.gateway.identity import pin_of, session_of
from detent.adapters.gateway.trouble import RefusedError
from detent.adapters.local import Cut, Fail, Said, Say, Wrong, server_error

from .conftest import CHAIN, FORMS

UUID = "57a121ec-f78c-48c3-a745-e3036a3ecc33"
CLAUDE = {"device_id": "d1", "account_uuid": "", "session_id": UUID}

CLIENTS = {
    "Claude Code": ({"X-Claude-Code-Session-Id": UUID}, {}),
    "Claude Code before 2.1.86": ({}, {"metadata": {"user_id": json.dumps(CLAUDE)}}),
    "Claude Code before 2.1.78": ({}, {"metadata": {"user_id": f"user_0a1b_account__session_{UUID}"}}),
    "Codex": ({"session-id": UUID, "thread-id": "t"}, {"prompt_cache_key": "t"}),
    "Codex before that": ({"session_id": UUID}, {"prompt_cache_key": "t"}),
    "Codex of 2025": ({"conversation_id": UUID}, {}),
    "OpenCode": ({"x-session-affinity": UUID, "X-Session-Id": UUID, "User-Agent": "opencode/1.2"}, {}),
    "OpenCode with its own provider": ({"x-opencode-session": UUID, "x-opencode-request": "r"}, {}),
    "OpenClaw": ({}, {"prompt_cache_key": UUID}),
    "Cline": ({"X-Task-ID": UUID}, {}),
    "Cline with LiteLLM": ({}, {"litellm_session_id": UUID}),
    "Cursor": ({}, {"user": UUID}),
    "pydantic-ai": ({}, {"user": "jane", "prompt_cache_key": UUID}),
    "LangChain": ({}, {"safety_identifier": UUID}),
    "Anthropic's own user": ({}, {"metadata": {"user_id": UUID}}),
}


class Headers(dict):
    """Headers, whose names have no case."""

    def __init__(self, headers):
        super().__init__({name.lower(): value for name, value in headers.items()})

    def get(self, name, default=None):
        return super().get(name.lower(), default)


def session(headers=None, fields=None):
    return session_of(Asked("openai", "", False, fields or {}), Headers(headers or {}), "laptop")


@pytest.mark.parametrize(("headers", "fields"), CLIENTS.values(), ids=CLIENTS)
def test_a_clients_own_words_name_its_session(headers, fields):
    assert session(headers, fields) == UUID


@pytest.mark.parametrize(("headers", "fields"), CLIENTS.values(), ids=CLIENTS)
def test_the_header_of_detent_goes_before_all_of_them(headers, fields):
    assert session({**headers, "X-Detent-Session": " mine "}, fields) == "mine"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"user": "", "prompt_cache_key": "  "},
        {"user": 5, "prompt_cache_key": ["a"], "metadata": {"user_id": {}}},
        {"metadata": "none"},
        {"metadata": {"user_id": ""}},
    ],
)
def test_a_client_that_names_nothing_has_one_session_for_its_key(fields):
    assert session({"User-Agent": "aider/0.86"}, fields) == "laptop"


@pytest.mark.parametrize("name", ["", " ", "x" * 201, "a\tb"])
def test_a_header_that_is_no_name_is_refused(name):
    with pytest.raises(RefusedError, match="1 to 200 printable characters"):
        session({"X-Detent-Session": name})


def test_a_long_name_of_a_client_keeps_its_beginning_and_stays_its_own():
    one, two = (session(fields={"user": "u" * 300 + end}) for end in "ab")
    assert one != two
    assert one[:100] == two[:100] == "u" * 100
    assert len(one) <= 200


@pytest.mark.parametrize(
    ("said", "means"),
    [
        ({}, (False, None)),
        ({"X-Detent-Pin": "beta/small"}, (True, "beta/small")),
        ({"X-Detent-Pin": "none"}, (True, None)),
        ({"X-Detent-Pin": "Off"}, (True, None)),
        ({"X-Detent-Pin": ""}, (True, None)),
    ],
)
def test_a_request_may_say_something_about_the_pin(said, means):
    assert pin_of(said) == means


async def told(scene, form="openai", headers=None, **fields):
    reply = await scene.ask(form, headers, **fields)
    return tuple(reply.headers.get(f"X-Detent-{name}") for name in ("Model", "State", "Attempts"))


def test_a_pin_stays_until_it_is_taken_away(played, form):
    async def story(scene):
        assert await told(scene, form, {"X-Detent-Pin": "beta/small"}) == ("beta/small", "user_pinned", "1")
        assert await told(scene, form) == ("beta/small", "user_pinned", "1")
        assert await told(scene, form, {"X-Detent-Pin": "none"}) == ("alpha/large", "primary", "1")

    played(story)


@pytest.mark.parametrize(("pin", "says"), [("nonsense", "not of the form"), ("gamma/huge", "provider 'gamma'")])
def test_a_pin_that_cannot_be_is_refused(played, pin, says):
    async def story(scene):
        reply = await scene.ask("openai", {"X-Detent-Pin": pin})
        assert reply.status == 400
        assert says in reply.body["error"]["message"]
        assert await told(scene) == ("alpha/large", "primary", "1")

    played(story)


def test_each_conversation_is_a_session_of_its_own(played, form):
    async def story(scene):
        await told(scene, form, {"X-Detent-Session": "one", "X-Detent-Pin": "beta/small"})
        assert (await told(scene, form, {"X-Detent-Session": "one"}))[1] == "user_pinned"
        assert (await told(scene, form, {"X-Detent-Session": "two"}))[1] == "primary"

    played(story)


def test_one_conversation_has_a_session_for_each_chain_that_it_asks_for(played):
    async def story(scene):
        mine = {"X-Detent-Session": "one"}
        await told(scene, headers={**mine, "X-Detent-Pin": "beta/other"})
        assert await told(scene, headers=mine, model="small") == ("beta/small", "primary", "1")
        assert await told(scene, headers=mine, model="fast") == ("beta/small", "primary", "1")
        assert await told(scene, headers=mine) == ("beta/other", "user_pinned", "1")

    played(story, CHAIN.replace("[gateway]", '[chains.fast]\nprimary = "beta/small"\n\n[gateway]'))


@pytest.mark.parametrize("stream", [False, True])
def test_every_answer_says_what_happened(played, form, stream):
    async def story(scene):
        scene.alpha.behave(server_error())
        reply = await scene.ask(form, stream=stream)
        said = {name: reply.headers.get(f"X-Detent-{name}") for name in ("Model", "State", "Attempts", "Turn")}
        assert said.pop("Turn")
        assert said == {"Model": "beta/small", "State": "failover_active", "Attempts": "2"}

    played(story)


OVERFLOW = Fail(400, Wrong("maximum context length is 8 tokens", "invalid_request_error", "context_length_exceeded"))


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(("wrong", "model"), [(server_error(), "alpha/large"), (OVERFLOW, "beta/small")])
def test_every_error_of_a_turn_says_what_happened(played, form, stream, wrong, model):
    async def story(scene):
        for provider in (scene.alpha, scene.beta):
            provider.behave(wrong)
        reply = await scene.ask(form, stream=stream)
        assert reply.status >= 400
        assert reply.headers["X-Detent-Attempts"] == "2"
        assert reply.headers["X-Detent-State"]
        assert "/" in reply.headers["X-Detent-Model"]
        assert reply.headers["X-Detent-Turn"]

    played(story)


def test_a_request_that_becomes_no_turn_says_that_nobody_was_asked(played, form):
    async def story(scene):
        reply = await scene.ask(form, model="nobody")
        assert reply.headers["X-Detent-Attempts"] == "0"
        assert "X-Detent-Turn" not in reply.headers

    played(story)


class BilledAndBroken:
    """Reports its usage, and breaks off before any content."""

    async def reply(self, exchange):
        async with exchange.open() as response:
            await response.write(exchange.speech.begin(Said("", "")))
            if exchange.call.api == "openai":
                usage = b'{"prompt_tokens": 7777, "completion_tokens": 7777, "total_tokens": 15554}'
                await response.write(b'data: {"id": "x", "choices": [], "usage": ' + usage + b"}\n\n")
            if exchange.call.api == "anthropic":
                usage = (
                    b'{"type": "message_delta", "delta": {}, "usage": {"input_tokens": 7777, "output_tokens": 7777}}'
                )
                await response.write(b"event: message_delta\ndata: " + usage + b"\n\n")
            exchange.close()


ASKS_USAGE = {"openai": {"stream_options": {"include_usage": True}}}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("api", ["openai", "anthropic"])
@pytest.mark.parametrize("fallback", list(FORMS))
def test_model_and_usage_are_those_of_the_answerer_and_a_failed_attempt_is_never_billed(
    played, form, stream, api, fallback
):
    async def story(scene):
        scene.alpha.behave(BilledAndBroken())
        scene.beta.behave(Say("one two three four five six"))
        asks = ASKS_USAGE.get(form, {}) if stream else {}
        reply = await scene.ask(form, stream=stream, **asks)
        assert reply.headers["X-Detent-Attempts"] == "2"
        model, (prompt, answer) = _accounted(form, reply.events if stream else [reply.body])
        assert model == "small"
        assert 0 < prompt < 7777
        assert answer == len("one two three four five six{}") // 4 + 1
        assert "7777" not in reply.text

    played(story, apis=(api, fallback))


def _accounted(form, told):
    """The model and the usage that an answer ends with, whole or in events."""
    if form == "responses":
        response = told[-1].get("response", told[-1])
        return response["model"], (response["usage"]["input_tokens"], response["usage"]["output_tokens"])
    model = next(said.get("model") or said["message"]["model"] for said in told)
    usages = [said["usage"] for said in told if said.get("usage")]
    if form == "openai":
        return model, (usages[-1]["prompt_tokens"], usages[-1]["completion_tokens"])
    started = [said["message"]["usage"] for said in told if said["type"] == "message_start"]
    merged = {name: value for usage in (*started, *usages) for name, value in usage.items()}
    return model, (merged["input_tokens"], merged["output_tokens"])


def test_an_answer_that_breaks_off_names_the_model_whose_it_was(played, form):
    async def story(scene):
        scene.alpha.behave(Cut(after=3))
        reply = await scene.ask(form, stream=True)
        assert reply.headers["X-Detent-Model"] == "alpha/large"
        assert "broke off" in json.dumps(reply.events[-1])

    played(story)
