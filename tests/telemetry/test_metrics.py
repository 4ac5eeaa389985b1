"""What Prometheus is told, counted from the steps and turns of a real controller."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from detent.adapters.telemetry.metrics import MOST_NAMES, Metrics

from ..controller.conftest import Provider, controller, in_virtual_time, text_of


def samples(page: str) -> dict[tuple[str, ...], float]:
    """The samples of a page, by name and the labels' values in the order of their names."""
    return {key: value for key, value in _samples(page) if not key[0].endswith("_created")}


def _samples(page: str) -> Iterator[tuple[tuple[str, ...], float]]:
    for family in text_string_to_metric_families(page):
        for sample in family.samples:
            yield (sample.name, *(value for _, value in sorted(sample.labels.items()))), sample.value


def counted(story: Any) -> dict[tuple[str, ...], float]:
    metrics = Metrics()

    async def main() -> None:
        async with controller() as detent:
            detent.observe(metrics)
            await story(detent)
            metrics.stand(await detent.counts(), await detent.rests())

    in_virtual_time(main)
    return samples(generate_latest(metrics.registry).decode())


def test_an_outage_and_its_end_are_counted() -> None:
    async def story(detent: Any) -> None:
        session = detent.session("s")
        await text_of(session, Provider(a_x="overloaded"))
        await text_of(session, Provider())
        await session.reconcile()
        await asyncio.sleep((await detent.rests())[0].left)
        await text_of(session, Provider())

    said = counted(story)
    assert said["detent_turns_total", "default", "answered"] == 3
    assert said["detent_attempts_total", "a/x", "overloaded"] == 1
    assert said["detent_attempts_total", "a/x", "answered"] == 1
    assert said["detent_attempts_total", "b/y", "answered"] == 2
    assert said["detent_failovers_total",] == 1
    assert said["detent_recoveries_total",] == 1
    assert said["detent_blocked_total", "reconcile", "session"] == 1
    assert said["detent_cooldowns_total", "overloaded", "model"] == 1
    assert said["detent_first_token_seconds_count", "b/y"] == 2
    assert said["detent_cooldowns_now", "cooling"] == 0
    assert said["detent_sessions", "primary"] == 1


def test_a_fallback_that_fails_in_its_turn_is_no_second_failover() -> None:
    metrics = Metrics()

    async def story() -> None:
        async with controller("a/x", "b/y", "c/z") as detent:
            detent.observe(metrics)
            await text_of(detent.session("s"), Provider(a_x="overloaded"))
            await text_of(detent.session("s"), Provider(b_y="overloaded"))
            assert (await detent.status("s")).serving == "c/z"

    in_virtual_time(story)
    assert samples(generate_latest(metrics.registry).decode())["detent_failovers_total",] == 1


def test_what_stands_now_goes_down_again() -> None:
    metrics = Metrics()

    async def story() -> None:
        async with controller() as detent:
            await text_of(detent.session("s"), Provider(a_x="overloaded"))
            await detent.session("t").pin("b/y")
            metrics.stand(await detent.counts(), await detent.rests())
            before = samples(generate_latest(metrics.registry).decode())
            assert before["detent_cooldowns_now", "cooling"] == 1
            assert before["detent_sessions", "failover_active"] == before["detent_sessions", "user_pinned"] == 1
            await detent.session("s").reset()
            await detent.clear()
            metrics.stand(await detent.counts(), await detent.rests())
            after = samples(generate_latest(metrics.registry).decode())
            assert after["detent_cooldowns_now", "cooling"] == after["detent_sessions", "failover_active"] == 0

    in_virtual_time(story)


def test_names_that_callers_choose_do_not_grow_the_page_without_end() -> None:
    async def story(detent: Any) -> None:
        for number in range(MOST_NAMES + 20):
            session = detent.session(f"session-{number}")
            await session.pin(f"a/model-{number}")
            await text_of(session, Provider())

    said = counted(story)
    assert said["detent_attempts_total", "other", "answered"] == 20
    assert len([key for key in said if key[0] == "detent_attempts_total"]) == MOST_NAMES + 1
    assert "session-" not in str(said)
