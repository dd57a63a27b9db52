"""What the API says in English, in another language.

The catalog holds such texts under a context of their own; where values were filled in, it holds ``%(name)s``. What it
does not hold stays English.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache, partial

from panel.rendering.languages import ENGLISH, catalog

CONTEXT = "api"
_VALUE = re.compile(r"%\((\w+)\)s")
_KEPT = 500
"""Texts that are remembered: most are answered again and again."""

Words = Callable[[str], str]


@cache
def api_texts(language: str) -> Words:
    """What turns a sentence of the API into one of a language."""
    if language == ENGLISH:
        return as_sentence
    held = [(str(one.id), str(one.string)) for one in catalog(language) if one.context == CONTEXT and one.string]
    whole = {english: other for english, other in held if not _VALUE.search(english)}
    patterns = [(_pattern(english), other) for english, other in sorted(held, key=_letters) if english not in whole]

    def translated(text: str) -> str | None:
        if text in whole:
            return whole[text]
        for pattern, other in patterns:
            if found := pattern.fullmatch(text):
                values = {name: translated(value) or value for name, value in found.groupdict().items()}
                return _VALUE.sub(partial(_value, values), other)
        return None

    @lru_cache(_KEPT)
    def words(text: str) -> str:
        return translated(text) or as_sentence(text)

    return words


def as_sentence(text: str) -> str:
    """With a capital, unless it begins with something that is not a word."""
    return text[:1].upper() + text[1:] if re.match(r"[a-z]+[ ,']", text) else text


def _pattern(english: str) -> re.Pattern[str]:
    pieces = _VALUE.split(english)
    escaped = [f"(?P<{piece}>.*?)" if number % 2 else re.escape(piece) for number, piece in enumerate(pieces)]
    return re.compile("".join(escaped), re.DOTALL)


def _value(values: Mapping[str, str], placed: re.Match[str]) -> str:
    return values[placed[1]]


def _letters(held: tuple[str, str]) -> int:
    """Those that say most are tried first."""
    return -len(_VALUE.sub("", held[0]))
