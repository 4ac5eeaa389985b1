"""The engine: priority, closed world, atomicity, explanations, and the proof that both engines agree."""

from __future__ import annotations

import ast
import copy
from pathlib import Path
from typing import Any

import pytest
from attrs import define

import detent.fsm
from detent.fsm import COOLDOWN, SESSION, TURN, BadTableError, Row, Table, disagreements
from detent.fsm.engine import Oracle
from detent.fsm.rows import block

STATES = {"open": "it is open", "shut": "it is shut"}


@define(eq=False)
class Door:
    state: str = "open"
    pushes: int = 0
    key: bool = False


def has_key(door: Door, _event: Any) -> bool:
    return door.key


def count_push(door: Door, _event: Any) -> dict[str, Any]:
    return {"pushes": door.pushes + 1}


def break_down(_door: Door, _event: Any) -> dict[str, Any]:
    raise RuntimeError("the hinge is gone")


DOOR: Table[Door] = Table(
    "door",
    STATES,
    (
        Row("push", "open", "shut", "it falls shut", (), (count_push,)),
        Row("push", "shut", "open", "the key turns", (has_key,), (count_push,)),
        Row("knock", "shut", None, "somebody knocks"),
        block("kick", "shut", "doors are not kicked"),
    ),
)


def test_the_first_row_whose_guards_hold_fires_and_the_subject_is_left_alone() -> None:
    door = Door("shut", key=True)
    fired = DOOR.fire(door, "push", None)
    assert (fired.before, fired.after.state, fired.after.pushes) == ("shut", "open", 1)
    assert (door.state, door.pushes) == ("shut", 0)
    assert fired.row is DOOR.rows[1]


def test_an_event_without_a_row_changes_nothing_and_counts_as_blocked() -> None:
    door = Door("shut")
    fired = DOOR.fire(door, "push", None)
    assert fired.after is door
    assert (fired.row, fired.kind) == (None, "blocked")
    assert DOOR.fire(door, "unheard of", None).kind == "blocked"


def test_an_action_that_raises_leaves_the_subject_untouched() -> None:
    table: Table[Door] = Table(
        "door", STATES, (Row("push", "open", "shut", "it breaks", (), (count_push, break_down)),)
    )
    door = Door()
    with pytest.raises(RuntimeError):
        table.fire(door, "push", None)
    assert (door.state, door.pushes) == ("open", 0)


def test_an_explanation_goes_guard_by_guard() -> None:
    shut = DOOR.explain(Door("shut"), "push", None)
    assert shut.row is None
    assert "has_key is false" in str(shut)
    assert "so the event is blocked" in str(shut)
    turned = DOOR.explain(Door("shut", key=True), "push", None)
    assert turned.row is DOOR.rows[1]
    assert "fires (has_key is true)" in str(turned)
    assert "no row of the table" in str(DOOR.explain(Door("open"), "knock", None))


@pytest.mark.parametrize("table", [SESSION, TURN, COOLDOWN], ids=lambda table: table.name)
def test_the_flattened_table_and_transitions_agree_in_every_cell(table: Table[Any]) -> None:
    assert list(disagreements(table)) == []


def test_the_proof_of_agreement_can_fail() -> None:
    crooked = copy.copy(DOOR)
    crooked.rows = (Row("push", "open", None, "it sticks", (), ()), *DOOR.rows[1:])
    assert list(disagreements(crooked)) == [
        "push in open with {}: the table says shut, transitions says open",
    ]


def test_the_oracle_itself_moves_a_subject_it_has_never_seen() -> None:
    door = Door()
    assert isinstance(DOOR.oracle, Oracle)
    assert DOOR.oracle.fire(door, "push", door, None) is True
    assert door.state == "shut"
    assert DOOR.oracle.fire(door, "push", door, None) is False
    assert DOOR.oracle.models == []


LAWS = [
    (Row("push", "open", "ajar", "x"), "names the state 'ajar', which is none of open, shut"),
    (Row("push", "opne", "shut", "x"), "names the state 'opne', which is none of open, shut"),
    (Row("push", (), "shut", "x"), "leaves no state"),
    (Row("push", "open", "shut", ""), "does not say why"),
    (Row("push", "open", "shut", "x", ("os.getcwd",)), "has the guard 'os.getcwd', which is no function"),  # type: ignore[arg-type]
    (Row("push", "open", "shut", "x", (lambda _s, _e: True,)), "has a nameless guard"),
    (Row("push", "open", "shut", "x", (len,)), "guard 'len' of 'push' must take two arguments"),  # type: ignore[arg-type]
    (Row("push", "open", "shut", "x", kind="blocked"), "is blocked, so it may change and tell nothing"),
]


@pytest.mark.parametrize(("row", "message"), LAWS, ids=[message for _, message in LAWS])
def test_a_row_that_breaks_a_law_is_refused_by_name(row: Row, message: str) -> None:
    with pytest.raises(BadTableError) as caught:
        Table("door", STATES, (row, Row("push", "shut", "open", "x"), Row("pull", "open", "shut", "x")))
    assert message in str(caught.value)
    assert "table 'door' cannot be built" in str(caught.value)


def test_rows_that_can_never_fire_and_states_nobody_reaches_are_refused() -> None:
    push = Row("push", "open", "open", "x")
    with pytest.raises(BadTableError) as caught:
        Table("door", STATES, (push, Row("push", "open", "shut", "x", (has_key,)), push))
    said = "\n".join(caught.value.problems)
    assert "stands behind a row of 'open' without guards" in said
    assert "two rows of 'push' in 'open' have the same guards (none)" in said
    assert "no row leads to the state 'shut'" not in said, "a dead row still names it"
    with pytest.raises(BadTableError, match="no row leads to the state 'shut'"):
        Table("door", STATES, (push,))


def test_the_core_is_pure() -> None:
    impure = {"asyncio", "time", "random", "logging", "socket", "threading", "datetime", "os", "secrets", "aiohttp"}
    folder = Path(detent.fsm.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                assert name.partition(".")[0] not in impure, f"{path.name} imports {name}"
                assert not name.startswith(("detent.adapters", "detent.specs", "detent.diagrams")), path.name


def test_guards_say_true_or_false_and_nothing_else() -> None:
    for table in (SESSION, TURN, COOLDOWN):
        for guard in {guard for row in table.rows for guard in row.when}:
            assert guard.__annotations__["return"] == "bool", guard.__name__
