"""Open pages and batches: times of their next checks, restarts, failing tasks.

Pages are noted in two ways. The leader reads each message once, when it is ``COLLECTED_AT`` old, and notes the pages of
those that have no known outcome. A page whose messages are written later than that notes itself (``noting_late``).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row

from domain.ids import minted_at, page_of
from store.pool import Pool

COLLECTED_AT = 300.0
"""Seconds after a page was accepted at which its messages are read for open ones."""

LATE = 120.0
"""Seconds after a page was accepted from which on it notes itself.

The time from this to ``COLLECTED_AT`` covers its transaction, and differences between the clocks of the worker and the
database. The clock that made the page's uid does not matter: where it is ahead, the messages are
read when their time has come; where it is behind by more than ``LATE``, each page notes itself, at the cost of a row.
"""


@dataclass(frozen=True, slots=True)
class Failing:
    """A workflow whose task fails at every attempt: its messages make no progress."""

    id: UUID
    """Of the page or the batch."""
    tries: int
    since: datetime
    """When the sweep first saw it."""


async def try_lock(conn: AsyncConnection[TupleRow], id_: UUID) -> bool:
    """Lock a page or a batch until the transaction ends; ``False``: it is locked already. Settling a page takes the
    same lock."""
    query = "select pg_try_advisory_xact_lock(hashtextextended(%s::text, 0))"
    row = await (await conn.execute(query, (str(id_),))).fetchone()
    return bool(row and row[0])


async def collect(pool: Pool, age: float, rows: int) -> int:
    """Note the open pages among the next messages, at most ``rows``, that are ``age`` seconds old.

    Returns how many messages were read: none of them is read again. Safe to run concurrently.
    """
    async with pool.connection() as conn:
        cursor = await conn.execute("select collect_open_pages(%s * interval '1 second', %s)", (age, rows))
        row = await cursor.fetchone()
        assert row is not None
        read: int = row[0]
        return read


def noting_late(uids: Sequence[UUID], query: str, arguments: Sequence[object]) -> tuple[str, Sequence[object]]:
    """Extend a query that writes messages of a page so that it also notes the page if that is late."""
    if not uids or time.time() - minted_at(uids[0]) < LATE:
        return query, arguments
    note = "with late as (insert into workflow_checks (id) values (%s) on conflict do nothing) "
    return note + query, (page_of(uids[0]), *arguments)


async def put_off(pool: Pool, id_: UUID, seconds: float) -> None:
    """Postpone the next check by this many seconds; the workflow's task works."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into workflow_checks (id, next_at) values (%s, clock_timestamp() + %s * interval '1 second')
               on conflict (id) do update set next_at = excluded.next_at, failing_tries = 0, failing_since = null""",
            (id_, seconds),
        )


async def note_failing(pool: Pool, id_: UUID, tries: int, seconds: float) -> None:
    """Note that the workflow's task failed ``tries`` times in a row. Check again in ``seconds``."""
    async with pool.connection() as conn:
        await conn.execute(
            """insert into workflow_checks as c (id, next_at, failing_tries, failing_since)
               values (%s, clock_timestamp() + %s * interval '1 second', %s, clock_timestamp())
               on conflict (id) do update set next_at = excluded.next_at, failing_tries = excluded.failing_tries,
                   failing_since = coalesce(c.failing_since, excluded.failing_since)""",
            (id_, seconds, tries),
        )


async def count_restart(conn: AsyncConnection[TupleRow], id_: UUID) -> int:
    """Count a restart of a workflow. Returns the number so far."""
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


async def delete_ended(pool: Pool) -> None:
    """Delete ended batches. Ended pages are deleted by the sweep (``orphans.check_due``)."""
    async with pool.connection() as conn:
        await conn.execute(
            "delete from workflow_checks c using batches b where b.id = c.id and b.finished_at is not null"
        )
