"""Partitions that are older than what is kept: dropped as a whole (docs/retention.md)."""

from datetime import timedelta
from itertools import pairwise
from uuid import UUID

from psycopg import sql

from domain.ids import first_id
from store.connection import Connection
from store.schema import partitions as parts
from store.schema.locks import retry_until_locked
from store.schema.partitions import Partition

_IS_OPEN = """select exists (select from {} where credit in ('held', 'pending') or awaited
                               or state in ('scheduled', 'queued', 'processing', 'unknown'))"""
"""Whether a message has no outcome, or holds credits."""
_LATE = """delete from {} o where o.uid < %(since)s and not exists (
               select from messages m where m.uid = o.uid and (m.credit in ('held', 'pending') or m.awaited
                   or m.state in ('scheduled', 'queued', 'processing', 'unknown')))"""


async def drop_messages(conn: Connection, months: int) -> list[str]:
    """Drop messages of months that ended ``months`` or more before this one began, with all that is of them.

    A month is kept while a message in it has no outcome, or held credits. Returns the names of the partitions.

    Raises:
        psycopg.errors.LockNotAvailable: another session holds a lock; the next run continues.
    """
    youngest = parts.month_at(await parts.database_now(conn), -months)
    old = [each for each in await _of(conn, parts.OF_MESSAGES) if each.ends <= youngest]
    dropped = []
    for end in sorted({each.ends for each in old}):
        together = [each for each in old if each.ends == end]
        if not any([await _is_open(conn, each.name) for each in together if each.table == "messages"]):
            ended = "delete from batches where id < {} and finished_at is not null"
            await _drop(conn, together, sql.SQL(ended).format(sql.Literal(str(first_id(end.timestamp())))))
            dropped += [each.name for each in together]
    return dropped


async def drop_attempts(conn: Connection, months: int) -> list[str]:
    """Drop attempts and receipts of months that ended ``months`` or more before this one began, but not messages.

    They are kept as long as their month of messages may not be dropped. Returns the names of the partitions.

    Raises:
        psycopg.errors.LockNotAvailable: another session holds a lock; the next run continues.
    """
    youngest = parts.month_at(await parts.database_now(conn), -months)
    old = [each for each in await _of(conn, ("messages", *parts.OF_ATTEMPTS)) if each.ends <= youngest]
    dropped = []
    for end in sorted({each.ends for each in old if each.table in parts.OF_ATTEMPTS}):
        if not any([await _is_open(conn, each.name) for each in old if each.table == "messages" and each.ends == end]):
            together = [each for each in old if each.ends == end and each.table != "messages"]
            await _drop(conn, together)
            dropped += [each.name for each in together]
    since = await attempts_since(conn)
    for table in parts.OF_ATTEMPTS:  # what came after its month was dropped
        other = sql.Identifier(f"{table}_other")
        await conn.execute(sql.SQL(_LATE).format(other), {"since": since})
    return dropped


async def attempts_since(conn: Connection) -> UUID:
    """Before which uid attempts of messages were dropped."""
    first = next(each for each in await parts.partitions(conn) if each.table == "attempts")
    if first.name == "attempts_first":
        return UUID(int=0)
    return first_id(parts.month_at(first.ends, -1).timestamp())


async def drop_days(conn: Connection, table: str, days: int) -> list[str]:
    """Drop partitions of a table by time in which everything is older than ``days``. Returns their names.

    Raises:
        psycopg.errors.LockNotAvailable: another session holds a lock; the next run continues.
    """
    oldest = await parts.database_now(conn) - timedelta(days=days)
    dropped = []
    for each in await _of(conn, (table,)):
        if each.ends <= oldest:
            await _drop(conn, [each])
            dropped.append(each.name)
    strays = "delete from {} where at < {}"  # of clocks that were wrong
    names = sql.Identifier(f"{table}_other"), parts.key_at(table, oldest)
    await conn.execute(sql.SQL(strays).format(*names))
    return dropped


async def _of(conn: Connection, tables: tuple[str, ...]) -> list[Partition]:
    """Partitions of these tables, except the last one of each."""
    found = await parts.partitions(conn)
    return [each for each, following in pairwise(found) if each.table in tables and following.table == each.table]


async def _is_open(conn: Connection, messages: str) -> bool:
    async with parts.changing(conn):
        row = await (await conn.execute(sql.SQL(_IS_OPEN).format(sql.Identifier(messages)))).fetchone()
    return bool(row and row[0])


async def _drop(conn: Connection, together: list[Partition], also: sql.Composed | None = None) -> None:
    async def once() -> None:
        async with parts.changing(conn):
            names = sql.SQL(", ").join(sql.Identifier(each.name) for each in together)
            await conn.execute(sql.SQL("drop table {}").format(names))
            if also is not None:
                await conn.execute(also)

    await retry_until_locked(parts.LOCKED_WITHIN, once)
