"""The call that carries a request to Anthropic: path, headers, limit, and a request in its own form."""

import pytest
from aiohttp import web
from attrs import evolve, field, frozen

from detent.adapters.local import Exchange, Say
from detent.adapters.wire import Endpoint, Request
from detent.adapters.wires import FORMATS, fields_for
from detent.adapters.wires.anthropic import MAX_TOKENS

from .conftest import KEY

ANTHROPIC = FORMATS["anthropic"]
HELLO = {"role": "user", "content": "Hello?"}


@pytest.fixture
def api():
    return "anthropic"


def test_a_request_of_anthropics_own_passes_through_untouched():
    fields = {
        "messages": [HELLO, {"role": "assistant", "content": "{"}],
        "thinking": {"type": "adaptive"},
        "mcp_servers": [],
        "temperature": 0.1,
    }
    assert fields_for(ANTHROPIC, Request(fields, form="anthropic")) is fields


def test_the_call_carries_the_key_the_version_and_a_limit_that_others_overrule():
    endpoint = Endpoint("a", "https://api.anthropic.com/v1", "sk-1", api="anthropic")
    ask = ANTHROPIC.ask(endpoint, "claude-sonnet-5", {"messages": [], "model": "no"}, stream=True)
    assert ask.path == "/messages"
    assert ask.headers == {"x-api-key": "sk-1", "anthropic-version": "2023-06-01"}
    assert ask.fields == {"messages": [], "model": "claude-sonnet-5", "stream": True}
    assert ask.defaults == {"max_tokens": MAX_TOKENS}
    assert "x-api-key" not in ANTHROPIC.ask(evolve(endpoint, key=None), "m", {}, stream=False).headers


@frozen
class Noted:
    """Answer, and keep the headers of the call."""

    headers: dict[str, str] = field(factory=dict)

    async def reply(self, exchange: Exchange) -> web.StreamResponse:
        self.headers.update(exchange.http.headers)
        return await Say().reply(exchange)


@pytest.mark.parametrize(
    ("extra_body", "fields", "limit"),
    [({}, {}, MAX_TOKENS), ({"max_tokens": 50}, {}, 50), ({"max_tokens": 50}, {"max_tokens": 7}, 7)],
)
def test_the_endpoint_may_change_the_limit_and_the_headers(run, extra_body, fields, limit):
    async def body(line):
        noted = Noted()
        line.endpoint = evolve(
            line.endpoint,
            extra_body=extra_body,
            headers={"anthropic-version": "2099-01-01", "anthropic-beta": "x"},
        )
        await line.whole(noted, **fields)
        assert line.provider.calls[0].body["max_tokens"] == limit
        assert noted.headers["anthropic-version"] == "2099-01-01"
        assert noted.headers["anthropic-beta"] == "x"
        assert noted.headers["x-api-key"] == KEY

    run(body)
