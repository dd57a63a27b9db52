"""What is known of the workflows of open pages and batches: when to ask Temporal next, restarts, failing tasks."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from store.pool import Pool


@dataclass(frozen=True, slots=True)
class Failing:
    """A workflow whose task fails each time that a worker tries it: its messages stand still."""

    id: UUID
    """Of the page or the batch."""
    tries: int
    since: datetime
    """When the sweep first saw it."""


async def try_lock(conn: AsyncConnection[TupleRow], id_: UUID) -> bool:
    """Lock a page or a batch until the transaction ends; ``False``: somebody else has it. Settling a page takes the
    same lock."""
    query = "select pg_try_advisory_xact_lock(hashtextextended(%s::text, 0))"
    row = await (await conn.execute(query, (str(id_),))).fetchone()
    return bool(row and row[0])


async def put_off(pool: Pool, id_: UUID, seconds: float) -> None:
    """Ask no sooner than in so many seconds; the workflow's task works."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into workflow_checks (id, next_at) values (%s, clock_timestamp() + %s * interval '1 second')
               on conflict (id) do update set next_at = excluded.next_at, failing_tries = 0, failing_since = null""",
            (id_, seconds),
        )


async def note_failing(pool: Pool, id_: UUID, tries: int, seconds: float) -> None:
    """The workflow's task has failed so often in a row. Ask again in so many seconds."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into workflow_checks as c (id, next_at, failing_tries, failing_since)
               values (%s, clock_timestamp() + %s * interval '1 second', %s, clock_timestamp())
               on conflict (id) do update set next_at = excluded.next_at, failing_tries = excluded.failing_tries,
                   failing_since = coalesce(c.failing_since, excluded.failing_since)""",
            (id_, seconds, tries),
        )


async def count_restart(conn: AsyncConnection[TupleRow], id_: UUID) -> int:
    """Count one more restart of a workflow. Returns how many that makes."""
    cursor = await conn.execute(
        """insert into workflow_checks as c (id, next_at, restarts) values (%s, clock_timestamp(), 1)
           on conflict (id) do update set restarts = c.restarts + 1 returning restarts""",
        (id_,),
    )
    row = await cursor.fetchone()
    assert row is not None
    restarts: int = row[0]
    return restarts


async def failing(pool: Pool, limit: int = 500) -> list[Failing]:
    """Workflows whose task keeps failing, those that have failed for longest first."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Failing)) as cursor:
        await cursor.execute(
            """select id, failing_tries as tries, failing_since as since from workflow_checks
               where failing_since is not null order by failing_since limit %s""",
            (limit,),
        )
        return await cursor.fetchall()


async def forget_ended(pool: Pool) -> None:
    """Forget what nobody has asked about for a day: it has ended."""
    async with pool.connection() as conn:
        await conn.execute("delete from workflow_checks where next_at < clock_timestamp() - interval '1 day'")
