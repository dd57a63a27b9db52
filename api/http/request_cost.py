"""Estimates the cost of reading a body from its bytes: counting takes microseconds, parsing may take seconds.

The figures are microseconds, rounded up, of the slowest case of each kind. They need not be exact: they
decide whether a request is read in the event loop or in a child process, and a wrong choice costs little.
"""

import re

ON_LOOP = 5_000
"""Microseconds that reading a body may block the event loop."""

MAX_VALUES = 2_500_000
"""Values of a body, as 25 for each of 100,000 contacts: they are in memory together."""

_PER_REQUEST = 50
_PER_KILOBYTE = 7
_PER_VALUE = 3
_PER_OBJECT = 30
"""A contact, or a step of a fallback."""
_PER_ADDRESS = 120
"""One that is not plain."""
_PER_IDN_BYTE = 15
_PER_TEMPLATE_BYTE = 6
_PER_FILLED_PIECE = 30
"""A template field filled from a contact."""
_PER_LINK = 20
"""A link of a text that is shortened."""
_FALLBACK_STEPS = 3
_UNFORESEEABLE = 10**9

_MAX_TEMPLATE_BODY = 16 * 1024
"""Bytes of a body so small that template fields cannot be long either."""
_MAX_PIECES = 100
_LONGEST_PIECE = 500

_LOOPS_OR_STYLES = (b"{%", b'"inline_css"')
_HIDDEN = re.compile(rb"\\u00(?:[4-7]|25)")
"""ASCII that is escaped needlessly: letters, braces, the percent sign, the at sign."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""A string, or one without an end: retrying from each quote in it would take quadratic time."""
_FEW_STRINGS = 2_000
_SOON_STRIPPED = 128 * 1024
"""Bytes from which strings are removed in a millisecond, if they are few."""
_PLAIN_ADDRESS = re.compile(rb'"[A-Za-z0-9_+.-]++@(?:[A-Za-z0-9]++[.-]?)++"')
_ODD_DOMAIN = re.compile(rb'@((?:[^"@\s\\]|\\u[0-9A-Fa-f]{4})*+)')


def reading_cost(raw: bytes) -> int:
    """Microseconds that reading the body of a send request will take, at the most."""
    cost = _PER_REQUEST + len(raw) * _PER_KILOBYTE // 1000
    if cost > ON_LOOP:
        return cost
    if any(spelling in raw for spelling in _LOOPS_OR_STYLES) or (b"\\u00" in raw and _HIDDEN.search(raw)):
        return _UNFORESEEABLE
    objects, others = raw.count(b"{"), raw.count(b",") + raw.count(b"[")
    if cost + objects * _PER_OBJECT + others * _PER_VALUE > ON_LOOP and _is_soon_stripped(raw):
        bare = _STRING.sub(b"", raw)  # braces and commas of texts are no values
        objects, others = bare.count(b"{"), bare.count(b",") + bare.count(b"[")
    cost += objects * _PER_OBJECT + others * _PER_VALUE
    if b'"fallback"' in raw:  # request-wide steps are read for each contact
        cost += objects * _FALLBACK_STEPS * _PER_OBJECT
    if cost <= ON_LOOP and b"@" in raw:
        cost += _addresses_cost(raw)
    if cost <= ON_LOOP and b"{{" in raw:
        cost += _template_cost(raw, objects)
    return cost


def shortening_cost(raw: bytes) -> int:
    """Microseconds that shortening all links of the body of a send request will take, at the most."""
    links = raw.count(b"://") + raw.count(b":\\/")
    return links * (1 + raw.count(b"{")) * _PER_LINK


def count_values(raw: bytes) -> int:
    """How many values a body holds, an object as four for its size. Commas and brackets of texts count likewise."""
    return raw.count(b",") + raw.count(b"[") + 3 * raw.count(b"{")


def _is_soon_stripped(raw: bytes) -> bool:
    return len(raw) <= _SOON_STRIPPED and raw.count(b'"') - raw.count(b'\\"') <= 2 * _FEW_STRINGS


def _addresses_cost(raw: bytes) -> int:
    odd = raw.count(b"@") - len(_PLAIN_ADDRESS.findall(raw))
    cost = odd * _PER_ADDRESS
    if cost <= ON_LOOP and (b"xn--" in raw or b"\\u" in raw or not raw.isascii()):
        domains = _ODD_DOMAIN.findall(raw)
        cost += sum(len(domain) * _PER_IDN_BYTE for domain in domains if _may_be_idn(domain))
    return cost


def _may_be_idn(domain: bytes) -> bool:
    return not domain.isascii() or b"\\" in domain or b"xn--" in domain.lower()


def _template_cost(raw: bytes, objects: int) -> int:
    pieces = raw.count(b"{{")
    if len(raw) > _MAX_TEMPLATE_BODY or pieces > _MAX_PIECES:
        return _UNFORESEEABLE
    return _markup(raw) * _PER_TEMPLATE_BYTE + pieces * objects * _PER_FILLED_PIECE


def _markup(raw: bytes) -> int:
    """Bytes of the few pieces of templates in a body."""
    found = start = 0
    while (start := raw.find(b"{{", start)) >= 0:
        end = raw.find(b"}}", start + 2, start + 4 + _LONGEST_PIECE)
        found += max(0, end + 2 - start)
        start = max(start, end) + 2
    return found
