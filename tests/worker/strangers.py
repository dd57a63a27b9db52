"""Actions of a client that reaches Temporal's port without the key ring."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio import workflow
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowHandle
from temporalio.common import RawValue, RetryPolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.ids import new_page_id, page_of, send_workflow_id
from domain.messages.page import ADMIN_ACCOUNT, PageHeader
from runtime.codec import ENCODING
from runtime.settings import Settings
from services.sending.page_runs import latest_run, start_arguments
from tests.stack import Stack

GARBAGE = Payload(metadata={"encoding": ENCODING}, data=b"\x01\x02k1" + b"x" * 60)
UNKNOWN_KEY = Payload(metadata={"encoding": ENCODING}, data=b"\x01\x02k9" + b"x" * 60)
REFERENCE = Payload(
    metadata={"encoding": b"json/external-storage-reference", "__temporal_external_storage_reference": b"true"},
    data=b"{}",
)
"""What the SDK takes for a pointer to a store that this install does not have."""
UNREADABLE = {"garbage": GARBAGE, "unknown key": UNKNOWN_KEY, "reference": REFERENCE}


async def without_a_key(settings: Settings) -> Client:
    """A client that seals nothing."""
    return await Client.connect(settings.temporal_address, namespace=settings.temporal_namespace)


async def page_of_admin(stack: Stack, uid: str) -> tuple[PageHeader, bytes]:
    """A new page that says what the page of this message says, in the admin's name."""
    workflow_id = send_workflow_id(page_of(UUID(uid)))
    began = await start_arguments(stack.temporal, workflow_id, (await latest_run(stack.temporal, workflow_id)).id)
    assert began is not None
    header, content = began
    return replace(header, page_id=str(new_page_id()), account_id=ADMIN_ACCOUNT, due=[]), content


async def start(client: Client, name: str, queue: str, *arguments: Any, id_: str = "") -> WorkflowHandle[Any, Any]:
    """Start a workflow of ours."""
    return await client.start_workflow(name, args=arguments, id=id_ or f"stranger-{uuid4()}", task_queue=queue)


@workflow.defn(name="CallActivity", sandboxed=False)
class CallActivity:
    """Calls an activity on a queue of ours."""

    @workflow.run
    async def run(self, name: str, queue: str, arguments: Sequence[Any]) -> None:
        """Once."""
        await workflow.execute_activity(
            name,
            args=arguments,
            task_queue=queue,
            start_to_close_timeout=timedelta(seconds=10),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )


@asynccontextmanager
async def own_worker(client: Client) -> AsyncIterator[str]:
    """A worker of that client; yields its queue."""
    queue = f"stranger-{uuid4()}"
    runner = UnsandboxedWorkflowRunner()
    async with Worker(client, task_queue=queue, workflows=[CallActivity], workflow_runner=runner):
        yield queue


def raw(payload: Payload) -> RawValue:
    """An argument that is sent as it is."""
    return RawValue(payload)
