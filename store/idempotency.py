"""Idempotency keys: one claim per key, in one statement; the first answer is kept and repeated byte for byte."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections, Pool, long_transaction

KeyScope = tuple[int, str, str]
"""The scope of a key: account, endpoint, and the key itself."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The result of claiming a key."""

    mine: bool
    """Whether the caller holds the key now and must do the work."""
    page_id: UUID
    """The id bound to the key: that of its first claim, or the uid that its message got since."""
    body_hash: bytes
    locked_until: datetime
    """The lease's end, which also identifies the claim."""
    status: int | None
    response: bytes | None


_CLAIM = """
with claimed as (
    insert into idempotency_keys as k (account_id, endpoint, key, body_hash, page_id, locked_until)
    values (%(account_id)s, %(endpoint)s, %(key)s, %(body_hash)s, %(page_id)s,
            clock_timestamp() + %(lease)s * interval '1 second')
    on conflict (account_id, endpoint, key) do update set locked_until = excluded.locked_until
        where k.status is null and k.body_hash = excluded.body_hash
          -- A lease longer than the longest was taken before the clock was set back.
          and (k.locked_until < clock_timestamp() or k.locked_until > excluded.locked_until + interval '1 minute')
    returning true as mine, page_id, body_hash, locked_until, status, response
)
select * from claimed
union all
select false, page_id, body_hash, locked_until, status, response from idempotency_keys
where account_id = %(account_id)s and endpoint = %(endpoint)s and key = %(key)s
limit 1
"""


async def claim(
    pool: Pool, account_id: int, endpoint: str, key: str, body_hash: bytes, page_id: UUID, lease: float
) -> Claim:
    """Claim a key for ``lease`` seconds, or return the current claim, which can be taken over after its lease."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Claim)) as cursor:
        while True:  # a concurrent row may be too new for this snapshot: the next try sees it
            await cursor.execute(
                _CLAIM,
                {
                    "account_id": account_id,
                    "endpoint": endpoint,
                    "key": key,
                    "body_hash": body_hash,
                    "page_id": page_id,
                    "lease": lease,
                },
            )
            row = await cursor.fetchone()
            if row is not None:
                return row


@dataclass(frozen=True, slots=True)
class KeyBinding:
    """Bind a claimed key to another id than that of its claim."""

    scope: KeyScope
    claimed: UUID
    to: UUID


async def bind_keys(pool: Pool, leads: Sequence[KeyBinding]) -> set[UUID]:
    """Bind keys to the messages about to be accepted under them; returns the ids for which that worked.

    The other keys were taken over by other requests: their messages must not be accepted.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """update idempotency_keys k set page_id = u.target
               from unnest(%s::bigint[], %s::text[], %s::text[], %s::uuid[], %s::uuid[])
                   as u (account_id, endpoint, key, claimed, target)
               where (k.account_id, k.endpoint, k.key, k.page_id) = (u.account_id, u.endpoint, u.key, u.claimed)
                   and k.status is null
               returning k.page_id""",
            (
                [lead.scope[0] for lead in leads],
                [lead.scope[1] for lead in leads],
                [lead.scope[2] for lead in leads],
                [lead.claimed for lead in leads],
                [lead.to for lead in leads],
            ),
        )
        return {to for (to,) in await cursor.fetchall()}


async def finish(pool: Connections, account_id: int, endpoint: str, key: str, status: int, response: bytes) -> None:
    """Keep the answer for every repeat."""
    async with pool.connection() as conn:
        await conn.execute(
            """update idempotency_keys set status = %s, response = %s
               where account_id = %s and endpoint = %s and key = %s""",
            (status, response, account_id, endpoint, key),
        )


async def release(pool: Pool, account_id: int, endpoint: str, key: str, lease: datetime) -> None:
    """Release a key under which nothing was done, unless it was taken over: the next try may claim it at once.

    ``lease`` is the claim's ``locked_until``.
    """
    async with pool.connection() as conn:
        await conn.execute(
            """delete from idempotency_keys
               where account_id = %s and endpoint = %s and key = %s and locked_until = %s and status is null""",
            (account_id, endpoint, key, lease),
        )


async def hand_over(pool: Pool, account_id: int, endpoint: str, key: str, lease: datetime) -> None:
    """End a claim whose result is not known: the next try may take it over at once, with the same page id.

    ``lease`` as in ``release``.
    """
    async with pool.connection() as conn:
        await conn.execute(
            """update idempotency_keys set locked_until = clock_timestamp()
               where account_id = %s and endpoint = %s and key = %s and locked_until = %s and status is null""",
            (account_id, endpoint, key, lease),
        )


async def delete_older_than(pool: Pool, hours: int) -> int:
    """Delete keys older than ``hours``. Returns how many."""
    async with long_transaction(pool) as conn:
        cursor = await conn.execute(
            "delete from idempotency_keys where created_at < clock_timestamp() - %s * interval '1 hour'", (hours,)
        )
        return cursor.rowcount
