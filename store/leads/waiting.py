"""What waits for sources: their parked leads, and those that were missed."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from store.pool import Connections


async def count_parked(store: Connections, source_ids: Sequence[UUID]) -> Mapping[UUID, int]:
    """How many leads wait for each source; those without any are left out."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select source_id, count(*) from leads
               where source_id = any(%s) and state = 'parked' group by source_id""",
            (list(source_ids),),
        )
        return dict(await cursor.fetchall())


async def look_for(store: Connections, source_id: UUID, since: datetime | None) -> None:
    """Have missed leads of a source be looked for now: those since then, or since what is known."""
    async with store.connection() as conn:
        await conn.execute(
            """update lead_sources
               set catch_up_at = clock_timestamp(), backfilled_at = least(backfilled_at, coalesce(%s, backfilled_at))
               where id = %s""",
            (since, source_id),
        )
