"""The picture's style sheet: one set of classes, two palettes.

The palette follows the reader's system; a host page forces one with the class ``light`` or ``dark`` on the root. All
rules begin with the root's class, so that a picture set into a page styles nothing but itself.

What is lit is stroked, not set in bold: bold letters are wider, and the room of a text was measured without them.
"""

from __future__ import annotations

from typing import Final

from .measure import LABEL_SIZE, NAME_SIZE, NOTE_SIZE, SENTENCE_SIZE

LIGHT: Final = {
    "paper": "#f7f8fa",
    "card": "#ffffff",
    "line": "#ccd2da",
    "ink": "#1a2029",
    "soft": "#535d6b",
    "edge": "#6e7988",
    "panel": "#eef1f5",
    "lit": "#b03a06",
    "glow": "#fff1e6",
    "stop": "#b3261e",
    "well": "#1f8a4c",
    "care": "#c77700",
    "trial": "#2f6fd0",
    "user": "#7a4fd0",
    "bad": "#c9372c",
    "plain": "#7a8494",
}
"""Colours on light paper; texts keep a contrast of 4.5 and more on their ground."""

DARK: Final = {
    "paper": "#0e1218",
    "card": "#171d26",
    "line": "#36404d",
    "ink": "#e8ecf1",
    "soft": "#a5b0be",
    "edge": "#8491a1",
    "panel": "#131820",
    "lit": "#ffb077",
    "glow": "#33241a",
    "stop": "#ff9a91",
    "well": "#4cc17d",
    "care": "#e8a640",
    "trial": "#6ea8ff",
    "user": "#b197fc",
    "bad": "#ff7b70",
    "plain": "#7b8796",
}
"""Colours on dark paper."""

TEXT_PAIRS: Final = (
    ("ink", "card"),
    ("ink", "paper"),
    ("ink", "panel"),
    ("soft", "card"),
    ("soft", "paper"),
    ("soft", "panel"),
    ("stop", "card"),
    ("stop", "glow"),
    ("ink", "glow"),
    ("soft", "glow"),
    ("lit", "card"),
    ("lit", "paper"),
    ("lit", "panel"),
    ("lit", "glow"),
)
"""Which colour is read on which ground."""

_WORDS: Final = {
    "SANS": "ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif",
    "MONO": "ui-monospace,SFMono-Regular,Menlo,Consolas,'Liberation Mono',monospace",
    "NAME": f"{NAME_SIZE:g}px",
    "SENTENCE": f"{SENTENCE_SIZE:g}px",
    "NOTE": f"{NOTE_SIZE:g}px",
    "LABEL": f"{LABEL_SIZE:g}px",
}

_RULES: Final = """
text{font-family:SANS;fill:var(--ink)}
.paper{fill:var(--paper)}
.headline{font-size:18px;font-weight:650;letter-spacing:-.01em}
.caption,.legend{font-size:12px;fill:var(--soft)}
.legend{font-size:NOTE}
.panel rect{fill:var(--panel);stroke:var(--line);stroke-dasharray:5 4}
.strip rect{stroke-dasharray:none}
.panel .heading{font-size:NOTE}
.panel .title{font-size:11px;font-weight:650;letter-spacing:.06em;fill:var(--soft)}
.panel .caption{font-size:NOTE}
.state .box{fill:var(--card);stroke:var(--line);stroke-width:1.25}
.state .rule{stroke:var(--line)}
.state .name{font-family:MONO;font-size:NAME;font-weight:650}
.state .sentence{font-size:SENTENCE;fill:var(--soft)}
.well .tone{fill:var(--well)}
.care .tone{fill:var(--care)}
.trial .tone{fill:var(--trial)}
.user .tone{fill:var(--user)}
.bad .tone{fill:var(--bad)}
.plain .tone{fill:var(--plain)}
.note text{font-size:NOTE}
.edge text{font-size:LABEL}
.event{font-family:MONO}
.guard{fill:var(--soft)}
.stop{fill:var(--stop);font-weight:650}
.icon{fill:none;stroke:var(--soft);stroke-width:1.3;stroke-linecap:round;stroke-linejoin:round}
.icon.blocked{stroke:var(--stop)}
.icon.stale{stroke-dasharray:1.6 1.9}
.edge .line{fill:none;stroke:var(--edge);stroke-width:1.5;stroke-linejoin:round}
.edge .head{fill:var(--edge)}
.edge .tail{fill:var(--paper);stroke:var(--edge);stroke-width:1.5}
.state.current .box{fill:var(--glow);stroke:var(--lit);stroke-width:2.5}
.state.current .name{fill:var(--lit)}
.edge.last .line{stroke:var(--lit);stroke-width:2.75}
.edge.last .head{fill:var(--lit)}
.edge.last .tail{stroke:var(--lit)}
tspan.lit{fill:var(--lit);stroke:var(--lit);stroke-width:.5px}
.note.last .icon{stroke:var(--lit)}
"""


def style(root: str) -> str:
    """The style sheet for pictures whose root element has this class."""
    rules = _RULES.strip()
    for word, value in _WORDS.items():
        rules = rules.replace(word, value)
    return "\n".join((palette(root), *(_scoped(root, rule) for rule in rules.splitlines())))


def palette(root: str) -> str:
    """The colours as variables of the elements with this class."""
    return "\n".join(
        (
            f".{root}{{{_variables(LIGHT)}}}",
            f"@media (prefers-color-scheme:dark){{.{root}:not(.light){{{_variables(DARK)}}}}}",
            f".{root}.dark{{{_variables(DARK)}}}",
        )
    )


def _scoped(root: str, rule: str) -> str:
    selectors, body = rule.split("{", 1)
    return f"{','.join(f'.{root} {selector}' for selector in selectors.split(','))}{{{body}"


def _variables(palette: dict[str, str]) -> str:
    return ";".join(f"--{name}:{colour}" for name, colour in palette.items())
