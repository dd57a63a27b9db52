"""Who tried to log in, and until when each waits (``domain/access/log_in_waits.py``)."""

from datetime import timedelta

from domain.access.log_in_waits import FORGOTTEN_HOURS, Wait
from store.pool import Connections

_FORGOTTEN = timedelta(hours=FORGOTTEN_HOURS)

_TRY = """
with tried as (
    insert into log_in_waits as w (subject, failed, at, until)
    values (%(subject)s, 1, clock_timestamp(), clock_timestamp())
    on conflict (subject) do update set
        failed = case when w.at < clock_timestamp() - %(forgotten)s then 1 else w.failed + 1 end,
        at = clock_timestamp(),
        until = clock_timestamp() + interval '1 second' * case
            when w.at < clock_timestamp() - %(forgotten)s or w.failed + 1 < %(free)s then 0
            else least(%(longest)s, 2 ^ least(w.failed + 1 - %(free)s, 30)) end
    -- A longer wait than the longest was noted before the clock was set back.
    where w.until <= clock_timestamp() or w.until > clock_timestamp() + interval '1 second' * (%(longest)s + 60)
    returning true
)
-- A concurrent first try may be too new for this statement's snapshot.
select case when exists (select from tried) then 0 else greatest(0.001, extract(epoch from coalesce(
    (select w.until from log_in_waits w where w.subject = %(subject)s) - clock_timestamp(), interval '1 second')))
end::float8
"""


async def take(pool: Connections, subject: str, wait: Wait) -> float:
    """Count a try as failed, before it is known. Returns 0 if it may be made, else the seconds to wait: then it was not
    counted. Of tries that come together only as many pass as would one after the other."""
    values = {"subject": subject, "free": wait.free, "longest": wait.longest, "forgotten": _FORGOTTEN}
    async with pool.connection() as conn:
        row = await (await conn.execute(_TRY, values)).fetchone()
    assert row is not None
    return float(row[0])


async def give_back(pool: Connections, subject: str) -> None:
    """A try that was counted has not failed."""
    async with pool.connection() as conn:
        await conn.execute(
            "update log_in_waits set failed = greatest(failed - 1, 0), until = clock_timestamp() where subject = %s",
            (subject,),
        )


async def forget(pool: Connections, subject: str) -> None:
    """Whoever tried knew the password: all tries are forgotten."""
    async with pool.connection() as conn:
        await conn.execute("delete from log_in_waits where subject = %s", (subject,))


async def delete_old(pool: Connections) -> None:
    """Delete what is forgotten."""
    async with pool.connection() as conn:
        await conn.execute("delete from log_in_waits where at < clock_timestamp() - %s", (_FORGOTTEN,))
