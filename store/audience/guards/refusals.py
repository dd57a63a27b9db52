"""What the pumping guard refused, or would have."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class NotedRefusal:
    """A message that it is about."""

    uid: UUID
    code: str
    recipient: str
    reason: str
    enforced: bool
    """Whether it was not sent; else it would not have been."""
    at: datetime


async def note(store: Connections, noted: Sequence[tuple[UUID, int, str, str, str, bool]]) -> None:
    """Note some, once each: uid, account, code, recipient, reason, and whether it was enforced."""
    if not noted:
        return
    async with store.connection() as conn:
        await conn.execute(
            """insert into guard_refusals (uid, account_id, code, recipient, reason, enforced)
               select * from unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::text[], %s::boolean[])
               on conflict do nothing""",
            [list(column) for column in zip(*noted, strict=True)],
        )


async def page(
    store: Connections, account_id: int, before: tuple[datetime, UUID, str] | None, limit: int
) -> Sequence[NotedRefusal]:
    """Those of an account, the newest first."""
    at, uid, code = before or (None, None, None)
    async with store.connection() as conn, conn.cursor(row_factory=class_row(NotedRefusal)) as cursor:
        await cursor.execute(
            """select uid, code, recipient, reason, enforced, at from guard_refusals
               where account_id = %(account)s and (%(at)s::timestamptz is null
                   or (at, uid, code) < (%(at)s::timestamptz, %(uid)s::uuid, %(code)s))
               order by at desc, uid desc, code desc limit %(limit)s""",
            {"account": account_id, "at": at, "uid": uid, "code": code, "limit": limit},
        )
        return await cursor.fetchall()
