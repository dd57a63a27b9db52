"""When single messages were given to a gateway, and when it had answered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections
from store.schema.partitions import among


@dataclass(frozen=True, slots=True)
class Stages:
    """The times of a message that has ended, by the clock of the database."""

    uid: UUID
    state: str
    begun_at: datetime | None
    """When its last try began; ``None``: there was none."""
    ended_at: datetime


async def ended(store: Connections, uids: Collection[UUID]) -> list[Stages]:
    """Of those of these messages that have ended."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Stages)) as cursor:
        await cursor.execute(
            """select m.uid, m.state, max(t.started_at) as begun_at, m.updated_at as ended_at
               from messages m left join attempts t on t.uid = m.uid and t.uid between %(first)s and %(last)s
               where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s
                     and m.state not in ('scheduled', 'queued', 'processing')
               group by m.uid""",
            among(uids),
        )
        return await cursor.fetchall()
