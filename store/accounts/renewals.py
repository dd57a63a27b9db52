"""Renewal of plans: when its period ends, an account's plan renews and grants its credits again."""

from datetime import datetime
from uuid import UUID, uuid5

from store.credits.plan_credits import Ended, begin_period
from store.pool import Pool

MOST_GRANTED = 12
"""Periods whose credits are granted if renewals were missed for a while: the current one and those just before."""

_AT_A_TIME = 500
_RENEWALS = UUID("8f2a1c4e-5b7d-5c39-9d06-3e1f7a90b2c4")

_DUE = """
select a.id from accounts a join plans p on p.id = a.plan_id
where a.plan_renews and a.status <> 'deleted' and a.plan_expires_at <= coalesce(%(now)s, clock_timestamp())
  and p.period <> 'forever' and not change_comes_first(a.id, a.plan_expires_at)
order by a.plan_expires_at limit %(limit)s
"""

# Ends are computed from the day on which the plan was assigned. If they do not match (an older release assigned it,
# the plan has another period now, or the account another time zone), they are computed from the last end.
_MOVE = """
with due as (
    select a.id, a.status, a.time_zone, a.plan_expires_at as ended, p.id as plan_id, p.name, p.period,
           coalesce(period_end(a.plan_began_at, a.time_zone, p.period, a.plan_periods) = a.plan_expires_at, false)
               as counted, a.plan_began_at, a.plan_periods
    from accounts a join plans p on p.id = a.plan_id
    where a.id = %(account)s and a.plan_renews and a.status <> 'deleted' and p.period <> 'forever'
      and a.plan_expires_at <= coalesce(%(now)s, clock_timestamp())
      and not change_comes_first(a.id, a.plan_expires_at)
    for update of a skip locked
), anchored as (
    select due.*, case when counted then plan_began_at else ended end as began,
           case when counted then plan_periods else 0 end as periods from due
), moved as (
    update accounts a set plan_began_at = n.began, plan_periods = n.periods + 1,
                          plan_expires_at = period_end(n.began, n.time_zone, n.period, n.periods + 1)
    from anchored n where a.id = n.id
)
select ended, plan_id, name, status = 'active' and
       period_end(began, time_zone, period, periods + %(most)s) > coalesce(%(now)s, clock_timestamp())
from anchored
"""


async def renew_due(pool: Pool, now: datetime | None = None) -> int:
    """Renew all plans whose period has ended, once for each period that has passed. ``now``: the database's time.

    Several processes may do it at a time. A suspended account's period passes without credits. Returns how many
    periods began.
    """
    renewed = 0
    while accounts := await _due(pool, now):
        begun = sum([await _renew(pool, account_id, now) for account_id in accounts])
        if not begun:
            break  # other processes renew them
        renewed += begun
    return renewed


async def _due(pool: Pool, now: datetime | None) -> list[int]:
    async with pool.connection() as conn:
        cursor = await conn.execute(_DUE, {"now": now, "limit": _AT_A_TIME})
        return [account_id for (account_id,) in await cursor.fetchall()]


async def _renew(pool: Pool, account_id: int, now: datetime | None) -> bool:
    """Start the next period of one account, if it is due and no other process does. The plan's remaining credits stay,
    or lapse, as it says."""
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(_MOVE, {"account": account_id, "now": now, "most": MOST_GRANTED})
        row = await cursor.fetchone()
        if row is None:
            return False
        ended, plan_id, plan, granted = row
        if granted:

            def entry(channel: str, amount: int) -> UUID:
                return uuid5(_RENEWALS, f"{account_id}|{ended.timestamp()}|{plan_id}|{channel}|{amount}")

            note = f"plan {plan}, renewed"
            await begin_period(conn, account_id, plan_id, note, entry, Ended(plan_id, plan))
        return True
