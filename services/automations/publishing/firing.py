"""Waits that are over at once because their rule changes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.audience.guards.numbers import zones_of
from domain.automations.definition.steps import Wait, WaitEvent
from domain.automations.timing.local_time import choose_zone
from domain.automations.timing.waits import due
from domain.automations.versions.waits import rule_of
from domain.errors import InvalidError
from services.automations.facts import TEMPLATE_FAULTS, fill, know
from services.automations.publishing.routes import Route
from store.automations import runs
from store.automations.publishing import people
from store.automations.publishing.people import AtWait
from store.pool import Connections

MOST = 2_000
"""Runs of a version that are looked at."""
_MOST_TEXTS = 100
"""Of them, those whose text must be filled in."""


@dataclass(slots=True)
class Firing:
    """Those who wait in a step whose rule changes."""

    version: int
    step: str
    looked_at: int = 0
    fire_now: int = 0
    """Of those, how many go on at once."""
    more: bool = False
    """Whether there are more than were looked at."""


@dataclass(slots=True)
class _Looking:
    store: Connections
    route: Route
    zone: str
    now: datetime
    texts: int = 0
    found: dict[str, Firing] = field(default_factory=dict)


async def firing(store: Connections, automation_id: UUID, route: Route, zone: str, now: datetime) -> list[Firing]:
    """What changes for those of a version. ``zone``: the account's."""
    changed = list(changed_waits(route))
    if not changed:
        return []
    waiting = await people.at_waits(store, automation_id, route.version, changed, MOST + 1)
    looking = _Looking(store, route, zone, now)
    for one in waiting[:MOST]:
        told = looking.found.setdefault(one.step, Firing(route.version, one.step))
        if (is_over := await _is_over(looking, one)) is None:
            told.more = True
            continue
        told.looked_at += 1
        told.fire_now += is_over
    if len(waiting) > MOST:
        for told in looking.found.values():
            told.more = True
    return list(looking.found.values())


def changed_waits(route: Route) -> Iterator[str]:
    """Steps that stay, and whose waits follow another rule from now on."""
    if not route.is_new:
        return
    for id_, place in route.old.places.items():
        if route.landings[id_].step == id_ and id_ in route.tree.places:
            before, after = rule_of(place.step, route.before), rule_of(route.tree.step(id_), route.flow)
            if before is not None and before != after:
                yield id_


async def _is_over(looking: _Looking, one: AtWait) -> bool | None:
    """Whether a wait is over by its new rule; ``None``: that was not looked at."""
    step = looking.route.tree.step(one.step)
    if step.disabled:
        return True
    if isinstance(step, WaitEvent):
        return one.since + step.timeout <= looking.now
    assert isinstance(step, Wait)
    text = step.until
    if text is not None and "{" in text:
        looking.texts += 1
        if looking.texts > _MOST_TEXTS:
            return None
        text = await _filled(looking, one, text)
    zone = _zone(looking, step, one)
    try:
        return due(step, one.since, zone, text, f"{one.id} {one.step}").at <= looking.now
    except InvalidError:  # it fails at once
        return True


async def _filled(looking: _Looking, one: AtWait, text: str) -> str:
    run = await runs.get(looking.store, one.id)
    known = None if run is None else await know(looking.store, run, looking.now)
    try:
        return "" if known is None else fill(text, known)
    except TEMPLATE_FAULTS:
        return ""


def _zone(looking: _Looking, step: Wait, one: AtWait) -> str:
    wanted = step.timezone or looking.route.flow.settings.timezone
    by_number = zones_of(one.number) if one.number and not one.time_zone else ()
    return choose_zone(wanted, one.time_zone, by_number, looking.zone)
