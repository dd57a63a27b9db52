"""When the reputation guard warns and pauses: the table of its limits, and how a rate is judged."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Mode = Literal["off", "warn", "pause"]
Level = Literal["warning", "pause"]
Signal = Literal["complaint", "hard_bounce", "undelivered"]

REPUTATION_GUARD = "reputation_guard"
"""What messages wait for that the guard holds."""

WARN_EVERY_DAYS = 7
"""The same account or gateway is warned about once in so many days."""


@dataclass(frozen=True, slots=True)
class Limit:
    """From which share of bad reports on something is done, if there are enough of both."""

    signal: Signal
    hours: int | None
    """How far back is counted; ``None``: all of a batch."""
    least_sent: int
    least_bad: int
    warn: float | None
    """Shares, from 0 to 1; ``None``: no warning comes before the pause."""
    pause: float

    def count_up_to(self, bad: int) -> int:
        """How many sent messages are to be counted at most: with more the share of ``bad`` is within all limits."""
        lowest = self.pause if self.warn is None else self.warn
        return max(self.least_sent, int(bad / lowest) + 1)

    def judge(self, bad: int, sent: int) -> Level | None:
        """What follows from so many bad reports of so many messages; ``None``: nothing."""
        if sent < self.least_sent or bad < self.least_bad:
            return None
        share = rate(bad, sent)
        if share >= self.pause:
            return "pause"
        return "warning" if self.warn is not None and share >= self.warn else None


LIMITS = (
    Limit("complaint", 1, 200, 5, 0.005, 0.01),
    Limit("hard_bounce", 1, 200, 20, 0.05, 0.10),
    Limit("undelivered", 1, 200, 40, 0.15, 0.30),
    Limit("complaint", 24, 1000, 10, 0.0015, 0.003),
    Limit("hard_bounce", 24, 1000, 50, 0.025, 0.05),
    Limit("undelivered", 24, 1000, 100, 0.10, 0.20),
)
"""Of accounts and gateways, the shortest window first."""

OF_BATCHES = (
    Limit("hard_bounce", None, 1000, 80, None, 0.08),
    Limit("undelivered", None, 1000, 300, None, 0.30),
)

_SHORT: dict[Signal, str] = {
    "complaint": "were reported as spam",
    "hard_bounce": "went to addresses that do not work",
    "undelivered": "were not delivered",
}
_ADVICE: dict[Signal, str] = {
    "complaint": "Write only to people who asked for it, make it easy to unsubscribe, and leave out those who have not "
    "opened a mail for months.",
    "hard_bounce": "The list is old or was not checked: remove addresses that bounced, confirm new ones by a mail, and "
    "never buy lists.",
    "undelivered": "Many numbers do not exist or cannot be reached: check the list, and where its numbers come from.",
}


def rate(bad: int, sent: int) -> float:
    """The share of bad reports, at most 1: reports also come of messages that were sent before."""
    return min(1.0, bad / sent) if sent else 0.0


def limits_of(channel: str, limits: Sequence[Limit] = LIMITS) -> list[Limit]:
    """Those that there are reports for on a channel."""
    wanted = ("complaint", "hard_bounce") if channel == "email" else ("undelivered",)
    return [limit for limit in limits if limit.signal in wanted]


def advice(signal: Signal) -> str:
    """What to do about it."""
    return _ADVICE[signal]


def sentence(limit: Limit, bad: int, sent: int) -> str:
    """What was found, with its figures."""
    when = {None: "In this batch", 1: "In the last hour"}.get(limit.hours, f"In the last {limit.hours} hours")
    return f"{when} {bad:,} of {sent:,} messages ({percent(rate(bad, sent))}) {_SHORT[limit.signal]}"


def percent(share: float) -> str:
    """A share as it is read: ``0.15 %``."""
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + " %"
