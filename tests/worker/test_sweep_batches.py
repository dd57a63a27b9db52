"""A batch whose workflow is taken away goes on, or is cancelled, and says that it has ended only when it has."""

import asyncio
from collections import Counter
from uuid import UUID

import pytest
from temporalio.client import WorkflowExecutionStatus

from domain.ids import batch_page_id, batch_workflow_id, send_workflow_id
from domain.messages.routing import Mode
from store.gateways import gateways
from store.workflow_checks import put_off
from tests.api.batches import ended, get, send_batch, sink_gateway, steer, until
from tests.faults.sink import Sink, running_sink
from tests.receiver import receiving, register
from tests.stack import Stack, User
from tests.worker import lost

COUNT = 600


@pytest.fixture
def pages_of_50(monkeypatch):
    monkeypatch.setattr("services.sending.batch_header.page_size", lambda rate: 50)


async def paused_gateway(stack: Stack, user: User, sink: Sink) -> UUID:
    """The id of a gateway that takes nothing for now."""
    identifier = await sink_gateway(stack, user, sink)
    (info,) = await gateways.named(stack.pool, user.id, identifier)
    await gateways.set_mode(stack.pool, info.id, Mode.PAUSED)
    return info.id


async def counts(stack: Stack, user: User, batch: str) -> Counter[str]:
    return Counter((await get(stack, user, f"/{batch}"))["data"]["counts"])


async def end_workflow(stack: Stack, batch: str, how) -> UUID:
    """End a batch's workflow; the workers' own sweep does not look at it, only the test's."""
    batch_id = UUID(batch)
    await put_off(stack.pool, batch_id, 3600)
    await how(stack.temporal, batch_workflow_id(batch_id))
    return batch_id


async def pages_under_way(stack: Stack, batch: str, count: int) -> list[UUID]:
    """Ids of pages of the batch whose workflows run, once there are so many."""
    first = [batch_page_id(UUID(batch), number) for number in range(1, 13)]
    async with asyncio.timeout(30):
        while True:
            found = [
                page
                for page in first
                if await lost.status(stack.temporal, send_workflow_id(page)) == WorkflowExecutionStatus.RUNNING
            ]
            if len(found) >= count:
                return found
            await asyncio.sleep(0.02)


async def test_a_batch_that_was_terminated_is_cancelled_and_told_of(stack: Stack):
    user = await stack.user(credit=COUNT)
    await stack.gateway(user.id, "sms", "sandbox", {})
    async with receiving() as receiver:
        await register(stack.pool, stack.keyring, user.id, receiver.url)
        batch = (await send_batch(stack, user, COUNT, schedule_at=lost.in_an_hour()))["batch"]
        await until(stack, user, batch, lambda data: data["state"] == "scheduled")
        batch_id = await end_workflow(stack, batch, lost.terminate)
        assert (await lost.sweep_batch(stack, batch_id)).ended == COUNT
        data = (await get(stack, user, f"/{batch}"))["data"]
        assert (data["state"], data["counts"]) == ("cancelled", {"cancelled": COUNT})
        await receiver.hears(COUNT, seconds=40)
        assert {event["type"] for event in receiver.events} == {"message.cancelled"}
    assert await lost.wallet(stack, user) == (COUNT, 0, 0)


async def test_a_batch_terminated_on_its_way_calls_its_pages_back(stack: Stack, pages_of_50):
    user = await stack.user(credit=COUNT)
    async with running_sink(1) as sink:
        await sink_gateway(stack, user, sink, per_second=5)
        batch = (await send_batch(stack, user, COUNT))["batch"]
        await pages_under_way(stack, batch, 2)
        batch_id = await end_workflow(stack, batch, lost.terminate)
        await lost.sweep_batch(stack, batch_id)
        async with asyncio.timeout(40):
            while (await get(stack, user, f"/{batch}"))["data"]["state"] != "cancelled":
                await lost.sweep_batch(stack, batch_id)
                await asyncio.sleep(0.2)
        found = await counts(stack, user, batch)
        assert found == {"sent": len(sink.arrived), "cancelled": COUNT - len(sink.arrived)}
    assert await lost.wallet(stack, user) == (found["cancelled"], 0, found["sent"])


async def test_a_batch_that_temporal_has_forgotten_goes_on_where_it_was(stack: Stack, pages_of_50):
    user = await stack.user(credit=COUNT)
    async with running_sink(1, thinks=0.01) as sink:
        await sink_gateway(stack, user, sink)
        batch = (await send_batch(stack, user, COUNT))["batch"]
        await sink.reaches(60)
        batch_id = await end_workflow(stack, batch, lost.delete)
        swept = await asyncio.gather(*(lost.sweep_batch(stack, batch_id) for _ in range(3)))
        assert sum(each.restarted for each in swept) == 1
        async with asyncio.timeout(60):  # pages that had begun before are not the new run's: the sweep ends it after
            while (await get(stack, user, f"/{batch}"))["data"]["state"] != "completed":
                await lost.sweep_batch(stack, batch_id)
                await asyncio.sleep(0.1)
        assert Counter(sink.arrived.values()) == {1: COUNT}
    assert await counts(stack, user, batch) == {"sent": COUNT}
    assert await lost.wallet(stack, user) == (0, 0, COUNT)


async def test_a_batch_with_a_lost_page_has_not_completed_before_that_has_its_end(stack: Stack, pages_of_50):
    user = await stack.user(credit=COUNT)
    async with running_sink(1, thinks=0.01) as sink:
        gateway_id = await paused_gateway(stack, user, sink)
        batch = (await send_batch(stack, user, COUNT))["batch"]
        page = (await pages_under_way(stack, batch, 2))[-1]
        await lost.until_rows(stack.pool, page, lambda rows: all(row[2] == "held" for row in rows))
        await lost.terminate(stack.temporal, send_workflow_id(page))
        await gateways.set_mode(stack.pool, gateway_id, Mode.ACTIVE)
        await lost.until_status(stack.temporal, batch_workflow_id(UUID(batch)), WorkflowExecutionStatus.COMPLETED)
        data = (await get(stack, user, f"/{batch}"))["data"]
        assert data["state"] == "running"
        assert (data["done"], data["counts"]) == (COUNT - 50, {"sent": COUNT - 50, "queued": 50})
        await lost.sweep_batch(stack, UUID(batch))
        await lost.sweep_page(stack, page)
        await lost.sweep_batch(stack, UUID(batch))
        data = await ended(stack, user, batch)
        assert (data["state"], data["counts"]) == ("completed", {"sent": COUNT - 50, "cancelled": 50})
    assert await lost.wallet(stack, user) == (50, 0, COUNT - 50)


async def test_a_paused_batch_that_was_lost_is_paused_again_and_can_be_steered(stack: Stack):
    user = await stack.user(credit=COUNT)
    async with running_sink(1, thinks=0.01) as sink:
        await sink_gateway(stack, user, sink)
        batch = (await send_batch(stack, user, COUNT, schedule_at=lost.in_an_hour()))["batch"]
        await until(stack, user, batch, lambda data: data["state"] == "scheduled")
        await steer(stack, user, batch, "pause")
        batch_id = await end_workflow(stack, batch, lost.delete)
        await lost.sweep_batch(stack, batch_id)
        assert (await until(stack, user, batch, lambda data: data["state"] == "paused"))["done"] == 0
        assert (await steer(stack, user, batch, "cancel")).status_code == 200
        assert (await ended(stack, user, batch))["counts"] == {"cancelled": COUNT}
        assert not sink.arrived


async def test_pages_that_were_lost_before_they_held_their_credits_are_sent_or_cancelled(stack: Stack, pages_of_50):
    user = await stack.user(credit=COUNT)
    async with running_sink(1, thinks=0.01) as sink:
        await sink_gateway(stack, user, sink)
        batch = (await send_batch(stack, user, COUNT, schedule_at=lost.in_an_hour()))["batch"]
        await until(stack, user, batch, lambda data: data["state"] == "scheduled")
        batch_id = await end_workflow(stack, batch, lost.delete)
        stopped, failed = (batch_page_id(batch_id, number) for number in (1, 2))
        await lost.start_without_worker(stack, stopped)
        await lost.terminate(stack.temporal, send_workflow_id(stopped))
        await lost.start_without_worker(stack, failed, run_timeout=1)
        await lost.until_status(stack.temporal, send_workflow_id(failed), WorkflowExecutionStatus.TIMED_OUT)
        await lost.sweep_batch(stack, batch_id)
        assert await lost.rows(stack.pool, stopped) == [("cancelled", "terminated", "free")] * 50
        await lost.until_rows(stack.pool, failed, lambda rows: {row[2] for row in rows} == {"held"})
        assert {row[0] for row in await lost.rows(stack.pool, failed)} == {"queued"}
        assert await lost.wallet(stack, user) == (COUNT - 50, 50, 0)
        assert not sink.arrived, "it is not due"
        assert (await steer(stack, user, batch, "cancel")).status_code == 200
        await lost.until_status(stack.temporal, batch_workflow_id(batch_id), WorkflowExecutionStatus.COMPLETED)
        await lost.sweep_batch(stack, batch_id)
        await lost.until_rows(stack.pool, failed, lambda rows: {row[2] for row in rows} == {"released"})
        await lost.sweep_batch(stack, batch_id)
        data = (await get(stack, user, f"/{batch}"))["data"]
        assert (data["state"], data["counts"]) == ("cancelled", {"cancelled": COUNT})
    assert await lost.wallet(stack, user) == (COUNT, 0, 0)
