"""The floor: the least that any workflow with one activity costs on the same worker, queues, codec and client."""

from datetime import timedelta

from temporalio import activity, workflow

from workflows.policy import DISPATCH_QUEUE


@activity.defn
async def floor_activity() -> None:
    """Does nothing."""


@workflow.defn
class FloorWorkflow:
    """One no-op activity on the queue that dispatches use."""

    @workflow.run
    async def run(self) -> None:
        """Run the activity."""
        await workflow.execute_activity(
            "floor_activity", task_queue=DISPATCH_QUEUE, start_to_close_timeout=timedelta(seconds=60)
        )
