"""The doctor tells of workflows that ended before what providers reported was applied, until they are undone."""

import asyncio
from uuid import uuid4

from temporalio import workflow
from temporalio.client import Client
from temporalio.common import WorkflowIDReusePolicy
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from runtime.settings import Settings
from runtime.temporal import connect
from services.doctor import engine
from services.doctor.findings import Finding
from tests.looks import Looks
from tests.stack import Stack, new_namespace


@workflow.defn(name="ReceiptsWorkflow")
class Applying:
    """Has nothing to apply."""

    @workflow.run
    async def run(self) -> None:
        return


async def found(client: Client, settings: Settings) -> Finding:
    (one,) = [each for each in await engine.check_engine(client, settings) if each.check == "receipts"]
    return one


async def begin(client: Client, id_: str) -> None:
    policy = WorkflowIDReusePolicy.ALLOW_DUPLICATE
    await client.start_workflow("ReceiptsWorkflow", id=id_, task_queue=id_, id_reuse_policy=policy)


async def until(client: Client, settings: Settings, level: str) -> Finding:
    looks = Looks()
    async with asyncio.timeout(30):
        while (now := await found(client, settings)).level != level:
            await looks.pause()
    return now


async def test_receipts_that_were_not_applied_are_told_until_they_are(stack: Stack):
    namespace = await new_namespace(stack.settings.temporal_address)  # other tests end such workflows, too
    settings = stack.settings.model_copy(update={"temporal_namespace": namespace})
    client, id_ = await connect(settings), f"receipts-{uuid4()}"
    assert (await found(client, settings)).level == "ok"
    await begin(client, id_)
    await client.get_workflow_handle(id_).terminate()
    told = await until(client, settings, "warning")
    assert told.message.startswith("1 workflows ended before")
    assert "xsender workflows reset --type ReceiptsWorkflow" in (told.remedy or "")
    async with Worker(client, task_queue=id_, workflows=[Applying], workflow_runner=UnsandboxedWorkflowRunner()):
        await begin(client, id_)
        await client.get_workflow_handle(id_).result()
    await until(client, settings, "ok")
