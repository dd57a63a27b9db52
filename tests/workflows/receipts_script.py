"""Scripted activities of ReceiptsWorkflow, and a post that runs through them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import uuid4

from temporalio import activity
from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.messages.receipts import Applied, InboundResult, Position, ReceiptsSource, Share
from workflows.policy import WORKFLOW_QUEUE


@dataclass
class ReceiptsScript:
    """What the activities answer, call after call (the last answer is repeated), and what they were asked."""

    applied: Sequence[Applied] = (Applied(),)
    inbound: InboundResult = field(default_factory=InboundResult)
    asked: list[list[int] | None] = field(default_factory=list)
    """Places of events, try after try."""

    @activity.defn(name="apply_receipts")
    async def apply_receipts(self, source: ReceiptsSource, events: bytes, places: list[int] | None) -> Applied:
        self.asked.append(places)
        return self.applied[min(len(self.asked), len(self.applied)) - 1]

    @activity.defn(name="hear")
    async def hear(self, source: ReceiptsSource, events: bytes, start: Position) -> InboundResult:
        return self.inbound


@dataclass
class Posted:
    """What a provider posted, under way."""

    handle: WorkflowHandle


async def post(env: WorkflowEnvironment, *, inbound: bool = False, shares: Sequence[Share] = ()) -> Posted:
    source = ReceiptsSource("sms", [str(uuid4())], inbound)
    if shares:
        source = ReceiptsSource("", [], shares=list(shares), at_a_time=2)
    handle = await env.client.start_workflow(
        "ReceiptsWorkflow",
        args=[source, b"[]"],
        id=f"receipts-{uuid4()}",
        task_queue=WORKFLOW_QUEUE,
    )
    return Posted(handle)
