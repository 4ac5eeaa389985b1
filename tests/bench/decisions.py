"""What deciding costs, without I/O. Run it: ``python tests/bench/decisions.py``. It asserts nothing.

Absolute figures are this machine's; the ratios hold elsewhere.
"""

from __future__ import annotations

import asyncio
import gc
import os
import statistics
import tempfile
import time
import timeit
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from detent.adapters import Controller, MemoryStore
from detent.adapters.keys import Keys
from detent.adapters.settings import load
from detent.fsm import SESSION, Chain, Config, Failure, Policy, core
from detent.fsm.session import Desired

CONFIG = Config(Chain.of("a/x", "b/y", "c/z"), Policy(retries=0))
SESSIONS = 100_000


def microseconds(job: Callable[[], object], number: int) -> float:
    """The median of five rounds, in µs a call."""
    return statistics.median(timeit.repeat(job, number=number, repeat=5)) / number * 1e6


def healthy_turn() -> None:
    """A turn that the primary answers: started, called, answered, ended."""
    step = core.start(core.fresh("s", CONFIG), CONFIG, {}, 0.0, core.Request("t"))
    assert step.turn is not None
    core.succeeded(step.session, step.turn, {}, 0.0, 1)


def failover_turn() -> None:
    """A turn whose primary fails and whose fallback answers."""
    step = core.start(core.fresh("s", CONFIG), CONFIG, {}, 0.0, core.Request("t"))
    assert step.turn is not None
    step = core.failed(step.session, step.turn, {}, 0.0, 1, Failure("overloaded"))
    assert step.turn is not None
    core.succeeded(step.session, step.turn, step.cooldowns, 0.0, 2)


def one_event() -> tuple[float, float]:
    """One event through the flattened table, and through the library's own trigger, in µs."""
    session, event = core.fresh("s", CONFIG), Desired("a/x", 0)
    flat = microseconds(lambda: SESSION.fire(session, "reconcile", event), 20_000)
    trigger = microseconds(lambda: SESSION.oracle.fire(session, "reconcile", session, event), 5_000)
    return flat, trigger


async def bytes_per_session() -> float:
    """Memory of an idle session in a controller that holds many, each after one turn."""
    host = Controller(CONFIG, store=MemoryStore(), history=100)

    async def call(_attempt: object) -> str:
        return "x"

    await host.session("warm").run(call)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(SESSIONS):
        await host.session(f"session-{number}").run(call)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return (after - before) / SESSIONS


async def idle_checks(folder: Path) -> dict[str, float]:
    """Asking before a turn whether the keys that were used have changed, where none has, in µs."""
    for name in ("k1", "k2"):
        (folder / name).touch(mode=0o600)
        (folder / name).write_text("sk-0123456789")
    os.environ["DETENT_BENCH_KEY"] = "sk-0123456789"
    sources = {"files": 'file = "{}"', "variables": 'env = "DETENT_BENCH_KEY"'}
    found = {}
    for kind, source in sources.items():
        credentials = ", ".join(f"{name} = {{ {source.format(name)} }}" for name in ("k1", "k2"))
        text = f'[chains.default]\nprimary = "openai/x"\n[providers.openai]\ncredentials = {{ {credentials} }}\n'
        (folder / "detent.toml").write_text(text)
        keys = Keys(load(folder / "detent.toml").endpoint)
        await asyncio.sleep(2.1)  # files that were just written are read each time
        for name in ("k1", "k2"):
            keys.endpoint("openai", name)

        async def renew(_provider: str, _credential: str) -> None:
            raise AssertionError("no key has changed")

        rounds = []
        for _ in range(5):
            began = time.perf_counter()
            for _ in range(2000):
                await keys.follow(renew)
            rounds.append((time.perf_counter() - began) / 2000 * 1e6)
        found[kind] = statistics.median(rounds)
    return found


async def whole_turn() -> float:
    """One healthy turn through the controller with a call that answers at once, in µs."""
    host = Controller(CONFIG)

    async def call(_attempt: object) -> str:
        return "x"

    loop = asyncio.get_running_loop()
    session = host.session("s")
    rounds = []
    for _ in range(5):
        began = loop.time()
        for _ in range(2000):
            await session.run(call)
        rounds.append((loop.time() - began) / 2000 * 1e6)
    return statistics.median(rounds)


def main() -> None:
    """Measure, and print a line a figure."""
    flat, trigger = one_event()
    print(f"one event, flattened table        {flat:8.2f} µs")
    print(f"one event, transitions' trigger   {trigger:8.2f} µs   {trigger / flat:.1f} times the table's")
    healthy, failover = microseconds(healthy_turn, 5_000), microseconds(failover_turn, 5_000)
    print(f"decisions of a healthy turn       {healthy:8.2f} µs")
    print(f"decisions of one failover         {failover:8.2f} µs   {failover / healthy:.1f} times a healthy turn's")
    print(f"a healthy turn in the controller  {asyncio.run(whole_turn()):8.2f} µs")
    with tempfile.TemporaryDirectory() as folder:
        for kind, cost in asyncio.run(idle_checks(Path(folder))).items():
            print(f"two keys in {kind:10}, unchanged {cost:9.2f} µs a turn")
    print(f"an idle session, of {SESSIONS:,}       {asyncio.run(bytes_per_session()):8.0f} bytes")


if __name__ == "__main__":
    main()
