"""Resealing the credentials of sources, and raw leads, with the current key."""

from uuid import UUID

from domain.keyring import Keyring
from store.leads.sealing import open_credentials, open_lead, seal_credentials, seal_lead
from store.pool import Pool

_SOME = 500
"""Leads of a transaction."""


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal all with the current key, so that older keys can be removed from the ring. Returns how many.

    Raw leads are many, so that each transaction has some of them: a repeat goes over all.

    Raises:
        KeyringError: one does not open; it, and those after it, were not changed then.
    """
    resealed = await _sources(pool, keyring)
    after: UUID | None = None
    while True:
        count, after = await _leads(pool, keyring, after)
        resealed += count
        if after is None:
            return resealed


async def _sources(pool: Pool, keyring: Keyring) -> int:
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            "select id, sealed from lead_sources where sealed is not null order by id for no key update"
        )
        rows = await cursor.fetchall()
        for source_id, sealed in rows:
            fresh = seal_credentials(keyring, source_id, open_credentials(keyring, source_id, sealed))
            await conn.execute("update lead_sources set sealed = %s where id = %s", (fresh, source_id))
    return len(rows)


async def _leads(pool: Pool, keyring: Keyring, after: UUID | None) -> tuple[int, UUID | None]:
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            """select id, sealed from leads where sealed is not null and (%s::uuid is null or id > %s)
               order by id limit %s for update""",
            (after, after, _SOME),
        )
        rows = await cursor.fetchall()
        for lead_id, sealed in rows:
            fresh = seal_lead(keyring, lead_id, open_lead(keyring, lead_id, sealed))
            await conn.execute("update leads set sealed = %s where id = %s", (fresh, lead_id))
    return len(rows), rows[-1][0] if len(rows) == _SOME else None
