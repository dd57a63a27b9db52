"""Queue delays of urgent messages, as reported by the processes that dispatch them."""

from uuid import UUID

from domain.bulk_throttle import DelayFigures
from store.pool import Pool


async def publish(pool: Pool, process_id: UUID, figures: DelayFigures) -> None:
    """Replace a process's figures, and delete those of processes that no longer report."""
    async with pool.connection() as conn:
        await conn.execute(
            """with swept as (delete from slowdowns where abs(extract(epoch from clock_timestamp() - said_at)) > 60)
               insert into slowdowns (process_id, slowdown, said_at, waits, logs, squares)
                   values (%s, %s, clock_timestamp(), %s, %s, %s)
               on conflict (process_id) do update set slowdown = excluded.slowdown, said_at = excluded.said_at,
                   waits = excluded.waits, logs = excluded.logs, squares = excluded.squares""",
            (process_id, figures.slowdown, figures.count, figures.logs, figures.squares),
        )


async def recent(pool: Pool, seconds: float) -> list[DelayFigures]:
    """What was reported within the last ``seconds``, one entry for each process."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select waits, logs, squares from slowdowns
               where said_at between clock_timestamp() - make_interval(secs => %s)
                   and clock_timestamp() + interval '5 seconds' and waits is not null""",
            (seconds,),
        )
        return [DelayFigures(*row) for row in await cursor.fetchall()]
