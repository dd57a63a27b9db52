"""What the guards of an account say about one message."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.audience.guards.numbers import costly_kind, zones_of
from domain.audience.guards.quiet_hours import hours_of, quiet_until
from domain.audience.guards.settings import GuardSettings
from domain.countries import country_of, is_in

QUIET_HOURS, FREQUENCY_CAP = "quiet_hours", "frequency_cap"
WAITS = frozenset({QUIET_HOURS, FREQUENCY_CAP})
"""What messages wait for on behalf of guards."""

DAY, WEEK = timedelta(days=1), timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Guarded:
    """A message, as guards look at it."""

    channel: str
    recipient: str
    is_transactional: bool
    time_zone: str | None = None
    """Of the contact that it is to; ``None``: not known."""
    latest: Sequence[datetime] = ()
    """When the person got what counts towards its cap in the last week, oldest first."""


@dataclass(frozen=True, slots=True)
class Wait:
    """It is to wait."""

    reason: str
    """One of ``WAITS``."""
    until: datetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """It is not sent."""

    code: str
    reason: str
    enforced: bool = True
    """Whether it really is not; else it is only noted."""


Verdict = Wait | Refusal | None
"""``None``: it may be sent."""


def judge(message: Guarded, settings: GuardSettings, now: datetime, account_zone: str, to_prefix: int = 0) -> Verdict:
    """What is to be done with a message at this moment. What refuses it comes before what lets it wait.

    ``to_prefix``: how many SMS went to its range of numbers in this hour.
    """
    number = message.recipient if message.channel != "email" else None
    if number and settings.countries is not None and not is_in(number, settings.countries):
        return Refusal("country_not_allowed", "messages to this country are not allowed: see the account's guards")
    noted = _pumping(message, settings, to_prefix)
    if noted and noted.enforced:
        return noted
    if message.is_transactional:
        return noted
    if until := _quiet_until(message, settings, now, account_zone):
        return Wait(QUIET_HOURS, until)
    return _capped(message, settings, now) or noted


def _pumping(message: Guarded, settings: GuardSettings, to_prefix: int) -> Refusal | None:
    if settings.pumping == "off" or message.channel != "sms" or message.recipient in settings.safe_numbers:
        return None
    enforced = settings.pumping == "on"
    if kind := costly_kind(message.recipient):
        return Refusal("number_type_not_allowed", f"this is {kind}", enforced)
    if to_prefix >= settings.prefix_per_hour:
        reason = f"{settings.prefix_per_hour} messages went to numbers that begin as this one within the hour"
        return Refusal("prefix_velocity", reason, enforced)
    return None


def _quiet_until(message: Guarded, settings: GuardSettings, now: datetime, account_zone: str) -> datetime | None:
    if not (settings.quiet_hours and message.channel in settings.quiet_channels):
        return None
    is_number = message.channel != "email"
    country = country_of(message.recipient) if is_number else None
    zones = zones_of(message.recipient) if is_number and not message.time_zone else ()
    of_one = message.time_zone or account_zone
    return quiet_until(now, hours_of(country, settings.quiet_from, settings.quiet_to), zones or (of_one,))


def _capped(message: Guarded, settings: GuardSettings, now: datetime) -> Verdict:
    ends = [
        until
        for most, span in ((settings.per_day, DAY), (settings.per_week, WEEK))
        if most is not None and (until := _over(message.latest, most, span, now))
    ]
    if not ends:
        return None
    if settings.over_cap == "wait":
        return Wait(FREQUENCY_CAP, max(ends))
    return Refusal("frequency_capped", "the recipient has got as many messages as the account's guards allow")


def _over(latest: Sequence[datetime], most: int, span: timedelta, now: datetime) -> datetime | None:
    """When one more is allowed, if not now."""
    recent = [at for at in latest if at > now - span]
    if len(recent) < most:
        return None
    return recent[len(recent) - most] + span if most else now + span
