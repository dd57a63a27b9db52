"""How many parts an SMS takes, by the 3GPP rule; credits are counted in parts.

GSM 03.38 (3GPP TS 23.038) packs a text of its alphabet in septets: 160 alone, 153 in each part of a longer one. One
character outside of it turns the whole text to UCS-2: 70 UTF-16 units alone, 67 in each part. The concatenation header
takes the difference (3GPP TS 23.040). Neither an escape pair nor a surrogate pair is ever cut in two.
"""

import re
from typing import Literal, NamedTuple

_GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡"
    "ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_EXTENSION = "\f^{}\\[~]|€"
_ESCAPE = "\x1b"

_BASIC = re.compile(f"[{re.escape(_GSM_BASIC)}]*")
_NOT_GSM = re.compile(f"[^{re.escape(_GSM_BASIC + _GSM_EXTENSION)}]")
_EXTENSION = re.compile(f"[{re.escape(_GSM_EXTENSION)}]")
_ASTRAL = re.compile("[\U00010000-\U0010ffff]")


class Segments(NamedTuple):
    """The size of a text on the air; ``units`` are septets (gsm7) or UTF-16 units (ucs2)."""

    encoding: Literal["gsm7", "ucs2"]
    parts: int
    units: int


def count_segments(text: str, force_unicode: bool = False) -> Segments:
    """Count the parts that ``text`` travels in; an empty text still takes one.

    ``force_unicode`` sends as UCS-2 what would fit the GSM alphabet too (``sms_type=unicode``).
    """
    if not force_unicode and _BASIC.fullmatch(text):  # a septet each, and nothing to cut in two
        return Segments("gsm7", 1 if len(text) <= 160 else -(-len(text) // 153), len(text))
    if force_unicode or _NOT_GSM.search(text):
        pairs = _ASTRAL.sub("HL", text)
        return Segments("ucs2", _parts(pairs, "H", alone=70, joined=67), len(pairs))
    septets = _EXTENSION.sub(_ESCAPE + "x", text)
    return Segments("gsm7", _parts(septets, _ESCAPE, alone=160, joined=153), len(septets))


def _parts(units: str, opener: str, alone: int, joined: int) -> int:
    """Cut ``units`` (one character each) in parts, none of which ends in ``opener``, the first half of a pair."""
    if len(units) <= alone:
        return 1
    parts = start = 0
    while start < len(units):
        end = start + joined
        if end < len(units) and units[end - 1] == opener:
            end -= 1
        start = end
        parts += 1
    return parts
