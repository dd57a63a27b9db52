"""Settings of the whole install: one row, whose version every look-up of a key brings along."""

import json
from dataclasses import dataclass, field
from typing import Any

from psycopg.types.json import Jsonb

from domain.keyring import Keyring
from store.pool import Connections, Pool

VERSION = "(select i.version from install_settings i where i.id)"
"""The version of the settings, for statements of others."""

_AAD = b"install_settings|system_mail"


@dataclass(frozen=True, slots=True)
class StoredSettings:
    """What was set. What was not is not in it."""

    version: int
    settings: dict[str, Any]
    sealed_mail: bytes | None = field(repr=False)
    """The configuration of the system's mail server, sealed; ``None``: there is none."""


async def read(store: Connections, *, lock: bool = False) -> StoredSettings:
    """The settings; ``lock``: nobody else changes them until the transaction ends."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select version, settings, system_mail from install_settings where id
                {"for update" if lock else ""}"""  # noqa: S608 - a constant of ours
        )
        row = await cursor.fetchone()
    assert row is not None
    return StoredSettings(*row)


async def write(store: Connections, settings: dict[str, Any]) -> None:
    """Replace what was set."""
    async with store.connection() as conn:
        await conn.execute(
            "update install_settings set settings = %s, version = version + 1 where id", (Jsonb(settings),)
        )


async def write_mail(store: Connections, keyring: Keyring, config: dict[str, Any] | None) -> None:
    """Replace the configuration of the system's mail server."""
    sealed = None if config is None else _seal(keyring, config)
    async with store.connection() as conn:
        await conn.execute("update install_settings set system_mail = %s, version = version + 1 where id", (sealed,))


def open_mail(keyring: Keyring, sealed: bytes) -> dict[str, Any]:
    """The configuration of the system's mail server.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    config: dict[str, Any] = json.loads(keyring.decrypt(sealed, _AAD))
    return config


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal the configuration with the current key, so that older keys can be removed. Returns how many there are.

    Raises:
        KeyringError: it does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute("select system_mail from install_settings where id for update")
        row = await cursor.fetchone()
        if row is None or row[0] is None:
            return 0
        resealed = _seal(keyring, open_mail(keyring, row[0]))
        await conn.execute("update install_settings set system_mail = %s where id", (resealed,))
    return 1


def _seal(keyring: Keyring, config: dict[str, Any]) -> bytes:
    return keyring.encrypt(json.dumps(config).encode(), _AAD)
