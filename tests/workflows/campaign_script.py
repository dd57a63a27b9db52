"""A campaign whose steps are scripted: slices, what they wait for, and the decision."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from temporalio import activity, workflow
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from domain.audience.campaigns.run import (
    CampaignChange,
    CampaignRun,
    CampaignStart,
    CampaignState,
    Slice,
    SliceRequest,
    Taken,
)
from domain.batches.batch import BatchChange, BatchHeader
from domain.ids import campaign_workflow_id, new_batch_id
from workflows import policy
from workflows.campaign import CampaignWorkflow

_SECONDS = 20


@workflow.defn(name="BatchWorkflow")
class HeldBatch:
    """A batch that takes a minute, and notes what it is told."""

    def __init__(self) -> None:
        self.told: list[str] = []

    @workflow.run
    async def run(self, batch: BatchHeader) -> None:
        await workflow.sleep(60)

    @workflow.signal
    def change(self, request: BatchChange) -> None:
        self.told.append(request.kind)


@dataclass
class CampaignScript:
    """What the activities of a campaign answer, and what they were asked."""

    run: CampaignRun
    slices: dict[int, int] = field(default_factory=lambda: {1: 2})
    """By part how many slices it has."""
    needs_approval: bool = False
    asked: list[SliceRequest] = field(default_factory=list)
    states: list[str] = field(default_factory=list)
    ended: CampaignState | None = None

    @activity.defn(name="begin_campaign")
    async def begin(self, start: CampaignStart) -> CampaignRun | None:
        return self.run

    @activity.defn(name="take_campaign_people")
    async def take(self, run_id: str) -> Taken:
        return Taken(10, self.needs_approval)

    @activity.defn(name="campaign_needs_approval")
    async def still_needs(self, run_id: str) -> bool:
        return self.needs_approval

    @activity.defn(name="store_campaign_slice")
    async def store(self, wanted: SliceRequest) -> Slice:
        self.asked.append(wanted)
        of_part = sum(one.part == wanted.part for one in self.asked)
        header = BatchHeader(str(new_batch_id()), 7, "sms", "bulk", [], wanted.paused, wanted.gateway)
        return Slice(header, 5, of_part == self.slices[wanted.part.number])

    @activity.defn(name="decide_campaign")
    async def decide(self, run_id: str) -> str:
        return "b"

    @activity.defn(name="show_campaign")
    async def show(self, state: CampaignState) -> None:
        self.states.append(state.state)

    @activity.defn(name="finish_campaign")
    async def finish(self, state: CampaignState) -> bool:
        self.ended = state
        return True


@dataclass(frozen=True)
class Sent:
    """A campaign that is being sent."""

    handle: WorkflowHandle[CampaignWorkflow, None]

    async def change(self, id_: str, kind: str, gateway: str = "") -> None:
        await self.handle.signal("change", CampaignChange(id_, kind, gateway))
        async with asyncio.timeout(_SECONDS):
            while await self.handle.query("answer_to", id_) is None:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def sending(env: WorkflowEnvironment, script: CampaignScript) -> AsyncIterator[Sent]:
    """The campaign, and workers for it and its batches."""
    steps = [script.begin, script.take, script.still_needs, script.store, script.decide, script.show, script.finish]
    runner = UnsandboxedWorkflowRunner()
    async with (
        Worker(
            env.client,
            task_queue=policy.OPERATIONS_QUEUE,
            workflows=[CampaignWorkflow],
            activities=steps,
            workflow_runner=runner,
        ),
        Worker(env.client, task_queue=policy.BULK_QUEUE, workflows=[HeldBatch], workflow_runner=runner),
    ):
        run_id = new_batch_id()
        start = CampaignStart(str(new_batch_id()), 7, str(run_id))
        yield Sent(
            await env.client.start_workflow(
                CampaignWorkflow.run, start, id=campaign_workflow_id(run_id), task_queue=policy.OPERATIONS_QUEUE
            )
        )


async def until(script: CampaignScript, state: str) -> None:
    async with asyncio.timeout(_SECONDS):
        while not script.states or script.states[-1] != state:
            await asyncio.sleep(0.02)
