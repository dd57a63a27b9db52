"""Figures of an install for those who help with it: sizes and counts, nothing that people wrote."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row

from store.pool import Connections

_MOST_FAILURES = 10_000
_MOST = 200


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table, or a partition of one."""

    name: str
    rows: int
    """As the planner estimates; -1: it was never looked at."""
    bytes: int
    """With its indexes."""
    dead_rows: int


async def table_sizes(store: Connections) -> list[TableSize]:
    """The tables, the largest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(TableSize)) as cursor:
        await cursor.execute(
            """select c.relname as name, c.reltuples::bigint as rows, pg_total_relation_size(c.oid) as bytes,
                      coalesce(s.n_dead_tup, 0) as dead_rows
               from pg_class c left join pg_stat_user_tables s on s.relid = c.oid
               where c.relkind = 'r' and c.relnamespace = 'public'::regnamespace
               order by bytes desc, name limit %s""",
            (_MOST,),
        )
        return await cursor.fetchall()


@dataclass(frozen=True, slots=True)
class ErrorClass:
    """Failures of one kind, among the latest."""

    channel: str
    state: str
    gateway_type: str | None
    """``None``: they were given to none."""
    code: str
    """``other``: it is not a code as they usually are."""
    count: int
    last_at: datetime


# Codes come from providers: only what is surely a code is shown, as others might quote a recipient.
_ERRORS = """
with latest as (
    select channel, state, gateway_id, code, at from failures order by at desc limit %s
)
select l.channel, l.state, g.type as gateway_type,
       case when l.code ~ '^[A-Za-z0-9_.:-]{1,40}$' and l.code !~ '[0-9]{6}' then l.code else 'other' end as code,
       count(*) as count, max(l.at) as last_at
from latest l left join gateways g on g.id = l.gateway_id
group by 1, 2, 3, 4 order by count(*) desc, last_at desc limit %s
"""


async def error_classes(store: Connections) -> list[ErrorClass]:
    """The latest failures of messages by their kind, the most frequent first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(ErrorClass)) as cursor:
        await cursor.execute(_ERRORS, (_MOST_FAILURES, _MOST))
        return await cursor.fetchall()


async def work(store: Connections) -> list[dict[str, Any]]:
    """How many operations, batches, callbacks and endpoints there are, by state."""
    async with store.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            """select 'operation ' || kind as what, state, count(*) as count from operations group by 1, 2
               union all select 'batch', state, count(*) from batches group by 2
               union all select 'callback', state, count(*) from callback_deliveries group by 2
               union all select 'gateway ' || type, case when enabled then mode else 'off' end, count(*)
                         from gateways where deleted_at is null group by 1, 2
               order by 1, 2"""
        )
        return await cursor.fetchall()
