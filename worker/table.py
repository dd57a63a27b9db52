"""The one table: task queue → what runs there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from activities.check_credit import CheckCredit
from activities.choose_gateway import ChooseGateway
from activities.dispatch import Dispatch
from activities.gateway_cache import GatewayCache
from activities.record_status import RecordStatus
from store.pool import Pool
from workflows.policy import DISPATCH_QUEUE, WORKFLOW_QUEUE
from workflows.send import SendWorkflow

QUEUES = (WORKFLOW_QUEUE, DISPATCH_QUEUE)


@dataclass(frozen=True)
class QueueRow:
    """What a worker of one task queue runs."""

    workflows: Sequence[type]
    activities: Sequence[Callable[..., Any]]


def table(pool: Pool, gateways: GatewayCache) -> dict[str, QueueRow]:
    """All task queues. The workflow queue's activities are called as local ones."""
    record = RecordStatus(pool)
    return {
        WORKFLOW_QUEUE: QueueRow(
            [SendWorkflow],
            [
                CheckCredit(pool).check_credit,
                ChooseGateway(pool).choose_gateway,
                record.record_status,
                record.record_schedule,
            ],
        ),
        DISPATCH_QUEUE: QueueRow([], [Dispatch(pool, gateways).dispatch]),
    }
