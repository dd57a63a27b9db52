"""Posts of providers whose receipts are not in the rows: applied once more, which changes nothing where they are."""

from dataclasses import replace

from temporalio.api.common.v1 import WorkflowExecution as Execution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest
from temporalio.client import Client, WorkflowExecution
from temporalio.common import WorkflowIDReusePolicy
from temporalio.exceptions import WorkflowAlreadyStartedError

from domain.messages.receipts import Receipt, ReceiptsSource, decode_events
from runtime.search_attributes import attributes
from services.sending.page_runs import RPC_TIMEOUT
from workflows.policy import receipts_options


async def apply_again(client: Client, found: WorkflowExecution, *, apply: bool) -> bool:
    """Whether there is anything to apply. Inbound messages are left out: their replies would be sent twice.

    Raises as ``read_page`` does.
    """
    request = GetWorkflowExecutionHistoryRequest(
        namespace=client.namespace,
        execution=Execution(workflow_id=found.id, run_id=found.run_id),
        maximum_page_size=1,
    )
    answer = await client.workflow_service.get_workflow_execution_history(request, retry=True, timeout=RPC_TIMEOUT)
    payloads = answer.history.events[0].workflow_execution_started_event_attributes.input.payloads
    source, events = await client.data_converter.decode(list(payloads)[:2], [ReceiptsSource, bytes])
    if not any(isinstance(event, Receipt) for event in decode_events(events)):
        return False
    if apply:
        try:
            await client.start_workflow(
                "ReceiptsWorkflow",
                args=[replace(source, inbound=False), events],
                id=found.id,
                id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
                rpc_timeout=RPC_TIMEOUT,
                search_attributes=attributes(lane="receipts", channel=source.channel),
                **receipts_options(source.gateways[0] if source.gateways else ""),
            )
        except WorkflowAlreadyStartedError:
            return False
    return True
