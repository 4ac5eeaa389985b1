from __future__ import annotations

import pytest
from attrs import evolve

from detent.diagrams import Layout, LayoutError, Panel, Place, Rect, Route, layouts, pictures, svg
from detent.diagrams.compose import compose
from detent.diagrams.fit import faults, misfits
from detent.fsm.engine import Table
from detent.fsm.rows import Row

LAMP: Table[object] = Table(
    "lamp",
    {"off": "it is dark", "on": "it shines"},
    (
        Row("pressed", "off", "on", "somebody wants light"),
        Row("pressed", "on", "off", "somebody wants sleep"),
        Row("dusted", ("off", "on"), None, "it is clean"),
    ),
)
TO_ON = Route(("off",), "on", ((120, 120), (280, 120)), (200, 114), 140)
TO_OFF = Route(("on",), "off", ((280, 160), (120, 160)), (200, 154), 140)
LAYOUT = Layout(
    "The lamp",
    "a lamp",
    400,
    300,
    (Place("off", Rect(20, 80, 100, 120)), Place("on", Rect(280, 80, 100, 120))),
    (),
    (TO_ON, TO_OFF),
)


def problems(layout: Layout, table: Table[object] = LAMP) -> str:
    with pytest.raises(LayoutError) as caught:
        svg(table, layout=layout)
    return str(caught.value)


def test_a_layout_that_fits_is_drawn() -> None:
    assert svg(LAMP, layout=LAYOUT).startswith("<svg")


@pytest.mark.parametrize("machine", pictures)
def test_the_kept_layouts_fit_their_tables_and_can_be_read(machine: str) -> None:
    table, layout = pictures[machine], layouts[machine]
    assert list(misfits(table, layout)) == []
    assert list(faults(compose(table, layout))) == []


def test_a_move_without_a_route_is_refused() -> None:
    said = problems(evolve(LAYOUT, routes=(TO_ON,)))
    assert "the move from 'on' to 'off' on 'pressed' has no route" in said
    assert "'lamp' cannot be drawn; change its layout" in said


def test_a_route_without_a_row_is_refused() -> None:
    one_way: Table[object] = Table("lamp", LAMP.states, LAMP.rows[:1])
    assert "the route from 'on' to 'off' stands for no row" in problems(LAYOUT, one_way)


def test_a_route_for_an_event_without_a_row_is_refused() -> None:
    extra = evolve(TO_ON, events=("shouted",), points=((120, 190), (280, 190)), label=(200, 186))
    said = problems(evolve(LAYOUT, routes=(TO_ON, TO_OFF, extra)))
    assert "the route from 'off' to 'on' on shouted stands for no row" in said


@pytest.mark.parametrize("machine", pictures)
def test_no_route_of_a_kept_layout_can_be_spared(machine: str) -> None:
    table, layout = pictures[machine], layouts[machine]
    for route in layout.routes:
        routes = tuple(other for other in layout.routes if other is not route)
        assert list(misfits(table, evolve(layout, routes=routes))), route.key


def test_a_state_without_a_place_is_refused() -> None:
    assert "the state 'on' has no place" in problems(evolve(LAYOUT, places=LAYOUT.places[:1]))


def test_a_place_without_a_state_is_refused() -> None:
    places = (*LAYOUT.places, Place("broken", Rect(0, 210, 20, 20)))
    assert "the place of 'broken' belongs to no state" in problems(evolve(LAYOUT, places=places))


def test_an_arrow_that_ends_in_the_air_is_refused() -> None:
    routes = (evolve(TO_ON, points=((120, 120), (270, 120))), TO_OFF)
    assert "does not touch the border of on at (270, 120)" in problems(evolve(LAYOUT, routes=routes))


def test_a_text_that_outgrows_its_box_is_refused() -> None:
    small = (evolve(LAYOUT.places[0], box=Rect(20, 80, 100, 84)), LAYOUT.places[1])
    assert "the text of 'off' needs" in problems(evolve(LAYOUT, places=small))


def test_a_label_upon_another_is_refused() -> None:
    said = problems(evolve(LAYOUT, routes=(TO_ON, evolve(TO_OFF, label=(200, 114)))))
    assert "the label of off-on (pressed) runs into the label of on-off (pressed)" in said


def test_a_label_upon_an_arrow_a_box_or_the_edge_is_refused() -> None:
    assert "is crossed by the arrow off-on" in problems(
        evolve(LAYOUT, routes=(evolve(TO_ON, label=(200, 126)), TO_OFF))
    )
    assert "runs into the box of 'off'" in problems(evolve(LAYOUT, routes=(evolve(TO_ON, label=(110, 114)), TO_OFF)))
    assert "leaves the picture" in problems(evolve(LAYOUT, routes=(evolve(TO_ON, label=(200, 5)), TO_OFF)))


def test_arrows_that_cross_are_refused() -> None:
    bent = evolve(TO_ON, points=((120, 120), (200, 120), (200, 180), (280, 180)), label=(160, 116), width=60)
    assert "the arrows off-on and on-off cross" in problems(evolve(LAYOUT, routes=(bent, TO_OFF)))


def test_an_arrow_over_a_foreign_box_is_refused() -> None:
    three: Table[object] = Table("lamp", {**LAMP.states, "broken": "it is dark for ever"}, (*LAMP.rows, BROKEN))
    places = (*LAYOUT.places, Place("broken", Rect(160, 210, 100, 70)))
    over = Route(("off",), "broken", ((120, 190), (300, 190), (300, 240), (260, 240)), (200, 184), 80)
    said = problems(evolve(LAYOUT, places=places, routes=(TO_ON, TO_OFF, over)), three)
    assert "the arrow off-broken runs over the box of 'on'" in said


BROKEN = Row("dropped", "off", "broken", "it fell")


def test_a_panel_lists_once_what_all_its_states_share() -> None:
    panel = Panel(("off", "on"), Rect(20, 215, 360, 50), "always", notes=Rect(30, 240, 300, 20), encloses=False)
    scene = compose(LAMP, evolve(LAYOUT, panels=(panel,)))
    assert [note.label.events for note in scene.boards[0].notes] == [("dusted",)]
    assert all(card.notes == () for card in scene.cards)


def test_a_table_without_a_layout_of_its_own_needs_one() -> None:
    with pytest.raises(LayoutError, match="it has no layout; pass one"):
        svg(LAMP)
