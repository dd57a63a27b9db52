"""The inbox of the sandbox gateways."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from store.pool import Pool


@dataclass(frozen=True, slots=True)
class Delivered:
    """A message that a sandbox gateway "delivered"."""

    id: int
    account_id: int
    gateway: str
    uid: UUID
    channel: str
    recipient: str
    content: dict[str, Any]
    created_at: datetime


async def put(pool: Pool, gateway: str, uid: UUID, channel: str, recipient: str, content: dict[str, Any]) -> int:
    """Keep a delivered message under the account that sent it. Returns its id."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """insert into sandbox_messages (account_id, gateway, uid, channel, recipient, content)
               values (coalesce((select account_id from messages where uid = %(uid)s), 0),
                       %(gateway)s, %(uid)s, %(channel)s, %(recipient)s, %(content)s) returning id""",
            {
                "uid": uid,
                "gateway": gateway,
                "channel": channel,
                "recipient": recipient,
                "content": Jsonb(content, dumps=lambda value: json.dumps(value, ensure_ascii=False)),
            },
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


async def count_try(pool: Pool, uid: UUID) -> int:
    """Count an attempt at a message. Returns the number so far, including this one."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """insert into sandbox_tries as t values (%s, 1)
               on conflict (uid) do update set tries = t.tries + 1 returning tries""",
            (uid,),
        )
        row = await cursor.fetchone()
        assert row is not None
        return int(row[0])


async def page(pool: Pool, before: int | None, limit: int, uid: UUID | None = None) -> list[Delivered]:
    """The newest messages first, those older than the id ``before``; of one message only if ``uid`` is given."""
    async with pool.connection() as conn, conn.cursor(row_factory=class_row(Delivered)) as cursor:
        await cursor.execute(
            """select id, account_id, gateway, uid, channel, recipient, content, created_at from sandbox_messages
               where (%(before)s::bigint is null or id < %(before)s) and (%(uid)s::uuid is null or uid = %(uid)s)
               order by id desc limit %(limit)s""",
            {"before": before, "uid": uid, "limit": limit},
        )
        return await cursor.fetchall()
