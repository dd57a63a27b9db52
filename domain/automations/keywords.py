"""Whether a message from a contact is a keyword of a trigger, or begins with it."""

import unicodedata
from collections.abc import Sequence

from domain.text.keywords import MAX_MESSAGE, fold

_VARIANTS = str.maketrans("", "", "\ufe0e\ufe0f")
"""Variation selectors of emoji."""


def says(text: str, keywords: Sequence[str]) -> bool:
    """Whether the text begins with the words of a keyword, however they are spelt: case, width, marks around."""
    words = text[:MAX_MESSAGE].split()
    return any(_form(words[: len(keyword.split())]) == _form(keyword.split()) for keyword in keywords)


def _form(words: Sequence[str]) -> str:
    text = " ".join(words)
    return fold(text) or unicodedata.normalize("NFKC", text).casefold().translate(_VARIANTS)  # emoji alone
