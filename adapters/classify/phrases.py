"""Many patterns looked for in one text, quickly: most texts hold no word of most patterns."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

from attrs import field, frozen

_PART: Final = re.compile(r"\\(?P<class>[a-zA-Z])|\\(?P<literal>.)|(?P<meta>[.^$|+?*(){}\[\]])|(?P<plain>.)", re.DOTALL)
_OPENING: Final = re.compile(r"(?:\?(?:[:=!]|<[=!]|P<\w+>))?")
_CLASS: Final = re.compile(r"\[\^?\]?(?:\\.|[^\]])*\]")


@frozen
class Phrases:
    """Patterns of which any may be found, whatever the case of the letters.

    A pattern is tried only where one of its `anchors` is in the text, and compiled when it is first tried.

    Attributes:
        patterns: the patterns.
    """

    patterns: tuple[str, ...]
    _anchored: tuple[tuple[tuple[str, ...], str], ...] = field(init=False, repr=False, eq=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "_anchored", tuple((anchors(pattern), pattern) for pattern in self.patterns))

    def search(self, text: str, lowered: str) -> re.Match[str] | None:
        """The first pattern's match, None if no pattern matches.

        Args:
            text: to search.
            lowered: the same text in lower case.
        """
        for needed, pattern in self._anchored:
            for word in needed:
                if word in lowered:
                    if found := _compiled(pattern).search(text):
                        return found
                    break
        return None


def anchors(pattern: str) -> tuple[str, ...]:
    """Pieces in lower case, of which a text that the pattern matches holds at least one."""
    return _anchors(pattern, 0)[0]


def _anchors(pattern: str, at: int) -> tuple[tuple[str, ...], int]:
    """The anchors of the alternatives that begin here, and where the group around them ends."""
    whole: list[str] = []
    pieces: list[tuple[str, ...]] = []
    run = ""
    while at < len(pattern):
        part = _PART.match(pattern, at)
        assert part is not None
        at = part.end()
        meta = part["meta"]
        if not meta and not part["class"]:
            run += part["literal"] or part["plain"]
            continue
        if meta and meta in "?*{":
            run = run[:-1]
        pieces.append((run.lower(),))
        run = ""
        if meta == "(":
            opening = _OPENING.match(pattern, at)
            assert opening is not None
            inner, at = _anchors(pattern, opening.end())
            if opening[0] not in ("?!", "?<!") and pattern[at : at + 1] not in ("?", "*", "{"):
                pieces.append(inner)
        elif meta == "[":
            found = _CLASS.match(pattern, at - 1)
            assert found is not None
            at = found.end()
        elif meta == "{":
            at = pattern.index("}", at) + 1
        elif meta == "|":
            whole.extend(_strongest(pieces))
            pieces = []
        elif meta == ")":
            break
    whole.extend(_strongest([*pieces, (run.lower(),)]))
    return (tuple(dict.fromkeys(whole)) if all(whole) else ("",)), at


def _strongest(pieces: list[tuple[str, ...]]) -> tuple[str, ...]:
    """The piece that the fewest texts hold: of four letters if possible, then of few alternatives."""

    def strength(piece: tuple[str, ...]) -> tuple[int, int, int]:
        shortest = min(len(word.strip()) for word in piece)
        return min(shortest, 4), -len(piece), shortest

    return max(pieces, key=strength)


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


def either(patterns: Iterable[str]) -> Phrases | None:
    """The phrases; None for no patterns."""
    return Phrases(found) if (found := tuple(patterns)) else None
