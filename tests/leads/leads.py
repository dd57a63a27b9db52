"""Sources and leads for tests: stored as the API and the doors store them."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from domain.audience.contacts.contact import new_contact_id
from services.leads.receiving import Arrived, receive
from services.leads.starting import LeadStarter
from store.leads import leads, sealing, sources
from store.leads.leads import Lead, Received
from store.leads.sources import NewSource, Source
from tests.looks import Looks
from tests.stack import Stack, User

PAGE, FORM, TOKEN = "1", "10", "token-one"


async def source_of(stack: Stack, user: User, kind: str, credentials: dict[str, str], **settings: Any) -> Source:
    """A new source."""
    id_ = new_contact_id()
    sealed = sealing.seal_credentials(stack.keyring, id_, credentials)
    new = NewSource(id_, user.id, f"s{id_.hex[-8:]}", kind, "Shop", settings, sealed)
    async with stack.pool.connection() as conn, conn.transaction():
        await sources.add(stack.pool, new)
    found = await sources.of_id(stack.pool, id_)
    assert found is not None
    return found


async def arrived(
    stack: Stack, source: Source, *ids: str, raw: dict[str, Any] | None = None, notice: dict[str, Any] | None = None
) -> list[Received]:
    """Leads that somebody posted, with their workflows."""
    new = [Arrived(source, one, "webhook", notice or {}, raw) for one in ids]
    received = await receive(stack.pool, stack.keyring, new)
    starter = LeadStarter(stack.pool)
    await starter.start(stack.temporal, received)
    await starter.aclose()
    return received


async def reaches(stack: Stack, lead: UUID, *states: str, within: float = 30.0) -> Lead:
    """The lead, once it is in one of these states."""
    async with asyncio.timeout(within):
        looks = Looks()
        while True:
            found = await leads.of_id(stack.pool, lead)
            assert found is not None
            if found.state in states:
                return found
            await looks.pause()


async def all_of(stack: Stack, source: Source, number: int, state: str, within: float = 60.0) -> list[Lead]:
    """All leads of a source, once so many are in a state."""
    counted = "select 1 from leads where source_id = %s and state = %s"
    async with asyncio.timeout(within):
        while len(await rows(stack, counted, source.id, state)) < number:
            await asyncio.sleep(0.1)
    found = await rows(stack, "select id from leads where source_id = %s order by id", source.id)
    known = [await leads.of_id(stack.pool, id_) for (id_,) in found]
    return [one for one in known if one is not None]


async def now(stack: Stack, source: Source) -> Source:
    """The source as it is now."""
    found = await sources.of_id(stack.pool, source.id)
    assert found is not None
    return found


async def new_token(stack: Stack, source: Source, token: str) -> None:
    """Give it another token, as its owner does."""
    sealed = sealing.seal_credentials(stack.keyring, source.id, {"token": token})
    async with stack.pool.connection() as conn, conn.transaction():
        await sources.set_credentials(stack.pool, source.id, sealed)


async def rows(stack: Stack, query: str, *values: object) -> Sequence[tuple[Any, ...]]:
    async with stack.pool.connection() as conn:
        return await (await conn.execute(query, values)).fetchall()
