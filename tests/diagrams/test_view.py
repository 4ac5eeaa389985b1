from __future__ import annotations

from io import StringIO

import pytest
from rich.console import Console, RenderableType

from detent.diagrams import draw, pictures, view
from detent.diagrams.labels import in_words
from detent.fsm.session import SESSION, Desired, Session, TurnEvent, TurnStarted


def shown(picture: RenderableType, *, colours: bool = False) -> str:
    page = StringIO()
    Console(
        file=page,
        width=240,
        force_terminal=colours,
        color_system="standard" if colours else None,
        legacy_windows=False,
    ).print(picture)
    return page.getvalue()


def line(text: str, *words: str) -> str:
    (found,) = (line for line in text.splitlines() if all(word in line for word in words))
    return found


def in_failover() -> Session:
    return Session("s", serving="b/fallback", adopted="a/home", state="failover_active")


def test_the_current_state_is_marked_and_the_others_are_not() -> None:
    text = shown(view(SESSION, "failover_active"))
    assert "● " in line(text, "failover_active", "a fallback serves")
    assert "○ " in line(text, "the desired primary serves")


def test_the_current_state_is_lit() -> None:
    assert "\x1b[1;32mfailover_active" in shown(view(SESSION, "failover_active"), colours=True)


def test_only_the_rows_of_the_current_state_are_listed() -> None:
    text = shown(view(SESSION, "user_pinned"))
    assert "primary: the user let go" in text
    assert "from primary" not in text


def test_what_is_blocked_is_said_with_its_cause() -> None:
    text = shown(view(SESSION, "failover_active"))
    assert line(text, "reconcile", "is blocked here", "a failover is live")


@pytest.mark.parametrize("machine", pictures)
def test_the_text_has_every_row(machine: str) -> None:
    text = shown(view(pictures[machine]))
    for row in pictures[machine].rows:
        words = ", ".join(in_words(guard.__name__) for guard in row.when)
        assert any(row.event in part and words in part and row.why in part for part in text.splitlines())


@pytest.mark.parametrize("machine", pictures)
def test_the_drawn_text_is_plain(machine: str) -> None:
    text = draw(machine, "text")
    assert "\x1b" not in text
    assert max(map(len, text.splitlines())) <= 100


def test_an_event_is_explained_guard_by_guard() -> None:
    event = TurnStarted("t", home_free=True, home_due=False)
    text = shown(view(SESSION, "failover_active", subject=in_failover(), events={"turn_started": event}))
    assert line(text, "✓ turn_started → cooldown_probe")
    assert line(text, "cooldown_probe: home is free ✓")


def test_a_blocked_event_names_its_cause_and_a_false_guard_its_name() -> None:
    events = {"reconcile": Desired("a/other", 2), "unpin": Desired("a/home", 0)}
    text = shown(view(SESSION, "failover_active", subject=in_failover(), events=events))
    assert line(text, "⊘ reconcile is blocked: a failover is live")
    assert line(text, "failover_active: is pinned ✗")


def test_a_late_event_and_one_without_a_row_do_nothing() -> None:
    events = {"probe_failed": TurnEvent("old"), "shouted": None}
    text = shown(view(SESSION, "failover_active", subject=in_failover(), events=events))
    assert line(text, "◌ probe_failed does nothing")
    assert line(text, "⊘ shouted is blocked: no row fires")


def test_an_unknown_state_is_refused_with_the_way_out() -> None:
    with pytest.raises(KeyError, match="no state 'asleep'; its states: primary"):
        view(SESSION, "asleep")
