"""Two tenants share workers and a gateway: neither is served before the other."""

import asyncio
import random
from uuid import UUID

from tests.faults.clients import contacts, persistent_client
from tests.faults.promise import batch_ends
from tests.faults.sink import running_sink
from tests.faults.size import SEED
from tests.stack import Stack, User

EACH = 3000


async def duration(stack: Stack, batch: str) -> float:
    """Seconds from the acceptance of a batch to its end."""
    async with stack.pool.connection() as conn:
        cursor = await conn.execute(
            "select extract(epoch from finished_at - created_at)::float8 from batches where id = %s", (UUID(batch),)
        )
        row = await cursor.fetchone()
        assert row is not None
        return row[0]


async def test_equal_batches_of_two_tenants_take_the_same_time(stack):
    dice = random.Random(SEED)
    async with running_sink(SEED) as sink:
        users = [await stack.user(EACH) for _ in range(2)]
        await stack.gateway(users[0].id, "sms", "http", sink.config, identifier="sink", share_with=[users[1].id])

        async def batch_of(user: User) -> float:
            async with persistent_client(stack.url, user) as client:
                batch = (await client.send(contacts(EACH, dice))).json()["batch"]
            assert set((await batch_ends(stack.pool, batch)).values()) == {"sent"}
            return await duration(stack, batch)

        first, second = await asyncio.gather(*(batch_of(user) for user in users))
        assert max(first, second) <= 1.2 * min(first, second), (first, second)
