"""A workflow that remembers in which order things came; run as a module with ADDRESS and QUEUE, its worker."""

import asyncio
import sys
from datetime import timedelta
from functools import partial

from temporalio import activity, workflow
from temporalio.client import Client

from worker.build import build_workers
from worker.table import QueueRow
from workflows.history import Inbox

TIMER_SECONDS = 4.0


@activity.defn
async def note(name: str) -> None:
    """A local activity for each thing that came."""


@workflow.defn
class Ordered:
    """Waits for a timer and for signals, as pages and batches do."""

    def __init__(self) -> None:
        self._inbox = Inbox()
        self._came: list[str] = []

    @workflow.run
    async def run(self) -> list[str]:
        """What came, in its order, when the signal ``last`` has come."""
        self._inbox.put_after(TIMER_SECONDS, partial(self._act_on, "timer"))
        while not {"last", "timer"} <= set(self._came):
            await self._inbox.take()
        return self._came

    async def _act_on(self, name: str) -> None:
        self._came.append(name)
        await workflow.execute_local_activity(
            note, name, activity_id=name, start_to_close_timeout=timedelta(seconds=10)
        )

    @workflow.signal
    def come(self, name: str) -> None:
        """Something comes."""
        self._inbox.put(partial(self._act_on, name))

    @workflow.query
    def came(self) -> list[str]:
        """What has come."""
        return self._came


async def main(address: str, queue: str) -> None:
    """Run a worker of the product for it."""
    client = await Client.connect(address)
    (worker,) = build_workers(client, {queue: QueueRow([Ordered], [note], 10, is_local=True)})
    await worker.run()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
