"""How phones are, as they say themselves."""

from collections.abc import Mapping
from typing import Any

from psycopg.types.json import Jsonb

from domain.devices.messages import Session
from store.pool import Connections


async def note(store: Connections, session: Session, health: Mapping[str, Any], clock_skew: float | None) -> int | None:
    """Store what a phone says of itself; what it does not say stays as it was. ``clock_skew``: seconds that its clock
    is ahead of ours; ``None``: it did not say.

    Returns the version of the settings that it is to have; ``None``: its session is over.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            """update devices set health = health || %s, clock_skew = coalesce(%s, clock_skew),
                   seen_at = clock_timestamp()
               where id = %s and session = %s and state = 'active' returning settings""",
            (Jsonb(dict(health)), clock_skew, session.device_id, session.digest),
        )
        row = await cursor.fetchone()
        return row[0] if row else None
