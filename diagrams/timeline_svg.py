"""A session's life as SVG: states as bands, a lane a candidate, blocks as crosses, notices as flags; light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Final
from xml.sax.saxutils import escape

from attrs import frozen

from .layout import Tone
from .measure import NOTE_SIZE, width
from .session_layout import SESSION_LAYOUT
from .style import style
from .timeline_axis import fitting, places, since
from .timeline_facts import BLOCKED, NOTICES, Chronicle, Column, Mark, Sign

ROOT: Final = "detent-timeline"
"""The class of the root element of every timeline."""

MOST_COLUMNS: Final = 36
"""As many columns as the picture has room for."""

_WIDTH: Final = 880.0
_MARGIN: Final = 24.0
_TOP: Final = 78.0
_BAND: Final = 30.0
_LANE: Final = 42.0
_WIDEST: Final = 118.0
_LONGEST_LANE: Final = 30
_SHORTEST_STATE: Final = 4
_MOST_CAUSES: Final = 8
_MONO_EM: Final = 0.605
_SMALL: Final = 11.0

_TONES: Final[dict[str, Tone]] = {place.state: place.tone for place in SESSION_LAYOUT.places}
_SHAPES: Final[dict[Sign, str]] = {
    "answered": "M6.5 0a6.5 6.5 0 1 1-13 0a6.5 6.5 0 1 1 13 0z",
    "failed": "M0-7L7 5.5H-7Z",
    "cut": "M-5-5H5V5H-5Z",
    "open": "M6 0a6 6 0 1 1-12 0a6 6 0 1 1 12 0z",
    "blocked": "M-5-5L5 5M5-5L-5 5",
    "notice": "M-4 8V-8L7-4L-4 0",
}
_MEANINGS: Final[dict[Sign, str]] = {
    "answered": "answered",
    "failed": "failed",
    "cut": "called off",
    "open": "under way",
    "blocked": "was blocked",
    "notice": "the user is told",
}

_RULES: Final = (
    """
.R .band{stroke:var(--paper);stroke-width:1.5;fill-opacity:.22}
.R .bar{stroke:none}
.R .well{fill:var(--well)}
.R .care{fill:var(--care)}
.R .trial{fill:var(--trial)}
.R .user{fill:var(--user)}
.R .plain{fill:var(--plain)}
.R .state,.R .lane{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace;font-size:NOTE}
.R .state{font-weight:650}
.R .plainlane{font-size:NOTE;fill:var(--soft)}
.R .thread{stroke:var(--line);stroke-width:1}
.R .axis{stroke:var(--edge);stroke-width:1.25}
.R .small{font-size:11px;fill:var(--soft)}
.R .count{font-size:10px;fill:var(--soft);font-weight:650}
.R .cause{font-size:NOTE;fill:var(--soft)}
.R .answered path{fill:var(--well)}
.R .failed path{fill:var(--bad)}
.R .cut path,.R .open path{fill:var(--paper);stroke:var(--plain);stroke-width:1.75}
.R .open path{stroke-dasharray:2.5 2}
.R .blocked path{fill:none;stroke:var(--stop);stroke-width:2.5;stroke-linecap:round}
.R .notice path{fill:var(--lit);stroke:var(--lit);stroke-width:1.25;stroke-linejoin:round}
""".strip()
    .replace(".R", f".{ROOT}")
    .replace("NOTE", f"{NOTE_SIZE:g}px")
)


@frozen
class _Canvas:
    """A chronicle with its columns at their places."""

    life: Chronicle
    lanes: tuple[str, ...]
    middles: tuple[float, ...]
    left: float

    @property
    def right(self) -> float:
        return _WIDTH - _MARGIN

    @property
    def bottom(self) -> float:
        return _TOP + _BAND + 10 + _LANE * len(self.lanes)

    def lane_y(self, lane: str) -> float:
        """Where the thread of a lane runs: a little above its middle, for labels stand below the marks."""
        return _TOP + _BAND + 7 + _LANE * (self.lanes.index(lane) + 0.5)

    def edges(self, first: int, after: int) -> tuple[float, float]:
        """Where a band of columns begins and ends."""
        start = self.left if first == 0 else (self.middles[first - 1] + self.middles[first]) / 2
        last = after == len(self.middles)
        return start, self.right if last else (self.middles[after - 1] + self.middles[after]) / 2


def stylesheet() -> str:
    """The style sheet of every timeline."""
    return f"{style(ROOT)}\n{_RULES}"


def timeline_svg(life: Chronicle) -> str:
    """One session's life as one SVG document, 880 pixels wide.

    Args:
        life: the chronicle; of a longer one than `MOST_COLUMNS` the end is drawn, and a note says so.
    """
    life = life.last(MOST_COLUMNS)
    used = {mark.lane for _, mark in life.marks}
    lanes = (*life.lanes, *(lane for lane in (BLOCKED, NOTICES) if lane in used))
    widest = max((len(_shortened(lane)) * _MONO_EM * NOTE_SIZE for lane in lanes), default=0.0)
    left = _MARGIN + max(60.0, widest) + 14
    middles = tuple(places(life.columns, left, _WIDTH - _MARGIN - left, _WIDEST))
    return "\n".join(_document(_Canvas(life, lanes, middles, left))) + "\n"


def _document(canvas: _Canvas) -> Iterator[str]:
    life = canvas.life
    causes = life.causes()
    shown = causes[:_MOST_CAUSES]
    height = canvas.bottom + 104 + 17 * (len(shown) + (len(causes) > len(shown)))
    title = f"Session {life.session}"
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="{ROOT}" viewBox="0 0 {_WIDTH:g} {height:g}" '
        f'width="{_WIDTH:g}" height="{height:g}" role="img" aria-label="{escape(title, {chr(34): "&quot;"})}">'
    )
    yield f"<style>\n{stylesheet()}\n</style>"
    yield f'<rect class="paper" width="{_WIDTH:g}" height="{height:g}" rx="12"/>'
    yield f'<text class="headline" x="{_MARGIN:g}" y="36">{escape(_cut(title, 70))}</text>'
    yield f'<text class="caption" x="{_MARGIN:g}" y="55">{escape(_caption(life))}</text>'
    yield from _lanes(canvas)
    yield from _bands(canvas)
    yield from _axis(canvas)
    for lane in canvas.lanes:
        yield from _marks(canvas, lane)
    yield from _legend(canvas)
    yield from _causes(canvas, shown, len(causes) - len(shown))
    yield "</svg>"


def _caption(life: Chronicle) -> str:
    columns = life.columns
    if not columns:
        return "nothing happened that a timeline shows"
    told = f"{since(columns[-1].until - columns[0].at)} from left to right; pauses are shortened, repetitions counted"
    return f"{told}; {life.hidden} earlier columns are left out" if life.hidden else told


def _lanes(canvas: _Canvas) -> Iterator[str]:
    y = _TOP + _BAND / 2 + 4
    yield f'<text class="plainlane" x="{_MARGIN:g}" y="{y:g}">state</text>'
    for lane in canvas.lanes:
        y = canvas.lane_y(lane)
        css = "plainlane" if lane in (BLOCKED, NOTICES) else "lane"
        yield f'<path class="thread" d="M{canvas.left:g} {y:g}H{canvas.right:g}"/>'
        yield (
            f'<text class="{css}" x="{_MARGIN:g}" y="{y + 4:g}">{escape(_shortened(lane))}'
            f"<title>{escape(lane)}</title></text>"
        )


def _bands(canvas: _Canvas) -> Iterator[str]:
    first = 0
    for state, run in groupby(canvas.life.columns, key=lambda column: column.state):
        columns = list(run)
        after = first + len(columns)
        start, end = canvas.edges(first, after)
        tone = _TONES.get(state, "plain")
        when = f"{state}: from {since(columns[0].at - canvas.life.columns[0].at)}"
        yield f'<g data-state="{escape(state)}"><title>{escape(when)}</title>'
        box = f'x="{start:.1f}" width="{end - start:.1f}"'
        yield f'<rect class="band {tone}" {box} y="{_TOP:g}" height="{_BAND:g}"/>'
        yield f'<rect class="bar {tone}" {box} y="{_TOP:g}" height="4"/>'
        room = int((end - start - 10) / (_MONO_EM * NOTE_SIZE))
        if room >= _SHORTEST_STATE:
            yield f'<text class="state" x="{start + 6:.1f}" y="{_TOP + 21:g}">{escape(_cut(state, room))}</text>'
        yield "</g>"
        first = after


def _axis(canvas: _Canvas) -> Iterator[str]:
    y, columns = canvas.bottom + 4, canvas.life.columns
    yield f'<path class="axis" d="M{canvas.left:g} {y:g}H{canvas.right:g}"/>'
    for x in canvas.middles:
        yield f'<path class="axis" d="M{x:.1f} {y:g}v4"/>'
    times = [since(column.at - columns[0].at) for column in columns]
    fresh = [(x, time) for x, time, before in zip(canvas.middles, times, ["", *times], strict=False) if time != before]
    for x, time in _readable(canvas, fresh):
        yield f'<text class="small" x="{x:.1f}" y="{y + 17:g}" text-anchor="middle">{time}</text>'


def _readable(canvas: _Canvas, texts: list[tuple[float, str]]) -> Iterator[tuple[float, str]]:
    """Of texts that want to stand at their places in one line, those that can; moved in where they would stand out."""
    moved = []
    for x, text in texts:
        half = width(text, _SMALL) / 2
        moved.append((min(max(x, canvas.left - 8 + half), _WIDTH - 8 - half), half, text))
    fits = fitting([(x - half, x + half) for x, half, _ in moved], 7)
    return ((x, text) for (x, _, text), fit in zip(moved, fits, strict=True) if fit)


def _marks(canvas: _Canvas, lane: str) -> Iterator[str]:
    here = [(x, column, column.marks[lane]) for x, column in _placed(canvas) if lane in column.marks]
    y = canvas.lane_y(lane)
    for x, column, mark in here:
        yield f'<g class="mark {mark.sign}"><title>{escape(_tooltip(canvas, column, mark))}</title>'
        yield f'<path transform="translate({x:.1f} {y:g})" d="{_SHAPES[mark.sign]}"/></g>'
    counts = [(x, f"×{column.times}") for x, column, _ in here if column.times > 1]
    for x, text in _readable(canvas, counts):
        yield f'<text class="count" x="{x:.1f}" y="{y - 9:g}" text-anchor="middle">{text}</text>'
    for x, text in _readable(canvas, [(x, mark.label) for x, _, mark in here if mark.label]):
        yield f'<text class="small" x="{x:.1f}" y="{y + 19:g}" text-anchor="middle">{escape(text)}</text>'


def _tooltip(canvas: _Canvas, column: Column, mark: Mark) -> str:
    began = canvas.life.columns[0].at
    when = f"at {since(column.at - began)}"
    if column.times > 1:
        when = f"{column.times} times, from {since(column.at - began)} to {since(column.until - began)}"
    return f"{mark.says}\n{when}"


def _legend(canvas: _Canvas) -> Iterator[str]:
    x, y = _MARGIN, canvas.bottom + 50
    used = {mark.sign for _, mark in canvas.life.marks}
    for sign in (sign for sign in _SHAPES if sign in used):
        yield f'<g class="mark {sign}"><path transform="translate({x + 8:g} {y - 4:g})" d="{_SHAPES[sign]}"/></g>'
        yield f'<text class="legend" x="{x + 21:g}" y="{y:g}">{_MEANINGS[sign]}</text>'
        x += 40 + width(_MEANINGS[sign], NOTE_SIZE)
    x, y = _MARGIN + 2, y + 20
    for state in dict.fromkeys(column.state for column in canvas.life.columns):
        yield f'<rect class="{_TONES.get(state, "plain")}" x="{x:g}" y="{y - 9:g}" width="11" height="11" rx="2"/>'
        yield f'<text class="legend" x="{x + 19:g}" y="{y:g}">{escape(state)}</text>'
        x += 38 + width(state, NOTE_SIZE)


def _causes(canvas: _Canvas, shown: tuple[tuple[Mark, int], ...], more: int) -> Iterator[str]:
    y = canvas.bottom + 98
    for mark, times in shown:
        about = "" if mark.sign != "failed" else f"{_shortened(mark.lane)} "
        count = f" ×{times}" if times > 1 else ""
        says = f"{mark.label}: {mark.why}" if mark.why else mark.label
        yield f'<g class="mark {mark.sign}"><path transform="translate({_MARGIN + 8:g} {y - 4:g}) scale(.75)" '
        yield f'd="{_SHAPES[mark.sign]}"/></g>'
        yield f'<text class="cause" x="{_MARGIN + 21:g}" y="{y:g}">{escape(_cut(f"{about}{says}{count}", 120))}</text>'
        y += 17
    if more:
        yield f'<text class="cause" x="{_MARGIN + 21:g}" y="{y:g}">and {more} more</text>'


def _placed(canvas: _Canvas) -> Iterator[tuple[float, Column]]:
    return zip(canvas.middles, canvas.life.columns, strict=True)


def _shortened(lane: str) -> str:
    return _cut(lane, _LONGEST_LANE)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
