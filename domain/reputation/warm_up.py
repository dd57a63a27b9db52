"""Warm-up: how many messages a new gateway, SIM or sender domain may send, and when it may send more."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

LadderName = Literal["email", "sim"]

WARM_UP = "warm_up"
"""What messages wait for when the cap of the hour or day is used up."""

IDLE_DAYS = 30
"""After so many days without a message one tier is lost: providers have forgotten the sender."""
COOL_DOWN_DAYS = 2
"""So many days pass between two demotions: the reports of the first must not lead to the second."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """The tiers that are climbed, one at a time."""

    caps: tuple[int, ...]
    """Messages a day (UTC), by tier."""
    min_days: tuple[int, ...]
    """Days that each tier takes at least, but the last."""

    def day_cap(self, tier: int) -> int:
        """Messages a day."""
        return self.caps[tier]

    def hour_cap(self, tier: int) -> int:
        """Messages an hour: a fifth of the day's, in the first tier half of them."""
        return max(1, self.caps[tier] // (2 if tier == 0 else 5))

    @property
    def top(self) -> int:
        """The last tier."""
        return len(self.caps) - 1


LADDERS: Mapping[LadderName, Ladder] = {
    "email": Ladder((100, 1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000), (2, 3, 4, 5, 5, 6, 7)),
    "sim": Ladder((20, 50, 100, 200), (3, 4, 7)),
}
"""``email``: domains and IP addresses, 32 days to the top; ``sim``: phone numbers, 14 days."""


@dataclass(frozen=True, slots=True)
class Climb:
    """Where a warm-up stands."""

    ladder: LadderName
    tier: int
    pinned: bool
    since: date
    """When the tier began."""
    used_days: int
    """Days since then on which at least half of the cap was taken."""
    last_used: date | None


@dataclass(frozen=True, slots=True)
class Signs:
    """How its messages were received."""

    is_clean: bool
    """No limit of a warning was reached in the last week."""
    is_dirty: bool
    """A limit of a pause was reached in the last day."""
    is_paused: bool
    """The reputation guard holds it."""


def used_days_needed(ladder: Ladder, tier: int) -> int:
    """On how many days a tier must really be used before the next one."""
    return (ladder.min_days[tier] + 1) // 2


def next_tier(climb: Climb, signs: Signs, today: date) -> int:
    """The tier from today on: one step up or down at most, unless the guard holds it: then the lowest."""
    ladder = LADDERS[climb.ladder]
    if climb.pinned:
        return climb.tier
    if signs.is_paused:
        return 0
    days = (today - climb.since).days
    if signs.is_dirty:
        return max(0, climb.tier - 1) if days >= COOL_DOWN_DAYS else climb.tier
    if (today - max(climb.last_used or climb.since, climb.since)).days >= IDLE_DAYS:
        return max(0, climb.tier - 1)
    if climb.tier == ladder.top or not signs.is_clean or days < ladder.min_days[climb.tier]:
        return climb.tier
    return climb.tier + (climb.used_days >= used_days_needed(ladder, climb.tier))
