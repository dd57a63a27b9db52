"""Sending through an install, and what became of it."""

import asyncio
import random
from collections.abc import Mapping
from uuid import UUID

from domain.ids import page_of, send_workflow_id
from tests.faults.clients import contacts
from tests.faults.size import SEED
from tests.stack import Stack, User


async def post(stack: Stack, user: User, items: list[dict[str, object]], **more: object) -> list[str]:
    """Send; returns the uids."""
    answer = await stack.http.post("/api/sms/send", json={"contact": items, **more}, headers=user.headers)
    assert answer.status_code == 200, answer.text
    return [item["uid"] for item in answer.json()["data"]]


async def post_singles(stack: Stack, user: User, count: int, side_by_side: int = 4) -> list[str]:
    """Send so many single messages, a few requests at a time, so that few share a page."""
    dice = random.Random(SEED)

    async def some() -> list[str]:
        return [uid for _ in range(count // side_by_side) for uid in await post(stack, user, contacts(1, dice))]

    return [uid for own in await asyncio.gather(*(some() for _ in range(side_by_side))) for uid in own]


async def states(stack: Stack, uids: list[str], seconds: float) -> dict[str, str]:
    """The states of messages once none of them is on its way any more."""
    async with asyncio.timeout(seconds):
        while True:
            async with stack.pool.connection() as conn:
                rows = await conn.execute("select uid::text, state from messages where uid = any(%s::uuid[])", (uids,))
                found = dict(await rows.fetchall())
            if len(found) == len(uids) and not {"queued", "processing", "scheduled"} & set(found.values()):
                return found
            await asyncio.sleep(0.2)


async def check_all_sent(stack: Stack, ended: Mapping[str, str]) -> None:
    """Each of these messages was sent; of others the record tells why not."""
    others = [uid for uid, state in ended.items() if state != "sent"]
    async with stack.pool.connection() as conn:
        rows = await conn.execute(
            """select m.state, m.reason, a.attempt, a.outcome, a.reason from messages m left join attempts a using (uid)
               where m.uid = any(%s::uuid[])""",
            (others,),
        )
        assert not others, f"{len(others)} of {len(ended)} were not sent: {await rows.fetchmany(5)}"


async def longest_history(stack: Stack, uids: list[str]) -> int:
    """Events of the page that took the most of them."""
    lengths = []
    for page in {page_of(UUID(uid)) for uid in uids}:
        handle = stack.temporal.get_workflow_handle(send_workflow_id(page))
        lengths.append((await handle.describe()).history_length)
    return max(lengths)
