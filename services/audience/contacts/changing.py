"""Rules for single contacts of an account."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.audience.contacts.changing import merged, patched, shown_values
from domain.audience.contacts.contact import ADDRESSES, Contact
from domain.audience.contacts.matching import Outcome, taken
from domain.audience.contacts.values import read_values
from domain.errors import ConflictError, InvalidError, NotFoundError
from services.audience.contacts.upserting import upsert
from services.changes import Change
from store.audience.contacts import matching, rows
from store.audience.contacts.rows import TakenMeanwhile
from store.audience.contacts.terms import terms_of
from store.automations import runs
from store.pool import Connections

API = "api"
"""The origin of values that requests give."""
_TRIES = 5

Check = Callable[[Contact], Awaitable[None]]
"""Looks at a contact before it is changed; raises if it is not as the caller knows it."""


async def find(store: Connections, account_id: int, contact_id: UUID) -> Contact:
    """One contact.

    Raises:
        NotFoundError: the account has none of this id.
    """
    found = await rows.get(store, account_id, contact_id)
    if found is None:
        raise not_found(contact_id)
    return found


async def add(change: Change, account_id: int, given: Mapping[str, Any], origin: str = API) -> Contact:
    """Make a contact.

    Raises:
        InvalidError: values cannot be used, or there is no address.
        ConflictError: another contact has one of the addresses, or the external id.
    """
    values = await _read(change.store, account_id, given)
    _, made, _ = await upsert(change.store, account_id, values, origin, must_be_new=True)
    _note(change, None, made)
    return made


async def put(
    change: Change, account_id: int, given: Mapping[str, Any], origin: str = API, check: Check | None = None
) -> tuple[Outcome, Contact]:
    """Change the contact with this external id, else the one with one of the addresses, else make it.

    What is not given stays. ``check`` looks at a contact that is there.

    Raises:
        InvalidError: values cannot be used, or there is no address.
        ConflictError: the values are those of several contacts, or of one with another external id.
    """
    values = await _read(change.store, account_id, given)
    result, after, before = await upsert(change.store, account_id, values, origin)
    if check is not None and before is not None:
        await check(before)
    _note(change, before, after)
    assert result.outcome != "refused"
    return result.outcome, after


async def alter(
    change: Change, account_id: int, contact_id: UUID, given: Mapping[str, Any], check: Check, origin: str = API
) -> Contact:
    """Change what is given of a contact; ``None`` removes a value.

    Raises:
        NotFoundError: the account has none of this id.
        InvalidError: values cannot be used, or no address would be left.
        ConflictError: another contact has one of the addresses, or the external id.
    """
    for _ in range(_TRIES):
        before = await lock(change.store, account_id, contact_id)
        await check(before)
        values = await _read(change.store, account_id, given, before.country)
        await _check_free(change.store, before, values)
        after = patched(before, values, origin, datetime.now(UTC))
        if after is before:
            change.about("contact", contact_id)
            return before
        try:
            (after,) = await rows.write(change.store, [], [after])
        except TakenMeanwhile:
            continue
        _note(change, before, after)
        return after
    raise _busy()


async def tag(
    change: Change, account_id: int, contact_id: UUID, added: list[str], removed: list[str], check: Check
) -> Contact:
    """Add tags to a contact, and remove others.

    Raises:
        NotFoundError: the account has none of this id.
        InvalidError: they cannot be tags, or would be too many.
    """
    kept = await lock(change.store, account_id, contact_id)
    values = await _read(change.store, account_id, {"tags": added})
    tags = sorted({*kept.tags, *values["tags"]} - set(removed))
    return await alter(change, account_id, contact_id, {"tags": tags}, check)


async def remove(change: Change, account_id: int, contact_id: UUID, check: Check) -> None:
    """Delete a contact. What its addresses consented to or refused stays: it belongs to them.

    Raises:
        NotFoundError: the account has none of this id.
    """
    await check(await lock(change.store, account_id, contact_id))
    await rows.delete(change.store, account_id, contact_id)
    change.about("contact", contact_id)


async def merge(
    change: Change, account_id: int, kept_id: UUID, other_id: UUID, take: list[str], check: Check
) -> tuple[Contact, dict[str, Any]]:
    """Make one contact of two: the other one is deleted. Returns it, and values of both of which one was dropped.

    Raises:
        NotFoundError: the account has not the first one.
        InvalidError: it has not the other one, they are one, or ``take`` has what the other has not.
        ConflictError: together they have too many tags or groups.
    """
    if kept_id == other_id:
        raise InvalidError(
            "contact_same", "a contact cannot be merged with itself: give the id of another one", "/from"
        )
    found = await rows.lock(change.store, account_id, [kept_id, other_id])
    if kept_id not in found:
        raise not_found(kept_id)
    if other_id not in found:
        raise InvalidError("contact_unknown", f"there is no contact {other_id}", "/from")
    before, other = found[kept_id], found[other_id]
    await check(before)
    result = merged(before, other, take)
    await rows.move_events(change.store, account_id, other_id, kept_id)
    await runs.move(change.store, account_id, other_id, kept_id)
    await rows.delete(change.store, account_id, other_id)
    try:
        (after,) = await rows.write(change.store, [], [result.contact])
    except TakenMeanwhile:
        raise _busy() from None
    _note(change, before, after)
    change.about("contact", other_id)
    return after, result.dropped


async def lock(store: Connections, account_id: int, contact_id: UUID) -> Contact:
    """One contact, which nobody else changes until the transaction ends.

    Raises:
        NotFoundError: the account has none of this id.
    """
    found = await rows.lock(store, account_id, [contact_id])
    if not found:
        raise not_found(contact_id)
    return found[contact_id]


def not_found(contact_id: UUID) -> NotFoundError:
    """404: the account has no such contact."""
    return NotFoundError("contact_not_found", f"there is no contact {contact_id}")


async def _read(
    store: Connections, account_id: int, given: Mapping[str, Any], country: str | None = None
) -> dict[str, Any]:
    terms = await terms_of(store, account_id, given.get("groups") or ())
    return read_values(given, terms, country)


async def _check_free(store: Connections, contact: Contact, values: Mapping[str, Any]) -> None:
    if not any(values.get(name) is not None for name in (*ADDRESSES, "external_id")):
        return
    ((keys, owners),) = await matching.match(store, contact.account_id, [values])
    for name, key in keys.items():
        if owners.get(key, contact.id) != contact.id:
            raise taken(name, owners[key])


def _note(change: Change, before: Contact | None, after: Contact) -> None:
    """What is personal is not in the log: only which values changed."""
    change.about("contact", after.id)
    values = shown_values(after)
    change.compare(shown_values(before) if before else {}, values, hidden=list(values))


def _busy() -> ConflictError:
    return ConflictError("contact_busy", "others change the same contacts at this moment: try again")
