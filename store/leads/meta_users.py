"""People at Meta: whose tokens sources have, and who asked for what is known of them to be deleted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.leads import sources
from store.leads.sources import Source
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Deletion:
    """A request, and whether it was carried out."""

    code: str
    requested_at: datetime
    done_at: datetime | None


async def sources_of(store: Connections, user_id: str, account_id: int | None) -> Sequence[Source]:
    """Sources whose token is this person's; ``account_id``: those of one account."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from lead_sources
               where told ? 'meta_user' and told ->> 'meta_user' = %s and (%s::bigint is null or account_id = %s)
               order by id""",
            (user_id, account_id, account_id),
        )
        ids = [id_ for (id_,) in await cursor.fetchall()]
    found = [await sources.of_id(store, id_) for id_ in ids]
    return [source for source in found if source is not None]


async def ask(store: Connections, code: str, source_id: UUID | None, user_id: str) -> str:
    """Store a request of a person. Returns its code: one that waits already keeps its own."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """insert into meta_deletions as d (code, source_id, user_id) values (%s, %s, %s)
               on conflict (user_id, source_id) where user_id is not null do update set user_id = d.user_id
               returning code""",
            (code, source_id, user_id),
        )
        row = await cursor.fetchone()
    assert row is not None
    return str(row[0])


async def find(store: Connections, code: str) -> Deletion | None:
    """The request with this code."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Deletion)) as cursor:
        await cursor.execute("select code, requested_at, done_at from meta_deletions where code = %s", (code,))
        return await cursor.fetchone()
