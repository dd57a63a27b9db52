"""The table of task queues and what runs on them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from activities.automations.going_on import Automations
from activities.batches import Batches
from activities.campaigns.steps import Campaigns
from activities.check_credit import CheckCredit
from activities.choose_gateway import ChooseGateway
from activities.dependencies import Dependencies
from activities.devices.reports import Devices
from activities.dispatching.dispatch import Dispatch
from activities.fall_back import FallBack
from activities.inbound import InboundMessages
from activities.leads.taking import Leads
from activities.operations.work import Operations
from activities.receipts import Receipts
from activities.record_status import RecordStatus
from activities.send_at_once import SendAtOnce
from domain.lanes import Lane
from services.sending.restart import start_stored
from services.whatsapp.late_templates import send_late_templates
from store.pool import Pool
from worker.runners.workflow_types import WORKFLOWS
from workflows.policy import (
    AUTOMATIONS_QUEUE,
    BULK_DISPATCH_QUEUE,
    BULK_HOME_QUEUE,
    BULK_QUEUE,
    CALLBACK_QUEUE,
    DISPATCH_QUEUE,
    HOME_QUEUE,
    LEADS_QUEUE,
    OPERATIONS_QUEUE,
    QUEUES,
    RECEIPTS_QUEUE,
    WORKFLOW_QUEUE,
)

DISPATCHES_AT_A_TIME = 1000
"""A hanging gateway occupies twice its number of slots (in use and waiting): enough must remain for the others."""
BULK_DISPATCHES_AT_A_TIME = 64
"""Enough for many batches through slow gateways; beyond that Temporal's fairness applies among accounts."""
ENDPOINTS_AT_A_TIME = 500
"""A customer's server that hangs occupies one, however many deliveries it has."""

RECEIPTS_AT_A_TIME = 8
"""Each holds a connection to the database: some must remain for the other queues of the process."""

OPERATIONS_AT_A_TIME = 3
"""Operations and steps of campaigns. Each holds a connection to the database nearly all the time."""
RUNS_AT_A_TIME = 200
"""Runs of automations that take their steps: those that ask at about the same time share a transaction."""
LEADS_AT_A_TIME = 32
"""Leads that are fetched and taken: some of a provider that is slow leave the others theirs."""


@dataclass(frozen=True)
class QueueRow:
    """What a worker of one task queue runs."""

    workflows: Sequence[type]
    activities: Sequence[Callable[..., Any]]
    at_a_time: int
    """How many activities a process runs at a time."""
    is_local: bool = False
    """Whether its workflows call its activities as local ones."""
    at_home: bool = False
    """Whether only the home polls it, of all processes that serve it (``worker/home.py``)."""


def table(pool: Pool, dependencies: Dependencies, served: Sequence[str] = QUEUES) -> dict[str, QueueRow]:
    """The task queues that a process serves."""
    record = RecordStatus(pool)
    batches = Batches(pool)
    fall_back = FallBack(pool)
    at_a_time = {Lane.TRANSACTIONAL: DISPATCHES_AT_A_TIME, Lane.BULK: BULK_DISPATCHES_AT_A_TIME}
    sends_here = DISPATCH_QUEUE in served  # another process has the connections to gateways otherwise
    dispatch = Dispatch(
        pool, dependencies.gateways, dependencies.mails, at_a_time, dependencies.unfinished if sends_here else None
    )
    credit, choice = CheckCredit(pool), ChooseGateway(pool)
    devices = Devices(pool)
    receipts = Receipts(pool, send_late_templates)
    reported: list[Callable[..., Any]] = [receipts.apply_receipts, InboundMessages(pool).process]
    flows = QueueRow(
        WORKFLOWS[WORKFLOW_QUEUE],
        [
            credit.check_credit,
            choice.choose_gateway,
            SendAtOnce(credit, choice, dispatch, record).send_at_once,
            record.record_status,
            record.record_schedule,
            devices.results,
            devices.recall,
            batches.list_pages,
            batches.open_pages,
            batches.show_batch,
            batches.finish_batch,
            *reported,  # of workflows that releases before the receipts' own queue started
            fall_back.next_step,
        ],
        at_a_time=50,
        is_local=True,
    )
    callbacks, campaigns = dependencies.callbacks, Campaigns(dependencies.campaigns)
    automations = Automations(dependencies.running, dependencies.outbox, start_stored)
    leads = Leads(dependencies.leads, dependencies.missed_leads, start_stored)
    errands: list[Callable[..., Any]] = [dispatch.dispatch, callbacks.queue_batch, callbacks.wake, fall_back.follow_up]
    rows = {
        WORKFLOW_QUEUE: flows,
        DISPATCH_QUEUE: QueueRow([], errands, DISPATCHES_AT_A_TIME),
        BULK_QUEUE: flows,
        BULK_DISPATCH_QUEUE: QueueRow([], errands, BULK_DISPATCHES_AT_A_TIME),
        CALLBACK_QUEUE: QueueRow(WORKFLOWS[CALLBACK_QUEUE], [callbacks.deliver], ENDPOINTS_AT_A_TIME),
        OPERATIONS_QUEUE: QueueRow(
            WORKFLOWS[OPERATIONS_QUEUE],
            [
                Operations(pool, dependencies.keyring, start_stored).work,
                campaigns.begin,
                campaigns.take_people,
                campaigns.needs_approval,
                campaigns.store_slice,
                campaigns.decide,
                campaigns.show,
                campaigns.finish,
            ],
            OPERATIONS_AT_A_TIME,
        ),
        AUTOMATIONS_QUEUE: QueueRow(WORKFLOWS[AUTOMATIONS_QUEUE], [automations.go_on], RUNS_AT_A_TIME),
        LEADS_QUEUE: QueueRow(WORKFLOWS[LEADS_QUEUE], [leads.take, leads.catch_up], LEADS_AT_A_TIME),
        RECEIPTS_QUEUE: QueueRow(WORKFLOWS[RECEIPTS_QUEUE], reported, RECEIPTS_AT_A_TIME, is_local=True),
    }
    chosen = {queue: row for queue, row in rows.items() if queue in served}
    if HOME_QUEUE in served:
        chosen[HOME_QUEUE] = QueueRow([], [dispatch.dispatch], DISPATCHES_AT_A_TIME, at_home=True)
        chosen[BULK_HOME_QUEUE] = QueueRow([], [dispatch.dispatch], BULK_DISPATCHES_AT_A_TIME, at_home=True)
    return chosen
