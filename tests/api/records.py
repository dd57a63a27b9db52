"""Messages in the record as they are after a gateway took them, without the work of sending them."""

import asyncio
from uuid import UUID, uuid4

from tests.stack import Stack, User


async def many_sent(stack: Stack, user: User, count: int) -> list[UUID]:
    """So many mails that the user's gateway took."""
    uids = [uuid4() for _ in range(count)]
    async with stack.pool.connection() as conn, conn.transaction():
        cursor = await conn.execute("select id from gateways where account_id = %s", (user.id,))
        (gateway,) = await cursor.fetchone()
        await conn.execute(
            """insert into messages (uid, account_id, channel, recipient, state, price, credit, gateway_id, receipts)
               select uid, %s, 'email', 'a@example.com', 'sent', 0, 'free', %s, true
               from unnest(%s::uuid[]) as u (uid)""",
            (user.id, gateway, uids),
        )
        await conn.execute(
            """insert into attempts (uid, attempt, gateway_id, run_id, outcome)
               select uid, 1, %s, %s, 'accepted' from unnest(%s::uuid[]) as u (uid)""",
            (gateway, uuid4(), uids),
        )
    return uids


async def all_in(stack: Stack, uids: list[UUID], state: str, within: float = 60.0) -> None:
    """Wait until all of them are in this state."""
    query = "select count(*) from messages where uid = any(%s) and state = %s"
    async with asyncio.timeout(within), stack.pool.connection() as conn:
        while await (await conn.execute(query, (uids, state))).fetchone() != (len(uids),):
            await asyncio.sleep(0.05)
