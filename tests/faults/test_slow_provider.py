"""Providers and gateways that are slower than what is sent through them: it takes time, and nothing else."""

import asyncio
import random
from datetime import timedelta
from typing import Any

import pytest

from tests.faults.clients import contacts
from tests.faults.promise import check_promise
from tests.faults.sending import check_all_sent, longest_history, post, post_singles, states
from tests.faults.sink import running_sink
from tests.faults.size import MINUTES, SEED
from tests.stack import Stack
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
    for module in ("activities.dispatching.delivery", "activities.dispatching.start_window"):
        monkeypatch.setattr(f"{module}.ANSWER_SECONDS", 3 * ANSWER)
    monkeypatch.setattr("activities.dispatching.start_window.RECORD_SECONDS", 0.5)
    monkeypatch.setattr("activities.pacing.gateway_slots.CONCURRENCY", PLACES)
    monkeypatch.setattr("activities.pacing.gateway_slots.WAITING", PLACES)


async def test_single_messages_through_a_slow_provider_all_end_as_sent(stack: Stack, short_dispatches):
    async with running_sink(SEED, at_least=ANSWER) as sink:
        user = await stack.user(SINGLES)
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        uids = await post_singles(stack, user, SINGLES)
        ended = await states(stack, uids, 60)
        check_promise(sink, uids, ended)
        await check_all_sent(stack, ended)
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
        await check_all_sent(stack, ended)
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
        await check_all_sent(stack, ended)
        assert await longest_history(stack, uids) <= 40
