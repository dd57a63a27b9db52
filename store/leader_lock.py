"""Work that one process of all does: whoever has the lock, for as long as its connection lives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.pool import DB_UNAVAILABLE, Pool

KEEPER = 0x786B6570  # "xkep"
LEADER = 0x786C6561  # "xlea"

_PROOF_SECONDS = 5.0
"""A connection that does not answer for so long is taken for dead."""

# The server ends a session that says nothing for longer than any holder does: one whose process stands still, or whose
# network is gone without a word, does not keep the role from others.
_SILENCE = "10s"


@asynccontextmanager
async def leader_lock(pool: Pool, role: int) -> AsyncIterator[Callable[[], Awaitable[bool]] | None]:
    """Take a role, if nobody has it; otherwise there is ``None``. The context takes up one connection of the pool.

    What it yields tells whether the role is still ours, and must be asked more often than ``_SILENCE``: it raises
    one of ``DB_UNAVAILABLE`` or ``TimeoutError`` when the connection, and with it the role, is lost.
    """
    async with pool.connection() as conn:
        row = await (await conn.execute("select pg_try_advisory_lock(%s)", (role,))).fetchone()
        if not (row and row[0]):
            yield None
            return

        async def ours() -> bool:
            proof = asyncio.create_task(_prove(conn))
            try:
                answered, _ = await asyncio.wait({proof}, timeout=_PROOF_SECONDS)
            except asyncio.CancelledError:
                proof.cancel()
                raise
            if not answered:  # not cancelled first: that would ask the server, too, and wait for its answer
                await conn.close()
                proof.cancel()
                raise TimeoutError("the connection that holds the role does not answer")
            await proof
            return True

        try:
            await conn.execute("select set_config('idle_session_timeout', %s, false)", (_SILENCE,))
            yield ours
        finally:
            await _give_back(conn, role)


async def _prove(conn: AsyncConnection[TupleRow]) -> None:
    await conn.execute("select 1")


async def _give_back(conn: AsyncConnection[TupleRow], role: int) -> None:
    """Leave the role; a connection that cannot say so is closed, which says it too."""
    if conn.closed:
        return
    try:
        async with asyncio.timeout(_PROOF_SECONDS):
            await conn.execute("reset idle_session_timeout")
            await conn.execute("select pg_advisory_unlock(%s)", (role,))
    except (TimeoutError, *DB_UNAVAILABLE):
        with suppress(*DB_UNAVAILABLE):
            await conn.close()
