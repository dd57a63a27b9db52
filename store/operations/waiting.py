"""An account's messages that have no outcome: found by walking through all of its messages, and cancelled."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from store.pool import Connections

START = UUID(int=0)


@dataclass(frozen=True, slots=True)
class Steps:
    """Some of an account's messages, in the order of their uids."""

    last: UUID | None
    """Where the next ones begin. ``None``: there are no more."""
    open: list[UUID]
    """Those that have no outcome."""


async def walk(store: Connections, account_id: int, after: UUID, read: int, most: int) -> Steps:
    """Read the next ``read`` messages, up to ``most`` that have no outcome."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select uid, state in ('scheduled', 'queued', 'processing') from messages
               where account_id = %s and uid > %s order by uid limit %s""",
            (account_id, after, read),
        )
        rows = await cursor.fetchall()
    found = [uid for uid, is_open in rows if is_open]
    if len(found) > most:
        return Steps(found[most - 1], found[:most])
    return Steps(rows[-1][0] if len(rows) == read else None, found)


async def cancel(store: Connections, account_id: int, uids: Sequence[UUID], code: str, reason: str) -> list[UUID]:
    """Cancel those that are not being handed to a gateway, and release their credits. Returns them."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select * from cancel_waiting(%s, %s::uuid[], %s, %s)", (account_id, list(uids), code, reason)
        )
        return [uid for (uid,) in await cursor.fetchall()]
