"""The promise: every accepted message ends, what the record says is what arrived, and the money is right."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import LiteralString, Protocol
from uuid import UUID

from psycopg import OperationalError

from store.batches import queries as batch_queries
from store.batches.queries import Batch
from store.pool import Pool, retry_until_available
from tests.faults.dev import Dev
from tests.stack import Stack, User

_ARRIVALS = {"sent": {1}, "delivered": {1}, "unknown": {0, 1}}
"""How often a message may have arrived, by its state; not at all if it is in any other one."""


class Arrivals(Protocol):
    """Where messages arrive."""

    @property
    def arrived(self) -> Counter[str]:
        """How often, by uid."""


def check_promise(sink: Arrivals, accepted: Iterable[str], states: Mapping[str, str]) -> None:
    """Nothing is lost, nothing is doubled, and nothing left that was not accepted. ``states`` is by uid."""
    uids = list(accepted)
    assert len(set(uids)) == len(uids), "a uid was given twice"
    assert set(states) == set(uids), "an accepted message has no outcome"
    assert set(sink.arrived) <= set(uids), "something was sent that was never accepted"
    broken = {
        uid: (state, sink.arrived[uid])
        for uid, state in states.items()
        if sink.arrived[uid] not in _ARRIVALS.get(state, {0})
    }
    assert not broken, f"{len(broken)} messages, for example {list(broken.items())[:3]}"


async def check_ledger(dev: Dev, user: User, states: Iterable[str]) -> None:
    """The user's wallet fits the outcomes of all that it ever sent, and all wallets fit the journal."""
    counts = Counter(states)
    spent = counts["sent"] + counts["delivered"]
    wallet = (await dev.cli("credit", "show", "--user", str(user.id)))["sms"]
    assert wallet["granted"] == wallet["available"] + wallet["held"] + wallet["spent"]
    assert wallet["spent"] == spent
    assert wallet["held"] == counts["unknown"]
    assert await dev.cli("credit", "audit") == [], "journal and wallets differ"
    (usage,) = await dev.cli("usage", "--user", str(user.id), "--by", "channel")
    counted = {name: usage[name] for name in ("accepted", "sent", "delivered", "unknown", "credits")}
    assert counted == {
        "accepted": counts.total(),
        "sent": counts["sent"],
        "delivered": counts["delivered"],
        "unknown": counts["unknown"],
        "credits": spent,
    }


async def asked(stack: Stack, query: LiteralString, argument: object) -> list[tuple]:
    """Rows; while PostgreSQL starts again it is asked once more."""
    async with asyncio.timeout(60):
        while True:
            try:
                async with stack.pool.connection() as conn:
                    return await (await conn.execute(query, (argument,))).fetchall()
            except OperationalError:
                await asyncio.sleep(0.2)


async def find(pool: Pool, batch: str) -> Batch:
    """What the record says of a batch."""
    found = await retry_until_available(
        lambda: batch_queries.find(pool, UUID(batch))
    )  # the database may have been killed
    assert found is not None
    return found


async def batch_ends(pool: Pool, batch: str, seconds: float = 240) -> dict[str, str]:
    """Wait until a batch is completed. Returns the states of its messages by uid."""
    async with asyncio.timeout(seconds):
        while (await find(pool, batch)).state != "completed":
            await asyncio.sleep(0.1)
    listed = await retry_until_available(lambda: batch_queries.messages(pool, UUID(batch), None, None, limit=100_000))
    return {str(message.uid): message.state for message in listed}


async def stored(pool: Pool, user: User) -> tuple[int, int]:
    """How many batches, and how many messages, the record has of a user."""
    async with pool.connection() as conn:
        cursor = await conn.execute(
            """select (select count(*) from batches where account_id = %(user)s),
                      (select count(*) from messages where account_id = %(user)s)""",
            {"user": user.id},
        )
        row = await cursor.fetchone()
        assert row is not None
        return row
