"""Sources and what is posted to them, for tests."""

import asyncio
import hashlib
from dataclasses import dataclass
from typing import Any

from domain.audience.contacts.contact import new_contact_id
from domain.ids import lead_workflow_id
from store.leads import sources
from store.leads.sealing import open_lead, seal_credentials
from store.leads.sources import NewSource, Source
from tests.stack import Stack

_COLUMNS = "l.id, l.provider_id, l.via, l.state, l.notice, l.sealed, l.form_id, l.created_time"


@dataclass(frozen=True)
class Stored:
    """A lead as it is stored, opened."""

    id: str
    provider_id: str
    via: str
    state: str
    notice: dict[str, Any]
    raw: dict[str, Any] | None
    form_id: str | None
    created_time: Any


async def a_source(
    stack: Stack, kind: str, *, credentials: dict[str, str] | None = None, account: int | None = None, **settings: Any
) -> Source:
    """A source of a new account, or of this one."""
    account = (await stack.user()).id if account is None else account
    id_ = new_contact_id()
    sealed = seal_credentials(stack.keyring, id_, credentials or {})
    new = NewSource(id_, account, str(id_), kind, "Test", settings, sealed, _names(kind, settings, credentials or {}))
    async with stack.pool.connection() as conn, conn.transaction():
        await sources.add(stack.pool, new)
    return await read(stack, id_)


def _names(kind: str, settings: dict[str, Any], credentials: dict[str, str]) -> list[str]:
    named = {"meta": settings.get("page_id"), "linkedin": settings.get("owner")}.get(kind)
    if kind == "google" and "key" in credentials:
        named = hashlib.sha256(credentials["key"].encode()).hexdigest()
    return [] if named is None else [named]


async def read(stack: Stack, source_id: Any) -> Source:
    found = await sources.of_id(stack.pool, source_id)
    assert found is not None
    return found


async def disable(stack: Stack, source: Source) -> None:
    await sources.change(stack.pool, source.id, source.name, source.settings, "disabled")


async def stored(stack: Stack, source: Source) -> list[Stored]:
    """The leads of a source, in the order in which they came."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            f"select {_COLUMNS} from leads l where l.source_id = %s order by l.id",
            (source.id,),
        )
        rows = await cursor.fetchall()
    return [
        Stored(str(id_), named, via, state, notice, sealed and open_lead(stack.keyring, id_, sealed), form, at)
        for id_, named, via, state, notice, sealed, form, at in rows
    ]


async def has_started(stack: Stack, source: Source, provider_id: str) -> bool:
    """Whether the workflow of a lead is there."""
    description = await stack.temporal.get_workflow_handle(lead_workflow_id(source.id, provider_id)).describe()
    return description.workflow_type == "LeadWorkflow"


async def refused(stack: Stack, source: Source, count: int) -> str:
    """Why the last of so many posts was refused, once they are counted."""
    async with asyncio.timeout(10):
        while (found := await read(stack, source.id)).refused < count:
            await asyncio.sleep(0.05)
    assert found.refused == count
    assert found.last_refused is not None
    return found.last_refused


async def unknown(stack: Stack, source: Source, count: int) -> None:
    """Wait until so many posts about what is not its own are counted."""
    async with asyncio.timeout(10):
        while (found := await read(stack, source.id)).unknown < count:
            await asyncio.sleep(0.05)
    assert found.unknown == count
