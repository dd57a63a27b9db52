"""Concurrent index builds, also on partitioned tables, where PostgreSQL offers only builds under a lock."""

import re
from collections.abc import Awaitable, Callable

from psycopg import AsyncConnection, sql
from psycopg.rows import TupleRow

from store.schema.locks import limit_lock_waits

_BUILD = re.compile(
    r"create\s+(?P<unique>unique\s+)?index\s+concurrently\s+if\s+not\s+exists\s+(?P<index>\w+)\s+on\s+(?P<table>\w+)\s+"
    r"(?P<rest>.*)",
    re.IGNORECASE | re.DOTALL,
)

Retry = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]
"""Retries a step until it gets its locks."""


def builds_index(statement: str) -> bool:
    """Whether a statement is for ``build_index``."""
    return _BUILD.match(statement) is not None


async def build_index(conn: AsyncConnection[TupleRow], statement: str, retry: Retry) -> None:
    """Run a ``create index concurrently if not exists``. What an interrupted build left is removed."""
    build = _BUILD.match(statement)
    assert build is not None
    parts = await _partitions(conn, build["table"])
    suffix = build["index"].removeprefix(f"{build['table']}_")
    for part in parts or [build["table"]]:
        index = f"{part}_{suffix}" if parts else build["index"]
        await _drop_unfinished(conn, index)
        await limit_lock_waits(conn, 0)  # neither the build's lock nor waiting for it blocks readers or writers
        unique = build["unique"] or ""
        await conn.execute(
            f"create {unique}index concurrently if not exists {index} on {part} {build['rest']}".encode()
        )
    if parts:
        await retry(lambda: _unite(conn, build))


async def _partitions(conn: AsyncConnection[TupleRow], table: str) -> list[str]:
    rows = await conn.execute("select relid::text from pg_partition_tree(to_regclass(%s)) where isleaf", (table,))
    return sorted(name for (name,) in await rows.fetchall() if name != table)


async def _unite(conn: AsyncConnection[TupleRow], build: re.Match[str]) -> None:
    """Create the index of the whole table, which attaches those of its partitions."""
    await limit_lock_waits(conn)
    unique = build["unique"] or ""
    statement = f"create {unique}index if not exists {build['index']} on {build['table']} {build['rest']}"
    await conn.execute(statement.encode())


async def _drop_unfinished(conn: AsyncConnection[TupleRow], index: str) -> None:
    """Drop the invalid index of an interrupted build: it costs writers time, and no query uses it."""
    found = await conn.execute("select from pg_index where indexrelid = to_regclass(%s) and not indisvalid", (index,))
    if found.rowcount:
        await limit_lock_waits(conn, 0)
        await conn.execute(sql.SQL("drop index concurrently {}").format(sql.Identifier(index)))
