"""Leads of a person: those of their contacts, and those whose answers have one of their addresses."""

from collections.abc import Collection
from uuid import UUID

from domain.keyring import Keyring, KeyringError
from domain.persons.subject import Subject
from services.leads.erasing import BY_PERSON, empty_lead
from services.persons.texts import names
from store.leads import leads
from store.leads.sealing import open_lead
from store.persons import finding
from store.persons.finding import Known
from store.pool import Connections

_AT_A_TIME = 200
"""Leads that a slice looks at: each is opened."""
_BY_ACCOUNT = "its person was erased"


async def erase_some(
    store: Connections, keyring: Keyring, known: Known, subject: Subject, after: UUID
) -> tuple[int, UUID | None]:
    """Erase the leads that are named, or of a whole person the next ones of the account that name them.

    Returns how many, and where to go on.
    """
    if not subject.is_whole:
        return await _erase(store, [UUID(id_) for id_ in subject.leads], BY_PERSON), None
    found, last = await next_of(store, keyring, known, after)
    return await _erase(store, found, _BY_ACCOUNT), last


async def next_of(store: Connections, keyring: Keyring, known: Known, after: UUID) -> tuple[list[UUID], UUID | None]:
    """Those that name a person among the next leads of an account, and where to go on."""
    looked = await finding.leads_of(store, known.account_id, after, _AT_A_TIME)
    contacts, wanted = set(known.contacts), set(known.recipients)
    theirs = [
        lead_id
        for lead_id, contact_id, notice, sealed in looked
        if contact_id in contacts or names(notice, wanted) or _raw_names(keyring, lead_id, sealed, wanted)
    ]
    return theirs, looked[-1][0] if len(looked) == _AT_A_TIME else None


def _raw_names(keyring: Keyring, lead_id: UUID, sealed: bytes | None, wanted: Collection[str]) -> bool:
    if sealed is None or not wanted:
        return False
    try:
        return names(open_lead(keyring, lead_id, sealed), wanted)
    except KeyringError:  # sealed with a key that was removed: nobody can read it
        return False


async def _erase(store: Connections, lead_ids: Collection[UUID], reason: str) -> int:
    count = 0
    for lead_id in sorted(lead_ids):
        lead = await leads.of_id(store, lead_id, lock=True)
        if lead is not None and lead.state != "erased":
            await empty_lead(store, lead, reason=reason)
            count += 1
    return count
