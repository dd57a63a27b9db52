"""Waits that are over at once because their rule changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.audience.guards.numbers import zones_of
from domain.automations.definition.steps import Wait, WaitEvent
from domain.automations.timing.local_time import choose_zone
from domain.automations.timing.waits import due
from domain.automations.versions.waits import rule_of
from domain.errors import InvalidError
from services.automations.facts import TEMPLATE_FAULTS, fill, known_of
from services.automations.publishing.routes import Route
from store.audience.segments.facts import facts_of_all
from store.automations import outbox, runs
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
    texts: Mapping[UUID, str] = field(default_factory=dict)
    """Of some runs, the text of the wait that they are in, filled in."""
    found: dict[str, Firing] = field(default_factory=dict)


async def firing(store: Connections, automation_id: UUID, route: Route, zone: str, now: datetime) -> list[Firing]:
    """What changes for those of a version. ``zone``: the account's."""
    changed = list(changed_waits(route))
    if not changed:
        return []
    waiting = await people.at_waits(store, automation_id, route.version, changed, MOST + 1)
    looking = _Looking(store, route, zone, now, await _texts(store, route, waiting, now))
    for one in waiting[:MOST]:
        told = looking.found.setdefault(one.step, Firing(route.version, one.step))
        if (is_over := _is_over(looking, one)) is None:
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


def _is_over(looking: _Looking, one: AtWait) -> bool | None:
    """Whether a wait is over by its new rule; ``None``: that was not looked at."""
    step = looking.route.tree.step(one.step)
    if step.disabled:
        return True
    if isinstance(step, WaitEvent):
        return one.since + step.timeout <= looking.now
    assert isinstance(step, Wait)
    text = step.until
    if text is not None and "{" in text:
        if one.id not in looking.texts:
            return None
        text = looking.texts[one.id]
    zone = _zone(looking, step, one)
    try:
        return due(step, one.since, zone, text, f"{one.id} {one.step}").at <= looking.now
    except InvalidError:  # it fails at once
        return True


async def _texts(store: Connections, route: Route, waiting: Sequence[AtWait], now: datetime) -> Mapping[UUID, str]:
    """By run, of some: the text of its wait, as it is for its contact. One that cannot be filled in is empty."""
    written = {one.id: step.until for one in waiting if isinstance(step := route.tree.step(one.step), Wait)}
    wanted = [id_ for id_, text in written.items() if text and "{" in text][:_MOST_TEXTS]
    found = [run for id_ in wanted if (run := await runs.get(store, id_)) is not None]
    contacts = await facts_of_all(store, [(run.account_id, run.contact_id) for run in found], now)
    sent = await outbox.sends(store, wanted)
    filled = {}
    for run in found:
        contact, text = contacts.get(run.contact_id), written[run.id]
        assert text is not None, "only those that have one"
        try:
            filled[run.id] = fill(text, known_of(run, contact, sent.get(run.id, {}))) if contact else ""
        except TEMPLATE_FAULTS:
            filled[run.id] = ""
    return filled


def _zone(looking: _Looking, step: Wait, one: AtWait) -> str:
    wanted = step.timezone or looking.route.flow.settings.timezone
    by_number = zones_of(one.number) if one.number and not one.time_zone else ()
    return choose_zone(wanted, one.time_zone, by_number, looking.zone)
