"""Secrets that a protocol needs besides the token of the session, sealed with the key ring."""

from dataclasses import asdict, dataclass, field
from uuid import UUID

import orjson

from domain.keyring import Keyring
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class Secrets:
    """Of one device."""

    inbound: str = field(repr=False)
    """In the address of its webhooks."""
    signing_key: str = field(repr=False)
    """With which it signs what it posts there."""


def seal(keyring: Keyring, device_id: UUID, secrets: Secrets) -> bytes:
    """Secrets as they are stored."""
    return keyring.encrypt(orjson.dumps(asdict(secrets)), _aad(device_id))


async def secrets_of(store: Connections, keyring: Keyring, device_id: UUID) -> Secrets | None:
    """The secrets of a device; ``None``: its protocol has none, or its session is over.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    async with store.connection() as conn:
        row = await (await conn.execute("select sealed from devices where id = %s", (device_id,))).fetchone()
    return None if row is None or row[0] is None else _open(keyring, device_id, row[0])


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal all with the current key, so that older keys can be removed from the ring. Returns how many.

    Raises:
        KeyringError: one does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute("select id, sealed from devices where sealed is not null order by id for update")
        rows = await cursor.fetchall()
        for device_id, sealed in rows:
            fresh = seal(keyring, device_id, _open(keyring, device_id, sealed))
            await conn.execute("update devices set sealed = %s where id = %s", (fresh, device_id))
    return len(rows)


def _open(keyring: Keyring, device_id: UUID, sealed: bytes) -> Secrets:
    return Secrets(**orjson.loads(keyring.decrypt(sealed, _aad(device_id))))


def _aad(device_id: UUID) -> bytes:
    return f"devices|sealed|{device_id}".encode()
