"""Leader locks: advisory locks for roles that one process has, as long as its connection lives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from store.pool import DB_UNAVAILABLE, Pool

HOME = 0x78686F6D  # "xhom"
LEADER = 0x786C6561  # "xlea"

_PROOF_SECONDS = 5.0
"""A connection that does not answer for so long is taken for dead."""

# The server ends a session that is idle for longer than any holder is: if its process hangs, or its network is lost,
# other processes can take the role.
_SILENCE = "10s"


@asynccontextmanager
async def leader_lock(pool: Pool, role: int) -> AsyncIterator[Callable[[], Awaitable[bool]] | None]:
    """Take a role; ``None`` if another process has it. The context uses one session.

    The yielded function returns whether the role is still ours; call it more often than ``_SILENCE``. It raises
    one of ``DB_UNAVAILABLE`` when the connection, and with it the role, is lost.
    """
    async with pool.session() as conn:
        row = await (await conn.execute("select pg_try_advisory_lock(%s)", (role,))).fetchone()
        if not (row and row[0]):
            yield None
            return

        async def ours() -> bool:
            with conn.answering_within(_PROOF_SECONDS):
                await conn.execute("select 1")
            return True

        try:
            await conn.execute("select set_config('idle_session_timeout', %s, false)", (_SILENCE,))
            yield ours
        finally:
            await _give_back(conn, role)


async def is_held(pool: Pool, role: int) -> bool:
    """Whether any process has a role."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select from pg_locks l join pg_database d on d.oid = l.database and d.datname = current_database()
               where l.locktype = 'advisory' and l.objsubid = 1 and l.classid = 0 and l.objid::bigint = %s and l.granted
            """,
            (role,),
        )
        return cursor.rowcount == 1


async def _give_back(conn: AsyncConnection[TupleRow], role: int) -> None:
    """Release the role; if that fails the connection is closed, which releases it too."""
    if conn.closed:
        return
    try:
        async with asyncio.timeout(_PROOF_SECONDS):
            await conn.execute("reset idle_session_timeout")
            await conn.execute("select pg_advisory_unlock(%s)", (role,))
    except (TimeoutError, *DB_UNAVAILABLE):
        with suppress(*DB_UNAVAILABLE):
            await conn.close()
