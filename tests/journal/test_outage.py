"""The journal of a real outage, over real sockets: what it shows, and what it must not hold."""

from __future__ import annotations

import asyncio
from pathlib import Path

from detent.adapters import Controller, Endpoint, Journal, JournalReader, Upstreams
from detent.adapters.journal_reading import history_of
from detent.adapters.local import Fail, LocalProvider, Say
from detent.diagrams import lit, timeline
from detent.fsm import Chain, Config, Policy

KEY = "sk-test-0123456789abcdefghijklmnop"
PROMPT, ANSWER = "my most private question", "a most private answer"
ASK = [{"role": "user", "content": PROMPT}]
CONFIG = Config(Chain.of("a/large", "b/large"), Policy(retries=0))


async def outage(path: Path) -> None:
    """The primary fails twice with its key in the error, the fallback answers, the primary comes back."""
    clock = 0.0
    async with LocalProvider("a") as a, LocalProvider("b") as b:
        where = {"a": a, "b": b}
        upstreams = Upstreams(lambda provider, _: Endpoint(provider, where[provider].base_url, KEY))
        b.behave(Say(ANSWER))
        async with Controller(CONFIG, upstreams=upstreams, now=lambda: clock, journal=Journal(path)) as host:
            session = host.session("s")
            for behaviour in (Fail(500, f"no luck with {KEY}"), Fail(502, "still none"), Say(ANSWER)):
                a.behave(behaviour)
                await session.send(messages=ASK)
                await session.reconcile()
                clock += 3600.0
            await host.session("another").send(messages=ASK)


def test_the_timeline_of_a_real_outage_is_drawn_from_its_log(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    asyncio.run(outage(path))
    items = history_of("s", JournalReader(path))
    drawn = timeline(items, "text", session="s")
    rows = {line.split()[0]: line.split()[1:] for line in drawn.splitlines() if line}
    assert [sign for sign in rows["a/large"] if sign != "·"] == ["▲", "▲", "●"]
    assert [sign for sign in rows["b/large"] if sign != "·"] == ["●", "●"]
    assert [sign for sign in rows["blocked"] if sign != "·"] == ["✕", "✕"]
    bands = timeline(items, session="s").split('data-state="')[1:]
    assert [band.partition('"')[0] for band in bands] == [
        "primary",
        "failover_active",
        "cooldown_probe",
        "failover_active",
        "cooldown_probe",
        "primary",
    ]
    assert 'id="session-edge-cooldown_probe-primary"' in next(
        part for part in lit("session", items).split("<g ") if part.startswith('class="edge last"')
    )


def test_no_key_no_prompt_and_no_answer_is_in_the_log(tmp_path: Path) -> None:
    asyncio.run(outage(tmp_path / "log.jsonl"))
    text = (tmp_path / "log.jsonl").read_text(encoding="ascii")
    assert "no luck with [secret]" in text
    for secret in (KEY, PROMPT, ANSWER):
        assert secret not in text
