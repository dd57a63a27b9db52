"""Recipients' actions on emails, from tracking and unsubscribe links."""

import hashlib
from datetime import UTC, datetime
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.callbacks import callbacks
from store.pool import Connections, Pool

_RECORD = """
insert into receipts (uid, key, kind, at, url)
select uid, %(key)s, %(kind)s, %(at)s, %(url)s from messages where uid = %(uid)s and channel = 'email'
on conflict (uid, key) do nothing returning uid
"""


async def unsubscribed(store: Connections, uid: UUID) -> None:
    """Record that the recipient unsubscribed by a link of this email. Once. In a transaction."""
    async with store.connection() as conn:
        await _record(conn, uid, "unsubscribed", datetime.now(UTC), None, "")


async def opened(pool: Pool, uid: UUID, at: datetime) -> None:
    """Record that the email's pixel was loaded. It counts once a day, as anyone can load it repeatedly."""
    async with pool.connection() as conn, conn.transaction():
        await _record(conn, uid, "opened", at, None, f"{at:%Y-%m-%d}")


async def clicked(pool: Pool, uid: UUID, at: datetime, url: str) -> None:
    """Record that a link was followed. Each counts once a day."""
    async with pool.connection() as conn, conn.transaction():
        await _record(conn, uid, "clicked", at, url, f"{at:%Y-%m-%d} {url}")


async def _record(
    conn: AsyncConnection[TupleRow], uid: UUID, kind: str, at: datetime, url: str | None, of_which: str
) -> None:
    """Write an event, once per message and ``of_which``. Its callbacks are sent within a minute."""
    key = UUID(bytes=hashlib.sha256(f"{kind} {of_which}".encode()).digest()[:16])
    cursor = await conn.execute(_RECORD, {"uid": uid, "key": key, "kind": kind, "at": at, "url": url})
    if cursor.rowcount:
        await tell(conn, uid, kind, at, key, url)


async def tell(conn: AsyncConnection[TupleRow], uid: UUID, kind: str, at: datetime, key: UUID, url: str | None) -> None:
    """Note an event that was recorded with the contact, and queue its callbacks."""
    message = (await callbacks.snapshots(conn, [uid]))[uid]
    await conn.execute(
        """select note_contact_events(%s::bigint[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[],
                                      array[null::text], %s::text[], array[null::text], array[1])""",
        ([message.account_id], [uid], [key], [kind], [at], [url]),
    )
    await callbacks.queue(conn, [callbacks.event_notice(message, kind, at, str(key), url)])
