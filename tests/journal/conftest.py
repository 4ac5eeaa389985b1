"""Steps as the core makes them, drawn at random."""

from __future__ import annotations

from hypothesis import strategies as st

from detent.fsm import Config, Decision, Notice, core
from detent.specs.strategies import configs, failures

Item = Decision | Notice


@st.composite
def histories(draw: st.DrawFn, names: st.SearchStrategy[str] | None = None) -> list[list[Item]]:
    """What some turns of a session came to, a list a step; calls fail or answer as drawn, and the user may pin."""
    config: Config = draw(configs())
    session = core.fresh(draw(st.text(min_size=1, max_size=8) if names is None else names), config)
    health = {}
    steps = []
    now = draw(st.floats(0, 2e9))
    for number in range(draw(st.integers(1, 3))):
        if draw(st.booleans()):
            step = core.pin(session, config, health, now, model=draw(st.sampled_from(config.chain.models)))
            session = step.session
            steps.append(step)
        step = core.start(session, config, health, now, core.Request(f"t{number}"))
        steps.append(step)
        for _ in range(4):
            health = {**health, **step.cooldowns}
            session, turn = step.session, step.turn
            if turn is None or turn.is_over:
                break
            now += draw(st.floats(0, 100))
            if draw(st.booleans()):
                step = core.succeeded(session, turn, health, now, turn.attempt)
            else:
                step = core.failed(session, turn, health, now, turn.attempt, draw(failures()))
            steps.append(step)
    return [[*step.decisions, *step.notices] for step in steps]
