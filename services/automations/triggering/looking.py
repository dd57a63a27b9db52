"""Whom a round of an automation that looks for contacts finds."""

import asyncio
import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.audience.guards.numbers import zones_of
from domain.automations.definition.flow import Entry, Flow
from domain.automations.definition.triggers import OnDate, Schedule
from domain.automations.timing.dates import days_of, next_firing
from domain.automations.timing.local_time import choose_zone
from store.automations import clocks
from store.automations.automations import Automation
from store.automations.clocks import Clock, Dated, Found, Whom
from store.pool import Pool

CATCH_UP = timedelta(days=2)
"""So long after their time dates are made up for."""


@dataclass(frozen=True, slots=True)
class Round:
    """What an automation looks for, and how far it has come."""

    automation: Automation
    flow: Flow
    trigger: OnDate | Schedule
    zone: str
    """The account's."""
    clock: Clock


@dataclass(frozen=True, slots=True)
class Page:
    """Contacts that are to enter."""

    found: Sequence[Found]
    last: UUID | None
    """The last that was looked at; ``None``: there are no more."""


async def contacts_of(pool: Pool, about: Round, limit: int) -> Page:
    """The next contacts of a round.

    Raises:
        UnavailableError: finding them takes too long.
    """
    if isinstance(about.trigger, OnDate):
        return await _dated(pool, about, about.trigger, limit)
    return await _scheduled(pool, about, about.trigger, limit)


async def _scheduled(pool: Pool, about: Round, trigger: Schedule, limit: int) -> Page:
    clock, at = about.clock, _until(about)
    whom = Whom(clock.automation_id, clock.account_id, trigger.audience, _shut_out(about.flow.entry))
    found = await clocks.audience(pool, whom, at, clock.after, limit)
    event = {"time": at.isoformat()}
    return Page([_entering(about, contact, event) for contact in found], found[-1] if len(found) == limit else None)


def _shut_out(entry: Entry) -> str | None:
    """Which runs of a contact have a schedule pass it over, as it would be refused each time."""
    match entry.re_entry.mode:
        case "never":
            return "any" if entry.on_duplicate == "ignore" else None
        case "after_exit":
            return "open" if entry.on_duplicate == "ignore" else None
    return None


async def _dated(pool: Pool, about: Round, trigger: OnDate, limit: int) -> Page:
    clock, until = about.clock, _until(about)
    since = max(clock.done_until, until - CATCH_UP)
    days = days_of(trigger, since, until)
    near, known = await clocks.dated(pool, clock.account_id, trigger.field, days, clock.after, limit)
    found = await asyncio.to_thread(_firing, about, trigger, near, frozenset(known), since)
    return Page(found, near[-1].id if len(near) == limit else None)


def _firing(
    about: Round, trigger: OnDate, near: Sequence[Dated], zones: Collection[str], since: datetime
) -> list[Found]:
    found: list[Found] = []
    for one in near:
        firing = next_firing(trigger, one.value, _zone(about, one, zones), since)
        if firing is not None and firing.at <= _until(about):
            event = {"field": trigger.field, "date": firing.day.isoformat()}
            found.append(_entering(about, one.id, event))
    return found


def _zone(about: Round, one: Dated, zones: Collection[str]) -> str:
    own = one.time_zone if one.time_zone in zones else None
    by_number = zones_of(one.number) if one.number and not own else ()
    return choose_zone(about.flow.settings.timezone, own, by_number, about.zone)


def _until(about: Round) -> datetime:
    assert about.clock.round_at is not None, "it is in a round"
    return about.clock.round_at


def _entering(about: Round, contact_id: UUID, event: dict[str, Any]) -> Found:
    """Of one contact and one date or time there is one source, whoever looks and however often."""
    automation, kind = str(about.automation.id), about.trigger.kind
    digest = hashlib.sha256(f"{automation} {kind} {sorted(event.items())} {contact_id}".encode()).digest()
    data = {"automation": automation, "trigger": kind, "event": event}
    return Found(contact_id, UUID(bytes=digest[:16]), data)
