"""Posting the audit log to the callback endpoints of the admin that listen to it, each event once, in order."""

from typing import Any
from uuid import UUID

import orjson
from psycopg.rows import class_row

from domain.callbacks import EventType
from domain.messages.page import ADMIN_ACCOUNT
from store.access.audit import Event, as_told
from store.callbacks import callbacks
from store.callbacks.callbacks import Notice
from store.pool import Pool

AT_A_TIME = 200
LARGEST = 16_000
"""Bytes of an event; of a larger one the changed fields are left out."""


async def queue_new(pool: Pool) -> tuple[int, set[UUID]]:
    """Queue events that were not queued yet, ``AT_A_TIME``. Returns how many there were, and the endpoints to wake."""
    async with pool.connection() as conn, conn.transaction(), conn.cursor(row_factory=class_row(Event)) as cursor:
        await cursor.execute(
            """select id, at, action, outcome, event from audit_events
               where id > (select last_id from audit_stream for update) order by id limit %s""",
            (AT_A_TIME,),
        )
        events = await cursor.fetchall()
        if not events:
            return 0, set()
        endpoints = await callbacks.queue(conn, [_notice(event) for event in events])
        await conn.execute("update audit_stream set last_id = %s", (events[-1].id,))
    return len(events), endpoints


def _notice(event: Event) -> Notice:
    data: dict[str, Any] = as_told(event)
    if len(orjson.dumps(data)) > LARGEST:
        data = data | {"changes": [], "changes_left_out": True}
    return Notice(ADMIN_ACCOUNT, EventType.AUDIT_EVENT, None, event.at, data, str(event.id))
