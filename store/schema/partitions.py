"""Tables that grow with traffic: a partition for each month of their uids' time (docs/decisions/0019)."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any, cast
from uuid import UUID

from psycopg import sql

from domain.ids import first_id, minted_at
from store.connection import MARGIN, Connection
from store.pool import PLANNER_DEFAULTS
from store.schema.locks import LOCK_TIMEOUT_MS, retry_until_locked

PARTITIONED = ("messages", "attempts", "receipts", "failures", "short_links")

AHEAD = 3
"""How many future months have a partition."""
FEW = 2
"""With fewer people are told: partitions may run out before the cause is found."""
_MOST_AT_ONCE = 12
"""A bound, in case the clock is years ahead."""

_LOCKED_WITHIN = 60.0
"""Seconds after which waiting for a lock is given up, until the next run."""
_LONGEST = 300
"""Seconds that a statement may take: it may read all of a partition."""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """The part of a table whose uids are older than ``ends``, and not in an earlier one."""

    table: str
    ends: datetime
    name: str


def among(uids: Collection[UUID]) -> dict[str, Any]:
    """Uids as arguments, with the first and the last of them, by which PostgreSQL selects the partitions."""
    return {"uids": list(uids), "first": min(uids, default=None), "last": max(uids, default=None)}


async def partitions(conn: Connection) -> list[Partition]:
    """Partitions with a time range, by table and time. A table's first one has the rows from before partitioning."""
    rows = await conn.execute(
        r"""select t.relname, p.relname, substring(pg_get_expr(p.relpartbound, p.oid) from 'TO \(''(.*)''\)')
            from pg_inherits i join pg_class t on t.oid = i.inhparent join pg_class p on p.oid = i.inhrelid
            where t.oid = any(%s::regclass[])""",
        (list(PARTITIONED),),
    )
    return sorted(
        Partition(table, datetime.fromtimestamp(minted_at(UUID(end)), UTC), name)
        for table, name, end in await rows.fetchall()
        if end is not None
    )


async def make_ahead(conn: Connection) -> list[str]:
    """Make the partitions of this month and of the next ``AHEAD``, where they are missing. Returns their names.

    Raises:
        psycopg.errors.LockNotAvailable: another session holds a lock; the next run continues.
    """
    last_begins = month_at(await _now(conn), AHEAD)
    made: list[str] = []
    for table in PARTITIONED:
        for _ in range(_MOST_AT_ONCE):
            if await _end(conn, table) > last_begins:
                break
            made.append(await make_next(conn, table))
    return made


async def make_next(conn: Connection, table: str) -> str:
    """Make the partition of the month after the last one of a table. Returns its name.

    Raises:
        psycopg.errors.LockNotAvailable: another session holds a lock.
    """
    return await retry_until_locked(_LOCKED_WITHIN, partial(_make, conn, table, await _end(conn, table)))


async def months_ahead(conn: Connection) -> int:
    """How many of the next ``AHEAD`` months have a partition in every table."""
    now, end = await _now(conn), min([await _end(conn, table) for table in PARTITIONED])
    return sum(month_at(now, months) < end for months in range(1, AHEAD + 1))


async def drop_older(conn: Connection, months: int) -> list[str]:
    """Drop the partitions that ended ``months`` or more before this month began, with all that they hold.

    One is kept while a message in it has no outcome, or held credits. Returns the names of those dropped.

    Raises:
        psycopg.errors.LockNotAvailable: another session holds a lock; the next run continues.
    """
    youngest = month_at(await _now(conn), -months)
    old = [partition for partition in await partitions(conn) if partition.ends <= youngest]
    dropped = []
    for end in sorted({partition.ends for partition in old}):
        together = [partition for partition in old if partition.ends == end]
        if not any([await _is_open(conn, partition.name) for partition in together if partition.table == "messages"]):
            await retry_until_locked(_LOCKED_WITHIN, partial(_drop, conn, together, end))
            dropped += [partition.name for partition in together]
    return dropped


async def _make(conn: Connection, table: str, begins: datetime) -> str:
    """Make the partition of a month. Rows that a wrong clock wrote too early move into it."""
    name = f"{table}_{begins:%Y_%m}"
    words = {
        "table": sql.Identifier(table),
        "new": sql.Identifier(name),
        "other": sql.Identifier(f"{table}_other"),
        "first": sql.Literal(str(first_id(begins.timestamp()))),
        "end": sql.Literal(str(first_id(month_at(begins, 1).timestamp()))),
    }
    async with _change(conn):
        for statement in (
            "lock table {other} in access exclusive mode",
            "create table {new} (like {table} including all) with (fillfactor = 75)",
            """with moved as (delete from {other} where uid >= {first} and uid < {end} returning *)
               insert into {new} select * from moved""",
            "alter table {table} attach partition {new} for values from ({first}) to ({end})",
        ):
            await conn.execute(sql.SQL(statement).format(**words))
    return name


async def _is_open(conn: Connection, messages: str) -> bool:
    query = """select exists (select from {} where credit in ('held', 'pending') or awaited
                              or state in ('scheduled', 'queued', 'processing', 'unknown'))"""
    async with _change(conn):
        row = await (await conn.execute(sql.SQL(query).format(sql.Identifier(messages)))).fetchone()
    return bool(row and row[0])


async def _drop(conn: Connection, together: list[Partition], end: datetime) -> None:
    async with _change(conn):
        names = sql.SQL(", ").join(sql.Identifier(partition.name) for partition in together)
        await conn.execute(sql.SQL("drop table {}").format(names))
        await conn.execute(
            "delete from batches where id < %s and finished_at is not null", (first_id(end.timestamp()),)
        )


@asynccontextmanager
async def _change(conn: Connection) -> AsyncIterator[None]:
    """A transaction with a short lock time-out, so as not to block others, and a long statement time-out."""
    with conn.answering_within(_LONGEST + MARGIN):
        async with conn.transaction():
            await conn.execute(f"set local lock_timeout = {LOCK_TIMEOUT_MS}")
            await conn.execute(f"set local statement_timeout = '{_LONGEST}s'")
            for name, value in PLANNER_DEFAULTS.items():  # to read all of a partition as it lies on the disk
                await conn.execute(f"set local {name} = {value}".encode())
            yield


async def _now(conn: Connection) -> datetime:
    row = await (await conn.execute("select now()")).fetchone()
    assert row is not None
    return cast(datetime, row[0]).astimezone(UTC)


async def _end(conn: Connection, table: str) -> datetime:
    return max(partition.ends for partition in await partitions(conn) if partition.table == table)


def month_at(at: datetime, after: int) -> datetime:
    """The start of the month that is ``after`` months after this one."""
    count = at.year * 12 + at.month - 1 + after
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)
