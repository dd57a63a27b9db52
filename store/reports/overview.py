"""How the install is doing, at a glance. Nothing here reads messages: it costs the same however many there are."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from psycopg.rows import class_row

from domain.bulk_throttle import RECENT, slowdown
from store import queue_delays
from store.gateways.gateways import BREAKER
from store.pool import Pool
from store.reports import usage
from store.reports.usage import Filter, Usage
from store.workers import LIVE

MOST_GATEWAYS = 100
DAYS = 7


@dataclass(frozen=True, slots=True)
class TroubledGateway:
    """A gateway that is not sending as it should."""

    id: UUID
    owner: int
    """0: the admin."""
    channel: str
    identifier: str
    mode: str
    breaker: str
    """``closed``, ``open`` or ``half_open``."""
    last_error: str | None


@dataclass(frozen=True, slots=True)
class Worker:
    """A worker process that is alive."""

    id: str
    queues: list[str]
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """The install at one moment."""

    accounts: dict[str, int]
    """By status."""
    today: list[Usage]
    """By channel, as is the next."""
    last_days: list[Usage]
    """With today."""
    gateways: list[TroubledGateway]
    """At most ``MOST_GATEWAYS``."""
    batches: int
    """That have not ended."""
    workers: list[Worker]
    slowdown: float | None
    """How many times longer than usual urgent messages wait for their dispatch; ``None``: too few were sent lately."""


async def read(pool: Pool, today: date) -> Overview:
    """The install now."""
    async with pool.connection() as conn:
        rows = await conn.execute("select status, count(*) from accounts where id > 0 group by status order by status")
        accounts: dict[str, int] = dict(await rows.fetchall())
        (batches,) = await (await conn.execute(_BATCHES)).fetchone() or (0,)
        async with conn.cursor(row_factory=class_row(TroubledGateway)) as cursor:
            gateways = await (await cursor.execute(_GATEWAYS, (MOST_GATEWAYS,))).fetchall()
        async with conn.cursor(row_factory=class_row(Worker)) as cursor:
            workers = await (await cursor.execute(_WORKERS)).fetchall()
    of_today, of_days = [
        await usage.page(pool, Filter(first, today), ["channel"], None, 10)
        for first in (today, today - timedelta(DAYS - 1))
    ]
    waits = slowdown(await queue_delays.recent(pool, RECENT))
    return Overview(accounts, of_today, of_days, gateways, batches, workers, waits)


_BATCHES = "select count(*) from batches where finished_at is null"
_GATEWAYS = f"""
select * from (
    select g.id, g.account_id as owner, g.channel, g.identifier, g.mode, {BREAKER} as breaker, b.last_error
    from gateways g left join gateway_breakers b on b.gateway_id = g.id
    where g.deleted_at is null and g.enabled and (g.mode <> 'active' or b.open_until is not null)
) as troubled order by channel, identifier, id limit %s
"""  # noqa: S608 - a constant of ours
_WORKERS = f"select id, queues, seen_at from workers where {LIVE} order by id"  # noqa: S608 - a constant of ours
