"""A request for a batch that is cut off anywhere is finished by its repeat, and by nothing else."""

import random
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from uuid import uuid4

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from api.sending import batches as accept_batch
from domain.batches.batch import BatchHeader
from tests.faults.clients import contacts, persistent_client
from tests.faults.promise import batch_ends, check_promise, stored
from tests.faults.sink import running_sink
from tests.faults.size import SEED
from tests.stack import Stack

BATCH = 600

Start = Callable[[Client, BatchHeader], Awaitable[None]]


def cut_off_before(_: Start) -> Start:
    async def start(client: Client, header: BatchHeader) -> None:
        raise RPCError("cut off", RPCStatusCode.UNAVAILABLE, b"")

    return start


def cut_off_after(started: Start) -> Start:
    async def start(client: Client, header: BatchHeader) -> None:
        await started(client, header)
        raise RPCError("cut off", RPCStatusCode.DEADLINE_EXCEEDED, b"")

    return start


@pytest.mark.parametrize(("cut_off", "arrive"), [(cut_off_before, 0), (cut_off_after, BATCH)])
async def test_a_batch_cut_off_at_its_start_is_sent_once(stack: Stack, monkeypatch, cut_off, arrive):
    wanted, key = contacts(BATCH, random.Random(SEED)), str(uuid4())
    async with AsyncExitStack() as open_:
        sink = await open_.enter_async_context(running_sink(SEED))
        user = await stack.user(BATCH)
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        with monkeypatch.context() as patch:
            patch.setattr(accept_batch, "_start", cut_off(accept_batch._start))
            first = await stack.send(user, "sms", *wanted, **{"Idempotency-Key": key})
            assert first.status_code == 503
            await sink.reaches(arrive)
        client = await open_.enter_async_context(persistent_client(stack.url, user))
        accepted = await client.send(wanted, key)
        assert (await client.post(wanted, key)).content == accepted.content
        check_promise(sink, client.accepted, await batch_ends(stack.pool, accepted.json()["batch"]))
        assert sink.arrived.total() == BATCH
        assert await stored(stack.pool, user) == (1, BATCH)
