"""Looking for anchors first finds what looking for the patterns finds."""

from __future__ import annotations

import re

import pytest

from detent.adapters.classify import RULES
from detent.adapters.classify.facts import facts_of
from detent.adapters.classify.phrases import Phrases, anchors

from .seen_elsewhere import RECORDS, evidence_of

PATTERNS = sorted({phrase for rule in RULES for phrase in (*rule.says, *rule.also, *rule.unless)})
TEXTS = sorted({layer.text for record in RECORDS for layer in facts_of(evidence_of(record)).layers if layer.text})


@pytest.mark.parametrize(
    ("pattern", "pieces"),
    [
        (r"\beof\b", ("eof",)),
        (r"(?:does|do) not support", (" not support",)),
        (r"No models? loaded", ("no model",)),
        (r"busy|overload(?:ed)?", ("busy", "overload")),
        (r"(?:quota|limit) ?.{0,9}x?", ("quota", "limit")),
        (r"(?:quota|limit)?.{0,9}a{2}", ("",)),
        (r"(?!never)ab[^)x]c\.d\(", ("c.d(",)),
        (r"(?:long|)\w+", ("",)),
        (r"余额(?:不足|已用)", ("余额",)),
    ],
)
def test_the_pieces_without_which_a_pattern_cannot_match(pattern: str, pieces: tuple[str, ...]) -> None:
    assert anchors(pattern) == pieces


def test_no_pattern_of_the_table_is_missed_for_its_anchors() -> None:
    for pattern in PATTERNS:
        plain, quick = re.compile(pattern, re.IGNORECASE), Phrases((pattern,))
        for text in TEXTS:
            assert bool(quick.search(text, text.lower())) == bool(plain.search(text)), (pattern, text)
