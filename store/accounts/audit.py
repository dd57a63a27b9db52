"""Manual decisions of operators: written in the transaction of the change, and never changed."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

RESOLVE = "message.resolve"


async def note(
    conn: AsyncConnection[TupleRow], actor: str, action: str, object_: UUID, detail: Mapping[str, Any]
) -> None:
    """Record an action: who did what to which object. ``actor`` is the id of an API key, or ``cli``."""
    await conn.execute(
        "insert into audit_log (actor, action, object, detail) values (%s, %s, %s, %s)",
        (actor, action, str(object_), orjson.dumps(detail).decode()),
    )


async def latest(conn: AsyncConnection[TupleRow], action: str, object_: UUID) -> dict[str, Any] | None:
    """The details of the latest such action on an object; ``None``: there was none."""
    cursor = await conn.execute(
        "select detail from audit_log where object = %s and action = %s order by id desc limit 1",
        (str(object_), action),
    )
    row = await cursor.fetchone()
    return row[0] if row else None
