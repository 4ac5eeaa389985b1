"""How wide a text will be, without a font at hand.

The picture names a stack of system fonts, so nobody knows which one a reader has. Widths are estimated after the
widest of the usual faces; what fits by this measure fits with the others too.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

MONO_EM: Final = 0.605
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
    """

    text: str
    style: str
    rows: tuple[str, ...] = ()


def width(text: str, size: float, *, mono: bool = False, bold: bool = False) -> float:
    """The estimated width of a text, in pixels, at a font size in pixels."""
    if mono:
        return len(text) * MONO_EM * size
    ems = sum(_em(character) for character in text)
    return ems * size * (1.06 if bold else 1.0)


def _em(character: str) -> float:
    if character in _NARROW:
        return 0.28
    if character in _SLIM:
        return 0.37
    if character in _WIDE:
        return 0.87
    return 0.66 if character.isupper() else 0.575


def span_width(span: Span, size: float) -> float:
    """The estimated width of a span, in pixels."""
    return width(span.text, size, mono=span.style == "event", bold=span.style == "stop")


def line_width(line: tuple[Span, ...], size: float) -> float:
    """The estimated width of a line, in pixels."""
    return sum(span_width(span, size) for span in line)


def wrap(spans: tuple[Span, ...], size: float, room: float) -> tuple[tuple[Span, ...], ...]:
    """Break spans into lines of at most `room` pixels, between words; a word that is wider stands alone."""
    lines: list[list[Span]] = [[]]
    used = 0.0
    for span in spans:
        for word in span.text.split(" "):
            piece = Span(word if not lines[-1] else f" {word}", span.style, span.rows)
            needed = span_width(piece, size)
            if lines[-1] and used + needed > room:
                piece = Span(word, span.style, span.rows)
                lines.append([])
                used, needed = 0.0, span_width(piece, size)
            lines[-1].append(piece)
            used += needed
    return tuple(tuple(_joined(line)) for line in lines)


def _joined(line: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for span in line:
        if joined and (joined[-1].style, joined[-1].rows) == (span.style, span.rows):
            joined[-1] = Span(joined[-1].text + span.text, span.style, span.rows)
        else:
            joined.append(span)
    return joined
