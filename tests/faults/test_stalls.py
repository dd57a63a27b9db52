"""Worker processes that are stopped for a while, or told to end: rates hold, and what is under way gets its outcome."""

import asyncio
import random
import signal
from contextlib import AsyncExitStack

import pytest

from tests.faults.clients import contacts
from tests.faults.dev import Dev
from tests.faults.promise import check_promise
from tests.faults.sending import check_all_sent, post, post_singles, states
from tests.faults.sink import running_sink
from tests.faults.size import MINUTES, SEED

PER_SECOND = 10.0
STALL = 12.0
"""Seconds: long enough that their dispatches are given to others."""
BURST = 0.25 * PER_SECOND + 2
"""A quarter of a second's worth; one that just fits in; one for the wire."""


def tell_workers(dev: Dev, number: signal.Signals) -> None:
    for process in dev.processes("workers"):
        process.send_signal(number)


@pytest.mark.fault
async def test_a_rate_holds_in_every_second_after_its_workers_were_stopped(dev: Dev):
    async with AsyncExitStack() as open_:
        sink = await open_.enter_async_context(running_sink(SEED))
        stack = await open_.enter_async_context(dev.stack())
        user = await stack.user(1000)
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink", per_second=PER_SECOND)
        uids = await post(stack, user, contacts(30, random.Random(SEED)), priority="bulk")
        uids += await post_singles(stack, user, 60)
        uids += await post(stack, user, contacts(30, random.Random(SEED)))
        await sink.reaches(20)
        tell_workers(dev, signal.SIGSTOP)
        await asyncio.sleep(STALL)
        tell_workers(dev, signal.SIGCONT)
        ended = await states(stack, uids, 180)
        check_promise(sink, uids, ended)
        await check_all_sent(stack, ended)
        assert sink.most_in_a_second() <= PER_SECOND + BURST
        if MINUTES:  # how long it takes is a matter of the machine
            took = max(sink.moments) - min(sink.moments)
            assert took < 2.5 * (len(uids) / PER_SECOND + STALL), "slots were wasted"


@pytest.mark.fault
async def test_what_is_with_a_slow_provider_when_workers_are_told_to_end_is_recorded(dev: Dev):
    async with AsyncExitStack() as open_:
        sink = await open_.enter_async_context(running_sink(SEED, at_least=5.0))
        stack = await open_.enter_async_context(dev.stack())
        user = await stack.user(1000)
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        uids = await post_singles(stack, user, 100)
        await sink.reaches(64)
        tell_workers(dev, signal.SIGTERM)
        ended = await states(stack, uids, 180)
        check_promise(sink, uids, ended)
        await check_all_sent(stack, ended)
