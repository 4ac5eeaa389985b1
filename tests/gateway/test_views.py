"""What people see of a gateway in a terminal."""

import io

import pytest
from attrs import evolve
from rich.console import Console

from detent.adapters import Rest, SessionStatus
from detent.adapters.commands import views
from detent.adapters.gateway.admin_values import Done, SessionPage, told
from detent.fsm import Decision, Notice

SESSION = SessionStatus(
    "talk", "default", "failover_active", "b/y", "a/x", None, None, False, "a/x", 1, {"a/x": 75.4, "c/z": 7300}
)


def seen(view, colours=False):
    page = io.StringIO()
    Console(file=page, width=200, force_terminal=colours, color_system="standard" if colours else None).print(view)
    return page.getvalue()


def decision(kind, why="it failed"):
    return told(
        Decision(0.0, "session", "talk", "talk", "", "failed_over", "row", kind, "failover_active", "primary", why)
    )


def test_a_session_shows_what_serves_and_what_is_home():
    shown = seen(views.sessions_view(SessionPage((SESSION,), None))).splitlines()
    assert [line.split() for line in shown] == [
        ["session", "state", "serving", "home", "turns"],
        ["talk", "failover_active", "b/y", "a/x", "1"],
    ]


def test_a_chain_is_shown_where_it_is_not_the_default_and_turns_where_there_are_any():
    pinned = evolve(SESSION, chain="fast", turns=0, pinned="b/y", home="b/y")
    home = evolve(SESSION, id="home", chain="default", turns=0, serving="a/x")
    shown = seen(views.sessions_view(SessionPage((pinned, home), None))).splitlines()
    assert [line.split() for line in shown] == [
        ["session", "state", "serving", "home", "chain"],
        ["talk", "failover_active", "b/y", "b/y", "(pinned)", "fast"],
        ["home", "failover_active", "a/x", "default"],
    ]


@pytest.mark.parametrize(("left", "words"), [(0.4, "0 s"), (59.4, "59 s"), (75.4, "1 min 15 s"), (7300, "2 h 1 min")])
def test_a_rest_is_as_long_as_people_say_it(left, words):
    assert words in seen(views.rests_view((Rest("model a/x", "cooling", "timeout", False, 1, left),)))


def test_a_rest_that_is_over_is_due():
    rests = (
        Rest("model a/x", "cooling", "auth", True, 3, 0.0),
        Rest("model b/y", "cooling", "timeout", False, 1, 59.4),
    )
    shown = seen(views.rests_view(rests))
    assert "due: the next call is the probe" in shown
    assert "auth (hard)" in shown
    assert "59 s" in shown


def test_nothing_that_was_said_by_others_is_obeyed_by_the_terminal():
    evil = "\x1b]0;owned\x07 [bold]loud[/bold]\nnext"
    for view in (views.told_line(decision("move", evil)), views.done_view(Done(SESSION, (evil,)))):
        shown = seen(view, colours=True)
        assert "\x1b]" not in shown
        assert "\x07" not in shown
        assert "[bold]loud[/bold] next" in shown


@pytest.mark.parametrize(("kind", "colour"), [("move", "\x1b[32m"), ("blocked", "\x1b[33m"), ("stale", "\x1b[2m")])
def test_a_decision_is_coloured_by_its_kind_or_the_state_it_leads_to_in_a_terminal_alone(kind, colour):
    line = views.told_line(decision(kind))
    assert f"{colour}session talk: failed_over" in seen(line, colours=True)
    assert "\x1b" not in seen(line)


def test_a_notice_names_home_only_where_it_is_another():
    away = told(Notice("failover", "talk", "a/x", "b/y", "a/x failed", 0.0))
    back = told(Notice("recovered", "talk", "a/x", "a/x", "a/x answered", 0.0))
    assert away.says == "session talk: failover: a/x failed; b/y serves, home is a/x"
    assert back.says == "session talk: recovered: a/x answered; a/x serves"
