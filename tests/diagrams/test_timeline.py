"""A session's history as a picture: it tells what happened, once, and nothing in it falls on anything else."""

from __future__ import annotations

import asyncio
from functools import cache
from importlib.resources import files
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import pytest
from attrs import evolve
from rich.console import Console

from detent.adapters.scenario import load
from detent.adapters.scenario.clock import VirtualLoop
from detent.adapters.scenario.runner import Stage
from detent.diagrams import TimelineError, UnknownPictureError, timeline, timeline_view
from detent.diagrams.layout import Rect
from detent.diagrams.measure import width
from detent.diagrams.style import DARK, LIGHT
from detent.diagrams.timeline_axis import since
from detent.diagrams.timeline_svg import MOST_COLUMNS
from detent.fsm import Decision, Notice

SCENARIOS = Path(str(files("detent.specs"))) / "scenarios"
SEED = "seed-live-switch-57471"
History = list[Decision | Notice]

LONG = """
id = "long"
[config]
primary = "openrouter/anthropic/claude-opus-4.5-thinking-extended"
fallbacks = ["groq/llama-3.3-70b", "local/qwen"]
retries = 1
"""
OUTAGE = """
[[step]]
provider = {model = "openrouter/anthropic/claude-opus-4.5-thinking-extended", does = "server_error", takes = 2}
[[step]]
turn = {}
[[step]]
reconcile = true
[[step]]
provider = {model = "groq/llama-3.3-70b", does = "rate_limit"}
[[step]]
turn = {}
[[step]]
pin = "local/qwen"
[[step]]
turn = {}
[[step]]
unpin = true
[[step]]
provider = {model = "*", does = "answer"}
[[step]]
advance = 7200
[[step]]
abort = true
at = "1/attempt"
[[step]]
turn = {}
[[step]]
turn = {}
""".replace('model = "*"', 'model = "openrouter/*"')


def history(path: Path) -> History:
    async def play(loop: VirtualLoop) -> History:
        story = load(path)
        stage = Stage(story, loop)
        seen = [await stage.play(step) for step in story.steps]
        items: History = []
        for step in seen:
            if step is not None:
                items += sorted([*step.decisions, *step.notices], key=lambda item: item.at)
        return items

    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, VirtualLoop)
        return runner.run(play(loop))


@cache
def seed() -> History:
    return history(SCENARIOS / f"{SEED}.toml")


@pytest.fixture
def told(tmp_path: Path) -> History:
    return story(tmp_path, OUTAGE)


def story(folder: Path, steps: str) -> History:
    path = folder / "long.toml"
    path.write_text(LONG + steps, encoding="utf-8")
    return history(path)


def parsed(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture.replace(' xmlns="http://www.w3.org/2000/svg"', ""))  # noqa: S314  our own


def marks(picture: str, sign: str) -> list[str]:
    """The tooltips of a picture's marks of one kind, but for those of the legend."""
    groups = [g for g in parsed(picture).iter("g") if g.get("class") == f"mark {sign}"]
    return [title.text or "" for g in groups if (title := g.find("title")) is not None]


def bands(picture: str) -> list[str]:
    return [g.get("data-state", "") for g in parsed(picture).iter("g") if g.get("data-state")]


def test_the_bands_are_the_states_in_their_order() -> None:
    assert bands(timeline(seed())) == ["primary", "failover_active", "cooldown_probe", "primary"]


def test_the_names_of_states_are_whole_where_there_is_room_and_cut_where_there_is_little(told: History) -> None:
    def names(picture: str) -> list[str]:
        return [text.text or "" for text in parsed(picture).iter("text") if text.get("class") == "state"]

    assert names(timeline(seed())) == bands(timeline(seed()))
    tight = names(timeline(told))
    assert any(name.endswith("…") for name in tight)
    assert all(len(name) >= 4 for name in tight)


def test_every_attempt_has_a_mark_that_tells_who_and_why() -> None:
    picture = timeline(seed())
    failed = marks(picture, "failed")
    assert [text.partition(" ")[0] for text in failed] == ["provider-a/model"] * 3
    assert all("server_error" in text for text in failed)
    assert "2 times" in failed[0]
    answered = sorted(text.partition(" ")[0] for text in marks(picture, "answered"))
    assert answered == ["provider-a/model", "provider-b/model", "provider-b/model"]


def test_a_block_is_a_cross_with_its_cause() -> None:
    crosses = marks(timeline(seed()), "blocked")
    assert [text.partition("\n")[0] for text in crosses] == [
        "reconcile is blocked: a turn is in flight: it keeps the plan it began with",
        "reconcile is blocked: a failover is live: what serves was chosen because home failed",
    ]


def test_notices_are_flags() -> None:
    flags = marks(timeline(seed()), "notice")
    assert [text.partition("\n")[0] for text in flags] == [
        "provider-a/model has an internal error",
        "provider-a/model answers again",
    ]


def test_of_decisions_alone_the_flags_are_the_notices_that_rows_make(told: History) -> None:
    picture = timeline([item for item in told if isinstance(item, Decision)])
    assert [text.partition("\n")[0] for text in marks(picture, "notice")] == [
        "the user chose a model",
        "the user let go: the desired primary serves",
    ]


def test_an_attempt_that_is_called_off_is_neither_a_success_nor_a_failure(told: History) -> None:
    cut = marks(timeline(told), "cut")
    assert len(cut) == 1
    assert "the client called the turn off" in cut[0]


def test_an_attempt_under_way_is_shown_as_such() -> None:
    until = next(at for at, item in enumerate(seed()) if isinstance(item, Decision) and item.event == "called")
    picture = timeline(seed()[: until + 1])
    assert len(marks(picture, "open")) == 1
    assert not marks(picture, "answered")


def test_a_loop_that_is_blocked_two_thousand_times_is_one_cross_with_a_count(tmp_path: Path) -> None:
    outage = OUTAGE[: OUTAGE.index("[[step]]\nreconcile")]
    loop = "[[step]]\nadvance = 0.1\n[[step]]\nreconcile = true\n"
    picture = timeline(story(tmp_path, outage + loop * 2000))
    crosses = marks(picture, "blocked")
    assert len(crosses) == 1
    assert "2000 times" in crosses[0]
    assert ">×2000<" in picture


def test_a_pattern_that_repeats_is_told_once(tmp_path: Path) -> None:
    outage = OUTAGE[: OUTAGE.index("[[step]]\nreconcile")]
    loop = "[[step]]\nadvance = 0.1\n[[step]]\nturn = {}\n[[step]]\nadvance = 0.1\n[[step]]\nreconcile = true\n"
    picture = timeline(story(tmp_path, outage + loop * 50))
    assert len(marks(picture, "blocked")) == 1
    assert len(marks(picture, "answered")) <= 2


def test_of_a_long_history_the_end_is_drawn_and_a_note_says_so(tmp_path: Path) -> None:
    varied = "".join(
        f'[[step]]\npin = "{model}"\n[[step]]\nturn = {{}}\n[[step]]\nadvance = {10**at % 997}\n'
        for at, model in enumerate(["local/qwen", "groq/llama-3.3-70b", "local/a", "local/b", "local/c"] * 20)
    )
    items = story(tmp_path, varied)
    picture = timeline(items)
    assert "earlier columns are left out" in picture
    assert sum(len(marks(picture, sign)) for sign in ("answered", "notice")) <= 2 * MOST_COLUMNS
    assert_readable(picture)
    assert "earlier columns are left out" in timeline(items, "text")


@pytest.mark.parametrize("path", sorted(SCENARIOS.glob("*.toml")), ids=lambda path: path.stem)
def test_no_text_is_clipped_or_runs_into_another(path: Path) -> None:
    items = history(path)
    for session in dict.fromkeys(item.session for item in items):
        assert_readable(timeline(items, session=session))


def test_long_names_and_many_events_stay_readable(told: History) -> None:
    assert_readable(timeline(told))


def assert_readable(picture: str) -> None:
    root = parsed(picture)
    page = Rect(0, 0, float(root.get("width", "")), float(root.get("height", "")))
    texts = [(text.text or "", box(text)) for text in root.iter("text")]
    for text, rect in texts:
        assert page.holds(rect), f"{text!r} leaves the picture"
    for (one, a), (other, b) in combinations(texts, 2):
        assert not a.meets(b), f"{one!r} runs into {other!r}"


def box(text: ElementTree.Element) -> Rect:
    css = text.get("class", "")
    size = {"headline": 18.0, "count": 10.0, "small": 11.0}.get(css, 11.5 if css != "caption" else 12.0)
    wide = width(text.text or "", size, mono=css in ("lane", "state"))
    x, y = float(text.get("x", "")), float(text.get("y", ""))
    start = x - wide / 2 if text.get("text-anchor") == "middle" else x
    return Rect(start, y - size * 0.75, wide, size * 0.95)


def test_one_file_is_light_and_dark() -> None:
    picture = timeline(seed())
    assert LIGHT["paper"] in picture
    assert DARK["paper"] in picture
    assert "prefers-color-scheme:dark" in picture


def test_the_text_tells_the_same_without_colours() -> None:
    page = timeline(seed(), "text", width=80)
    lines = page.splitlines()
    assert lines[0] == "session main"
    assert lines[1].startswith("state")
    assert lines[1].endswith("│prima│fai│c│p")
    assert "▲ ▲ ▲ · · ● ·" in page
    assert "✕ reconcile: a turn is in flight: it keeps the plan it began with" in page


@pytest.mark.parametrize("wide", [40, 60, 100])
def test_the_terminal_picture_keeps_to_the_width_it_is_given(told: History, wide: int) -> None:
    lines = timeline(told, "text", width=wide).splitlines()
    assert max(len(line) for line in lines) <= wide


def test_a_narrow_terminal_drops_the_oldest_columns_and_says_so(told: History) -> None:
    assert "earlier columns are left out" in timeline(told, "text", width=48)
    assert "left out" not in timeline(told, "text", width=120)


def test_the_terminal_shows_the_states_in_colour() -> None:
    console = Console(width=80, force_terminal=True, color_system="standard", record=True)
    with console.capture() as captured:
        console.print(timeline_view(seed()))
    assert "\x1b[" in captured.get()


def test_several_sessions_are_refused_until_one_is_named() -> None:
    items = [*seed(), *(evolve(item, session="other") for item in seed())]
    with pytest.raises(TimelineError, match="shows one session, but the decisions are of main, other"):
        timeline(items)
    assert timeline(items, session="main") == timeline(seed())
    with pytest.raises(TimelineError, match="no decision is of session 'nobody'"):
        timeline(items, session="nobody")


def test_an_empty_history_is_refused() -> None:
    with pytest.raises(TimelineError, match="the decisions are of none"):
        timeline([])


def test_an_unknown_format_is_refused_with_those_there_are() -> None:
    with pytest.raises(UnknownPictureError, match="'gif'; there are svg, text"):
        timeline(seed(), "gif")  # type: ignore[arg-type]


def test_names_with_markup_in_them_are_text() -> None:
    items = [item for item in seed() if isinstance(item, Decision)]
    odd = [evolve(item, session='<b>"&') for item in items]
    assert parsed(timeline(odd)).get("aria-label") == 'Session <b>"&'


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s"),
        (0.25, "0.25 s"),
        (59, "59 s"),
        (65, "1 m 05 s"),
        (120, "2 m"),
        (7800, "2 h 10 m"),
        (97200, "1 d 3 h"),
    ],
)
def test_times_are_told_in_the_fewest_words(seconds: float, words: str) -> None:
    assert since(seconds) == words
