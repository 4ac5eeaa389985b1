"""How wide a text will be, without a font at hand.

The picture names a stack of system fonts, so nobody knows which one a reader has. Widths are estimated after the
widest of the usual faces; what fits by this measure fits with the others too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import evolve, frozen

NAME_SIZE: Final = 15.0
"""A state's name, in pixels."""

SENTENCE_SIZE: Final = 12.0
"""A state's sentence, in pixels."""

NOTE_SIZE: Final = 11.5
"""A row listed in a state or a panel, in pixels."""

LABEL_SIZE: Final = 12.0
"""A row at an arrow, in pixels."""

_MONO_EM: Final = 0.605
_NARROW: Final = frozenset("ijl.,:;'|!·")
_SLIM: Final = frozenset("frtI()[]- ")
_WIDE: Final = frozenset("mwMW")


@frozen
class Span:
    """A piece of text in one style.

    Attributes:
        text: the words.
        style: its CSS class; ``event`` and ``name`` are set in the monospaced face.
        rows: the names of the rows it stands for.
        whole: it is broken only where it is wider than a whole line, and then at its commas first.
        fresh: it begins a line.
    """

    text: str
    style: str
    rows: tuple[str, ...] = ()
    whole: bool = False
    fresh: bool = False


def width(text: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """The estimated width of a text, in pixels, at a font size in pixels."""
    if mono:
        return len(text) * _MONO_EM * size
    ems = sum(_em(character) for character in text)
    return ems * size * (1.06 if bold else 1.0)


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.3
    if character in _SLIM:
        return 0.39
    if character in _WIDE:
        return 0.9
    return 0.66 if character.isupper() else 0.595


def span_width(span: Span, size: float) -> float:
    """The estimated width of a span, in pixels."""
    return width(span.text, size, mono=span.style == "event", bold=span.style == "stop")


def line_width(line: tuple[Span, ...], size: float) -> float:
    """The estimated width of a line, in pixels."""
    return sum(span_width(span, size) for span in line)


def wrap(spans: tuple[Span, ...], size: float, room: float) -> tuple[tuple[Span, ...], ...]:
    """Break spans into lines of at most `room` pixels, between words; a word that is wider stands alone."""
    lines: list[list[Span]] = [[]]
    for span in spans:
        if span.fresh and lines[-1]:
            lines.append([])
        for words in _unbroken(span, size, room):
            _put(lines, span, words, size, room)
    return tuple(tuple(line) for line in lines)


def _unbroken(span: Span, size: float, room: float) -> Iterator[str]:
    """What of a span is kept together: a condition, else each part of it, else each word."""
    if not span.whole:
        yield from span.text.split(" ")
    elif span_width(span, size) <= room:
        yield span.text
    else:
        for part in span.text.replace(", ", ",\n").split("\n"):
            fits = span_width(evolve(span, text=part), size) <= room
            yield from (part,) if fits else part.split(" ")


def _put(lines: list[list[Span]], span: Span, words: str, size: float, room: float) -> None:
    """Set words behind the last line, or on a new one where they do not fit."""
    line = lines[-1]
    if not line:
        line.append(evolve(span, text=words))
        return
    piece = evolve(span, text=f" {words}")
    if line_width(tuple(line), size) + span_width(piece, size) > room:
        lines.append([evolve(span, text=words)])
    elif (line[-1].style, line[-1].rows) == (span.style, span.rows):
        line[-1] = evolve(line[-1], text=line[-1].text + piece.text)
    else:
        line.append(piece)
