"""The official clients through an outage: a fallback of another format answers, and they read it."""

import asyncio
import json
import shutil
import subprocess
from pathlib import Path

import anthropic
import openai
import pytest

from detent.adapters.gateway.keys import digest_of
from detent.adapters.local import Cut, Say, UseTool, rate_limited, server_error

from .conftest import CHAIN

QUESTION = [{"role": "user", "content": "Rain in Oslo?"}]
PARAMETERS = {"type": "object", "properties": {"city": {"type": "string"}}}


class Chat:
    """OpenAI's chat completions."""

    module = openai
    tools = ({"type": "function", "function": {"name": "look_up", "parameters": PARAMETERS}},)

    def __init__(self, scene, key="any"):
        self.client = openai.AsyncOpenAI(base_url=scene.base_url, api_key=key, max_retries=0)

    async def ask(self, messages=QUESTION, *, stream=False, **more):
        create = self.client.chat.completions
        if not stream:
            return await create.create(model="default", messages=messages, **more)
        async with create.stream(model="default", messages=messages, **more) as events:
            return await events.get_final_completion()

    def text(self, answer):
        return answer.choices[0].message.content

    def call(self, answer):
        (call,) = answer.choices[0].message.tool_calls
        return call.function.name, json.loads(call.function.arguments)

    def result(self, answer, said):
        message = answer.choices[0].message
        told = {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": said}
        return [
            *QUESTION,
            message.model_dump(exclude_none=True, exclude={"tool_calls": {0: {"function": {"parsed_arguments"}}}}),
            told,
        ]


class Responses:
    """OpenAI's Responses."""

    module = openai
    tools = ({"type": "function", "name": "look_up", "parameters": PARAMETERS, "strict": False},)

    def __init__(self, scene, key="any"):
        self.client = openai.AsyncOpenAI(base_url=scene.base_url, api_key=key, max_retries=0)

    async def ask(self, messages=QUESTION, *, stream=False, **more):
        if not stream:
            return await self.client.responses.create(model="default", input=messages, **more)
        async with self.client.responses.stream(model="default", input=messages, **more) as events:
            return await events.get_final_response()

    def text(self, answer):
        return answer.output_text

    def call(self, answer):
        (call,) = (item for item in answer.output if item.type == "function_call")
        return call.name, json.loads(call.arguments)

    def result(self, answer, said):
        call = next(item for item in answer.output if item.type == "function_call")
        kept = {"type": "function_call", "call_id": call.call_id, "name": call.name, "arguments": call.arguments}
        return [*QUESTION, kept, {"type": "function_call_output", "call_id": call.call_id, "output": said}]


class Messages:
    """Anthropic's Messages."""

    module = anthropic
    tools = ({"name": "look_up", "input_schema": PARAMETERS},)

    def __init__(self, scene, key="any"):
        self.client = anthropic.AsyncAnthropic(base_url=scene.gateway.address, api_key=key, max_retries=0)

    async def ask(self, messages=QUESTION, *, stream=False, **more):
        asked = {"model": "default", "max_tokens": 64, "messages": messages, **more}
        if not stream:
            return await self.client.messages.create(**asked)
        async with self.client.messages.stream(**asked) as events:
            return await events.get_final_message()

    def text(self, answer):
        return "".join(block.text for block in answer.content if block.type == "text")

    def call(self, answer):
        (block,) = (block for block in answer.content if block.type == "tool_use")
        return block.name, block.input

    def result(self, answer, said):
        block = next(block for block in answer.content if block.type == "tool_use")
        use = {"type": "tool_use", "id": block.id, "name": block.name, "input": block.input}
        told = {"type": "tool_result", "tool_use_id": block.id, "content": said}
        return [*QUESTION, {"role": "assistant", "content": [use]}, {"role": "user", "content": [told]}]


CLIENTS = {"openai": Chat, "responses": Responses, "anthropic": Messages}
APIS = ("openai", "responses", "anthropic", "gemini")
OUTAGES = [(form, other) for form in CLIENTS for other in APIS if other != form]
outages = pytest.mark.parametrize(("form", "fallback"), OUTAGES)
streams = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


@outages
@streams
def test_an_answer_comes_through_an_outage(played, form, fallback, stream):
    async def story(scene):
        scene.alpha.behave(server_error())
        scene.beta.behave(Say("It rains in Oslo."))
        client = CLIENTS[form](scene)
        async with client.client:
            answer = await client.ask(stream=stream)
        assert client.text(answer) == "It rains in Oslo."
        assert answer.model == "small"
        assert len(scene.alpha.calls) == 1

    played(story, apis=(form, fallback))


@outages
@streams
@pytest.mark.parametrize("when", ["before", "between"])
def test_a_tool_call_and_its_result_come_through_an_outage(played, form, fallback, stream, when):
    """The primary fails before the call, or between the call and its result; who then answers knows both."""

    async def story(scene):
        calling = scene.beta if when == "before" else scene.alpha
        scene.alpha.behave(server_error())
        calling.behave(UseTool("look_up", '{"city": "Oslo"}'), times=1)
        scene.beta.behave(Say("Take an umbrella."))
        client = CLIENTS[form](scene)
        async with client.client:
            first = await client.ask(stream=stream, tools=client.tools)
            assert client.call(first) == ("look_up", {"city": "Oslo"})
            assert first.model == ("small" if when == "before" else "large")
            second = await client.ask(client.result(first, "Heavy rain."), stream=stream, tools=client.tools)
        assert client.text(second) == "Take an umbrella."
        assert second.model == "small"
        assert "Heavy rain." in json.dumps(scene.beta.calls[-1].body)

    played(story, apis=(form, fallback))


@pytest.mark.parametrize("form", list(CLIENTS))
@streams
def test_each_error_has_the_type_that_clients_know(played, form, stream):
    async def story(scene):
        client = CLIENTS[form](scene, "dt-key")
        stranger = CLIENTS[form](scene, "dt-other")
        async with client.client, stranger.client:
            with pytest.raises(client.module.AuthenticationError):
                await stranger.ask(stream=stream)
            with pytest.raises(client.module.NotFoundError, match="nothing is named"):
                await client.client.models.retrieve("nobody")
            for provider in (scene.alpha, scene.beta):
                provider.behave(rate_limited(retry_after_s=20))
            with pytest.raises(client.module.RateLimitError) as limited:
                await client.ask(stream=stream)
            assert 18 <= int(limited.value.response.headers["Retry-After"]) <= 20

    keys = f'\n[gateway.keys.laptop]\nsha256 = "{digest_of("dt-key")}"\n'
    played(story, CHAIN + keys, apis=("anthropic", "openai"))


@pytest.mark.parametrize("form", list(CLIENTS))
def test_nobody_left_to_ask_is_an_error_that_clients_retry(played, form):
    async def story(scene):
        for provider in (scene.alpha, scene.beta):
            provider.behave(server_error())
        client = CLIENTS[form](scene)
        async with client.client:
            with pytest.raises(client.module.InternalServerError) as caught:
                await client.ask()
        assert caught.value.status_code == 503
        assert int(caught.value.response.headers["Retry-After"]) > 0

    played(story)


BROKEN = {
    "openai": (openai.APIError, "broke off"),
    "responses": (RuntimeError, "Didn't receive a `response.completed` event"),
    "anthropic": (anthropic.APIStatusError, "broke off"),
}


@pytest.mark.parametrize("form", list(CLIENTS))
@pytest.mark.parametrize("api", ["openai", "anthropic"])
def test_no_client_takes_an_answer_that_breaks_off_for_whole(played, form, api):
    kind, says = BROKEN[form]

    async def story(scene):
        scene.alpha.behave(Cut(after=3))
        client = CLIENTS[form](scene)
        async with client.client:
            with pytest.raises(kind, match=says):
                await client.ask(stream=True)

    played(story, apis=(api, "openai"))


NODE_CLIENT = "7.57.0"
"""The version of npm's openai that is asked."""


@pytest.fixture(scope="session")
def npm_openai(request):
    """The folder of npm's openai, installed once for every test that asks for it."""
    absent = [program for program in ("node", "npm") if shutil.which(program) is None]
    if absent:
        pytest.skip(f"the openai client of npm needs {' and '.join(absent)}")
    folder = Path(str(request.config.cache.mkdir("npm-openai")))
    package = folder / "node_modules" / "openai"
    if not (package / "package.json").exists():
        plainly = ["--no-audit", "--no-fund", "--legacy-peer-deps", "--prefix", str(folder)]
        command = ["npm", "install", *plainly, f"openai@{NODE_CLIENT}"]
        ran = subprocess.run(command, capture_output=True, timeout=300, check=False)
        if ran.returncode != 0:
            pytest.skip(f"npm could not fetch openai: {ran.stderr.decode(errors='replace')[-300:]}")
    return package


async def node(package, scene, form, what):
    script = Path(__file__).with_name("client.mjs")
    ran = await asyncio.create_subprocess_exec(
        "node", str(script), str(package), scene.base_url, form, what, stdout=-1, stderr=-1
    )
    said, wrong = await ran.communicate()
    assert ran.returncode == 0, wrong.decode()
    return json.loads(said)


NODE_OUTAGES = [("openai", "anthropic"), ("responses", "openai")]
node_outages = pytest.mark.parametrize(("form", "fallback"), NODE_OUTAGES)


@node_outages
@pytest.mark.parametrize("how", ["whole", "streamed"])
def test_the_openai_client_of_npm_gets_its_answer_through_an_outage(played, npm_openai, form, fallback, how):
    async def story(scene):
        scene.alpha.behave(server_error())
        scene.beta.behave(Say("It rains in Oslo."))
        assert await node(npm_openai, scene, form, f"say-{how}") == {"text": "It rains in Oslo.", "model": "small"}

    played(story, apis=(form, fallback))


@node_outages
@pytest.mark.parametrize("how", ["whole", "streamed"])
def test_the_openai_client_of_npm_calls_a_tool_through_an_outage(played, npm_openai, form, fallback, how):
    async def story(scene):
        scene.alpha.behave(server_error())
        scene.beta.behave(UseTool("look_up", '{"city": "Oslo"}'), times=1)
        scene.beta.behave(Say("Take an umbrella."))
        told = await node(npm_openai, scene, form, f"tool-{how}")
        assert told == {
            "name": "look_up",
            "arguments": {"city": "Oslo"},
            "text": "Take an umbrella.",
            "model": "small",
        }
        assert "Heavy rain." in json.dumps(scene.beta.calls[-1].body)

    played(story, apis=(form, fallback))


@node_outages
@pytest.mark.parametrize("how", ["whole", "streamed"])
def test_the_openai_client_of_npm_knows_the_errors(played, npm_openai, form, fallback, how):
    async def story(scene):
        for provider in (scene.alpha, scene.beta):
            provider.behave(rate_limited(retry_after_s=20))
        told = await node(npm_openai, scene, form, f"say-{how}")
        assert (told["kind"], told["status"]) == ("RateLimitError", 429)
        assert 15 <= int(told["retryAfter"]) <= 20
        assert "alpha/large" in told["message"]

    played(story, apis=(form, fallback))
