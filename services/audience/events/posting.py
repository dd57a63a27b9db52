"""Events that customers post about their contacts."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from uuid import UUID, uuid4

import orjson

from domain.audience.changes import ABOUT
from domain.audience.conditions.faults import Fault
from domain.audience.conditions.leaves import check_event_name
from domain.audience.contacts.values import read_values
from domain.errors import FieldError, invalid, pointer
from store.audience.contacts.groups import known_contacts
from store.audience.contacts.matching import match
from store.audience.contacts.terms import terms_of
from store.audience.events import recording
from store.audience.events.recording import KEPT_DAYS, ContactEvent
from store.pool import Connections

MOST = 500
"""Events of one request."""
MOST_DATA = 16_000
"""Bytes of an event's data, as JSON."""
AHEAD = timedelta(minutes=5)
"""How far a customer's clock may be ahead."""
OURS = ("message.", "consent.")
"""How the names of events begin that only XSender records."""

Result = Literal["recorded", "repeated", "unknown_contact"]


@dataclass(frozen=True, slots=True)
class PostedEvent:
    """An event, as it is posted."""

    name: str
    contact: Mapping[str, Any]
    """One of ``id``, ``external_id``, ``email``, ``phone``."""
    data: Mapping[str, Any] = field(default_factory=dict)
    at: datetime | None = None
    """``None``: now."""
    id: str | None = None
    """The customer's own: of one id there is one event."""


async def record(store: Connections, account_id: int, posted: Sequence[PostedEvent]) -> list[Result]:
    """Record events, and return what became of each.

    Raises:
        InvalidError: one of them is none; nothing was recorded.
    """
    now = datetime.now(UTC)
    _check(posted, now)
    contacts = await _contacts(store, account_id, posted)
    events: dict[UUID, ContactEvent] = {}
    sources: list[UUID | None] = []
    for one, contact in zip(posted, contacts, strict=True):
        source = _source(one.id)
        sources.append(source if contact and source not in events else None)
        if contact:
            events.setdefault(source, ContactEvent(contact, one.name, one.at or now, source, dict(one.data)))
    new = await recording.add(store, account_id, list(events.values()))
    return [
        "unknown_contact" if contact is None else "recorded" if source in new else "repeated"
        for source, contact in zip(sources, contacts, strict=True)
    ]


async def _contacts(store: Connections, account_id: int, posted: Sequence[PostedEvent]) -> list[UUID | None]:
    terms = await terms_of(store, account_id)
    keys = [
        {} if "id" in one.contact else read_values(one.contact, terms, None, "events", n, "contact")
        for n, one in enumerate(posted)
    ]
    matched = await match(store, account_id, keys)
    ids = await known_contacts(store, account_id, [one.contact["id"] for one in posted if "id" in one.contact])
    found: list[UUID | None] = []
    for one, (_, owners) in zip(posted, matched, strict=True):
        by_id = one.contact.get("id")
        found.append((by_id if by_id in ids else None) if by_id else next(iter(owners.values()), None))
    return found


def _check(posted: Sequence[PostedEvent], now: datetime) -> None:
    errors: list[FieldError] = []
    for n, one in enumerate(posted):
        at = pointer("events", n)
        try:
            check_event_name(one.name, f"{at}/name")
        except Fault as fault:
            errors.append(FieldError(f"{at}/name", "event_name", fault.error.message))
        if one.name.startswith(OURS) or one.name in ABOUT:
            words = f"names that begin with {' or '.join(OURS)} are those of events that we record: choose another"
            words = f"we record {one.name} by ourselves: choose another name" if one.name in ABOUT else words
            errors.append(FieldError(f"{at}/name", "event_name", words))
        if one.at and not now - timedelta(days=KEPT_DAYS) <= one.at <= now + AHEAD:
            words = f"events are recorded from {KEPT_DAYS} days ago to now"
            errors.append(FieldError(f"{at}/at", "event_time", words))
        if len(orjson.dumps(one.data)) > MOST_DATA:
            errors.append(FieldError(f"{at}/data", "event_data", f"the data of an event has at most {MOST_DATA} bytes"))
    if errors:
        raise invalid(errors)


def _source(id_: str | None) -> UUID:
    return uuid4() if id_ is None else UUID(bytes=hashlib.sha256(f"api {id_}".encode()).digest()[:16])
