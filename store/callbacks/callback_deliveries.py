"""Deliveries of callbacks: due ones, results of attempts, listings and replays."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from domain.callbacks import FAILING_SECONDS, SURE_TRIES, delivery_id
from store.pool import Connections, Pool, long_transaction

MOST_REPLAYED = 10_000
_DELETED_AT_A_TIME = 10_000
"""Deliveries that one call repeats."""


@dataclass(frozen=True, slots=True)
class Due:
    """A delivery whose time has come."""

    id: UUID
    type: str
    occurred_at: datetime
    data: str = field(repr=False)
    """JSON."""
    tries: int


@dataclass(frozen=True, slots=True)
class Listed:
    """A delivery in a listing."""

    number: int
    """The place in the listing."""
    id: UUID
    type: str
    uid: UUID | None
    state: str
    tries: int
    next_at: datetime | None
    """When it is tried next; ``None``: no more."""
    last_status: int | None
    last_error: str | None
    occurred_at: datetime
    created_at: datetime
    delivered_at: datetime | None
    data: str = field(repr=False)
    """Its payload, as JSON."""


async def due(pool: Pool, endpoint_id: UUID, now: datetime, limit: int) -> list[Due]:
    """An endpoint's due deliveries, the longest waiting first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Due)) as cursor:
        await cursor.execute(
            """select id, type, occurred_at, data::text as data, tries from callback_deliveries
               where endpoint_id = %s and state = 'pending' and next_at <= %s order by next_at limit %s""",
            (endpoint_id, now, limit),
        )
        return await cursor.fetchall()


async def next_due(pool: Pool, endpoint_id: UUID) -> datetime | None:
    """When the next delivery of an endpoint is due; ``None``: none is pending, or the endpoint is disabled."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select min(d.next_at) from callback_endpoints e join callback_deliveries d on d.endpoint_id = e.id
               where e.id = %s and e.enabled and d.state = 'pending'""",
            (endpoint_id,),
        )
        row = await cursor.fetchone()
        return row[0] if row else None


async def overdue(pool: Pool, seconds: float) -> list[UUID]:
    """Enabled endpoints with a delivery that has been due for this long: perhaps their workflows were never woken."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select e.id from callback_endpoints e where e.enabled and exists (
                   select from callback_deliveries d where d.endpoint_id = e.id and d.state = 'pending'
                       and d.next_at < clock_timestamp() - %s * interval '1 second')""",
            (seconds,),
        )
        return [endpoint_id for (endpoint_id,) in await cursor.fetchall()]


async def move_back(pool: Pool) -> None:
    """Make deliveries due that were queued before the database's clock was set back: their times are in the future."""
    async with pool.connection() as conn:
        await conn.execute(
            """update callback_deliveries set next_at = clock_timestamp(), created_at = clock_timestamp()
               where created_at > clock_timestamp() + interval '1 minute' and state = 'pending'"""
        )


async def succeed(pool: Pool, delivery_id: UUID, status: int | None, now: datetime) -> None:
    """Record that a customer accepted an event."""
    async with pool.connection() as conn:
        await conn.execute(
            """with delivered as (
                   update callback_deliveries set state = 'delivered', tries = tries + 1, last_status = %(status)s,
                       last_error = null, delivered_at = %(now)s
                   where id = %(id)s returning endpoint_id
               )
               update callback_endpoints e set failing_since = null from delivered
               where e.id = delivered.endpoint_id and e.failing_since is not null""",
            {"id": delivery_id, "status": status, "now": now},
        )


@dataclass(frozen=True, slots=True)
class Failure:
    """A failed attempt at a delivery."""

    delivery_id: UUID
    status: int | None
    error: str
    next_at: datetime | None
    """``None``: it was the last one."""
    is_gone: bool
    """The customer wants no more callbacks (410)."""


_FAIL = """
with tried as (
    update callback_deliveries set tries = tries + 1, last_status = %(status)s, last_error = %(error)s,
        next_at = coalesce(%(next_at)s, next_at),
        state = case when %(next_at)s::timestamptz is null then 'failed' else 'pending' end
    where id = %(id)s returning endpoint_id, tries
), judged as (
    select endpoint_id, case
        when %(gone)s then 'it answered 410: gone'
        when e.failing_since < %(now)s - %(patience)s * interval '1 second' and t.tries >= %(sure)s
            then 'it failed for days without a success, the last time: ' || %(error)s
        end as verdict
    from tried t join callback_endpoints e on e.id = t.endpoint_id
)
update callback_endpoints e set
    failing_since = coalesce(e.failing_since, %(now)s), enabled = j.verdict is null,
    disabled_reason = j.verdict, disabled_at = case when j.verdict is not null then %(now)s end
from judged j where e.id = j.endpoint_id and e.enabled
returning e.disabled_reason
"""


async def fail(pool: Pool, failure: Failure, now: datetime) -> tuple[bool, str | None]:
    """Record that a customer did not accept an event. May disable the endpoint.

    Returns whether it is still enabled, and the reason if this disabled it.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            _FAIL,
            {
                "id": failure.delivery_id,
                "status": failure.status,
                "error": failure.error,
                "next_at": failure.next_at,
                "gone": failure.is_gone,
                "now": now,
                "patience": FAILING_SECONDS,
                "sure": SURE_TRIES,
            },
        )
        row = await cursor.fetchone()
        return (False, None) if row is None else (row[0] is None, row[0])


async def listed(pool: Pool, endpoint_id: UUID, state: str | None, before: int | None, limit: int) -> list[Listed]:
    """An endpoint's deliveries, newest first; with a state those in it, with ``before`` those that are older."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Listed)) as cursor:
        await cursor.execute(
            """select number, id, type, uid, state, tries, case when state = 'pending' then next_at end as next_at,
                      last_status, last_error, occurred_at, created_at, delivered_at, data::text as data
               from callback_deliveries
               where endpoint_id = %(endpoint)s and (%(before)s::bigint is null or number < %(before)s)
                 and (%(state)s::text is null or state = %(state)s)
               order by number desc limit %(limit)s""",
            {"endpoint": endpoint_id, "state": state, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


_AGAIN = "state = 'pending', tries = 0, next_at = clock_timestamp(), delivered_at = null"


async def replay(pool: Connections, endpoint_id: UUID, delivery_id: UUID) -> bool:
    """Repeat a delivery, as if for the first time. Returns whether it is the endpoint's."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"update callback_deliveries set {_AGAIN} where id = %s and endpoint_id = %s",  # noqa: S608 - a constant
            (delivery_id, endpoint_id),
        )
        return cursor.rowcount == 1


async def replay_since(pool: Pool, endpoint_id: UUID, state: str, since: datetime) -> tuple[int, datetime | None]:
    """Repeat deliveries in a state, of events since then, ``MOST_REPLAYED`` at a time.

    Returns how many, and where to continue; ``None``: these were all.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"""with chosen as (
                    select id from callback_deliveries
                    where endpoint_id = %s and state = %s and occurred_at >= %s
                    order by occurred_at limit %s for update
                )
                update callback_deliveries d set {_AGAIN} from chosen where d.id = chosen.id
                returning d.occurred_at""",  # noqa: S608 - a constant
            (endpoint_id, state, since, MOST_REPLAYED),
        )
        times: list[Any] = [at for (at,) in await cursor.fetchall()]
    return len(times), max(times) if len(times) == MOST_REPLAYED else None


async def forget(store: Connections, account_id: int, type_: str, key: str) -> None:
    """Delete those of an event that is about no message, and post it no more."""
    async with store.connection() as conn:
        cursor = await conn.execute("select id from callback_endpoints where account_id = %s", (account_id,))
        ids = [delivery_id(endpoint_id, type_, None, key) for (endpoint_id,) in await cursor.fetchall()]
        await conn.execute("delete from callback_deliveries where id = any(%s)", (ids,))


async def delete_older_than(pool: Pool, days: int) -> int:
    """Delete deliveries that were queued more than ``days`` ago, some at a time. Returns how many."""
    deleted, last = 0, _DELETED_AT_A_TIME
    while last == _DELETED_AT_A_TIME:
        async with long_transaction(pool) as conn:
            cursor = await conn.execute(
                """delete from callback_deliveries where id = any(array(
                       select id from callback_deliveries
                       where created_at < clock_timestamp() - %s * interval '1 day' limit %s))""",
                (days, _DELETED_AT_A_TIME),
            )
        last = cursor.rowcount
        deleted += last
    return deleted
