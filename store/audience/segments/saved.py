"""Conditions that an account saves under a key."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from domain.errors import ConflictError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Segment:
    """A condition that is saved."""

    id: int
    key: str
    name: str
    condition: dict[str, Any]
    created_at: datetime
    updated_at: datetime


_COLUMNS = "id, key, name, condition, created_at, updated_at"


async def page(store: Connections, account_id: int, below: int, limit: int) -> Sequence[Segment]:
    """Those with smaller ids, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Segment)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from segments where account_id = %s and id < %s order by id desc limit %s",  # noqa: S608
            (account_id, below, limit),
        )
        return await cursor.fetchall()


async def find(
    store: Connections, account_id: int, id_: int | None = None, key: str | None = None, *, lock: bool = False
) -> Segment | None:
    """A segment of the account, by its id or its key."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Segment)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from segments where account_id = %s and (id = %s or key = %s)
                {"for update" if lock else ""}""",  # noqa: S608
            (account_id, id_, key),
        )
        return await cursor.fetchone()


async def count(store: Connections, account_id: int) -> int:
    """How many the account has."""
    async with store.connection() as conn:
        row = await (
            await conn.execute("select count(*)::integer from segments where account_id = %s", (account_id,))
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


async def add(store: Connections, account_id: int, key: str, name: str, condition: dict[str, Any]) -> Segment:
    """Save a condition.

    Raises:
        ConflictError: the key is taken.
    """
    return await _write(
        store,
        f"insert into segments (account_id, key, name, condition) values (%s, %s, %s, %s) returning {_COLUMNS}",  # noqa: S608
        (account_id, key, name, Jsonb(condition)),
    )


async def change(store: Connections, segment: Segment) -> Segment:
    """Write key, name and condition of a segment.

    Raises:
        ConflictError: the key is taken.
    """
    return await _write(
        store,
        f"""update segments set key = %s, name = %s, condition = %s, updated_at = clock_timestamp()
            where id = %s returning {_COLUMNS}""",  # noqa: S608
        (segment.key, segment.name, Jsonb(segment.condition), segment.id),
    )


async def remove(store: Connections, id_: int) -> None:
    """Delete a segment."""
    async with store.connection() as conn:
        await conn.execute("delete from segments where id = %s", (id_,))


async def _write(store: Connections, statement: str, values: tuple[Any, ...]) -> Segment:
    try:
        async with store.connection() as conn, conn.cursor(row_factory=class_row(Segment)) as cursor:
            await cursor.execute(statement, values)
            written = await cursor.fetchone()
    except UniqueViolation as error:
        raise ConflictError("segment_taken", "there is a segment with this key already: change that one") from error
    assert written is not None
    return written
