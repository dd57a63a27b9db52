"""Rules for what is recorded of consent, and for lists of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.audience.consents import NewConsent
from domain.audience.purposes import EVERYTHING, with_built_in
from domain.errors import FieldError, InvalidError, NotFoundError, pointer
from services.accounts.users import find_account
from services.changes import Change
from store.audience import suppressions
from store.audience.consent import consents, people, purposes
from store.audience.consent.consents import Consent
from store.audience.suppressions import Suppression
from store.pool import Connections

_AT_A_TIME = 2000


@dataclass(frozen=True, slots=True)
class AddressRecord:
    """All that is recorded of an address."""

    channel: str
    recipient: str
    suppression: Suppression | None
    paused_until: datetime | None
    consents: list[Consent]
    history: list[Consent]


async def of_address(store: Connections, account_id: int, channel: str, recipient: str) -> AddressRecord:
    """What is recorded of an address, in any of its spellings."""
    held_back = await suppressions.of_addresses(store, account_id, {channel: recipient})
    return AddressRecord(
        channel,
        recipient,
        held_back.get(channel),
        await consents.paused_until(store, account_id, channel, recipient),
        await consents.current(store, account_id, channel, recipient),
        await consents.history(store, account_id, channel, recipient),
    )


async def of_contact(store: Connections, account_id: int, contact_id: UUID) -> list[AddressRecord]:
    """The same for each address of a contact.

    Raises:
        NotFoundError: the account has no such contact.
    """
    found = await people.contact_of_id(store, account_id, contact_id)
    if found is None:
        raise NotFoundError("contact_not_found", "there is no such contact")
    return [await of_address(store, account_id, channel, address) for channel, address in found.addresses.items()]


async def record(change: Change, account_id: int, new: Sequence[NewConsent]) -> None:
    """Record choices of recipients.

    Raises:
        NotFoundError: there is no such account.
        InvalidError: it has no such purpose.
    """
    await find_account(change, account_id)
    known = {purpose.key for purpose in with_built_in(await purposes.of_account(change.store, account_id))}
    errors = [
        FieldError(pointer("consents", place, "purpose"), "purpose_unknown", f"there is no purpose {one.purpose!r}")
        for place, one in enumerate(new)
        if one.purpose not in known | {EVERYTHING}
    ]
    if errors:
        raise InvalidError("purpose_unknown", errors[0].message, fields=errors)
    for start in range(0, len(new), _AT_A_TIME):
        await consents.record(change.store, account_id, new[start : start + _AT_A_TIME])
    change.metadata |= {"recorded": len(new)}
