"""What the first page counts, from the usage that the API answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

CHANNELS = ("email", "sms", "whatsapp")
COUNTED = ("accepted", "waiting", "sent", "delivered", "failed", "unknown", "credits")


@dataclass(frozen=True, slots=True)
class Day:
    """Messages that were accepted on a day, by channel."""

    day: date
    by_channel: Mapping[str, Mapping[str, int]]

    def of(self, what: str) -> int:
        """On all channels."""
        return sum(counts.get(what, 0) for counts in self.by_channel.values())


def days(rows: Mapping[str, Iterable[Mapping[str, Any]]], last: date, count: int) -> list[Day]:
    """The last days, the oldest first, also those without a message. ``rows``: the usage by day of each channel."""
    found = {
        (channel, str(row["day"])): {name: int(row[name]) for name in COUNTED}
        for channel, of_channel in rows.items()
        for row in of_channel
    }
    wanted = [last - timedelta(days=back) for back in reversed(range(count))]
    return [Day(day, {channel: found.get((channel, day.isoformat()), {}) for channel in CHANNELS}) for day in wanted]


def share(part: int, whole: int) -> float | None:
    """Of one; ``None``: of nothing."""
    return part / whole if whole else None
