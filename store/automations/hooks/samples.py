"""Posts that were kept to make a map from: the last ones of a hook."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row
from psycopg.types.json import Json, Jsonb

from store.pool import Connections, Pool

MOST = 5
"""Of a hook."""
KEPT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Sample:
    """A post."""

    id: UUID
    at: datetime
    headers: dict[str, str]
    """Without those that may hold secrets."""
    body: dict[str, Any]


async def add(
    store: Connections, id_: UUID, hook_id: UUID, account_id: int, headers: Mapping[str, str], body: Mapping[str, Any]
) -> None:
    """Keep one, and only the last ones."""
    async with store.connection() as conn:
        await conn.execute(
            "insert into automation_hook_samples (id, hook_id, account_id, headers, body) values (%s, %s, %s, %s, %s)",
            (id_, hook_id, account_id, Jsonb(dict(headers)), Json(dict(body))),
        )
        await conn.execute(
            """delete from automation_hook_samples where hook_id = %(hook)s and id <= (
                   select id from automation_hook_samples where hook_id = %(hook)s
                   order by id desc offset %(most)s limit 1)""",
            {"hook": hook_id, "most": MOST},
        )


async def latest(store: Connections, hook_id: UUID) -> Sequence[Sample]:
    """Those of a hook, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Sample)) as cursor:
        await cursor.execute(
            """select id, at, headers, body from automation_hook_samples where hook_id = %s
               order by id desc limit %s""",
            (hook_id, MOST),
        )
        return await cursor.fetchall()


async def delete_old(pool: Pool) -> None:
    """Delete those that nobody has made a map from for long."""
    async with pool.connection() as conn:
        await conn.execute(
            """delete from automation_hook_samples where ctid = any(array(
                   select ctid from automation_hook_samples
                   where at < clock_timestamp() - %s * interval '1 day' limit 10000))""",
            (KEPT_DAYS,),
        )
