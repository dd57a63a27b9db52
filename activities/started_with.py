"""What a page's workflow was started with, read from its history: the one place where a page's content is kept."""

from temporalio import activity
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import GetWorkflowExecutionHistoryRequest

from domain.page import PageHeader


async def started_content() -> bytes:
    """The content of the page whose workflow called this activity.

    Raises:
        RPCError: Temporal does not answer; the activity is tried again.
    """
    client, info = activity.client(), activity.info()
    assert info.workflow_id
    assert info.workflow_run_id
    answer = await client.workflow_service.get_workflow_execution_history(
        GetWorkflowExecutionHistoryRequest(
            namespace=client.namespace,
            execution=WorkflowExecution(workflow_id=info.workflow_id, run_id=info.workflow_run_id),
            maximum_page_size=1,
        ),
        retry=True,
    )
    started = answer.history.events[0].workflow_execution_started_event_attributes
    content: bytes
    _, content = await client.data_converter.decode(list(started.input.payloads)[:2], [PageHeader, bytes])
    return content
