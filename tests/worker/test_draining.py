"""A worker that is told to end: what its workers begin until they have ended gets its answer."""

import asyncio
from typing import cast
from uuid import uuid4

from temporalio import activity
from temporalio.worker import Worker

from activities.dependencies import open_gateways
from activities.dispatching.unfinished import Unfinished
from domain.keyring import Keyring
from store.workers import queues_served
from tests.stack import Stack
from worker.home import Home
from worker.main import serve_until


@activity.defn
async def nothing() -> None:
    """What a worker must have."""


class BeginsLate:
    """A worker with a task of a workflow in hand when it is told to end, in which messages are sent at once."""

    def __init__(self, unfinished: Unfinished, sends: asyncio.Event) -> None:
        self._unfinished = unfinished
        self._sends = sends
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        await self._stopped.wait()
        self._unfinished.begin(self._sends.wait())

    async def shutdown(self) -> None:
        await asyncio.sleep(0.01)
        self._stopped.set()


async def test_a_worker_is_signed_on_until_the_last_message_that_it_began_has_its_answer(stack: Stack):
    """Others would take it for dead, and its messages for lost."""
    queue, stop, answered, unfinished = f"queue-{uuid4()}", asyncio.Event(), asyncio.Event(), Unfinished()
    pool, gateways = stack.pool, open_gateways(stack.pool, Keyring.generate())
    late = cast(Worker, BeginsLate(unfinished, answered))
    home = Home(pool, stack.temporal, {}, gateways)
    serving = asyncio.create_task(serve_until(stop, [late], pool, [queue], unfinished=unfinished, home=home))
    async with asyncio.timeout(30):
        while queue not in await queues_served(pool):
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.sleep(0.5)
        assert not serving.done()
        assert queue in await queues_served(pool)
        answered.set()
        await serving
    assert queue not in await queues_served(pool)
    await gateways.aclose()


async def test_a_worker_that_is_told_to_end_while_it_starts_ends(stack: Stack):
    """Temporal has not answered yet whether it knows the namespace."""
    stop, gateways = asyncio.Event(), open_gateways(stack.pool, Keyring.generate())
    stop.set()
    starting = [Worker(stack.temporal, task_queue=f"queue-{uuid4()}", activities=[nothing]) for _ in range(2)]
    async with asyncio.timeout(20):
        await serve_until(stop, starting, stack.pool, [], home=Home(stack.pool, stack.temporal, {}, gateways))
    await gateways.aclose()
