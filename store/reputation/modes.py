"""What the reputation guard may do to an account, where that is not as for the whole install."""

from domain.errors import NotFoundError
from domain.reputation.rules import Mode
from store.pool import Connections


async def guard_of(store: Connections, account_id: int) -> Mode | None:
    """The mode of an account; ``None``: that of the install."""
    async with store.connection() as conn:
        cursor = await conn.execute("select reputation_guard from accounts where id = %s", (account_id,))
        row = await cursor.fetchone()
    if row is None:
        raise NotFoundError("account_not_found", f"There is no user {account_id}.")
    mode: Mode | None = row[0]
    return mode


async def set_guard(store: Connections, account_id: int, mode: Mode | None) -> None:
    """Set the mode of an account."""
    async with store.connection() as conn:
        await conn.execute("update accounts set reputation_guard = %s where id = %s", (mode, account_id))
