"""Objects that are kept by a settings file, each as it was after it was last applied."""

import json
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from psycopg.errors import LockNotAvailable

from domain.errors import ConflictError
from domain.keyring import Keyring, KeyringError
from store.pool import Connections, Pool

_PATIENCE = 10
"""Seconds that one who applies a file waits for another."""


@dataclass(frozen=True, slots=True)
class Applied:
    """An object after it was applied."""

    object_id: str
    form: dict[str, Any] | None = field(repr=False)
    """``None``: it does not open with the keys of the install."""


async def begin(store: Connections) -> None:
    """Wait until nobody else applies a file; then nobody does until the transaction ends.

    Raises:
        ConflictError: another one takes too long.
    """
    async with store.connection() as conn:
        await conn.execute("select set_config('lock_timeout', %s, true)", (f"{_PATIENCE}s",))
        try:
            await conn.execute("select pg_advisory_xact_lock(hashtextextended('settings file', 0))")
        except LockNotAvailable:
            raise ConflictError("apply_in_progress", "another settings file is being applied: try again") from None
        await conn.execute("set local lock_timeout to default")


async def of_kind(store: Connections, keyring: Keyring, kind: str) -> dict[str, Applied]:
    """All of a kind, by key."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select key, object_id, document from applied_objects where kind = %s order by key", (kind,)
        )
        rows = await cursor.fetchall()
    return {
        key: Applied(object_id, _open_if_possible(keyring, kind, key, document)) for key, object_id, document in rows
    }


async def keep(store: Connections, keyring: Keyring, kind: str, key: str, object_id: str, form: dict[str, Any]) -> None:
    """Keep how an object is now."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into applied_objects (kind, key, object_id, document) values (%s, %s, %s, %s)
               on conflict (kind, key) do update set object_id = excluded.object_id, document = excluded.document,
                   applied_at = now()""",
            (kind, key, object_id, _seal(keyring, kind, key, form)),
        )


async def forget(store: Connections, kind: str, key: str) -> None:
    """An object is no longer kept by a file."""
    async with store.connection() as conn:
        await conn.execute("delete from applied_objects where kind = %s and key = %s", (kind, key))


async def managed(store: Connections, kind: str, object_ids: Collection[str]) -> set[str]:
    """Those of these objects that are kept by a file."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select object_id from applied_objects where kind = %s and object_id = any(%s)", (kind, list(object_ids))
        )
        return {object_id for (object_id,) in await cursor.fetchall()}


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal all with the current key, so that older keys can be removed from the ring. Returns how many.

    Raises:
        KeyringError: one does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute("select kind, key, document from applied_objects order by kind, key for update")
        rows = await cursor.fetchall()
        for kind, key, document in rows:
            resealed = _seal(keyring, kind, key, _open(keyring, kind, key, document))
            await conn.execute(
                "update applied_objects set document = %s where kind = %s and key = %s", (resealed, kind, key)
            )
    return len(rows)


def _seal(keyring: Keyring, kind: str, key: str, form: dict[str, Any]) -> bytes:
    return keyring.encrypt(json.dumps(form).encode(), _aad(kind, key))


def _open_if_possible(keyring: Keyring, kind: str, key: str, document: bytes) -> dict[str, Any] | None:
    try:
        return _open(keyring, kind, key, document)
    except KeyringError:
        return None


def _open(keyring: Keyring, kind: str, key: str, document: bytes) -> dict[str, Any]:
    form: dict[str, Any] = json.loads(keyring.decrypt(document, _aad(kind, key)))
    return form


def _aad(kind: str, key: str) -> bytes:
    return json.dumps(["applied_objects", kind, key]).encode()
