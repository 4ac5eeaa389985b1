"""Running a story: each step against the real controller, then what was seen against what was expected."""

from __future__ import annotations

import asyncio
from pathlib import Path

from attrs import frozen

from detent.fsm.errors import DetentError

from ..history import sentences
from ..journal import Journal
from .clock import StuckError, VirtualLoop
from .expectations import unmet
from .providers import ANSWER
from .stage import Stage
from .story import Story, load


@frozen
class Result:
    """What came of a scenario.

    Attributes:
        id: its name.
        failure: the first expectation that did not hold, None: all held.
        trace: every decision in sentences, with the steps as headings.
    """

    id: str
    failure: str | None
    trace: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Every expectation held."""
        return self.failure is None

    def __str__(self) -> str:
        return f"ok {self.id}" if self.passed else f"FAILED {self.id} {self.failure}"


def run_file(path: Path, journal: Journal | None = None) -> Result:
    """Run one scenario file in virtual time; the same result on every run.

    Args:
        path: the file.
        journal: where the decisions and notices are written down, None: nowhere.

    Raises:
        ScenarioError: the file cannot be read, or breaks the format.
    """
    return run(load(path), journal)


def run(story: Story, journal: Journal | None = None) -> Result:
    """Run one scenario in virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)  # made by the line above
        return runner.run(_run(story, loop, journal))


async def _run(story: Story, loop: VirtualLoop, journal: Journal | None) -> Result:
    stage = Stage(story, loop, journal)
    trace: list[str] = []
    failure: str | None = None
    for step in story.steps:
        try:
            seen = await stage.play(step)
        except (DetentError, StuckError) as error:
            failure = f"step {step.number}: {step.verb} could not be played: {error}"
            break
        trace.append(f"step {step.number}: {step.verb} {step.value!r}" + (f" at {step.at}/attempt" if step.at else ""))
        if seen is None:
            continue
        trace.extend(f"  {line}" for line in sentences(seen.decisions))
        problem = unmet(step.expect, seen, whole="".join(ANSWER))
        if problem is not None:
            failure = f"step {step.number}: {problem}"
            break
    return Result(story.id, failure, tuple(trace))
