"""Pages whose messages wait for something that people decide: each is signalled once that is over."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, LiteralString
from uuid import UUID

from store.pool import Pool

AT_A_TIME = 50
"""Pages that are signalled in one transaction."""

NOTED_FOR = 1.0
"""Seconds after which a waiting page is signalled: by then its workflow has the result of choose_gateway."""

Signal = Callable[[UUID], Awaitable[None]]


async def signal_taken(pool: Pool, take: LiteralString, values: tuple[Any, ...], signal: Signal) -> bool:
    """Signal the pages whose waits ``take`` deletes. Returns whether there were any.

    A wait is deleted only once its page was signalled: if ``signal`` raises, the next call signals all of them again.
    """
    async with pool.connection() as conn, conn.transaction():
        rows = await (await conn.execute(take, values)).fetchall()
        await asyncio.gather(*(signal(page_id) for page_id in {page_id for (page_id,) in rows}))
        return bool(rows)
