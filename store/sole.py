"""Work that one process of all does: whoever has the lock, for as long as its connection lives."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from store.pool import Pool

KEEPER = 0x786B6570  # "xkep"


@asynccontextmanager
async def sole(pool: Pool, role: int) -> AsyncIterator[Callable[[], Awaitable[bool]] | None]:
    """Take a role, if nobody has it; otherwise there is ``None``. The context takes up one connection of the pool.

    What it yields tells whether the role is still ours: it raises one of ``AWAY`` when the connection, and with it the
    role, is lost.
    """
    async with pool.connection() as conn:
        row = await (await conn.execute("select pg_try_advisory_lock(%s)", (role,))).fetchone()
        if not (row and row[0]):
            yield None
            return

        async def ours() -> bool:
            await conn.execute("select 1")
            return True

        try:
            yield ours
        finally:
            if not conn.closed:
                await conn.execute("select pg_advisory_unlock(%s)", (role,))
