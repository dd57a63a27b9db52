"""Secrets of accounts, by name. Readable only with the key ring."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from psycopg.rows import class_row

from domain.keyring import Keyring
from store.pool import Connections, Pool


@dataclass(frozen=True, slots=True)
class SecretInfo:
    """A secret without its value."""

    name: str
    hosts: list[str]
    """Which it may be sent to; empty: those that definitions name."""
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Opened:
    """A secret."""

    value: str = field(repr=False)
    hosts: list[str]


_COLUMNS = "name, hosts, created_at, updated_at"


async def of_account(store: Connections, account_id: int) -> list[SecretInfo]:
    """Those of an account, by name."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(SecretInfo)) as cursor:
        await cursor.execute(
            f"select {_COLUMNS} from account_secrets where account_id = %s order by name",  # noqa: S608 - a constant
            (account_id,),
        )
        return await cursor.fetchall()


async def put(
    store: Connections, keyring: Keyring, account_id: int, name: str, value: str, hosts: Sequence[str]
) -> SecretInfo:
    """Set a secret, new or not."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(SecretInfo)) as cursor:
        await cursor.execute(
            f"""insert into account_secrets (account_id, name, sealed, hosts) values (%s, %s, %s, %s)
                on conflict (account_id, name) do update
                set sealed = excluded.sealed, hosts = excluded.hosts, updated_at = clock_timestamp()
                returning {_COLUMNS}""",  # noqa: S608 - a constant
            (account_id, name, keyring.encrypt(value.encode(), _aad(account_id, name)), list(hosts)),
        )
        found = await cursor.fetchone()
    assert found is not None
    return found


async def remove(store: Connections, account_id: int, name: str) -> bool:
    """Delete one. Returns whether it was there."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "delete from account_secrets where account_id = %s and name = %s", (account_id, name)
        )
        return cursor.rowcount == 1


async def opened(store: Connections, keyring: Keyring, account_id: int, names: Sequence[str]) -> Mapping[str, Opened]:
    """Those of these names that there are.

    Raises:
        KeyringError: the ring lacks the key, or the row was tampered with.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select name, sealed, hosts from account_secrets where account_id = %s and name = any(%s)",
            (account_id, list(names)),
        )
        return {
            name: Opened(keyring.decrypt(sealed, _aad(account_id, name)).decode(), hosts)
            for name, sealed, hosts in await cursor.fetchall()
        }


async def reseal_all(pool: Pool, keyring: Keyring) -> int:
    """Reseal all secrets with the current key, so that older keys can be removed from the ring. Returns how many.

    Raises:
        KeyringError: one does not open; nothing was changed then.
    """
    async with pool.connection() as conn, conn.transaction():
        cursor = await conn.execute(
            "select account_id, name, sealed from account_secrets order by account_id, name for update"
        )
        rows = await cursor.fetchall()
        for account_id, name, sealed in rows:
            aad = _aad(account_id, name)
            await conn.execute(
                "update account_secrets set sealed = %s where account_id = %s and name = %s",
                (keyring.encrypt(keyring.decrypt(sealed, aad), aad), account_id, name),
            )
    return len(rows)


def _aad(account_id: int, name: str) -> bytes:
    return f"account_secrets|sealed|{account_id}|{name}".encode()
