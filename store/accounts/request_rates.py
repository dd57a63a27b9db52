"""Rate limits that hold over all processes, by the generic cell rate algorithm (GCRA, ITU-T I.371).

Each subject needs one number: the time at which its bucket would be empty again. A subject whose time has passed is
like a new one, so it can be deleted.
"""

from datetime import timedelta

from domain.request_rates import Rate
from store.pool import Pool

_JITTER = timedelta(seconds=1)

_TAKE = """
with taken as (
    insert into request_rates as r (subject, empty_at) values (%(subject)s, clock_timestamp() + %(interval)s)
    on conflict (subject) do update set empty_at = %(interval)s + case
            when r.empty_at <= clock_timestamp() + %(slack)s then greatest(r.empty_at, clock_timestamp())
            else clock_timestamp() end
        where r.empty_at <= clock_timestamp() + %(slack)s or r.empty_at > clock_timestamp() + %(most)s
    returning true
)
-- A concurrent first request may be too new for this statement's snapshot: then one interval is the wait.
select case when exists (select from taken) then 0 else extract(epoch from coalesce(
    (select greatest(r.empty_at - clock_timestamp() - %(tolerance)s, interval '1 millisecond')
     from request_rates r where r.subject = %(subject)s), %(interval)s)) end::float8
"""


_MOST_COST = 6500
"""Twice the largest cost of a request: the most that a bucket holds, beyond its tolerance."""

_CHARGE = """
insert into request_rates as r (subject, empty_at)
values (%(subject)s, clock_timestamp() + %(interval)s)
on conflict (subject) do update set empty_at = greatest(r.empty_at, clock_timestamp()) + %(interval)s
"""


async def take(pool: Pool, subject: str, rate: Rate, cost: int = 1) -> float:
    """Count a request of ``subject``. Returns 0 if it may pass, else the seconds to wait: then it was not counted.

    One that costs more than a burst passes when nothing was counted for long.
    """
    unit = timedelta(seconds=1 / rate.per_second)
    tolerance = max(rate.burst - cost, 0) * unit
    asked = {
        "subject": subject,
        "interval": cost * unit,
        "tolerance": tolerance,
        # A hundredth of a unit keeps rounding from costing the last request of a burst.
        "slack": tolerance + unit / 100,
        # A bucket is never fuller than this: it was filled before the clock was set back, or at a slower rate.
        "most": tolerance + _MOST_COST * unit + _JITTER,
    }
    async with pool.connection() as conn:
        row = await (await conn.execute(_TAKE, asked)).fetchone()
    assert row is not None
    return float(row[0])


async def charge(pool: Pool, subject: str, rate: Rate, cost: int) -> None:
    """Add the actual cost of a request that has passed: later ones of ``subject`` wait for it."""
    asked = {"subject": subject, "interval": timedelta(seconds=cost / rate.per_second)}
    async with pool.connection() as conn:
        await conn.execute(_CHARGE, asked)


async def delete_idle(pool: Pool) -> None:
    """Delete subjects without recent requests."""
    async with pool.connection() as conn:
        await conn.execute("delete from request_rates where empty_at < clock_timestamp() - interval '1 minute'")
