"""Alerts that last, one row each. A row goes when its trouble is over."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Alert:
    """A trouble that lasts."""

    key: str
    """The check that finds it, and what it is about."""
    id: UUID
    """Of this time that it lasts."""
    check_name: str
    level: str
    """``warning`` or ``failure``."""
    message: str
    remedy: str
    found_at: datetime
    """When it was found first."""
    seen_at: datetime
    """When it was found last."""
    told_at: datetime | None
    """When it was told last; ``None``: it has not lasted for long enough."""
    tells: int
    """How often it was told."""


_COLUMNS = "key, id, check_name, level, message, remedy, found_at, seen_at, told_at, tells"
_OF_ONE_LOOK = "select pg_advisory_xact_lock(hashtextextended('alerts', 0))"
"""Two looks must not tell the same: for a moment a new leader and the former one may both look."""


async def lock(store: Connections) -> None:
    """Nobody else changes alerts until the transaction ends."""
    async with store.connection() as conn:
        await conn.execute(_OF_ONE_LOOK)


async def all_alerts(store: Connections, *, told_only: bool = False) -> list[Alert]:
    """All that last, the oldest first; ``told_only``: without those that have not lasted for long enough."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Alert)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from alerts where told_at is not null or not %s order by found_at, key",  # noqa: S608
            (told_only,),
        )
        return await cursor.fetchall()


_WRITE = f"""
insert into alerts ({_COLUMNS})
values (%(key)s, %(id)s, %(check_name)s, %(level)s, %(message)s, %(remedy)s, %(found_at)s, %(seen_at)s, %(told_at)s,
        %(tells)s)
on conflict (key) do update
    set level = excluded.level, message = excluded.message, remedy = excluded.remedy, seen_at = excluded.seen_at,
        told_at = excluded.told_at, tells = excluded.tells
"""  # noqa: S608 - a constant of ours


async def write(store: Connections, alerts: Sequence[Alert]) -> None:
    """Write them as they are now."""
    rows = [{name: getattr(one, name) for name in Alert.__slots__} for one in alerts]
    async with store.connection() as conn, conn.cursor() as cursor:
        await cursor.executemany(_WRITE, rows)


async def delete(store: Connections, keys: Collection[str]) -> None:
    """These are over."""
    async with store.connection() as conn:
        await conn.execute("delete from alerts where key = any(%s)", (list(keys),))
