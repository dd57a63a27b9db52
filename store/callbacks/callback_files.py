"""Callback endpoints as a settings file has them: with the secret that signs."""

from collections.abc import Sequence
from uuid import UUID

from psycopg.rows import dict_row

from domain.keyring import Keyring, KeyringError
from store.callbacks.callback_endpoints import COLUMNS, Endpoint, open_secrets
from store.pool import Connections


async def of_owners(
    store: Connections, keyring: Keyring, account_ids: Sequence[int], *, lock: bool
) -> list[tuple[Endpoint, str | None]]:
    """The endpoints of these accounts, the oldest first, each with its newest secret; ``None``: it does not open with
    the ring. ``lock``: nobody else changes them until the transaction ends.
    """
    async with store.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            f"""select {COLUMNS}, secrets from callback_endpoints where account_id = any(%s)
                order by created_at, id{" for no key update" if lock else ""}""",  # noqa: S608 - constants of ours
            (list(account_ids),),
        )
        rows = await cursor.fetchall()
    secrets = [_newest(keyring, row["id"], row.pop("secrets")) for row in rows]
    return [(Endpoint(**row), secret) for row, secret in zip(rows, secrets, strict=True)]


def _newest(keyring: Keyring, endpoint_id: UUID, sealed: bytes) -> str | None:
    try:
        (secret, _), *_ = open_secrets(keyring, endpoint_id, sealed)
    except KeyringError:
        return None
    return secret
