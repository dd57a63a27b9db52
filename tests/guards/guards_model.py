"""What guards of an account do to a message, in plain Python, as docs/guards.md says it; not ``prefix_velocity``."""

from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from domain.audience.guards.settings import GuardSettings

NUMBERS = {
    "+5511987654321": ("BR", "America/Sao_Paulo"),
    "+551187654321": ("BR", None),  # its form of before 2012 has no zone: the account's counts
    "+4915112345678": ("DE", "Europe/Berlin"),
    "+449098790001": ("GB", "Europe/London"),
}
COSTLY = "+449098790001"
_WEEK, _MONDAY_TO_SATURDAY = range(1, 8), range(1, 7)
_HOURS = {
    "BR": (time(9), time(21), _MONDAY_TO_SATURDAY),
    "DE": (time(8), time(20), _MONDAY_TO_SATURDAY),
    "GB": (time(8), time(21), _WEEK),
    None: (time(9), time(20), _WEEK),
}
"""When messages may arrive; ``None``: emails."""
_ACCOUNT_ZONE = "UTC"

Said = tuple[Literal["refused", "waits"], str] | None
"""With the code, or what it waits for; ``None``: it may be sent."""


@dataclass(frozen=True)
class Recipient:
    """Whom a message is for."""

    channel: str
    address: str
    zone: str | None
    """Of its contact."""
    counted: frozenset[tuple[str, str]]
    """Channels and persons whose messages are counted together."""


@dataclass
class Guards:
    """Those of one account, with what they have counted."""

    settings: GuardSettings = field(default_factory=GuardSettings)
    got: dict[tuple[str, str], list[datetime]] = field(default_factory=dict)
    """By channel and person, what counts towards caps."""

    def say(self, to: Recipient, now: datetime, *, transactional: bool) -> Said:
        of, channel, recipient = self.settings, to.channel, to.address
        if channel != "email" and of.countries is not None and NUMBERS[recipient][0] not in of.countries:
            return "refused", "country_not_allowed"
        is_costly = channel == "sms" and recipient == COSTLY
        if is_costly and of.pumping == "on" and recipient not in of.safe_numbers:
            return "refused", "number_type_not_allowed"
        if transactional:
            return None
        if self.is_quiet(to, now):
            return "waits", "quiet_hours"
        if self.is_over(to, now):
            return ("waits", "frequency_cap") if of.over_cap == "wait" else ("refused", "frequency_capped")
        return None

    def note_sent(self, address: tuple[str, str], now: datetime, *, transactional: bool) -> None:
        if not transactional and self.is_capped:
            self.got.setdefault(address, []).append(now)

    @property
    def is_capped(self) -> bool:
        return self.settings.per_day is not None or self.settings.per_week is not None

    def is_quiet(self, to: Recipient, now: datetime) -> bool:
        of, channel, recipient = self.settings, to.channel, to.address
        if not of.quiet_hours or channel not in of.quiet_channels:
            return False
        country, by_number = NUMBERS.get(recipient, (None, None))
        begins, ends, days = _HOURS[country]
        if of.quiet_from and of.quiet_to:
            begins, ends = of.quiet_to, of.quiet_from
        local = now.astimezone(ZoneInfo(to.zone or by_number or _ACCOUNT_ZONE))
        return not (begins <= local.time() < ends and local.isoweekday() in days)

    def is_over(self, to: Recipient, now: datetime) -> bool:
        got = [at for one in to.counted for at in self.got.get(one, [])]
        limits = (self.settings.per_day, timedelta(days=1)), (self.settings.per_week, timedelta(days=7))
        return any(most is not None and sum(at > now - span for at in got) >= most for most, span in limits)


OFF = GuardSettings()
_NIGHT = replace(OFF, quiet_hours=True, quiet_from=time(21), quiet_to=time(8))
SOME_GUARDS = [
    OFF,
    replace(OFF, countries=frozenset({"DE"})),
    replace(OFF, countries=frozenset({"BR", "GB"})),
    replace(OFF, pumping="on"),
    replace(OFF, pumping="on", safe_numbers=frozenset({COSTLY})),
    replace(OFF, pumping="monitor"),
    replace(OFF, quiet_hours=True),
    replace(OFF, quiet_hours=True, quiet_channels=frozenset({"email", "sms"})),
    replace(_NIGHT, countries=frozenset({"DE", "BR"})),
    replace(OFF, per_day=1),
    replace(OFF, per_day=2, per_week=3),
    replace(OFF, per_day=1, over_cap="wait"),
    replace(OFF, per_week=2, over_cap="wait"),
    replace(_NIGHT, per_day=1, pumping="on"),
]
