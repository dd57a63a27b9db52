"""What texts may say of stored contacts."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import IDENTIFYING, VALUES, Contact
from domain.audience.contacts.values import read_values
from domain.channels import Channel
from domain.errors import InvalidError, NotFoundError
from services.audience.contacts.changing import not_found
from store.audience.contacts import at_addresses, rows
from store.audience.contacts.matching import match
from store.audience.contacts.terms import terms_of
from store.pool import Connections


def values_of(contact: Contact) -> dict[str, Any]:
    """The values of a contact by their names; the custom fields are in ``fields``."""
    own = {name: value for name in VALUES if (value := getattr(contact, name)) is not None}
    return own | {"fields": contact.fields, "tags": contact.tags}


async def values_at(
    store: Connections, account_id: int, channel: Channel, addresses: Sequence[str | None]
) -> list[Mapping[str, Any] | None]:
    """The values of the contact at each of these addresses.

    Raises:
        InvalidError: they are more than fits a request.
    """
    wanted = sorted({address for address in addresses if address is not None})
    contacts = await at_addresses.find(store, account_id, channel, wanted)
    if contacts is None:
        words = "the values of these contacts are too many for one request: send to fewer, or make it a campaign"
        raise InvalidError("contact_values", words, "/contact")
    found = {address: values_of(contact) for address, contact in contacts.items()}
    return [None if address is None else found.get(address) for address in addresses]


async def find_named(store: Connections, account_id: int, named: Mapping[str, Any]) -> Contact:
    """The contact that has this ``id``, ``external_id``, ``email`` or ``phone``.

    Raises:
        InvalidError: it is none.
        NotFoundError: there is no such contact.
    """
    wanted: UUID | None = named.get("id")
    if wanted is None:
        given = {name: value for name, value in named.items() if name in IDENTIFYING}
        values = read_values(given, await terms_of(store, account_id), None, "contact")
        ((_, owners),) = await match(store, account_id, [values])
        wanted = next(iter(owners.values()), None)
    contact = None if wanted is None else await rows.get(store, account_id, wanted)
    if contact is None:
        raise not_found(named["id"]) if "id" in named else NotFoundError("contact_not_found", "no contact has this")
    return contact
