"""How many parts an SMS has, and where it is cut, by the 3GPP rules; credits are counted in parts.

GSM 03.38 (3GPP TS 23.038) packs a text of its alphabet in septets: 160 alone, 153 in each part of a longer one. One
character outside of it turns the whole text to UCS-2: 70 UTF-16 units alone, 67 in each part. The concatenation header
takes the difference (3GPP TS 23.040). Neither an escape pair nor a surrogate pair is ever cut in two.
"""

import re
from itertools import pairwise
from typing import Literal, NamedTuple

from domain.text.gsm7 import BASIC, EXTENSION

_BASIC = re.compile(f"[{re.escape(BASIC)}]*")
_NOT_GSM = re.compile(f"[^{re.escape(BASIC + EXTENSION)}]")
_EXTENSION = re.compile(f"[{re.escape(EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Segments(NamedTuple):
    """The size of a sent text; ``units`` are septets (gsm7) or UTF-16 units (ucs2)."""

    encoding: Literal["gsm7", "ucs2"]
    parts: int
    units: int


def count_segments(text: str, force_unicode: bool = False) -> Segments:
    """Count the parts of ``text``; an empty text has one.

    ``force_unicode`` sends as UCS-2 what would fit the GSM alphabet too (``sms_type=unicode``).
    """
    if not force_unicode and _BASIC.fullmatch(text):  # a septet each, and nothing to cut in two
        return Segments("gsm7", 1 if len(text) <= 160 else -(-len(text) // 153), len(text))
    cut = _cut(text, force_unicode)
    return Segments(cut.encoding, len(cut.ends), cut.units)


def outside_gsm(text: str) -> list[str]:
    """The characters that turn ``text`` to UCS-2, each once, in their order."""
    return list(dict.fromkeys(_NOT_GSM.findall(text)))


def cut_segments(text: str, force_unicode: bool = False) -> list[str]:
    """Cut ``text`` into the parts that ``count_segments`` counts. Together they are the text again."""
    return [text[start:end] for start, end in pairwise([0, *_cut(text, force_unicode).ends])]


class _Cut(NamedTuple):
    encoding: Literal["gsm7", "ucs2"]
    ends: list[int]
    """Where each part ends, in characters."""
    units: int


def _cut(text: str, force_unicode: bool) -> _Cut:
    if force_unicode or _NOT_GSM.search(text):
        return _Cut("ucs2", *_ends(text, _ASTRAL, alone=70, joined=67))
    return _Cut("gsm7", *_ends(text, _EXTENSION, alone=160, joined=153))


def _ends(text: str, pair: re.Pattern[str], alone: int, joined: int) -> tuple[list[int], int]:
    """Where each part of ``text`` ends, and its size in units: two for a character that is a ``pair``, else one."""
    pairs = [match.start() for match in pair.finditer(text)]
    units = len(text) + len(pairs)
    if units <= alone:
        return [len(text)], units
    ends = []
    end = passed = 0  # ``passed`` pairs lie before ``end``
    while end < len(text):
        room = end + joined
        while passed < len(pairs) and pairs[passed] < room:
            if pairs[passed] == room - 1:  # only its first half would fit
                room -= 1
                break
            room -= 1
            passed += 1
        end = min(room, len(text))
        ends.append(end)
    return ends, units
