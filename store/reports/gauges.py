"""What the install is like now, in numbers for its monitoring. What is beyond ``MOST`` is not counted."""

from dataclasses import dataclass

from psycopg.rows import class_row

from store.devices.devices import IS_ONLINE
from store.gateways.gateways import BREAKER
from store.pool import Pool
from store.schema.partitions import Ahead, ahead
from store.workers import LIVE

MOST = 100_000
_MOST_GATEWAYS = 300


@dataclass(frozen=True, slots=True)
class Breaker:
    """A gateway that is not in use as usual."""

    channel: str
    gateway: str
    account_id: int
    """The owner; 0: the admin."""
    breaker: str
    """``closed``, ``open`` or ``half_open``."""
    mode: str
    """``active``, or how it was paused."""


@dataclass(frozen=True, slots=True)
class Gauges:
    """One look."""

    callbacks: int
    """Deliveries to customers that are to be made."""
    runs: int
    """Of automations, that have not ended."""
    leads_parked: int
    devices: int
    """Phones that are paired."""
    devices_online: int
    failing: int
    """Pages and batches whose workflow task fails at every try."""
    workers: int
    partitions: Ahead
    """Which have been made."""
    gateways: list[Breaker]


def _counted(rows: str) -> str:
    return f"(select count(*) from (select 1 from {rows} limit {MOST}) as counted)"  # noqa: S608 - constants of ours


_COUNTS = f"""
select {_counted("callback_deliveries where state = 'pending'")},
       {_counted("automation_runs where ended_at is null")},
       {_counted("leads where state = 'parked'")},
       {_counted("devices d where d.state = 'active'")},
       {_counted(f"devices d where {IS_ONLINE}")},
       {_counted("workflow_checks where failing_since is not null")},
       {_counted(f"workers where {LIVE}")}
"""
_GATEWAYS = f"""
select * from (
    select g.channel, g.identifier as gateway, g.account_id, {BREAKER} as breaker, g.mode
    from gateways g left join gateway_breakers b on b.gateway_id = g.id
    where g.deleted_at is null and g.enabled and (g.mode <> 'active' or b.open_until is not null)
    order by g.id limit {_MOST_GATEWAYS}
) as troubled
"""  # noqa: S608 - constants of ours


async def read(pool: Pool) -> Gauges:
    """What they are now."""
    async with pool.connection() as conn:
        row = await (await conn.execute(_COUNTS)).fetchone()
        assert row is not None
        async with conn.cursor(row_factory=class_row(Breaker)) as cursor:
            gateways = await (await cursor.execute(_GATEWAYS)).fetchall()
        callbacks, runs, parked, devices, online, failing, workers = row
        made = await ahead(conn)
    return Gauges(callbacks, runs, parked, devices, online, failing, workers, made, gateways)
