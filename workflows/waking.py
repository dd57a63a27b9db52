"""Telling the workflows of customers' endpoints that there is something to tell."""

from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy


async def wake(endpoints: list[str] | None, lane: str) -> None:
    """Wake these endpoints' workflows, if there are any. ``None`` is what histories of old have."""
    if endpoints:
        with suppress(ActivityError):
            await workflow.execute_activity(
                "wake_callbacks",
                args=[policy.CALLBACK_QUEUE, endpoints],
                schedule_to_close_timeout=policy.WAKING,
                **policy.errand_options(lane),
            )
