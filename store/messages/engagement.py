"""What recipients do with messages: emails they open, links they follow, and those to unsubscribe."""

import hashlib
from datetime import UTC, datetime
from typing import Any
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


# Delivered, or as long as nobody reported that, handed over. The clock of who reports may be ahead.
_CLICKED = """
with seen as (
    select %(program)s or coalesce(%(at)s < %(earliest)s::float8 * interval '1 second' + coalesce(
        (select min(least(r.at, r.received_at)) from receipts r
            where r.uid = %(uid)s and r.kind in ('delivered', 'read')),
        (select max(coalesce(t.ended_at, t.started_at)) from attempts t where t.uid = %(uid)s)), false) as scanner
)
insert into receipts (uid, key, kind, at, url, scanner)
select m.uid, case when scanner then %(scanned)s::uuid else %(key)s::uuid end, 'clicked', %(at)s, %(url)s, scanner
from seen, messages m where m.uid = %(uid)s on conflict (uid, key) do nothing returning scanner
"""


async def clicked(
    pool: Pool, uid: UUID, at: datetime, url: str, *, by_program: bool, earliest: float | None = None
) -> None:
    """Record that a link was followed, once a day by a person, and once by programs, which counts nowhere.

    ``earliest``: seconds after its delivery before which nobody can have read the message: who comes then is a program.
    """
    day = f"{at:%Y-%m-%d} {url}"
    key = _key(f"clicked {day}")
    values: dict[str, Any] = {
        "uid": uid,
        "at": at,
        "url": url,
        "program": by_program,
        "earliest": earliest,
        "key": key,
        "scanned": _key(f"scanned {day}"),
    }
    async with pool.connection() as conn, conn.transaction():
        row = await (await conn.execute(_CLICKED, values)).fetchone()
        if row is not None and not row[0]:
            await _tell(conn, uid, "clicked", at, key, url)


async def _record(
    conn: AsyncConnection[TupleRow], uid: UUID, kind: str, at: datetime, url: str | None, of_which: str
) -> None:
    """Write an event, once per message and ``of_which``. Its callbacks are sent within a minute."""
    key = _key(f"{kind} {of_which}")
    cursor = await conn.execute(_RECORD, {"uid": uid, "key": key, "kind": kind, "at": at, "url": url})
    if cursor.rowcount:
        await _tell(conn, uid, kind, at, key, url)


async def _tell(
    conn: AsyncConnection[TupleRow], uid: UUID, kind: str, at: datetime, key: UUID, url: str | None
) -> None:
    """Note an event that was recorded with the contact, and queue its callbacks."""
    message = (await callbacks.snapshots(conn, [uid]))[uid]
    await conn.execute(
        """select note_contact_events(%s::bigint[], %s::uuid[], %s::uuid[], %s::text[], %s::timestamptz[],
                                      array[null::text], %s::text[], array[null::text], array[1])""",
        ([message.account_id], [uid], [key], [kind], [at], [url]),
    )
    await callbacks.queue(conn, [callbacks.event_notice(message, kind, at, str(key), url)])


def _key(text: str) -> UUID:
    return UUID(bytes=hashlib.sha256(text.encode()).digest()[:16])
