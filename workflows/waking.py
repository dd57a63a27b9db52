"""Waking the workflows of customers' endpoints when deliveries are queued."""

from contextlib import suppress

from temporalio import workflow
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    import workflows.policy as policy


async def wake(endpoints: list[str] | None, lane: str) -> None:
    """Wake these endpoints' workflows. Old histories have ``None``."""
    if endpoints:
        with suppress(ActivityError):
            await workflow.execute_activity(
                "wake_callbacks",
                args=[policy.CALLBACK_QUEUE, endpoints],
                schedule_to_close_timeout=policy.WAKING,
                **policy.errand_options(lane),
            )
