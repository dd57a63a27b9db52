"""Messages from phones that come over SMPP, which gives them no id, and whose parts may come to different processes."""

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
"""How long after the last try a delivery that comes again is taken for the same one."""
TAKEN_FOR = timedelta(minutes=1)
"""How long whoever hands over a message without all parts is left to it."""
KEPT_FOR = timedelta(days=1)


class Deliveries:
    """What comes to one gateway, to all processes."""

    def __init__(self, pool: Pool, gateway_id: UUID) -> None:
        self._pool = pool
        self._gateway_id = gateway_id

    async def keys_of(self, messages: Sequence[tuple[str, str, str]]) -> list[str]:
        """The key of each of these messages (sender, recipient, text), which have come together.

        One that comes again because it was not answered keeps its key.
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
        """Keep a part: it is safe then. Returns what there is of its message."""
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
        """Messages that have been waiting for parts for longer than that. They are the caller's to hand over."""
        async with self._pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(
                """update split_deliveries set taken_at = clock_timestamp()
                   where gateway_id = %s and not ended and began_at < clock_timestamp() - %s
                     and (taken_at is null or taken_at < clock_timestamp() - %s) returning *""",
                (self._gateway_id, timedelta(seconds=seconds), TAKEN_FOR),
            )
            return [_gathered(row) for row in await cursor.fetchall()]

    async def finish(self, keys: Sequence[str]) -> None:
        """These messages were handed over and answered."""
        async with self._pool.connection() as conn:
            await conn.execute(
                """with whole as (delete from unanswered_deliveries where key = any(%(keys)s::uuid[]))
                   update split_deliveries set ended = true where key = any(%(keys)s::uuid[]) and not ended""",
                {"keys": list(keys)},
            )


async def forget_old(pool: Pool) -> None:
    """Drop what does not come again any more."""
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
