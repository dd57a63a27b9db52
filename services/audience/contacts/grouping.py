"""Rules for groups of contacts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from unicodedata import normalize
from uuid import UUID

from domain.audience.contacts.contact import MOST_GROUPS_OF_ACCOUNT, is_group_key
from domain.audience.contacts.values import InvalidValue, name
from domain.errors import ConflictError, InvalidError, NotFoundError
from services.changes import Change
from services.operations.contact_groups import NAME as REMOVAL
from store.audience.contacts import groups
from store.audience.contacts.groups import Group
from store.operations import operations
from store.operations.operations import Operation
from store.pool import Connections

MOST_MEMBERS = 1000
"""That are added or removed at once."""

_NO_LETTERS = re.compile("[^a-z0-9]+")
_KEY_LENGTH = 40


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of contacts that were to be added or removed."""

    changed: int
    unknown: list[UUID]
    """Those that the account has not."""
    full: list[UUID] = field(default_factory=list)
    """Those that are in as many groups as a contact may be, and were left as they are."""


async def find(store: Connections, account_id: int, named: str, *, lock: bool = False) -> Group:
    """A group by its key or its id; ``lock``: nobody else changes it until the transaction ends.

    Raises:
        NotFoundError: the account has none.
    """
    found = await groups.find(store, account_id, named, lock=lock)
    if found is None:
        raise NotFoundError("group_not_found", f"there is no group {named[:100]!r}")
    return found


async def add(change: Change, account_id: int, called: str, key: str | None) -> Group:
    """Make a group. Without a key it gets one that is like its name.

    Raises:
        InvalidError: the name or the key cannot be used.
        ConflictError: the account has one with this key, or too many.
    """
    called = _checked(called)
    if key is not None and not is_group_key(key):
        message = "a key has 1 to 50 of the characters a-z, 0-9, '-' and '_', and begins with a letter"
        raise InvalidError("group_key", message, "/key")
    if await groups.count(change.store, account_id) >= MOST_GROUPS_OF_ACCOUNT:
        raise ConflictError("too_many_groups", f"an account has at most {MOST_GROUPS_OF_ACCOUNT} groups: delete one")
    made = None
    for number in range(1 if key is not None else MOST_GROUPS_OF_ACCOUNT):
        made = await groups.add(change.store, account_id, key or _key_like(called, number), called)
        if made is not None:
            break
    if made is None:
        raise ConflictError("group_taken", f"there is a group {key!r} already: change that one")
    change.about("group", made.id, made.key)
    change.compare({}, {"key": made.key, "name": made.name})
    return made


async def rename(change: Change, group: Group, called: str) -> Group:
    """Change the name of a group that is locked.

    Raises:
        InvalidError: the name cannot be used.
    """
    called = _checked(called)
    await groups.rename(change.store, group.id, called)
    change.about("group", group.id, group.key)
    change.compare({"name": group.name}, {"name": called})
    return Group(group.id, group.key, called, group.created_at)


async def remove(change: Change, account_id: int, group: Group) -> Operation | None:
    """Delete a group that is locked. Its members stay contacts.

    Of a large one an operation takes it from its members, which nobody sees: it names the group by a number.
    """
    await groups.remove(change.store, group.id)
    change.about("group", group.id, group.key)
    if await groups.has_more_members(change.store, account_id, group.id, MOST_MEMBERS):
        return await operations.add(change.store, REMOVAL, change.actor, {"group": group.id}, account_id, account_id)
    await groups.remove_members(change.store, account_id, group.id, MOST_MEMBERS)
    return None


async def add_members(change: Change, account_id: int, group: Group, contacts: Sequence[UUID]) -> Moved:
    """Put contacts into a group that is locked."""
    changed = await groups.add_members(change.store, account_id, group.id, contacts)
    full = await groups.outside(change.store, account_id, group.id, contacts)
    moved = await _moved(change, account_id, group, contacts, changed)
    return replace(moved, full=[contact for contact in dict.fromkeys(contacts) if contact in full])


async def drop_members(change: Change, account_id: int, group: Group, contacts: Sequence[UUID]) -> Moved:
    """Take contacts out of a group that is locked."""
    changed = await groups.drop_members(change.store, account_id, group.id, contacts)
    return await _moved(change, account_id, group, contacts, changed)


async def _moved(change: Change, account_id: int, group: Group, contacts: Sequence[UUID], changed: int) -> Moved:
    known = await groups.known_contacts(change.store, account_id, contacts)
    change.about("group", group.id, group.key)
    change.metadata["contacts"] = changed
    return Moved(changed, [contact for contact in dict.fromkeys(contacts) if contact not in known])


def _checked(called: str) -> str:
    try:
        return name(called)
    except InvalidValue as error:
        raise InvalidError(error.code, error.message, "/name") from None


def _key_like(called: str, number: int) -> str:
    """A key that is like a name; the following ones have numbers."""
    plain = _NO_LETTERS.sub("-", normalize("NFKD", called).encode("ascii", "ignore").decode().lower()).strip("-")
    key = plain[:_KEY_LENGTH].strip("-")
    key = key if is_group_key(key) else f"group-{key}".rstrip("-")
    return f"{key}-{number + 1}" if number else key
