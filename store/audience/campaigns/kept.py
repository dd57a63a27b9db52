"""Results of campaigns that are kept when their messages, receipts or events are dropped.

A count only grows until rows are dropped, so of what was kept and what is counted now the larger one is told.
"""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.audience.campaigns.campaigns import RUN, Run
from store.audience.campaigns.results import Goal, by_link, by_variant
from store.pool import Pool

_SHARED = 2
"""Messages in which a link was followed at least, to be kept: an address of one alone may tell who it is."""


async def unkept(pool: Pool, before: datetime, limit: int) -> Sequence[Run]:
    """Runs that began before then, of which no results are kept."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Run)) as cursor:
        await cursor.execute(
            f"select {RUN} from campaign_runs where results is null and started_at < %s order by id limit %s",  # noqa: S608
            (before, limit),
        )
        return await cursor.fetchall()


async def keep(pool: Pool, run: Run, goal: Goal | None) -> None:
    """Keep the results of a run as they are now."""
    variants = {name: asdict(one) for name, one in (await by_variant(pool, run, goal)).items()}
    links = [asdict(link) for link in await by_link(pool, run.id) if link.people >= _SHARED]
    async with pool.connection() as conn:
        await conn.execute(
            "update campaign_runs set results = %s where id = %s",
            (Jsonb({"variants": variants, "links": links}), run.id),
        )
