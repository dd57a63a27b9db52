"""Files of contacts that are to be imported, in pieces, and what their columns hold."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

import orjson

from store.pool import Connections, Pool

MOST_FILES = 5
"""Files of an account that are uploaded, or imported, at a time."""
_MAPPINGS = 100
"""Sets of columns that are remembered for an account: those that were used last."""
_AT_A_TIME = 100_000


async def add(pool: Pool, file_id: UUID, account_id: int) -> bool:
    """Begin a file, unless the account has as many as it may have. Returns whether it did."""
    async with pool.connection() as conn, conn.transaction():
        await conn.execute("select pg_advisory_xact_lock(hashtext('import_files'), %s::int)", (account_id % 2**31,))
        cursor = await conn.execute(
            """insert into import_files (id, account_id)
               select %(id)s, %(account)s
               where (select count(*) from import_files where account_id = %(account)s) < %(most)s""",
            {"id": file_id, "account": account_id, "most": MOST_FILES},
        )
        return cursor.rowcount == 1


async def add_piece(store: Connections, file_id: UUID, number: int, content: bytes) -> None:
    """Store the next piece of a file."""
    async with store.connection() as conn:
        await conn.execute(
            "insert into import_pieces (file_id, number, content) values (%s, %s, %b)", (file_id, number, content)
        )


async def keep_for(store: Connections, file_id: UUID, operation_id: UUID) -> None:
    """Note which operation imports a file."""
    async with store.connection() as conn:
        await conn.execute("update import_files set operation_id = %s where id = %s", (operation_id, file_id))


async def pieces(store: Connections, file_id: UUID) -> AsyncIterator[bytes]:
    """The pieces of a file, in their order."""
    number = 0
    while True:
        async with store.connection() as conn:
            cursor = await conn.execute(
                "select content from import_pieces where file_id = %s and number = %s", (file_id, number), binary=True
            )
            row = await cursor.fetchone()
        if row is None:
            return
        yield row[0]
        number += 1


async def delete(store: Connections, file_id: UUID) -> None:
    """Delete a file."""
    async with store.connection() as conn:
        await conn.execute("delete from import_files where id = %s", (file_id,))


async def forget_seen(store: Connections, operation_id: UUID) -> bool:
    """Delete some of what an import noted. Returns whether that was all."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """delete from import_seen where ctid = any(array(
                   select ctid from import_seen where operation_id = %s limit %s))""",
            (operation_id, _AT_A_TIME),
        )
        return cursor.rowcount < _AT_A_TIME


async def delete_ended(pool: Pool) -> None:
    """Delete the files of imports that have ended, and those without one that are older than an hour."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select f.id, f.operation_id from import_files f left join operations o on o.id = f.operation_id
               where case when o.id is null then f.created_at < clock_timestamp() - interval '1 hour'
                          else o.state not in ('queued', 'running') end"""
        )
        ended = await cursor.fetchall()
    for file_id, operation_id in ended:
        while operation_id is not None and not await forget_seen(pool, operation_id):
            pass
        await delete(pool, file_id)


async def mapping_of(store: Connections, account_id: int, columns: str) -> dict[str, str] | None:
    """What the columns of an account's last file with these columns held."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update import_mappings set used_at = clock_timestamp()
               where account_id = %s and columns = %s returning mapping""",
            (account_id, columns),
        )
        row = await cursor.fetchone()
        return None if row is None else dict(row[0])


async def remember_mapping(store: Connections, account_id: int, columns: str, mapping: Mapping[str, str]) -> None:
    """Remember what columns hold, for the next file that has the same."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into import_mappings (account_id, columns, mapping) values (%s, %s, %s)
               on conflict (account_id, columns)
               do update set mapping = excluded.mapping, used_at = excluded.used_at""",
            (account_id, columns, orjson.dumps(mapping).decode()),
        )
        await conn.execute(
            """delete from import_mappings where account_id = %(account)s and columns not in (
                   select columns from import_mappings where account_id = %(account)s
                   order by used_at desc limit %(most)s)""",
            {"account": account_id, "most": _MAPPINGS},
        )
