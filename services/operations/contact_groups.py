"""The operation ``contact_groups.delete``: takes a deleted group from its members."""

from domain.access.user_scopes import CONTACTS
from domain.operations.slices import Sliced
from services.operations.kinds import Slice
from store.audience.contacts import groups

NAME = "contact_groups.delete"

_AT_A_TIME = 2000
"""Contacts of a slice: a second or less."""


class DeleteGroup:
    """Some members at a time, until none is left."""

    name = NAME
    may_be_cancelled = False
    scope = CONTACTS

    async def count(self, work: Slice) -> None:
        """Known at the end."""

    async def slice(self, work: Slice) -> Sliced:
        """Take it from some members."""
        count = await groups.remove_members(work.store, work.account_id, work.input["group"], _AT_A_TIME)
        return Sliced({"more": True} if count else None, count)
