"""Deliveries that hooks have taken, so that none does anything twice."""

from dataclasses import dataclass
from uuid import UUID

from store.pool import Connections, Pool, long_transaction

KEPT_HOURS = 96
"""Longer than any of the known systems tries: they stop after three days."""
_AT_A_TIME = 5_000


@dataclass(frozen=True, slots=True)
class Taken:
    """What the delivery did when it came first."""

    triggered: int
    enrolled: int
    body: bytes | None
    """The digest of its body, where that has to be the same."""


async def claim(store: Connections, hook_id: UUID, digest: bytes, body: bytes | None) -> Taken | None:
    """Take a delivery; ``None``: it is new. In a transaction: the same one waits until that has ended."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """insert into automation_deliveries (hook_id, digest, body) values (%s, %s, %s)
               on conflict do nothing""",
            (hook_id, digest, body),
        )
        if cursor.rowcount:
            return None
        cursor = await conn.execute(
            "select triggered, enrolled, body from automation_deliveries where hook_id = %s and digest = %s",
            (hook_id, digest),
        )
        row = await cursor.fetchone()
    return Taken(*row) if row else None


async def note(store: Connections, hook_id: UUID, digest: bytes, triggered: int, enrolled: int) -> None:
    """Note what a delivery did, in the transaction that took it."""
    async with store.connection() as conn:
        await conn.execute(
            "update automation_deliveries set triggered = %s, enrolled = %s where hook_id = %s and digest = %s",
            (triggered, enrolled, hook_id, digest),
        )


async def delete_old(pool: Pool) -> None:
    """Delete those that nobody sends again."""
    deleted = _AT_A_TIME
    while deleted == _AT_A_TIME:
        async with long_transaction(pool) as conn:
            cursor = await conn.execute(
                """delete from automation_deliveries where ctid = any(array(
                       select ctid from automation_deliveries
                       where at < clock_timestamp() - %s * interval '1 hour' limit %s))""",
                (KEPT_HOURS, _AT_A_TIME),
            )
            deleted = cursor.rowcount
