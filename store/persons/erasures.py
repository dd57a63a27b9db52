"""Erasures of persons: that each was asked for, what was removed, and what remains."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Erasure:
    """One, without what names the person."""

    id: UUID
    """Also that of its operation."""
    account_id: int
    named_by: str
    asked_by: dict[str, str]
    asked_at: datetime
    repeated_at: datetime | None
    done_at: datetime | None
    removed: dict[str, int]
    """Rows by kind."""
    remains: list[dict[str, Any]]
    """What, how many rows (``None``: not known), and until when (``None``: for as long as it is kept)."""
    state: str
    """Of its operation."""


_SELECT = """select e.id, e.account_id, e.named_by, e.asked_by, e.asked_at, e.repeated_at, e.done_at, e.removed,
                    e.remains, case when e.done_at is not null then 'done' else coalesce(o.state, 'queued') end as state
             from erasures e left join operations o on o.id = e.id"""


async def add(
    store: Connections,
    erasure_id: UUID,
    account_id: int,
    named_by: str,
    asked_by: Mapping[str, str],
    asked_at: datetime,
    repeated_at: datetime | None = None,
) -> None:
    """Note that it was asked for."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into erasures (id, account_id, named_by, asked_by, asked_at, repeated_at)
               values (%s, %s, %s, %s, %s, %s) on conflict do nothing""",
            (erasure_id, account_id, named_by, Jsonb(dict(asked_by)), asked_at, repeated_at),
        )


async def done(
    store: Connections, erasure_id: UUID, removed: Mapping[str, int], remains: Sequence[Mapping[str, Any]]
) -> None:
    """Note that it was carried out."""
    async with store.connection() as conn:
        await conn.execute(
            "update erasures set done_at = clock_timestamp(), removed = %s, remains = %s where id = %s",
            (Jsonb(dict(removed)), Jsonb(list(remains)), erasure_id),
        )


async def find(store: Connections, erasure_id: UUID, account_id: int | None = None) -> Erasure | None:
    """One; with an account only if it is of that."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Erasure)) as cursor:
        await cursor.execute(
            f"{_SELECT} where e.id = %(id)s and (%(of)s::bigint is null or e.account_id = %(of)s)",
            {"id": erasure_id, "of": account_id},
        )
        return await cursor.fetchone()


async def page(store: Connections, account_id: int | None, below: UUID | None, limit: int) -> Sequence[Erasure]:
    """Those with smaller ids than ``below``, the newest first; with an account those of that."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Erasure)) as cursor:
        of_account = "" if account_id is None else " and e.account_id = %(of)s"
        await cursor.execute(
            f"""{_SELECT} where (%(below)s::uuid is null or e.id < %(below)s){of_account}
                order by e.id desc limit %(limit)s""",
            {"below": below, "of": account_id, "limit": limit},
        )
        return await cursor.fetchall()


async def known(store: Connections, ids: Sequence[UUID]) -> set[UUID]:
    """Those of these erasures that are in the database."""
    async with store.connection() as conn:
        cursor = await conn.execute("select id from erasures where id = any(%s)", (list(ids),))
        return {erasure_id for (erasure_id,) in await cursor.fetchall()}


async def lock_account(store: Connections, account_id: int) -> bool:
    """Have other erasures of an account wait until the transaction ends. Returns whether none is at it now."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select pg_try_advisory_xact_lock(hashtext('erasures'), %s::int)", (account_id % 2**31,)
        )
        row = await cursor.fetchone()
        return row is not None and bool(row[0])
