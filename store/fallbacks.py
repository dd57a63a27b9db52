"""Deciding whether a fallback is due."""

from typing import cast
from uuid import UUID

from domain.fallback import NextKind
from domain.ids import new_page_id
from store.pool import Pool


async def next_step(pool: Pool, uid: UUID, unless: str, *, late: bool) -> tuple[NextKind, UUID | None]:
    """What is next for a message with a fallback, and the page of the fallback if that is to be sent.

    ``late``: the time for proof of its arrival is over.
    """
    async with pool.connection() as conn:
        query = "select step, page from next_step(%s, %s, %s, %s)"
        row = await (await conn.execute(query, (uid, unless, late, new_page_id()))).fetchone()
    assert row is not None
    return cast(NextKind, row[0]), row[1]
