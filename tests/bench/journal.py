"""What the journal adds to a turn. Run it: ``python tests/bench/journal.py``. It asserts nothing.

Turns with and without it alternate in one run, so that the ratio holds where the absolute figures do not.
"""

from __future__ import annotations

import asyncio
import statistics
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

from detent.adapters import Attempt, Controller, Journal, JournalReader, LiveSession
from detent.fsm import Chain, Config

CONFIG = Config(Chain.of("a/x", "b/y", "c/z"))
TURNS = 500
ROUNDS = 15


async def answer(_attempt: Attempt) -> str:
    """A call that answers at once."""
    return "x"


async def answer_over_a_network(_attempt: Attempt) -> str:
    """A call that takes 20 ms, which is quicker than any model."""
    await asyncio.sleep(0.02)
    return "x"


async def microseconds(session: LiveSession, call: object, turns: int) -> float:
    """One round, in µs a turn."""
    began = perf_counter()
    for _ in range(turns):
        await session.run(call)  # type: ignore[arg-type]
    return (perf_counter() - began) / turns * 1e6


async def compare(path: Path, call: object, turns: int) -> tuple[float, float]:
    """The medians of rounds that alternate: without the journal, and with it, in µs a turn."""
    async with Controller(CONFIG) as plain, Controller(CONFIG, journal=Journal(path)) as written:
        rounds = [
            (await microseconds(plain.session("s"), call, turns), await microseconds(written.session("s"), call, turns))
            for _ in range(ROUNDS)
        ]
    without, with_it = zip(*rounds, strict=True)
    return statistics.median(without), statistics.median(with_it)


async def slowest(path: Path) -> tuple[float, float]:
    """The slowest in a thousand turns, without the journal and with it, files being put aside meanwhile, in µs."""
    journal = Journal(path, max_bytes=1024 * 1024)
    async with Controller(CONFIG) as plain, Controller(CONFIG, journal=journal) as written:
        turns = [
            (await microseconds(plain.session("s"), answer, 1), await microseconds(written.session("s"), answer, 1))
            for _ in range(TURNS * 10)
        ]
    without, with_it = zip(*turns, strict=True)
    return statistics.quantiles(without, n=1000)[-1], statistics.quantiles(with_it, n=1000)[-1]


def main() -> None:
    """Measure, and print a line a figure."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        without, with_it = asyncio.run(compare(path, answer, TURNS))
        print(f"a healthy turn, nothing but Detent  {without:9.0f} µs")
        print(f"with the journal                    {with_it:9.0f} µs   {with_it / without:.2f} times")
        began, count = perf_counter(), sum(1 for _ in JournalReader(path))
        read = perf_counter() - began
        size = path.stat().st_size
        print(f"a turn in the log                   {size / (TURNS * ROUNDS):9.0f} bytes")
        print(f"reading it                          {count / read:9.0f} items a second, {size / read / 1e6:.0f} MB/s")
        without, with_it = asyncio.run(compare(Path(folder) / "slow.jsonl", answer_over_a_network, 10))
        print(f"a healthy turn of 20 ms             {without:9.0f} µs")
        print(f"with the journal                    {with_it:9.0f} µs   {with_it / without:.3f} times")
        without, with_it = asyncio.run(slowest(Path(folder) / "aside.jsonl"))
        print(f"the slowest in a thousand turns     {without:9.0f} µs")
        print(f"with the journal                    {with_it:9.0f} µs   {with_it / without:.2f} times")


if __name__ == "__main__":
    main()
