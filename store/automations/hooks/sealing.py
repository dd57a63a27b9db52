"""What posts to hooks are signed with: sealed with the key ring, the newest first."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import orjson

from domain.keyring import Keyring
from store.pool import Connections, Pool

MOST = 4
"""Secrets that count at a time: an extra rotation must not end the one in use."""

Secret = tuple[str, float | None]
"""A secret, and when it ends (Unix seconds); the newest does not."""


def seal(keyring: Keyring, hook_id: UUID, secrets: Sequence[Secret]) -> bytes:
    """Secrets as they are stored."""
    return keyring.encrypt(orjson.dumps(secrets), _aad(hook_id))


def unseal(keyring: Keyring, hook_id: UUID, sealed: bytes) -> list[Secret]:
    """The secrets of a hook.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    return [(secret, end) for secret, end in orjson.loads(keyring.decrypt(sealed, _aad(hook_id)))]


def valid(secrets: Sequence[Secret], now: float) -> list[str]:
    """Those that count now."""
    return [secret for secret, end in secrets if end is None or end > now]


async def replace(store: Connections, keyring: Keyring, hook_id: UUID, secret: str) -> None:
    """Give a hook this secret, and no other."""
    async with store.connection() as conn:
        sealed = seal(keyring, hook_id, [(secret, None)])
        await conn.execute("update automation_hooks set secrets = %s where id = %s", (sealed, hook_id))


async def rotate(store: Connections, keyring: Keyring, hook_id: UUID, secret: str, until: datetime) -> None:
    """Give a hook this secret; the ones before count until then, at most. In a transaction."""
    ends = until.timestamp()
    async with store.connection() as conn:
        cursor = await conn.execute("select secrets from automation_hooks where id = %s for update", (hook_id,))
        row = await cursor.fetchone()
        assert row is not None
        before = unseal(keyring, hook_id, row[0]) if row[0] is not None else []
        former = [(one, ends if end is None else min(end, ends)) for one, end in before]
        sealed = seal(keyring, hook_id, [(secret, None), *former][:MOST])
        await conn.execute("update automation_hooks set secrets = %s where id = %s", (sealed, hook_id))


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal all secrets with the current key, so that older keys can be removed from the ring. Returns how many.

    Raises:
        KeyringError: one does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            "select id, secrets from automation_hooks where secrets is not null order by id for update"
        )
        rows = await cursor.fetchall()
        for hook_id, sealed in rows:
            resealed = seal(keyring, hook_id, unseal(keyring, hook_id, sealed))
            await conn.execute("update automation_hooks set secrets = %s where id = %s", (resealed, hook_id))
    return len(rows)


def _aad(hook_id: UUID) -> bytes:
    return f"automation_hooks|secrets|{hook_id}".encode()
