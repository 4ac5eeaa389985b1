"""The shipped machine holds on the shipped controller, and tells in sentences what a broken application does wrong."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import run_state_machine_as_test

from detent.adapters import Attempt, Controller, LiveSession
from detent.fsm import SESSION, Config, Failure, Row, Table, desk
from detent.fsm.session import adopt, serve_primary
from detent.specs.machine import BrokenPromiseError, SessionMachine
from detent.specs.strategies import configs

THOROUGH = settings(max_examples=60, stateful_step_count=25, deadline=None)
UNTIL_BROKEN = settings(
    max_examples=400,
    stateful_step_count=25,
    deadline=None,
    database=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Drawn(SessionMachine):
    """The shipped controller under every configuration that the strategies draw."""

    def configurations(self) -> st.SearchStrategy[Config]:
        return configs()


class OwnClient(SessionMachine):
    """An application with a client of its own: whole answers in an envelope, and its own exceptions."""

    def call(self, attempt: Attempt) -> Any:
        return self.ask(attempt)

    async def ask(self, attempt: Attempt) -> dict[str, str]:
        return {"content": "".join([piece async for piece in self.upstream(attempt.model)])}

    def text(self, piece: dict[str, str]) -> str:
        return piece["content"]

    def raised(self, failure: Failure) -> Exception:
        return ConnectionError(failure.reason)


@pytest.mark.parametrize("machine", [SessionMachine, Drawn, OwnClient])
def test_the_shipped_controller_keeps_what_it_promises(machine: type[SessionMachine]) -> None:
    run_state_machine_as_test(machine, settings=THOROUGH)


class AnswersTwice(SessionMachine):
    async def call(self, attempt: Attempt) -> AsyncIterator[str]:  # type: ignore[override]
        for _ in range(2):
            async for piece in self.upstream(attempt.model):
                yield piece


class LosesThePiecesAfterTheFirst(SessionMachine):
    async def call(self, attempt: Attempt) -> AsyncIterator[str]:  # type: ignore[override]
        async for piece in self.upstream(attempt.model):
            yield piece
            return


class RetriesByItself(SessionMachine):
    async def call(self, attempt: Attempt) -> AsyncIterator[str]:  # type: ignore[override]
        try:
            pieces = [piece async for piece in self.upstream(attempt.model)]
        except Exception:
            pieces = [piece async for piece in self.upstream(attempt.model)]
        for piece in pieces:
            yield piece


class CallsItsFavourite(SessionMachine):
    def call(self, attempt: Attempt) -> Any:
        return self.upstream("alpha/large")


class ForgetfulSession(LiveSession):
    async def pin(self, model: str, *, strict: bool | None = None) -> tuple[Any, ...]:
        return ()


class PinsTooMuch(LiveSession):
    async def reconcile(self) -> bool:
        done = await super().reconcile()
        await super().pin((await self.status()).serving)
        return done


class ForgetsPins(SessionMachine):
    session = ForgetfulSession

    def make_controller(self, config: Config, store: Any) -> Controller:
        kind = self.session

        class Broken(Controller):
            def session(self, session_id: str, chain: str = "default") -> LiveSession:
                return kind(self._writer, session_id, chain)

        return Broken(config, store=store, **self.virtual_time)


class PinsBySelf(ForgetsPins):
    session = PinsTooMuch  # type: ignore[assignment]


class ForgetsItsStore(SessionMachine):
    def make_controller(self, config: Config, store: Any) -> Controller:
        return Controller(config, **self.virtual_time)


class AnswersForTheDead(SessionMachine):
    async def call(self, attempt: Attempt) -> AsyncIterator[str]:  # type: ignore[override]
        yield "one "
        async for piece in self.upstream(attempt.model):
            if piece != "one ":
                yield piece


BROKEN = {
    AnswersTwice: "its client got 'one two threeone two three'; it must get the whole answer 'one two three', once",
    LosesThePiecesAfterTheFirst: "its client got 'one '; it must get the whole answer",
    RetriesByItself: r"one attempt called '\S+' 2 times; switch the client's own retries off",
    CallsItsFavourite: r"the attempt is for '\S+', but the call went to \['alpha/large'\]",
    ForgetsPins: r"the user pinned '\S+', but '\S+' serves",
    PinsBySelf: r"the user's pin is None, the session's '\S+'",
    ForgetsItsStore: "after a restart|the user's pin is '",
}


@pytest.mark.parametrize("machine", BROKEN, ids=lambda machine: machine.__name__)
def test_a_broken_application_is_told_what_it_does_wrong(machine: type[SessionMachine]) -> None:
    with pytest.raises(BrokenPromiseError) as caught:
        run_state_machine_as_test(machine, settings=UNTIL_BROKEN)
    said = str(caught.value)
    assert re.search(BROKEN[machine], said), said
    assert re.match(r"session 's[12]': ", said)
    assert "\nwhat was decided last:" in said


def test_an_unguarded_reconciliation_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tuple(row for row in SESSION.rows if not (row.event == "reconcile" and row.kind == "blocked"))
    live = ("failover_active", "cooldown_probe")
    revert = Row("reconcile", live, "primary", "the desired primary is put back", (), (serve_primary, adopt))
    monkeypatch.setattr(desk, "SESSION", Table("session", SESSION.states, (*kept, revert)))
    with pytest.raises(BrokenPromiseError) as caught:
        run_state_machine_as_test(SessionMachine, settings=UNTIL_BROKEN)
    assert re.search(r"reconciliation moved a session in failover_active from '\S+' to '\S+'", str(caught.value))
