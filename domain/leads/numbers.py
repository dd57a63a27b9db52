"""Telephone numbers as people type or paste them into forms: less strict than what programs send."""

import re
from unicodedata import normalize

from domain.recipients import normalise_number

_BEFORE = re.compile(r"(?:tel|whatsapp|phone)\s*[:.]+", re.IGNORECASE)
"""Of links, and of labels that were copied along."""
_BETWEEN = re.compile(r"[\s/\u200b-\u200f\u202a-\u202e\u2010-\u2015\u2060-\u2069\ufeff]+")
"""Spaces, strokes and dashes of all kinds, and the marks of direction that telephones put around what is copied."""
_TRUNK = re.compile(r"(?<=[0-9])\(0\)")
"""``+49 (0) 151``: to be left out from abroad."""
_MOST = 100


def typed_number(text: str, country: str | None) -> str:
    """The number as E.164. Digits of other scripts are read; ``country`` is that of numbers without a country code.

    Raises:
        InvalidRecipient: it is none.
    """
    plain = _BETWEEN.sub("", _BEFORE.sub("", normalize("NFKC", text[:_MOST]), count=1))
    plain = "".join(str(int(one)) if one.isdecimal() else one for one in plain)
    if plain.startswith(("+", "00")):
        plain = _TRUNK.sub("", plain, count=1)
    return normalise_number(plain, country)
