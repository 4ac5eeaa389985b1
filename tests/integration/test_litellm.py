"""LiteLLM's proxy, a gateway that is not ours, as one real upstream: it answers, and words its failures, by itself.

``pip install 'litellm[proxy]'`` into an environment of its own (it pins older libraries than the tests use), and name
its program in ``DETENT_LITELLM``, or have it on the path.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest

from detent.adapters import Controller, Endpoint, ExhaustedError, SurfacedError, Upstreams
from detent.adapters.wire import Request
from detent.adapters.wires import HttpWire
from detent.fsm import Chain, Config, Policy

PROGRAM = os.environ.get("DETENT_LITELLM") or shutil.which("litellm")
KEY = "sk-integration"
STARTS_WITHIN_S = 120
MODELS = {
    "well": "All is well.",
    "limited": "litellm.RateLimitError",
    "down": "litellm.InternalServerError",
    "long": "litellm.ContextWindowExceededError",
}
SETTINGS = f"""
general_settings: {{master_key: {KEY}}}
router_settings: {{num_retries: 0, disable_cooldowns: true}}
model_list:
"""
ASKED = [{"role": "user", "content": "Hello?"}]

pytestmark = pytest.mark.skipif(
    PROGRAM is None, reason="LiteLLM's proxy is not installed: pip install 'litellm[proxy]'"
)


@pytest.fixture(scope="module")
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running proxy."""
    assert PROGRAM is not None  # else the tests are skipped
    folder = tmp_path_factory.mktemp("litellm")
    entries = [
        f'  - {{model_name: {name}, litellm_params: {{model: openai/x, api_key: none, mock_response: "{says}"}}}}\n'
        for name, says in MODELS.items()
    ]
    (folder / "config.yaml").write_text(SETTINGS + "".join(entries), encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [PROGRAM, "--config", str(folder / "config.yaml"), "--host", "127.0.0.1", "--port", str(port)]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log, cwd=folder) as process:
        try:
            _await_life(f"http://127.0.0.1:{port}/health/liveliness", process, folder / "log")
            yield f"http://127.0.0.1:{port}/v1"
        finally:
            process.terminate()


def _await_life(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - a local address
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    pytest.fail(f"LiteLLM's proxy did not start: {log.read_text(errors='replace')[-2000:]}")


APIS = {"litellm": "openai", "litellm-messages": "anthropic"}
"""The proxy as two providers, by the format that each is asked in."""


def in_session(proxy: str, *chain: str, then: Callable[[Any], Coroutine[Any, Any, Any]], key: str = KEY) -> Any:
    """Run a story with a session whose candidates are all models of the proxy."""

    async def main() -> Any:
        async with (
            Upstreams(lambda provider, _: Endpoint(provider, proxy, key, api=APIS[provider])) as upstreams,
            Controller(Config(Chain.of(*chain), Policy(retries=0)), upstreams=upstreams) as controller,
        ):
            return await then(controller.session("s"))

    return asyncio.run(asyncio.wait_for(main(), 60))


@pytest.mark.parametrize("provider", list(APIS))
def test_it_answers_whole_and_streamed(proxy, provider):
    async def story(session):
        whole = await session.send(messages=ASKED)
        streamed = [piece.text async for piece in session.stream(messages=ASKED)]
        return whole.value.text, "".join(streamed)

    assert in_session(proxy, f"{provider}/well", then=story) == ("All is well.", "All is well.")


def test_its_responses_are_read_whole(proxy):
    """Its mock cannot stream them."""

    async def main():
        async with HttpWire() as wire:
            endpoint = Endpoint("litellm", proxy, KEY, api="responses")
            return (await wire.answer(endpoint, "well", Request({"input": "Hello?"}, "responses"))).text

    assert asyncio.run(main()) == "All is well."


def test_a_turn_in_anthropics_form_goes_on_in_openais(proxy):
    async def story(session):
        answer = await session.send(form="anthropic", system="Be brief.", max_tokens=20, messages=ASKED)
        return answer.model, answer.value.text

    chain = ("litellm-messages/down", "litellm/well")
    assert in_session(proxy, *chain, then=story) == ("litellm/well", "All is well.")


@pytest.mark.parametrize(("model", "reason"), [("limited", "rate_limit"), ("down", "server_error")])
def test_a_session_fails_over_from_a_model_of_it_to_another(proxy, model, reason):
    async def story(session):
        answer = await session.send(messages=ASKED)
        return answer.model, [fate.why for fate in answer.outcome.fates], (await session.status()).state

    assert in_session(proxy, f"litellm/{model}", "litellm/well", then=story) == (
        "litellm/well",
        [reason],
        "failover_active",
    )


def test_a_prompt_that_is_too_long_for_its_models_is_shown_as_that(proxy):
    async def story(session):
        with pytest.raises(SurfacedError) as caught:
            await session.send(messages=ASKED)
        return caught.value.outcome.reason

    assert in_session(proxy, "litellm/long", then=story) == "context_overflow"


def test_a_key_that_it_does_not_know_is_a_credential_that_does_not_work(proxy):
    async def story(session):
        with pytest.raises(ExhaustedError) as caught:
            await session.send(messages=ASKED)
        return [fate.why for fate in caught.value.outcome.fates]

    assert in_session(proxy, "litellm/well", then=story, key="sk-another") == ["auth"]
