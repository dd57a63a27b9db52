"""Which workers are alive, by rows that they update periodically."""

import os
import secrets
import socket
from uuid import UUID

from store.connection import Connection
from store.pool import Pool

BEAT_SECONDS = 3.0
_DEAD_AFTER = "12 seconds"

PROCESS = secrets.token_bytes(8)
"""Identifies this process in run ids."""

PROCESS_IS_ALIVE = f"""exists (
    select from workers w where left(right(w.id, 32), 16) = left(replace(run_id::text, '-', ''), 16)
        and w.seen_at > clock_timestamp() - interval '{_DEAD_AFTER}')"""
"""SQL: whether the process that created a ``run_id`` is alive."""

LIVE = (
    f"""seen_at between clock_timestamp() - interval '{_DEAD_AFTER}' and clock_timestamp() + interval '{_DEAD_AFTER}'"""
)
"""SQL: whether a row of ``workers`` is of one that is alive."""


def new_worker_id() -> str:
    """Host and process, for readers, and a unique part, as containers may share both."""
    return f"{socket.gethostname()}:{os.getpid()}:{PROCESS.hex()}{secrets.token_hex(8)}"


def new_run_id() -> UUID:
    """The id of a run of a dispatch, which identifies its process."""
    return UUID(bytes=PROCESS + secrets.token_bytes(8))


async def beat(pool: Pool, worker_id: str, queues: list[str]) -> None:
    """Update a worker's row, and delete those of workers long dead."""
    async with pool.connection() as conn:
        await conn.execute(
            """with swept as (delete from workers where seen_at < clock_timestamp() - interval '1 hour')
               insert into workers values (%(id)s, %(queues)s, clock_timestamp())
               on conflict (id) do update set seen_at = excluded.seen_at, queues = excluded.queues""",
            {"id": worker_id, "queues": queues},
        )


async def leave(pool: Pool, worker_id: str) -> None:
    """Delete a stopping worker's row."""
    async with pool.connection() as conn:
        await conn.execute("delete from workers where id = %s", (worker_id,))


async def delete_dead_workers(database_url: str, queues: list[str]) -> None:
    """Delete the rows of workers of exactly these queues, if they are known to be dead before their rows expire.

    One that is alive after all is back with its next beat.

    Raises:
        psycopg.OperationalError: the database is unavailable.
    """
    async with await Connection.to(database_url, "xsender-dev") as conn:
        await conn.execute("delete from workers where queues = %s", (queues,))


async def queues_served(pool: Pool) -> set[str]:
    """The task queues for which a worker is alive."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"select distinct unnest(queues) from workers where {LIVE}"  # noqa: S608 - a constant of ours
        )
        return {queue for (queue,) in await cursor.fetchall()}


async def workers_of_queues(pool: Pool) -> dict[str, int]:
    """How many workers are alive for each task queue that has any."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            f"select q.queue, count(*) from workers, unnest(queues) as q (queue) where {LIVE} group by q.queue"  # noqa: S608 - a constant of ours
        )
        return dict(await cursor.fetchall())
