from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import detent.diagrams.gallery as gallery
from detent.diagrams import PAGE, bare, draw, pictures, stylesheet, svg, write
from detent.diagrams.style import DARK, LIGHT, TEXT_PAIRS
from detent.fsm.rows import Row
from detent.fsm.session import SESSION

KEPT = Path(gallery.__file__).parent
Element = ElementTree.Element


def parsed(picture: str) -> Element:
    return ElementTree.fromstring(picture)  # noqa: S314  our own text


def groups(picture: str, word: str) -> list[Element]:
    return [element for element in parsed(picture).iter() if word in element.get("class", "").split()]


def names(element: Element) -> set[str]:
    return {name for piece in element.iter() for name in piece.get("data-rows", "").split("; ")}


def row(event: str, to: str | None, nth: int = 0) -> Row:
    return [row for row in SESSION.rows if (row.event, row.to) == (event, to)][nth]


def lit(picture: str) -> list[str | None]:
    return [element.get("id") for element in groups(picture, "last") if "edge" in element.get("class", "")]


@pytest.mark.parametrize("machine", pictures)
def test_the_kept_picture_is_what_the_rows_give(machine: str) -> None:
    kept = (KEPT / f"{machine}.svg").read_text(encoding="utf-8")
    renew = "python -c \"from pathlib import Path; from detent.diagrams import write; write(Path('diagrams'))\""
    assert kept == draw(machine, "svg"), f"diagrams/{machine}.svg is stale; renew it with: {renew}"


def test_write_gives_a_file_a_machine(tmp_path: Path) -> None:
    files = write(tmp_path)
    assert [file.name for file in files] == ["session.svg", "turn.svg", "cooldown.svg"]
    assert files[0].read_text(encoding="utf-8") == draw("session", "svg")


@pytest.mark.parametrize("machine", pictures)
def test_a_picture_is_well_formed_and_stands_alone(machine: str) -> None:
    picture = draw(machine, "svg")
    assert parsed(picture).tag == "{http://www.w3.org/2000/svg}svg"
    assert not re.search(r"href|url\(|<script|@import", picture)


@pytest.mark.parametrize("machine", pictures)
def test_ids_are_unique_and_every_state_has_one(machine: str) -> None:
    found = [element.get("id") for element in parsed(draw(machine, "svg")).iter() if element.get("id")]
    assert len(found) == len(set(found))
    assert {f"{machine}-state-{state}" for state in pictures[machine].states} <= set(found)


@pytest.mark.parametrize("machine", pictures)
def test_every_row_stands_at_every_place_where_it_may_fire(machine: str) -> None:
    table, picture = pictures[machine], draw(machine, "svg")
    edges, boxes = groups(picture, "edge"), groups(picture, "state") + groups(picture, "panel")
    for one in table.rows:
        for state in one.source:
            assert _shown(one, state, edges, boxes), f"{one.name} is not drawn for {state}"


def _shown(one: Row, state: str, edges: list[Element], boxes: list[Element]) -> bool:
    if one.to in (None, state):
        about = [b for b in boxes if state in (b.get("data-state"), *b.get("data-states", "").split())]
        return any(one.name in names(box) for box in about)
    mine = [e for e in edges if state in e.get("data-from", "").split() and e.get("data-to") == one.to]
    return any(one.name in names(edge) for edge in mine)


@pytest.mark.parametrize("machine", pictures)
def test_nothing_is_drawn_that_no_row_says(machine: str) -> None:
    known = {one.name for one in pictures[machine].rows}
    assert names(parsed(draw(machine, "svg"))) - {""} == known


@pytest.mark.parametrize("machine", pictures)
def test_every_row_tells_its_meaning_when_pointed_at(machine: str) -> None:
    titles = "\n".join(element.text or "" for element in parsed(draw(machine, "svg")).iter() if "title" in element.tag)
    for one in pictures[machine].rows:
        assert f"{one.name}: {one.why}" in titles


def test_reconcile_is_said_to_be_blocked_where_the_table_blocks_it() -> None:
    blocking = {state for one in SESSION.rows if one.kind == "blocked" for state in one.source}
    said = {
        box.get("data-state"): " ".join(box.itertext())
        for box in groups(draw("session", "svg"), "state")
        if "blocked" in " ".join(box.itertext())
    }
    assert set(said) == blocking
    assert "is blocked here" in said["failover_active"]
    assert "is blocked here" in said["cooldown_probe"]


def test_the_current_state_alone_is_lit() -> None:
    current = groups(svg(SESSION, "failover_active"), "current")
    assert [element.get("id") for element in current] == ["session-state-failover_active"]
    assert groups(svg(SESSION), "current") == []


def test_the_last_row_lights_its_arrow_and_its_words() -> None:
    failed = row("probe_failed", "failover_active")
    picture = svg(SESSION, "failover_active", failed, before="cooldown_probe")
    assert lit(picture) == ["session-edge-cooldown_probe-failover_active"]
    words = [element for element in parsed(picture).iter() if "lit" in element.get("class", "").split()]
    assert words
    assert all(failed.name in element.get("data-rows", "") for element in words)


def test_a_row_of_several_states_lights_only_the_arrow_that_was_taken() -> None:
    taken = row("failed_over", "failover_active")
    assert len(lit(svg(SESSION, "failover_active", taken))) == 2
    assert lit(svg(SESSION, "failover_active", taken, before="primary")) == ["session-edge-primary-failover_active"]


def test_a_row_that_stays_lights_its_line_and_no_arrow() -> None:
    picture = svg(SESSION, "failover_active", row("reconcile", None), before="failover_active")
    assert lit(picture) == []
    assert [element.get("class") for element in groups(picture, "last")] == ["note blocked last"]


def test_a_picture_can_be_forced_light_or_dark() -> None:
    style = draw("turn", "svg")
    assert "prefers-color-scheme:dark" in style
    assert ".detent-machine.dark{" in style
    assert ".detent-machine:not(.light){" in style


def test_the_style_reaches_nothing_but_the_picture() -> None:
    sheet = re.search(r"<style>\n(.*)\n</style>", draw("session", "svg"), re.DOTALL)
    assert sheet
    rules = [line.removeprefix("@media (prefers-color-scheme:dark){") for line in sheet[1].splitlines()]
    assert all(part.startswith(".detent-machine") for rule in rules for part in rule.split("{")[0].split(","))


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), TEXT_PAIRS)
def test_texts_keep_the_contrast_of_wcag_aa(palette: dict[str, str], ink: str, ground: str) -> None:
    assert contrast(palette[ink], palette[ground]) >= 4.5


@pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("colour", ["edge", "lit", "well", "care", "trial", "user", "bad", "plain"])
def test_lines_and_marks_keep_the_contrast_of_wcag_aa(palette: dict[str, str], colour: str) -> None:
    assert all(contrast(palette[colour], palette[ground]) >= 3 for ground in ("paper", "panel", "card"))


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_an_unknown_machine_or_format_is_named_with_the_way_out() -> None:
    machine: Any = "toaster"
    with pytest.raises(gallery.UnknownPictureError, match="'toaster'; there are session, turn, cooldown"):
        draw(machine, "svg")
    form: Any = "gif"
    with pytest.raises(gallery.UnknownPictureError, match="'gif'; there are svg, mermaid, dot, text"):
        draw("turn", form)


def test_a_bare_picture_and_the_sheet_are_the_whole_picture_taken_apart() -> None:
    whole = svg(SESSION)
    style = whole.partition("<style>\n")[2].partition("</style>\n")[0]
    assert bare(whole) == whole.replace(f"<style>\n{style}</style>\n", "")
    assert style in stylesheet()
    assert f".{PAGE}.dark{{" in stylesheet()
