"""Erasures: what a person answered is deleted at once, and what became of it soon after (``services/persons``)."""

from uuid import UUID

from temporalio.client import Client

from domain.callbacks import EventType
from domain.keyring import Keyring
from domain.leads.source import SourceSettings
from services.leads.processing.waking import wake
from services.leads.telling import id_of_notice
from services.persons.texts import names
from store.automations import waking
from store.automations.results import notices
from store.callbacks import callback_deliveries
from store.leads import erasures, leads, meta_users
from store.leads.leads import Lead, digest_of
from store.leads.sealing import open_lead
from store.leads.sources import Source
from store.pool import Connections, InTransaction, Pool

BY_PERSON = "its person had it deleted"
_AT_A_TIME = 200
_START = UUID(int=0)


async def erase_provided(pool: Pool, source: Source, provider_id: str, reason: str = BY_PERSON) -> None:
    """Erase the lead that a provider names, if it is there. Wake its workflow afterwards: it has ended."""
    async with pool.connection() as conn, conn.transaction():
        store = InTransaction(conn)
        lead = await leads.of_digest(store, source.id, digest_of(provider_id), lock=True)
        if lead is not None:
            await erase_lead(store, source, lead, reason=reason)


async def erase_lead(store: Connections, source: Source, lead: Lead, *, reason: str) -> None:
    """Delete what a lead holds, in a transaction that has locked it. Its automations end, and what they and others hold
    of the person is removed soon: with the contact, if it came by no other way and the source's ``on_erasure`` says so.

    ``reason``: shown with the lead, so it must not name the person.
    """
    if lead.state == "erased":
        return
    settings = SourceSettings.of(source.settings)
    contact_id = lead.contact_id if settings.on_erasure == "erase_contact" else None
    if contact_id is not None and await erasures.came_another_way(store, lead, settings.groups):
        contact_id = None
    runs = await empty_lead(store, lead, reason=reason)
    if contact_id is not None:
        await waking.ask_to_end(store, lead.account_id, contact_id, None, None, "erased")
    await erasures.queue(store, lead, contact_id, runs)


async def empty_lead(store: Connections, lead: Lead, *, reason: str) -> list[UUID]:
    """Delete what a lead holds, in a transaction that has locked it, and have its runs of automations end.

    Returns these. ``reason``: as in ``erase_lead``.
    """
    runs = [UUID(run) for run in (lead.answered or {}).get("runs", ())]
    await erasures.empty(store, lead.id, reason)
    await _forget_notice(store, lead)
    for run in runs:
        await waking.leave(store, run, "erased")
    return runs


async def _forget_notice(store: Connections, lead: Lead) -> None:
    notice_id = id_of_notice(lead.id)
    await notices.delete(store, notice_id)
    await callback_deliveries.forget(store, lead.account_id, EventType.LEAD_RECEIVED, str(notice_id))


async def erase_asked(pool: Pool, keyring: Keyring, client: Client) -> None:
    """Carry out what people asked of Meta."""
    for code, source_id, user_id in await meta_users.asked(pool):
        for one in await meta_users.apps_of(pool, source_id):
            await erase_by_user(pool, keyring, client, one, user_id)
        async with pool.connection() as conn, conn.transaction():
            await meta_users.done(InTransaction(conn), code, user_id)


async def erase_by_user(pool: Pool, keyring: Keyring, client: Client, source: Source, user_id: str) -> int:
    """Erase the leads of a source that name a user of its app. Returns how many.

    Reads all its leads, as they are sealed: that grows with them.
    """
    after, erased = _START, 0
    while found := await erasures.of_source(pool, source.id, after, _AT_A_TIME):
        for lead_id, notice, sealed in found:
            raw = {} if sealed is None else open_lead(keyring, lead_id, sealed)
            if not (names(notice, [user_id]) or names(raw, [user_id])):
                continue
            async with pool.connection() as conn, conn.transaction():
                store = InTransaction(conn)
                lead = await leads.of_id(store, lead_id, lock=True)
                if lead is not None:
                    await erase_lead(store, source, lead, reason=BY_PERSON)
            if lead is not None:
                await wake(client, source.id, lead.provider_id)
                erased += 1
        after = found[-1][0]
    return erased
