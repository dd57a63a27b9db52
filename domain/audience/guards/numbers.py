"""What a telephone number tells: its time zones, what kind of line it is, its range."""

from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumberType

COSTLY = {
    PhoneNumberType.PREMIUM_RATE: "a premium rate number",
    PhoneNumberType.SHARED_COST: "a shared cost number",
    PhoneNumberType.UAN: "a company-wide number",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.VOICEMAIL: "a voicemail",
}
"""Kinds of numbers that no customer has, with what they are: messages to them earn somebody money."""
_SUFFIX = 4
_BLOCK = 3
"""Digits at the end by which numbers of one block differ: no numbering plan parts kinds more finely."""
_MOST_KEPT = 50_000

_kept: dict[str, str | None] = {}


def costly_kind(e164: str) -> str | None:
    """What kind of line it is, if it is one that only costs; remembered by blocks."""
    block = e164[:-_BLOCK]
    if block not in _kept:
        if len(_kept) >= _MOST_KEPT:
            _kept.clear()
        _kept[block] = COSTLY.get(phonenumbers.number_type(phonenumbers.parse(e164)))
    return _kept[block]


@lru_cache(maxsize=4096)
def zones_of(e164: str) -> tuple[str, ...]:
    """The time zones that its owner may live in; empty: not known."""
    from phonenumbers import timezone  # 0.5 MB that accounts without quiet hours do not need

    zones = timezone.time_zones_for_number(phonenumbers.parse(e164))
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def prefix_of(e164: str) -> str:
    """The range that a number belongs to: all but its last digits."""
    return e164[:-_SUFFIX]
