"""Contacts as they are answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from api.resources.listing import no_cursor
from domain.audience.contacts.contact import Contact
from store.audience.contacts import groups
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Named:
    """A contact with the keys of its groups."""

    contact: Contact
    groups: list[str]


async def named(store: Connections, contacts: Sequence[Contact]) -> list[Named]:
    """Contacts with the keys of their groups."""
    ids = {group for contact in contacts for group in contact.groups}
    keys = await groups.keys(store, ids) if ids else {}
    return [Named(each, sorted(keys[group] for group in each.groups if group in keys)) for each in contacts]


async def shown_of(store: Connections, contact: Contact) -> dict[str, Any]:
    """A contact as it is answered."""
    (one,) = await named(store, [contact])
    return shown(one)


def shown(one: Named) -> dict[str, Any]:
    """A contact as it is answered."""
    contact = one.contact
    return {
        "id": contact.id,
        "external_id": contact.external_id,
        "email": contact.email,
        "phone": contact.phone,
        "whatsapp": contact.whatsapp,
        "first_name": contact.first_name,
        "last_name": contact.last_name,
        "language": contact.language,
        "country": contact.country,
        "time_zone": contact.time_zone,
        "fields": contact.fields,
        "tags": contact.tags,
        "groups": one.groups,
        "origins": contact.origins,
        "created_at": contact.created_at,
        "updated_at": contact.updated_at,
    }


def place(one: Named) -> str:
    """Where a contact stands in a list."""
    return str(one.contact.id)


def position(text: str) -> UUID:
    """Read what ``place`` wrote.

    Raises:
        InvalidError: it is none.
    """
    try:
        return UUID(text)
    except ValueError:
        raise no_cursor() from None
