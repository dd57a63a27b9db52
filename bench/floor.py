"""The floor: the least that any workflow with one activity costs on the same worker, queues, codec and client."""

import time
from datetime import timedelta

from temporalio import activity, workflow

from workflows.policy import DISPATCH_QUEUE


@activity.defn
async def floor_activity() -> float:
    """Does nothing; returns when it began (Unix time)."""
    return time.time()


@workflow.defn
class FloorWorkflow:
    """One no-op activity on the queue that dispatches use."""

    @workflow.run
    async def run(self) -> float:
        """Run the activity; returns what it returned."""
        began: float = await workflow.execute_activity(
            "floor_activity", task_queue=DISPATCH_QUEUE, start_to_close_timeout=timedelta(seconds=60)
        )
        return began
