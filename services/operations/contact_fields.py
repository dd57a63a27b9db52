"""The operation ``contact_fields.delete``: removes the values of a deleted custom field."""

import time
from uuid import UUID

from domain.access.user_scopes import CONTACTS
from domain.operations.slices import Sliced
from services.operations.cancel_waiting import SETTLED_AFTER
from services.operations.kinds import Slice
from store.audience.contacts import fields

NAME = "contact_fields.delete"

_AT_A_TIME = 5000
"""Contacts that a slice looks at."""


class DeleteField:
    """Walks through all contacts, once no change that still knew the field is under way."""

    name = NAME
    may_be_cancelled = False
    scope = CONTACTS

    async def count(self, work: Slice) -> None:
        """Known at the end."""

    async def slice(self, work: Slice) -> Sliced:
        """Look at some contacts."""
        place = work.operation.place or {"until": time.time() + SETTLED_AFTER}
        if "until" in place:
            left = place["until"] - time.time()
            return Sliced(place, pause=left) if left > 0 else Sliced({"after": str(UUID(int=0))})
        count, last = await fields.clear(
            work.store, work.account_id, work.input["key"], UUID(place["after"]), _AT_A_TIME
        )
        return Sliced({"after": str(last)} if last else None, count)
