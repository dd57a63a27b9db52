"""Who is inside which version, and what becomes of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from store.automations import runs
from store.automations.automations import Automation
from store.automations.publishing import versions
from store.automations.publishing.versions import Onward
from store.pool import Connections

Fate = Literal["current", "pinned", "moving", "draining"]


@dataclass(frozen=True, slots=True)
class Inside:
    """The contacts in a version."""

    version: int
    fate: Fate
    """``current``: it is the newest; ``pinned``: they stay, unless a later version moves them; ``moving``: they move
    as soon as they are looked at; ``draining``: they stay until they leave, whatever is published."""
    people: int
    steps: Mapping[str, int]
    """How many are at each; of those who have not begun, the step is empty."""


async def who_is_inside(store: Connections, automation: Automation) -> list[Inside]:
    """The contacts in each version, the newest first; the newest version also if it has none."""
    if automation.version is None:
        return []
    found = await runs.inside(store, automation.id)
    later = await versions.onward(store, automation.id, 0)
    numbers = sorted({automation.version, *found}, reverse=True)
    return [_inside(number, _fate(automation.version, number, later), found.get(number, {})) for number in numbers]


def _inside(version: int, fate: Fate, steps: Mapping[str, int]) -> Inside:
    return Inside(version, fate, sum(steps.values()), steps)


async def movable(store: Connections, automation: Automation, numbers: Iterable[int]) -> set[int]:
    """Of some versions, those whose contacts a new version can move: they do not drain."""
    later = await versions.onward(store, automation.id, 0)
    return {number for number in numbers if _fate(automation.version, number, later) != "draining"}


def _fate(newest: int | None, number: int, later: Iterable[Onward]) -> Fate:
    if number == newest:
        return "current"
    following = next((one for one in later if one.version > number), None)
    if following is None:
        return "pinned"
    return "moving" if following.people == "migrate" else "draining"
