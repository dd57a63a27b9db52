"""Accounts' own keywords and their answers."""

from dataclasses import asdict

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from domain.text.keywords import KeywordSet
from store.pool import Connections, Pool


async def of_account(conn: AsyncConnection[TupleRow], account_id: int) -> KeywordSet:
    """An account's set; the built-in one if it has none of its own."""
    cursor = await conn.execute(
        "select stop, start, help, replies from keyword_sets where account_id = %s", (account_id,)
    )
    row = await cursor.fetchone()
    return KeywordSet(*row) if row else KeywordSet()


async def show(pool: Pool, account_id: int) -> KeywordSet:
    """As ``of_account``."""
    async with pool.connection() as conn:
        return await of_account(conn, account_id)


async def replace(pool: Connections, account_id: int, keywords: KeywordSet) -> None:
    """Give an account another set."""
    row = asdict(keywords) | {"account": account_id, "replies": Jsonb(keywords.replies)}
    async with pool.connection() as conn:
        await conn.execute(
            """insert into keyword_sets (account_id, stop, start, help, replies)
               values (%(account)s, %(stop)s, %(start)s, %(help)s, %(replies)s)
               on conflict (account_id) do update set stop = excluded.stop, start = excluded.start,
                   help = excluded.help, replies = excluded.replies""",
            row,
        )


async def own(store: Connections, account_id: int, *, lock: bool) -> KeywordSet | None:
    """An account's own set, if it has one; ``lock``: nobody else changes it until the transaction ends."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select stop, start, help, replies from keyword_sets where account_id = %s
                {"for update" if lock else ""}""",  # noqa: S608 - a constant of ours
            (account_id,),
        )
        row = await cursor.fetchone()
    return KeywordSet(*row) if row else None


async def delete(store: Connections, account_id: int) -> None:
    """Give an account the built-in set again."""
    async with store.connection() as conn:
        await conn.execute("delete from keyword_sets where account_id = %s", (account_id,))
