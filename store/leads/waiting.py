"""What waits for sources, and what their providers said when they were asked about them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from psycopg.types.json import Jsonb

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


async def note_token(
    store: Connections, source_id: UUID, edition: int, until: datetime | None, told: Mapping[str, str]
) -> None:
    """Note until when a source's token works, and other things that its provider tells of it."""
    async with store.connection() as conn:
        await conn.execute(
            "update lead_sources set token_until = %s, told = told || %s where id = %s and edition = %s",
            (until, Jsonb(told), source_id, edition),
        )
