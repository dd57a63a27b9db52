"""Pausing a batch stops it, resuming it goes on where it was: nothing is lost, nothing doubled."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

import pytest
from temporalio.client import Client, WorkflowHandle
from temporalio.service import RPCError

from domain.batches.batch import BatchStatus
from domain.ids import batch_workflow_id, send_workflow_id
from tests.faults.clients import contacts, persistent_client
from tests.faults.dev import Dev
from tests.faults.promise import batch_ends, check_ledger, check_promise
from tests.faults.sink import Sink, running_sink
from tests.faults.size import MINUTES, SEED
from tests.stack import Stack, User

PAUSES = 2 if MINUTES else 1
"""The first with a `kill -9` of the workers."""
BATCH = 3000 * PAUSES
"""So many that all pages in flight, which a pause lets end, are not all each time."""
WATCHED = 2.0
"""Seconds in which nothing may arrive."""


async def steer(stack: Stack, user: User, batch: str, change: str) -> str:
    """Pause or resume a batch; returns the state that it is in then."""
    answer = await stack.http.post(f"/api/batches/{batch}/{change}", headers=user.headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]["state"]


async def at_rest(temporal: Client, batch: WorkflowHandle, seconds: float = 180) -> None:
    """Wait until no page of the batch has anything to do: what was at the gateway has its outcome."""
    async with asyncio.timeout(seconds):
        while True:
            status = await _status(batch)
            pages = [temporal.get_workflow_handle(send_workflow_id(UUID(page))) for page in status.in_flight]
            if not any([await is_busy(page) for page in pages]):
                return
            await asyncio.sleep(0.1)


async def _status(batch: WorkflowHandle) -> BatchStatus:
    while True:
        with suppress(RPCError):  # workers that were killed take a while to come back
            return await batch.query("status", result_type=BatchStatus, rpc_timeout=timedelta(seconds=10))
        await asyncio.sleep(0.1)


async def is_busy(page: WorkflowHandle) -> bool:
    """Whether a dispatch of a page is under way, or its workflow is about to do something."""
    described = (await page.describe()).raw_description
    return bool(described.pending_activities) or described.HasField("pending_workflow_task")


async def nothing_arrives(stack: Stack, sink: Sink, batch: WorkflowHandle, meanwhile: Callable[[], object]) -> None:
    """See that a paused batch sends nothing, once what was under way has ended."""
    await at_rest(stack.temporal, batch)
    before = sink.arrived.total()
    assert before < BATCH, "nothing was left to be paused"
    meanwhile()
    await asyncio.sleep(WATCHED)
    await at_rest(stack.temporal, batch)  # a worker answers that could send
    assert sink.arrived.total() == before, "something was sent during the pause"


@pytest.mark.fault
async def test_a_batch_paused_again_and_again_loses_and_doubles_nothing(dev: Dev):
    dice = random.Random(SEED)
    async with running_sink(SEED) as sink, dev.stack() as stack:
        user = await stack.user(BATCH)
        await stack.gateway(user.id, "sms", "http", sink.config, identifier="sink")
        async with persistent_client(dev.url, user) as client:
            uid = (await client.send(contacts(BATCH, dice))).json()["batch"]
            batch = stack.temporal.get_workflow_handle(batch_workflow_id(UUID(uid)))
            for meanwhile in (lambda: dev.kill("workers"), lambda: None)[:PAUSES]:
                await sink.reaches(sink.arrived.total() + dice.randrange(1, 400))
                assert await steer(stack, user, uid, "pause") == "paused"
                await nothing_arrives(stack, sink, batch, meanwhile)
                assert await steer(stack, user, uid, "resume") == "running"
            states = await batch_ends(stack.pool, uid)
        check_promise(sink, client.accepted, states)
        assert set(states.values()) == {"sent"}
        await check_ledger(dev, user, states.values())
