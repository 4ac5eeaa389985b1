"""The gateway as others watch it: a scrape, the log, traces over a socket; nothing of what was asked or answered."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from asyncio.subprocess import PIPE
from contextlib import asynccontextmanager

import aiohttp
import pytest
from aiohttp import web
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from detent.adapters.gateway.keys import digest_of, new_key
from detent.adapters.local import LocalProvider, Say, bad_gateway
from detent.adapters.reports import TurnReport
from detent.adapters.settings import SettingsError, load
from detent.adapters.telemetry import JsonLines, TurnLog

from .conftest import CHAIN, file_text, scene

KEY, CALLER = new_key(), new_key()
KEYS = (
    f'{CHAIN}\n[gateway.keys.prometheus]\nsha256 = "{digest_of(KEY)}"\nscopes = ["admin"]\n'
    f'[gateway.keys.app]\nsha256 = "{digest_of(CALLER)}"\n'
)
SECRETS = ("a-question-that-is-nobody's", "an-answer-that-is-nobody's", "dt-caller")
ASKED = {"model": "default", "stream": True, "messages": [{"role": "user", "content": SECRETS[0]}]}


async def turn(scene, session="talk"):
    headers = {"X-Detent-Session": session, "Authorization": f"Bearer {SECRETS[2]}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{scene.base_url}/chat/completions", json=ASKED) as reply,
    ):
        await reply.read()
        return reply.status


async def scraped(scene, **headers):
    async with aiohttp.request("GET", f"{scene.gateway.address}/metrics", headers=headers) as reply:
        return reply.status, await reply.text()


async def outage(scene):
    scene.beta.behave(Say(SECRETS[1]))
    scene.alpha.behave(bad_gateway())
    assert await turn(scene) == 200


def test_a_scrape_tells_of_an_outage_and_of_no_session(played):
    async def story(scene):
        await outage(scene)
        code, page = await scraped(scene)
        assert code == 200
        found = {
            (sample.name, *sample.labels.values()): sample.value
            for family in text_string_to_metric_families(page)
            for sample in family.samples
        }
        assert found["detent_turns_total", "default", "answered"] == 1
        assert found["detent_attempts_total", "alpha/large", "server_error"] == 1
        assert found["detent_attempts_total", "beta/small", "answered"] == 1
        assert found["detent_first_token_seconds_count", "beta/small"] == 1
        assert found["detent_sessions", "failover_active"] == 1
        assert found["detent_cooldowns_now", "cooling"] == 1
        assert not [secret for secret in ("talk", *SECRETS) if secret in page]

    played(story)


def test_a_scraper_that_speaks_openmetrics_gets_it(played):
    async def story(scene):
        await outage(scene)
        _, page = await scraped(scene, Accept="application/openmetrics-text; version=1.0.0")
        assert page.endswith("# EOF\n")
        assert "detent_turns" in {family.name for family in openmetrics(page)}

    played(story)


def test_with_keys_a_scrape_wants_one_of_scope_admin(played):
    async def story(scene):
        assert (await scraped(scene))[0] == 401
        assert (await scraped(scene, Authorization=f"Bearer {CALLER}"))[0] == 403
        assert (await scraped(scene, Authorization=f"Bearer {KEY}"))[0] == 200

    played(story, KEYS)


def test_each_turn_is_one_line_of_json_without_what_was_said(played, caplog):
    caplog.set_level(logging.INFO)

    async def story(scene):
        await outage(scene)
        scene.beta.behave(bad_gateway())
        await turn(scene)

    played(story)
    records = [record for record in caplog.records if record.name == "detent.turns"]
    answered, exhausted = (json.loads(JsonLines().format(record)) for record in records)
    assert answered["level"] == "info"
    assert (answered["session"], answered["outcome"], answered["model"]) == ("talk", "answered", "beta/small")
    assert answered["attempts"] == ["alpha/large: server_error", "beta/small: answered"]
    assert 0 <= answered["seconds"] < 10
    assert (exhausted["level"], exhausted["outcome"]) == ("warning", "exhausted")
    text = "".join(JsonLines().format(record) + record.getMessage() for record in caplog.records)
    assert not [secret for secret in SECRETS if secret in text]
    assert all("\n" not in JsonLines().format(record) for record in records)


def test_a_name_with_a_line_break_forges_no_line(caplog):
    caplog.set_level(logging.INFO)
    TurnLog().turn(TurnReport("a\nb", "default", "t", 0.0, 1.0, "aborted", "", "", ()))
    (record,) = caplog.records
    assert "\n" not in record.getMessage()
    assert json.loads(JsonLines().format(record))["session"] == "a\nb"


def test_a_log_form_that_does_not_exist_is_a_mistake_that_names_those_that_do(tmp_path):
    file = tmp_path / "detent.toml"
    file.write_text(f'{CHAIN}log = "xml"\n[providers.alpha]\nbase_url = "http://127.0.0.1:1"\n')
    with pytest.raises(SettingsError, match=r'gateway\.log: is "xml", must be one of "text", "json"'):
        load(file)


def test_detent_serve_logs_a_line_a_turn_as_its_file_says(tmp_path):
    async def story():
        async with asyncio.timeout(30), LocalProvider("alpha") as alpha, LocalProvider("beta") as beta:
            file = tmp_path / "detent.toml"
            file.write_text(file_text(f'{CHAIN}log = "json"\n', alpha, beta), encoding="utf-8")
            command = (sys.executable, "-m", "detent.adapters.cli", "serve", "--config", str(file))
            served = await asyncio.create_subprocess_exec(*command, stdout=PIPE, stderr=PIPE)
            address = (await served.stdout.readline()).decode().split()[-1]
            async with aiohttp.request("POST", f"{address}/v1/chat/completions", json=ASKED) as reply:
                await reply.read()
            line = json.loads(await served.stderr.readline())
            served.terminate()
            await served.communicate()
            return line

    line = asyncio.run(story())
    assert (line["logger"], line["outcome"], line["model"]) == ("detent.turns", "answered", "alpha/large")


@asynccontextmanager
async def collector():
    """An OpenTelemetry collector, and what it was sent."""
    sent = []

    async def take(http):
        sent.append(await http.read())
        return web.Response()

    app = web.Application()
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}", sent
    await runner.cleanup()


def test_traces_go_where_the_environment_says_and_hold_nothing_that_was_said(tmp_path, monkeypatch):
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="no exporter: pip install 'detent[otel]'")

    async def story():
        async with collector() as (address, sent):
            monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", address)
            async with asyncio.timeout(20), scene(tmp_path) as set_up:
                await outage(set_up)
            return b"".join(sent)

    sent = asyncio.run(story())
    for part in (b"turn default", b"chat alpha/large", b"chat beta/small", b"gen_ai.request.model", b"detent"):
        assert part in sent
    assert not [secret for secret in SECRETS if secret.encode() in sent]


def test_without_an_exporter_in_the_environment_opentelemetry_is_not_even_imported(played, monkeypatch):
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.setitem(sys.modules, "detent.adapters.telemetry.traces", None)
    played(outage)


def test_where_opentelemetry_is_wanted_but_missing_the_way_out_is_said(played, monkeypatch, caplog):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "detent.adapters.telemetry.traces", None)
    played(outage)
    assert "pip install 'detent[otel]'" in caplog.text
