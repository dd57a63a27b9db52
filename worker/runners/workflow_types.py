"""Which workflows there are. Loads none of their activities."""

from collections.abc import Mapping, Sequence

from workflows.automation import AutomationWorkflow
from workflows.batch import BatchWorkflow
from workflows.callback import CallbackWorkflow
from workflows.campaign import CampaignWorkflow
from workflows.lead import LeadSourceWorkflow, LeadWorkflow
from workflows.operation import OperationWorkflow
from workflows.policy import (
    AUTOMATIONS_QUEUE,
    BULK_QUEUE,
    CALLBACK_QUEUE,
    LEADS_QUEUE,
    OPERATIONS_QUEUE,
    RECEIPTS_QUEUE,
    WORKFLOW_QUEUE,
)
from workflows.receipts import ReceiptsWorkflow
from workflows.send import SendWorkflow

_PAGES = (SendWorkflow, BatchWorkflow, ReceiptsWorkflow)
WORKFLOWS: Mapping[str, Sequence[type]] = {
    WORKFLOW_QUEUE: _PAGES,
    BULK_QUEUE: _PAGES,
    CALLBACK_QUEUE: (CallbackWorkflow,),
    OPERATIONS_QUEUE: (OperationWorkflow, CampaignWorkflow),
    AUTOMATIONS_QUEUE: (AutomationWorkflow,),
    LEADS_QUEUE: (LeadWorkflow, LeadSourceWorkflow),
    RECEIPTS_QUEUE: (ReceiptsWorkflow,),
}
"""All types of workflows, by the task queues that run them."""
