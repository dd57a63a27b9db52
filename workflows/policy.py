"""Time-outs and retries of the send workflow, in one place."""

from datetime import timedelta
from typing import Any

from temporalio.common import RetryPolicy

WORKFLOW_QUEUE = "xsender"
DISPATCH_QUEUE = "xsender-dispatch"

MAX_ATTEMPTS = 8
"""Tries at one message, over all gateways."""

MAX_WAIT = 24 * 3600.0
"""Seconds that a due message waits for a gateway before it expires."""

HEARTBEAT = timedelta(seconds=10)
"""How soon a dead worker's dispatch is noticed."""

# Statements on our own database: short, idempotent, retried through an outage of a day.
LOCAL: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=15),
    "schedule_to_close_timeout": timedelta(days=1),
    "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=10)),
}


def dispatch_options(size: int, per_second: float) -> dict[str, Any]:
    """Options of a dispatch of ``size`` messages: time to send them all at the gateway's pace, and to come back."""
    pace = size / per_second if per_second else 0.0
    return {
        "task_queue": DISPATCH_QUEUE,
        "heartbeat_timeout": HEARTBEAT,
        "start_to_close_timeout": timedelta(seconds=600 + pace),
        "schedule_to_close_timeout": timedelta(days=1, seconds=pace),
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10)
        ),
    }
