"""What a page's workflow was started with, read from its history: the one place where a page's content is kept."""

from temporalio import activity

from services.sending.page_runs import began_with


async def started_content() -> bytes:
    """The content of the page whose workflow called this activity.

    Raises:
        RPCError: Temporal does not answer; the activity is tried again.
    """
    client, info = activity.client(), activity.info()
    assert info.workflow_id
    assert info.workflow_run_id
    started = await began_with(client, info.workflow_id, info.workflow_run_id)
    assert started is not None, "a running workflow has its history"
    return started[1]
