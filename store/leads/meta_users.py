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


async def asked(store: Connections) -> Sequence[tuple[str, UUID | None, str]]:
    """Requests that were not carried out: their codes, whose app it is (``None``: the install's), and the person."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select code, source_id, user_id from meta_deletions
               where user_id is not null order by requested_at limit 20"""
        )
        return await cursor.fetchall()


async def apps_of(store: Connections, source_id: UUID | None) -> Sequence[Source]:
    """The sources of an app: of the account of a source that has one of its own, or all that use the install's."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select s.id from lead_sources s where s.kind = 'meta' and (%s::uuid is null
                   or s.account_id = (select account_id from lead_sources where id = %s)) order by s.id""",
            (source_id, source_id),
        )
        ids = [id_ for (id_,) in await cursor.fetchall()]
    found = [await sources.of_id(store, id_) for id_ in ids]
    return [source for source in found if source is not None]


async def done(store: Connections, code: str, user_id: str) -> None:
    """A request was carried out: nothing knows the person any more. In a transaction."""
    async with store.connection() as conn:
        await conn.execute(
            "update lead_sources set told = told - 'meta_user' where told ->> 'meta_user' = %s", (user_id,)
        )
        await conn.execute(
            "update meta_deletions set user_id = null, done_at = clock_timestamp() where code = %s", (code,)
        )


async def find(store: Connections, code: str) -> Deletion | None:
    """The request with this code."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Deletion)) as cursor:
        await cursor.execute("select code, requested_at, done_at from meta_deletions where code = %s", (code,))
        return await cursor.fetchone()
