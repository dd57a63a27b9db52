"""Rows of a database that was restored to an earlier time."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from domain.ids import message_uid, page_end
from store.pool import Connections
from store.schema.partitions import among
from store.workers import new_run_id


@dataclass(frozen=True, slots=True)
class Recorded:
    """A message of a page."""

    uid: UUID
    state: str
    credit: str


async def last_beat(store: Connections) -> float | None:
    """When a worker was last seen (Unix seconds); ``None``: none is known."""
    async with store.connection() as conn:
        row = await (await conn.execute("select extract(epoch from max(seen_at))::float8 from workers")).fetchone()
        assert row is not None
        found: float | None = row[0]
        return found


async def of_page(store: Connections, page_id: UUID) -> list[Recorded]:
    """The messages of a page that are in the database, by uid."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Recorded)) as cursor:
        await cursor.execute(
            "select uid, state, credit from messages where uid between %s and %s order by uid",
            (page_id, page_end(page_id)),
        )
        return await cursor.fetchall()


async def pending(store: Connections, uids: Collection[UUID]) -> set[UUID]:
    """Those of these messages whose page, of a batch, was not started."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select uid from messages
               where uid = any(%(uids)s) and uid between %(first)s and %(last)s and credit = 'pending'""",
            among(uids),
        )
        return {uid for (uid,) in await cursor.fetchall()}


async def known_accounts(store: Connections, accounts: Collection[int]) -> set[int]:
    """Those of these accounts that are in the database."""
    async with store.connection() as conn:
        cursor = await conn.execute("select id from accounts where id = any(%s)", (list(accounts),))
        return {account_id for (account_id,) in await cursor.fetchall()}


_TRIES = """
insert into attempts (uid, attempt, gateway_id, run_id, outcome, reason, ended_at)
select t.uid, t.attempt, t.gateway_id, %(run)s, 'unknown', %(reason)s, clock_timestamp()
from unnest(%(uids)s::uuid[], %(attempts)s::smallint[], %(gateways)s::uuid[]) as t (uid, attempt, gateway_id)
where t.gateway_id is not null
on conflict (uid, attempt) do update set outcome = 'unknown', reason = excluded.reason, ended_at = excluded.ended_at
    where attempts.outcome is null
"""
_UNKNOWN = """
update messages m set state = 'unknown', code = %(code)s, reason = %(reason)s, updated_at = clock_timestamp(),
                      gateway_id = coalesce(t.gateway_id, m.gateway_id)
from unnest(%(uids)s::uuid[], %(gateways)s::uuid[]) as t (uid, gateway_id)
where m.uid = t.uid and m.uid between %(first)s and %(last)s
  and m.state in ('scheduled', 'queued', 'processing', 'rejected')
returning m.uid
"""


async def mark_unknown(
    conn: AsyncConnection[TupleRow],
    tries: Mapping[UUID, tuple[int, UUID | None]],
    code: str,
    reason: str,
) -> list[UUID]:
    """Messages that may have been sent become ``unknown``, with their attempt and its gateway, by which receipts
    find them. Those that the database would refuse now, too. Returns those that were changed."""
    values = {
        **among(tries),
        "attempts": [attempt for attempt, _ in tries.values()],
        "gateways": [gateway_id for _, gateway_id in tries.values()],
        **{"run": new_run_id(), "code": code, "reason": reason},
    }
    await conn.execute(_TRIES, values)
    return [uid for (uid,) in await (await conn.execute(_UNKNOWN, values)).fetchall()]


async def reschedule(conn: AsyncConnection[TupleRow], page_id: UUID, due: Mapping[int, float]) -> None:
    """Messages of a page were moved to these times (Unix seconds)."""
    await conn.execute(
        """update messages m set schedule_at = to_timestamp(t.at), updated_at = clock_timestamp()
           from unnest(%s::uuid[], %s::float8[]) as t (uid, at)
           where m.uid = t.uid and m.uid between %s and %s""",
        ([message_uid(page_id, index) for index in due], list(due.values()), page_id, page_end(page_id)),
    )


@dataclass(frozen=True, slots=True)
class UnderWay:
    """What was under way when the database was as it is now, and does from its rows what it did since once more."""

    campaigns: int
    automation_runs: int
    leads: int
    operations: int
    """Those that send failed messages again."""


async def under_way(store: Connections) -> UnderWay:
    """What is to be looked at before workers start."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(UnderWay)) as cursor:
        await cursor.execute(
            """select (select count(*) from campaign_runs where finished_at is null and state <> 'stored') as campaigns,
                      (select count(*) from automation_runs where ended_at is null) as automation_runs,
                      (select count(*) from leads where ended_at is null) as leads,
                      (select count(*) from operations
                       where state in ('queued', 'running') and kind like '%.replay') as operations"""
        )
        found = await cursor.fetchone()
        assert found is not None
        return found


async def has_batch(store: Connections, batch_id: UUID) -> bool:
    """Whether a batch is in the database."""
    async with store.connection() as conn:
        cursor = await conn.execute("select exists (select from batches where id = %s)", (batch_id,))
        row = await cursor.fetchone()
        return bool(row and row[0])
