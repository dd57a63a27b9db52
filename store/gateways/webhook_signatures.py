"""Signatures of providers that cover a time but not the event: each is good for one event, at whichever process."""

import hashlib

from store.pool import Pool

SIGNATURE_HOURS = 24
"""How long a signature is remembered: longer than any gateway takes one for fresh."""


class Signatures:
    """The memory of all processes."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def came_with(self, signature: bytes, event: bytes) -> bool:
        """Whether this is the event that the signature came with first; the first time it is."""
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


async def forget_older_than(pool: Pool, hours: int) -> None:
    """Drop signatures that nobody takes for fresh any more."""
    async with pool.connection() as conn:
        await conn.execute(
            "delete from webhook_signatures where seen_at < clock_timestamp() - %s * interval '1 hour'", (hours,)
        )
