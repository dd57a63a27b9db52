"""Leads and their sources for tests."""

from typing import Any
from uuid import UUID, uuid4

from domain.audience.contacts.contact import Contact, new_contact_id
from domain.leads.source import Kind
from store.leads import leads, sources
from store.leads.leads import NewLead
from store.leads.sources import NewSource, Source
from store.pool import Pool


async def new_source(pool: Pool, account_id: int, kind: Kind = "form", **settings: Any) -> Source:
    """A new source of an account."""
    id_ = new_contact_id()
    await sources.add(pool, NewSource(id_, account_id, uuid4().hex, kind, "Spring Fair", settings, None))
    return await again(pool, id_)


async def again(pool: Pool, source_id: UUID) -> Source:
    """A source, as it is now."""
    found = await sources.of_id(pool, source_id)
    assert found is not None
    return found


async def new_lead(pool: Pool, source: Source, via: str = "form", **columns: Any) -> UUID:
    """A new lead, with these values of its columns."""
    id_ = new_contact_id()
    await leads.receive(pool, [NewLead(id_, source.account_id, source.id, uuid4().hex, via)])
    async with pool.connection() as conn:
        for name, value in columns.items():
            await conn.execute(f"update leads set {name} = %s where id = %s", (value, id_))
    return id_


def person(account_id: int, **values: Any) -> Contact:
    """A contact that is not stored."""
    given = {"email": "ada@example.com", "phone": "+4915112345678", "first_name": "Ada", "last_name": "Lovelace"}
    return Contact(new_contact_id(), account_id, **given | values)
