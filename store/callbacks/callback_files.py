"""Callback endpoints as a settings file has them: with the secret that signs."""

from collections.abc import Sequence

from psycopg.rows import dict_row

from domain.keyring import Keyring
from store.callbacks.callback_endpoints import COLUMNS, Endpoint, open_secrets
from store.pool import Connections


async def of_owners(
    store: Connections, keyring: Keyring, account_ids: Sequence[int], *, lock: bool
) -> list[tuple[Endpoint, str]]:
    """The endpoints of these accounts, the oldest first, each with its newest secret; ``lock``: nobody else changes
    them until the transaction ends.

    Raises:
        KeyringError: the ring lacks the key, or a row was tampered with.
    """
    async with store.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(
            f"""select {COLUMNS}, secrets from callback_endpoints where account_id = any(%s)
                order by created_at, id{" for no key update" if lock else ""}""",  # noqa: S608 - constants of ours
            (list(account_ids),),
        )
        rows = await cursor.fetchall()
    found = []
    for row in rows:
        (secret, _), *_ = open_secrets(keyring, row["id"], row.pop("secrets"))
        found.append((Endpoint(**row), secret))
    return found
