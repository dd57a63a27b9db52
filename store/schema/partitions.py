"""Tables that grow with traffic: a partition for each month, or day, of their time (docs/decisions/0019, 0059)."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, cast
from uuid import UUID

from psycopg import sql

from domain.ids import first_id, minted_at
from store.connection import MARGIN, Connection
from store.pool import PLANNER_DEFAULTS
from store.schema.locks import LOCK_TIMEOUT_MS, retry_until_locked

OF_ATTEMPTS = ("attempts", "receipts")
OF_MESSAGES = ("messages", *OF_ATTEMPTS, "failures", "short_links")
"""Their uids tell their time: that of their message."""
BY_TIME = ("contact_events", "request_log")
"""Their column ``at`` tells it. Their unique indexes are those of each partition."""
DAILY = ("request_log",)
MONTHLY = (*OF_MESSAGES, "contact_events")
PARTITIONED = MONTHLY + DAILY

AHEAD = 3
"""How many future months have a partition."""
FEW = 2
"""With fewer people are told: partitions may run out before the cause is found."""
DAYS_AHEAD = 5
FEW_DAYS = 3
"""As ``AHEAD`` and ``FEW``, of tables with a partition for each day."""
_MOST_AT_ONCE = 12
"""A bound, in case the clock is years ahead."""

LOCKED_WITHIN = 60.0
"""Seconds after which waiting for a lock is given up, until the next run."""
_LONGEST = 300
"""Seconds that a statement may take: it may read all of a partition."""


@dataclass(frozen=True, slots=True, order=True)
class Partition:
    """The part of a table whose rows are older than ``ends``, and not in an earlier one."""

    table: str
    ends: datetime
    name: str


@dataclass(frozen=True, slots=True)
class Ahead:
    """What has partitions already, in every table."""

    months: int
    """Of the next ``AHEAD``."""
    days: int
    """Of the next ``DAYS_AHEAD``."""

    @property
    def is_short(self) -> bool:
        """Whether partitions may run out."""
        return self.months < FEW or self.days < FEW_DAYS


def among(uids: Collection[UUID]) -> dict[str, Any]:
    """Uids as arguments, with the first and the last of them, by which PostgreSQL selects the partitions."""
    return {"uids": list(uids), "first": min(uids, default=None), "last": max(uids, default=None)}


async def partitions(conn: Connection) -> list[Partition]:
    """Partitions with a time range, by table and time. A table's first one has the rows from before partitioning."""
    rows = await conn.execute(
        r"""select relname, name, ends,
                   case when relname = any(%s) then extract(epoch from ends::timestamptz)::float8 end
            from (select t.relname, p.relname as name,
                         substring(pg_get_expr(p.relpartbound, p.oid) from 'TO \(''(.*)''\)') as ends
                  from pg_inherits i join pg_class t on t.oid = i.inhparent join pg_class p on p.oid = i.inhrelid
                  where t.oid = any(%s::regclass[])) as found
            where ends is not null""",
        (list(BY_TIME), list(PARTITIONED)),
    )
    return sorted(
        Partition(table, datetime.fromtimestamp(minted_at(UUID(end)) if at is None else at, UTC), name)
        for table, name, end, at in await rows.fetchall()
    )


async def make_ahead(conn: Connection) -> list[str]:
    """Make the partitions of now and of the next ``AHEAD`` months, or ``DAYS_AHEAD`` days, where they are missing.

    Returns their names.

    Raises:
        psycopg.errors.LockNotAvailable: another session holds a lock; the next run continues.
    """
    now, made = await database_now(conn), list[str]()
    for table in PARTITIONED:
        last_begins = later(table, now, DAYS_AHEAD if table in DAILY else AHEAD)
        for _ in range(_MOST_AT_ONCE):
            if await _end(conn, table) > last_begins:
                break
            made.append(await make_next(conn, table))
    return made


async def make_next(conn: Connection, table: str) -> str:
    """Make the partition after the last one of a table. Returns its name.

    Raises:
        psycopg.errors.LockNotAvailable: another session holds a lock.
    """
    begins = await _end(conn, table)
    if table in DAILY:  # days in which nobody made any have none: what came in them is deleted by its age
        begins = max(begins, day_at(await database_now(conn), 0))
    return await retry_until_locked(LOCKED_WITHIN, partial(_make, conn, table, begins))


async def ahead(conn: Connection) -> Ahead:
    """What has partitions in every table that has one for each month, and for each day."""
    now = await database_now(conn)
    ends: dict[str, datetime] = {each.table: each.ends for each in await partitions(conn)}  # the last one's
    months, days = (min(ends[table] for table in tables) for tables in (MONTHLY, DAILY))
    return Ahead(
        sum(month_at(now, count) < months for count in range(1, AHEAD + 1)),
        sum(day_at(now, count) < days for count in range(1, DAYS_AHEAD + 1)),
    )


async def _make(conn: Connection, table: str, begins: datetime) -> str:
    """Make the partition that begins then. Rows that a wrong clock wrote too early move into it."""
    name = f"{table}_{begins:%Y_%m_%d}" if table in DAILY else f"{table}_{begins:%Y_%m}"
    words = {
        "table": sql.Identifier(table),
        "key": sql.Identifier(key_of(table)),
        "new": sql.Identifier(name),
        "other": sql.Identifier(f"{table}_other"),
        "like": sql.Identifier(f"{table}_other" if table in BY_TIME else table),  # with its unique indexes
        "full": sql.SQL(str(100 if table in BY_TIME else 75)),  # of those that are written once, and of others
        "first": key_at(table, begins),
        "end": key_at(table, later(table, begins, 1)),
    }
    async with changing(conn):
        for statement in (
            "lock table {other} in access exclusive mode",
            "create table {new} (like {like} including all) with (fillfactor = {full})",
            """with moved as (delete from {other} where {key} >= {first} and {key} < {end} returning *)
               insert into {new} select * from moved""",
            "alter table {table} attach partition {new} for values from ({first}) to ({end})",
        ):
            await conn.execute(sql.SQL(statement).format(**words))
    return name


@asynccontextmanager
async def changing(conn: Connection) -> AsyncIterator[None]:
    """A transaction with a short lock time-out, so as not to block others, and a long statement time-out."""
    with conn.answering_within(_LONGEST + MARGIN):
        async with conn.transaction():
            await conn.execute(f"set local lock_timeout = {LOCK_TIMEOUT_MS}")
            await conn.execute(f"set local statement_timeout = '{_LONGEST}s'")
            for name, value in PLANNER_DEFAULTS.items():  # to read all of a partition as it lies on the disk
                await conn.execute(f"set local {name} = {value}".encode())
            yield


async def database_now(conn: Connection) -> datetime:
    """The time by the database's clock."""
    row = await (await conn.execute("select now()")).fetchone()
    assert row is not None
    return cast(datetime, row[0]).astimezone(UTC)


async def _end(conn: Connection, table: str) -> datetime:
    return max(partition.ends for partition in await partitions(conn) if partition.table == table)


def key_of(table: str) -> str:
    """The column by which a table is parted."""
    return "at" if table in BY_TIME else "uid"


def key_at(table: str, at: datetime) -> sql.Literal:
    """The first value of that column at a time."""
    return sql.Literal(at.isoformat() if table in BY_TIME else str(first_id(at.timestamp())))


def later(table: str, at: datetime, count: int) -> datetime:
    """The start of a table's partition that is ``count`` after that of a time."""
    return day_at(at, count) if table in DAILY else month_at(at, count)


def month_at(at: datetime, after: int) -> datetime:
    """The start of the month that is ``after`` months after this one."""
    count = at.year * 12 + at.month - 1 + after
    return datetime(count // 12, count % 12 + 1, 1, tzinfo=UTC)


def day_at(at: datetime, after: int) -> datetime:
    """The start of the day that is ``after`` days after this one."""
    return datetime(at.year, at.month, at.day, tzinfo=UTC) + timedelta(days=after)
