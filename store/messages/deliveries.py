"""Inbound messages over SMPP, which gives them no id, and whose parts may arrive at different processes."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from domain.text.sms_parts import Gathered, Part
from store.pool import Pool

AGAIN_WITHIN = timedelta(hours=1)
"""How long after the last try an equal delivery counts as a repeat."""
TAKEN_FOR = timedelta(minutes=1)
"""How long a process may take to hand over an incomplete message, before another one does."""
KEPT_FOR = timedelta(days=1)


class Deliveries:
    """Deliveries to one gateway, shared by all processes."""

    def __init__(self, pool: Pool, gateway_id: UUID) -> None:
        self._pool = pool
        self._gateway_id = gateway_id

    async def keys_of(self, messages: Sequence[tuple[str, str, str]]) -> list[str]:
        """The key of each of these messages (sender, recipient, text), which arrived together.

        One that is repeated because it was not acknowledged keeps its key.
        """
        digests = [hashlib.sha256("\n".join(message).encode()).digest() for message in messages]
        async with self._pool.connection() as conn:
            cursor = await conn.execute(
                "select claim_deliveries(%s, %s::bytea[], %s, %s)", (self._gateway_id, digests, uuid4(), AGAIN_WITHIN)
            )
            row = await cursor.fetchone()
        assert row is not None
        return [str(key) for key in row[0]]

    async def keep(self, sender: str, recipient: str, part: Part) -> Gathered:
        """Store a part durably. Returns the parts of its message so far."""
        content = Jsonb({"coding": part.data_coding, "octets": part.octets.hex()})
        async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(
                "select * from keep_part(%s, %s, %s, %s, %s::smallint, %s::text, %s, %s)",
                (
                    self._gateway_id,
                    sender,
                    recipient,
                    part.reference,
                    part.total,
                    str(part.number),
                    content,
                    AGAIN_WITHIN,
                ),
            )
            row = await cursor.fetchone()
        assert row is not None
        return _gathered(row)

    async def overdue(self, seconds: float) -> list[Gathered]:
        """Messages that have been waiting for parts for longer than this. The caller must hand them over."""
        async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(
                """update split_deliveries set taken_at = clock_timestamp()
                   where gateway_id = %s and not ended and began_at < clock_timestamp() - %s
                     and (taken_at is null or taken_at < clock_timestamp() - %s) returning *""",
                (self._gateway_id, timedelta(seconds=seconds), TAKEN_FOR),
            )
            return [_gathered(row) for row in await cursor.fetchall()]

    async def finish(self, keys: Sequence[str]) -> None:
        """Delete messages that were handed over and acknowledged."""
        async with self._pool.connection() as conn:
            await conn.execute(
                """with whole as (delete from unanswered_deliveries where key = any(%(keys)s::uuid[]))
                   update split_deliveries set ended = true where key = any(%(keys)s::uuid[]) and not ended""",
                {"keys": list(keys)},
            )


async def delete_old(pool: Pool) -> None:
    """Delete deliveries that are too old to be repeated."""
    async with pool.connection() as conn:
        await conn.execute(
            """with whole as (delete from unanswered_deliveries where tried_at < clock_timestamp() - %(age)s)
               delete from split_deliveries where began_at < clock_timestamp() - %(age)s""",
            {"age": KEPT_FOR},
        )


def _gathered(row: dict[str, Any]) -> Gathered:
    parts = [row["parts"][number] for number in sorted(row["parts"], key=int)]
    octets = b"".join(bytes.fromhex(part["octets"]) for part in parts)
    whole = len(parts) == row["total"]
    return Gathered(str(row["key"]), row["sender"], row["recipient"], row["ended"], whole, octets, parts[0]["coding"])
