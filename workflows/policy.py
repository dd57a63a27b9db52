"""Task queues, time-outs, retries and limits of workflows."""

from datetime import timedelta
from math import ceil
from typing import Any

from temporalio.common import Priority, RetryPolicy, VersioningBehavior

from domain.lanes import Lane
from domain.messages.page import ANSWER_SECONDS, CONCURRENCY, Route

WORKFLOW_QUEUE = "xsender"
DISPATCH_QUEUE = "xsender-dispatch"
BULK_QUEUE = "xsender-bulk"
BULK_DISPATCH_QUEUE = "xsender-bulk-dispatch"
HOME_QUEUE = "xsender-home"
"""Dispatches through gateways that one process sends through: of the workers that serve it, one polls it."""
BULK_HOME_QUEUE = "xsender-bulk-home"
"""The same of bulk. Who serves the other one serves it, too; nothing else names it."""
CALLBACK_QUEUE = "xsender-callbacks"
RECEIPTS_QUEUE = "xsender-receipts"
OPERATIONS_QUEUE = "xsender-operations"
AUTOMATIONS_QUEUE = "xsender-automations"
LEADS_QUEUE = "xsender-leads"
BULK_QUEUES = (
    BULK_QUEUE,
    BULK_DISPATCH_QUEUE,
    CALLBACK_QUEUE,
    RECEIPTS_QUEUE,
    OPERATIONS_QUEUE,
    AUTOMATIONS_QUEUE,
    LEADS_QUEUE,
)
"""Queues of work that is not urgent. A worker of only these runs at low CPU priority."""
QUEUES = (WORKFLOW_QUEUE, DISPATCH_QUEUE, HOME_QUEUE, *BULK_QUEUES)

BEHAVIOURS = {
    "SendWorkflow": VersioningBehavior.PINNED,
    "BatchWorkflow": VersioningBehavior.PINNED,
    "ReceiptsWorkflow": VersioningBehavior.PINNED,
    "CallbackWorkflow": VersioningBehavior.PINNED,
    "AutomationWorkflow": VersioningBehavior.AUTO_UPGRADE,
    "CampaignWorkflow": VersioningBehavior.AUTO_UPGRADE,
    "LeadWorkflow": VersioningBehavior.AUTO_UPGRADE,
    "LeadSourceWorkflow": VersioningBehavior.AUTO_UPGRADE,
    "OperationWorkflow": VersioningBehavior.AUTO_UPGRADE,
}
"""Whether a workflow stays with the build that it began on, or goes on with the current one (decision 0052). Workers
without a build do not look at it. The types on one queue must agree."""

_QUEUES = {Lane.TRANSACTIONAL: WORKFLOW_QUEUE, Lane.BULK: BULK_QUEUE}
_DISPATCH_QUEUES = {Lane.TRANSACTIONAL: DISPATCH_QUEUE, Lane.BULK: BULK_DISPATCH_QUEUE}
_HOME_QUEUES = {Lane.TRANSACTIONAL: HOME_QUEUE, Lane.BULK: BULK_HOME_QUEUE}
_PRIORITIES = {Lane.TRANSACTIONAL: 1, Lane.BULK: 4}
"""Temporal's priorities: 1 is the highest, 3 the default, 5 the lowest."""

HEARTBEAT = timedelta(seconds=10)
"""How soon a dead worker is noticed by what it was doing."""

QUEUE_SECONDS = 1800.0
"""How long a dispatch may wait for others of its gateway before it returns its unsent messages. Each round costs a
page some ten events; a worker that dies is noticed by its heartbeats, long before."""

# Statements on our own database: short, idempotent, retried until it is back. Pauses beyond the threshold are timers
# of the server: waiting in the worker would cost three events every eight seconds.
LOCAL: dict[str, Any] = {
    "start_to_close_timeout": timedelta(seconds=15),
    "local_retry_threshold": timedelta(seconds=10),
    "retry_policy": RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(seconds=60)),
}

# A round of deliveries to a customer: posts that hang, one after the other, end within this time.
DELIVERY: dict[str, Any] = {
    "heartbeat_timeout": HEARTBEAT,
    "start_to_close_timeout": timedelta(minutes=10),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60)),
}

# Some slices of an operation, each a transaction of a second or two.
OPERATION: dict[str, Any] = {
    "heartbeat_timeout": HEARTBEAT,
    "start_to_close_timeout": timedelta(minutes=10),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30)),
}

# A lead: a request to its provider, and some statements. It is tried until both are there again.
LEAD: dict[str, Any] = {
    "heartbeat_timeout": HEARTBEAT,
    "start_to_close_timeout": timedelta(minutes=2),
    "retry_policy": RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=60)),
}

WAKING = timedelta(minutes=1)
"""How long a page or a batch tries to wake endpoints with new deliveries. Maintenance wakes the rest."""


def start_options(lane: str, account_id: int) -> dict[str, Any]:
    """Options of a workflow of an account's messages: their lane's queue, and a fair share among accounts."""
    urgency = Lane(lane)
    return {
        "task_queue": _QUEUES[urgency],
        "priority": Priority(priority_key=_PRIORITIES[urgency], fairness_key=str(account_id)),
    }


def receipts_options(gateway_id: str) -> dict[str, Any]:
    """Options of the workflow for providers' events: a queue of their own, and a fair share among gateways."""
    return {"task_queue": RECEIPTS_QUEUE, "priority": Priority(fairness_key=gateway_id)}


def errand_options(lane: str) -> dict[str, Any]:
    """Options of an activity that a page or a batch needs beside its dispatches."""
    return {**DELIVERY, "task_queue": _DISPATCH_QUEUES[Lane(lane)]}


def dispatch_options(lane: str, route: Route) -> dict[str, Any]:
    """Options of a dispatch of a route: time to wait for others of its gateway, to send, and to end."""
    pace = len(route.indexes) / route.per_second if route.per_second else 0.0
    slowest = ceil(len(route.indexes) / CONCURRENCY) * ANSWER_SECONDS
    queues = _HOME_QUEUES if route.at_home else _DISPATCH_QUEUES
    return {
        "task_queue": queues[Lane(lane)],
        "heartbeat_timeout": HEARTBEAT,
        "start_to_close_timeout": timedelta(seconds=QUEUE_SECONDS + slowest + pace),
        "schedule_to_close_timeout": timedelta(days=1, seconds=slowest + pace),
        "retry_policy": RetryPolicy(
            initial_interval=timedelta(milliseconds=500), maximum_interval=timedelta(seconds=10)
        ),
    }
