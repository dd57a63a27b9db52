"""Reads a page's content from its workflow's history, the only place where it is stored."""

from temporalio import activity

from services.sending.page_runs import start_arguments


async def started_content() -> bytes:
    """The content of the page whose workflow called this activity.

    Raises:
        RPCError: Temporal does not answer; the activity is tried again.
    """
    client, info = activity.client(), activity.info()
    assert info.workflow_id
    assert info.workflow_run_id
    started = await start_arguments(client, info.workflow_id, info.workflow_run_id)
    assert started is not None, "a running workflow has its history"
    return started[1]
