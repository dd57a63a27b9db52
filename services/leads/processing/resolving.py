"""Whose lead it is: the contact that has one of its addresses, or a new one. A conflict never merges two people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.audience.contacts.changing import patched
from domain.audience.contacts.contact import IDENTIFYING, LISTS, MOST_GROUPS, MOST_TAGS, Contact, new_contact_id
from domain.audience.contacts.matching import Key
from domain.errors import ConflictError
from store.audience.contacts import matching, rows
from store.audience.contacts.rows import TakenMeanwhile
from store.pool import Connections

ORIGIN = "lead"
_TRIES = 5
_ORDER = ("external_id", "phone", "whatsapp", "email")
"""Which address counts first if several people have those of a lead."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """The contact of a lead."""

    contact: Contact
    is_new: bool
    others: Mapping[str, UUID] = field(default_factory=dict)
    """Other contacts that have an address of the lead, by the name of it: the contact did not get it."""


async def resolve(
    store: Connections, account_id: int, values: Mapping[str, Any], update: str, tags: Sequence[str]
) -> Resolved:
    """Find or make the contact, in a transaction: nobody else changes it until that ends.

    ``values`` are as ``read_values`` returns them; its groups, and ``tags``, are added to those of the contact.
    ``update``: which of the rest may take the place of what the contact has.

    Raises:
        ConflictError: others change the same people all the time.
    """
    for _ in range(_TRIES):
        ((keys, owners),) = await matching.match(store, account_id, [values])
        locked = await rows.lock(store, account_id, sorted(set(owners.values()))) if owners else {}
        if owners:
            ((keys, owners),) = await matching.match(store, account_id, [values])
            if not locked.keys() >= set(owners.values()):
                continue
        known = _first(keys, owners)
        others = {name: owners[keys[name]] for name in keys if owners.get(keys[name], known) != known}
        free = {name: value for name, value in values.items() if name not in others}
        before = locked[known] if known else Contact(new_contact_id(), account_id)
        given = _given(before, free, update if known else "overwrite") | _lists(before, free, tags)
        after = patched(before, given, ORIGIN, datetime.now(UTC))
        if after is before:
            return Resolved(before, is_new=False, others=others)
        try:
            (written,) = await rows.write(store, *(([], [after]) if known else ([after], [])))
        except TakenMeanwhile:
            continue
        return Resolved(written, known is None, others)
    raise ConflictError("contact_busy", "others change the same contacts at this moment: try again")


def _first(keys: Mapping[str, Key], owners: Mapping[Key, UUID]) -> UUID | None:
    return next((owners[keys[name]] for name in _ORDER if name in keys and keys[name] in owners), None)


def _given(before: Contact, values: Mapping[str, Any], update: str) -> dict[str, Any]:
    """What may be changed. An address takes the place of no other one, whatever the rule says: that is the contact's
    owner to decide."""
    given = {name: value for name, value in values.items() if name not in (*LISTS, "fields") and value is not None}
    custom = {name: value for name, value in (values.get("fields") or {}).items() if value is not None}
    if update == "keep" and before.is_identified:
        return {}
    empty = {name for name in given if getattr(before, name) is None}
    if update == "overwrite":
        empty |= given.keys() - set(IDENTIFYING)
    else:
        custom = {name: value for name, value in custom.items() if before.fields.get(name) is None}
    return {name: given[name] for name in given if name in empty} | ({"fields": custom} if custom else {})


def _lists(before: Contact, values: Mapping[str, Any], tags: Sequence[str]) -> dict[str, Any]:
    """Those that were there, and as many others as a contact may have: a lead is not lost for want of room."""
    all_tags = list(dict.fromkeys((*before.tags, *tags)))
    groups = list(dict.fromkeys((*before.groups, *(values.get("groups") or ()))))
    return {
        "tags": sorted(all_tags[: max(MOST_TAGS, len(before.tags))]),
        "groups": sorted(groups[: max(MOST_GROUPS, len(before.groups))]),
    }
