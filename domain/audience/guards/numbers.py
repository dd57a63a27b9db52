"""What a telephone number tells: its country, its time zones, what kind of line it is."""

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


@lru_cache(maxsize=4096)
def country_of(e164: str) -> str | None:
    """The country (ISO 3166); ``None``: none, such as of a satellite phone."""
    return phonenumbers.region_code_for_number(phonenumbers.parse(e164))


@lru_cache(maxsize=4096)
def zones_of(e164: str) -> tuple[str, ...]:
    """The time zones that its owner may live in; empty: not known."""
    from phonenumbers import timezone  # 0.5 MB that accounts without quiet hours do not need

    zones = timezone.time_zones_for_number(phonenumbers.parse(e164))
    return tuple(zone for zone in zones if zone != timezone.UNKNOWN_TIMEZONE)


def costly_kind(e164: str) -> str | None:
    """What kind of line it is, if it is one that only costs."""
    return COSTLY.get(phonenumbers.number_type(phonenumbers.parse(e164)))


def prefix_of(e164: str) -> str:
    """The range that a number belongs to: all but its last digits."""
    return e164[:-_SUFFIX]
