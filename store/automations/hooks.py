"""Addresses that other systems post to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.errors import UniqueViolation
from psycopg.rows import class_row

from domain.errors import ConflictError
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Hook:
    """An address that other systems post to, without its secret."""

    id: UUID
    account_id: int
    key: str
    """By which automations name it."""
    name: str
    created_at: datetime


_COLUMNS = "id, account_id, key, name, created_at"


async def add(store: Connections, id_: UUID, account_id: int, key: str, name: str, digest: bytes) -> Hook:
    """Add one.

    Raises:
        ConflictError: there is one with this key.
    """
    try:
        async with store.connection() as conn, conn.cursor(row_factory=class_row(Hook)) as cursor:
            await cursor.execute(
                f"""insert into automation_hooks (id, account_id, key, name, digest) values (%s, %s, %s, %s, %s)
                    returning {_COLUMNS}""",  # noqa: S608 - a constant of ours
                (id_, account_id, key, name, digest),
            )
            made = await cursor.fetchone()
    except UniqueViolation:
        raise ConflictError("hook_taken", f"there is a hook {key!r} already: choose another name") from None
    assert made is not None
    return made


async def page(store: Connections, account_id: int, before: UUID | None, limit: int) -> Sequence[Hook]:
    """Those of an account, the newest first."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Hook)) as cursor:
        await cursor.execute(
            f"""select {_COLUMNS} from automation_hooks
                where account_id = %(account)s and (%(before)s::uuid is null or id < %(before)s)
                order by id desc limit %(limit)s""",  # noqa: S608 - a constant of ours
            {"account": account_id, "before": before, "limit": limit},
        )
        return await cursor.fetchall()


async def by_digest(store: Connections, digest: bytes) -> Hook | None:
    """The hook whose secret has this digest, if its account is active."""
    columns = ", ".join(f"h.{name.strip()}" for name in _COLUMNS.split(","))
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Hook)) as cursor:
        await cursor.execute(
            f"""select {columns} from automation_hooks h join accounts a on a.id = h.account_id
                where h.digest = %s and a.status = 'active'""",  # noqa: S608 - a constant of ours
            (digest,),
        )
        return await cursor.fetchone()


async def has(store: Connections, account_id: int, keys: Sequence[str]) -> set[str]:
    """Which of these keys an account has hooks with."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select key from automation_hooks where account_id = %s and key = any(%s)", (account_id, list(keys))
        )
        return {key for (key,) in await cursor.fetchall()}


async def count(store: Connections, account_id: int) -> int:
    """How many an account has."""
    async with store.connection() as conn:
        row = await (
            await conn.execute("select count(*)::integer from automation_hooks where account_id = %s", (account_id,))
        ).fetchone()
    assert row is not None
    found: int = row[0]
    return found


async def remove(store: Connections, account_id: int, key: str) -> bool:
    """Delete one. Returns whether it was there."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "delete from automation_hooks where account_id = %s and key = %s", (account_id, key)
        )
        return cursor.rowcount == 1
