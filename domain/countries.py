"""Which country a telephone number belongs to."""

import phonenumbers

_BLOCK = 3
"""Digits at the end by which numbers of one block differ: no numbering plan parts countries more finely."""
_MOST_KEPT = 50_000

_kept: dict[str, str | None] = {}


def country_of(e164: str) -> str | None:
    """The country (ISO 3166); ``None``: none, such as of a satellite phone.

    It is remembered by blocks: finding it out takes some 30 µs, which a send with one contact would notice.
    """
    block = e164[:-_BLOCK]
    if block not in _kept:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[block] = phonenumbers.region_code_for_number(phonenumbers.parse(e164))
    return _kept[block]


def is_in(e164: str, countries: frozenset[str]) -> bool:
    """Whether a number belongs to one of these countries (ISO 3166). Numbers of no country, such as those of satellite
    phones, do not.

    Most country codes are those of one country, which needs no more than a look at them. Where several share one, a
    number that no table has counts as one of the largest.
    """
    sharing = _regions(e164)
    allowed = countries.intersection(sharing)
    if len(allowed) in (0, len(sharing)):
        return bool(allowed)
    return (country_of(e164) or sharing[0]) in allowed


def _regions(e164: str) -> tuple[str, ...]:
    """Those that share the number's country code, the largest first."""
    known = phonenumbers.COUNTRY_CODE_TO_REGION_CODE
    heads = (int(e164[1 : 1 + length]) for length in (1, 2, 3))
    return next((known[head] for head in heads if head in known), ())
