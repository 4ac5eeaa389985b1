"""Writing a set of words as one string, so that a long list stays readable."""

from __future__ import annotations


def words(names: str) -> frozenset[str]:
    """The set of the words in a string, which are written with blanks between them."""
    return frozenset(names.split())
