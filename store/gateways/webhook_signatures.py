"""Replay protection for signatures that cover a time but not the event: each is valid for one event."""

import hashlib

from store.pool import Pool

SIGNATURE_HOURS = 24
"""How long a signature is stored: longer than any gateway accepts it."""


class Signatures:
    """Used signatures, shared by all processes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def is_first_event_of(self, signature: bytes, event: bytes) -> bool:
        """Whether this is the first event with this signature, or a repeat of that event."""
        digest = hashlib.sha256(event).digest()
        async with self._pool.connection() as conn:
            cursor = await conn.execute(
                """insert into webhook_signatures as s (signature, event) values (%s, %s)
                   on conflict (signature) do update set event = s.event returning event""",
                (signature, digest),
            )
            row = await cursor.fetchone()
        assert row is not None
        return bytes(row[0]) == digest


async def delete_older_than(pool: Pool, hours: int) -> None:
    """Delete signatures that no gateway accepts any more."""
    async with pool.connection() as conn:
        await conn.execute(
            "delete from webhook_signatures where seen_at < clock_timestamp() - %s * interval '1 hour'", (hours,)
        )
