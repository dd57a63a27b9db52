"""How much slower urgent messages have become, as the processes that dispatch them say."""

from uuid import UUID

from store.pool import Pool


async def publish(pool: Pool, process_id: UUID, slowdown: float) -> None:
    """Say how a process finds it, and forget those that say nothing any more."""
    async with pool.connection() as conn:
        await conn.execute(
            """with swept as (delete from slowdowns where said_at < clock_timestamp() - interval '1 minute')
               insert into slowdowns values (%(id)s, %(slowdown)s, clock_timestamp())
               on conflict (process_id) do update set slowdown = excluded.slowdown, said_at = excluded.said_at""",
            {"id": process_id, "slowdown": slowdown},
        )


async def worst(pool: Pool, seconds: float) -> float | None:
    """The worst of what was said within the last ``seconds``; ``None``: nothing was."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            "select max(slowdown) from slowdowns where said_at > clock_timestamp() - make_interval(secs => %s)",
            (seconds,),
        )
        row = await cursor.fetchone()
    return row[0] if row else None
