"""Providers and gateways that are slower than what is sent through them: it takes time, and nothing else."""

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.ids import page_of, send_workflow_id
from tests.faults.clients import contacts
from tests.faults.promise import check_promise
from tests.faults.sink import running_sink
from tests.faults.size import MINUTES, SEED
from tests.stack import Stack, User
from workflows import policy

PLACES = 8
ANSWER = 0.5
"""Seconds that the provider takes: with so many places, 16 messages a second."""
SINGLES = 200
"""So most wait for longer than one dispatch has time."""
TIME = 4.0
"""Seconds that a dispatch has, whatever it is to send."""
BATCHES = 8
CONTACTS = 25
PER_SECOND = 15.0


@pytest.fixture
def short_dispatches(monkeypatch) -> None:
    """The proportions of a provider that takes 25 s, made small: answer, places and the time of a dispatch."""
    options = policy.dispatch_options

    def shorter(*page: Any) -> dict[str, Any]:
        return options(*page) | {"start_to_close_timeout": timedelta(seconds=TIME)}

    monkeypatch.setattr(policy, "dispatch_options", shorter)
    for module in ("activities.delivery", "activities.start_window"):
        monkeypatch.setattr(f"{module}.ANSWER_SECONDS", 3 * ANSWER)
    monkeypatch.setattr("activities.start_window.RECORD_SECONDS", 0.5)
    monkeypatch.setattr("activities.line.CONCURRENCY", PLACES)
    monkeypatch.setattr("activities.line.WAITING", PLACES)


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


async def longest_history(stack: Stack, uids: list[str]) -> int:
    """Events of the page that took the most of them."""
    lengths = []
    for page in {page_of(UUID(uid)) for uid in uids}:
        handle = stack.temporal.get_workflow_handle(send_workflow_id(page))
        lengths.append((await handle.describe()).history_length)
    return max(lengths)


async def test_single_messages_through_a_slow_provider_all_end_as_sent(stack: Stack, short_dispatches):
    async with running_sink(SEED, at_least=ANSWER) as sink:
        user = await stack.user(SINGLES)
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        uids = await post_singles(stack, user, SINGLES)
        ended = await states(stack, uids, 60)
        check_promise(sink, uids, ended)
        assert Counter(ended.values()) == {"sent": SINGLES}
        # A page comes back every few seconds here, instead of every half hour: ten events for each time.
        assert await longest_history(stack, uids) <= 30 + 10 * (SINGLES / PLACES * ANSWER) / (TIME - 3 * ANSWER - 0.5)


async def test_batches_through_a_slow_rated_gateway_all_end_as_sent(stack: Stack, short_dispatches):
    async with running_sink(SEED) as sink:
        users = [await stack.user(CONTACTS) for _ in range(BATCHES)]
        shared = {"share_with": [user.id for user in users[1:]], "per_second": PER_SECOND}
        await stack.gateway(users[0].id, "sms", "http", sink.config, identifier="sink", **shared)
        dice = random.Random(SEED)
        posts = [post(stack, user, contacts(CONTACTS, dice), priority="bulk") for user in users]
        uids = [uid for own in await asyncio.gather(*posts) for uid in own]
        ended = await states(stack, uids, 60)
        check_promise(sink, uids, ended)
        assert Counter(ended.values()) == {"sent": BATCHES * CONTACTS}
        assert sink.most_in_a_second() <= PER_SECOND * 1.25 + 2


@pytest.mark.fault
@pytest.mark.skipif(not MINUTES, reason="takes twelve minutes: run it with FAULT_MINUTES=12")
async def test_1500_single_messages_through_a_provider_that_takes_25_seconds(stack: Stack):
    count = 1500
    async with running_sink(SEED, at_least=25.0) as sink:
        user = await stack.user(count)
        await stack.gateway(user.id, "sms", "http", sink.config | {"timeout": 60.0}, identifier="sink")
        uids = await post_singles(stack, user, count)
        ended = await states(stack, uids, MINUTES * 60)
        check_promise(sink, uids, ended)
        assert Counter(ended.values()) == {"sent": count}
        assert await longest_history(stack, uids) <= 40
