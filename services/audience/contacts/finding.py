"""Finding contacts: filters as people write them."""

from dataclasses import dataclass
from datetime import datetime

from domain.recipients import InvalidRecipient, normalise_email, normalise_number
from store.audience.contacts import groups
from store.audience.contacts.lists import Filter
from store.audience.contacts.terms import terms_of
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; ``None``: it does not matter."""

    text: str | None = None
    email: str | None = None
    phone: str | None = None
    external_id: str | None = None
    tag: str | None = None
    group: str | None = None
    """Its key, or its id."""


async def filter_of(
    store: Connections,
    account_id: int,
    search: Search,
    created_after: datetime | None = None,
    created_before: datetime | None = None,
    updated_after: datetime | None = None,
) -> Filter | None:
    """The filter of a search; ``None``: nobody can be found, as there is no such group."""
    group = None
    if search.group is not None:
        found = await groups.find(store, account_id, search.group)
        if found is None:
            return None
        group = found.id
    phone = search.phone
    if phone is not None:
        phone = _number(phone, (await terms_of(store, account_id)).region)
    return Filter(
        None if search.text is None else search.text.strip() or None,
        None if search.email is None else _address(search.email),
        phone,
        search.external_id,
        search.tag,
        group,
        created_after,
        created_before,
        updated_after,
    )


def _address(text: str) -> str:
    try:
        return normalise_email(text)
    except InvalidRecipient:
        return text


def _number(text: str, region: str | None) -> str:
    """A plus sign arrives as a space in many query strings."""
    given = "+" + text.strip() if text[:1] == " " and text.strip()[:1].isdigit() else text.strip()
    try:
        return normalise_number(given, region)
    except InvalidRecipient:
        return given
