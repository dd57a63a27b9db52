"""Querying and changing workflows, with time limits, as no worker may be running."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowQueryFailedError,
    WorkflowQueryRejectedError,
)
from temporalio.common import QueryRejectCondition
from temporalio.service import RPCError, RPCStatusCode

from domain.audience.campaigns.run import CampaignChange
from domain.batches.batch import BatchChange, BatchStatus
from domain.batches.progress import Doing, doing
from domain.errors import ConflictError, UnavailableError
from domain.ids import batch_workflow_id, send_workflow_id
from domain.messages.page import ChangeRequest, LiveStatus
from runtime.codec import REFUSALS

QUERY_SECONDS = 1.0

_QUERY_TIMEOUT = timedelta(seconds=QUERY_SECONDS)
_CHANGE_SECONDS = 5.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.01, 0.25
"""Seconds between two polls for an answer."""

Answer = TypeVar("Answer")


class WorkflowUnresponsive(UnavailableError):
    """Neither a worker nor Temporal answered in time."""

    def __init__(self) -> None:
        super().__init__("unavailable", "no worker answers: is one running? Try again", retry_after=5.0)


class ChangeRefused(ConflictError):
    """The workflow has ended, was never started, or no longer accepts this change."""

    def __init__(self, why: str) -> None:
        super().__init__("not_waiting", why)
        self.why = why


async def query_workflow(
    client: Client, workflow_id: str, query: str, *arguments: Any, answer: type[Answer]
) -> Answer | None:
    """What a workflow answers to a query; ``None`` if there is none, or it has ended.

    Raises:
        WorkflowUnresponsive: it did not answer within 1 s, or its worker refused (``worker/runners/early_events.py``).
    """
    try:
        async with asyncio.timeout(QUERY_SECONDS):
            said = await client.get_workflow_handle(workflow_id).query(
                query,
                args=arguments,
                result_type=answer,
                reject_condition=QueryRejectCondition.NOT_OPEN,
                rpc_timeout=_QUERY_TIMEOUT,
            )
    except WorkflowQueryRejectedError:
        return None
    except (TimeoutError, RPCError, WorkflowQueryFailedError, *REFUSALS) as error:
        # Refused: another system's worker answered. Failed: a worker was just taking the workflow over.
        if isinstance(error, RPCError) and error.status == RPCStatusCode.NOT_FOUND:
            return None
        raise WorkflowUnresponsive from error
    return cast(Answer, said)


async def change_workflow(
    client: Client, workflow_id: str, request: ChangeRequest | BatchChange | CampaignChange
) -> None:
    """Have a workflow apply a change: by a signal, whose place in its history is fixed (decision 0014).

    Raises:
        ChangeRefused: it is too late for this change.
        WorkflowUnresponsive: no worker confirmed it within 5 s, or Temporal does not answer; it may still be applied.
        RPCError: Temporal refused it.
    """
    workflow = client.get_workflow_handle(workflow_id)
    try:
        async with asyncio.timeout(_CHANGE_SECONDS):
            await workflow.signal("change", request, rpc_timeout=timedelta(seconds=_CHANGE_SECONDS + 1))
            refusal = await answer_to(workflow, request.id)
    except TimeoutError:
        raise WorkflowUnresponsive from None
    except RPCError as error:
        if error.status == RPCStatusCode.NOT_FOUND:
            raise ChangeRefused("it has ended") from None
        raise
    if refusal:
        raise ChangeRefused(refusal)


async def answer_to(workflow: WorkflowHandle[Any, Any], change_id: str) -> str:
    """The result of a change, once known: "" or why it was refused. Closed workflows answer queries, too."""
    pause, reject = _FIRST_PAUSE, QueryRejectCondition.NOT_OPEN
    while True:
        with suppress(RPCError, *REFUSALS):  # none of our workers just now
            answer = None
            try:
                answer = await workflow.query(
                    "answer_to", change_id, reject_condition=reject, rpc_timeout=_QUERY_TIMEOUT
                )
            except WorkflowQueryRejectedError:  # it has ended: query again, as it may have applied the change before
                reject = QueryRejectCondition.NONE
                continue
            except WorkflowQueryFailedError:  # it has unprocessed events; if it has ended, it never processes them
                pass
            if answer is not None:
                return cast(str, answer)
            if reject == QueryRejectCondition.NONE:
                return "it has ended"
        await asyncio.sleep(pause)
        pause = min(_LONGEST_PAUSE, 2 * pause)


async def query_batch(client: Client, batch_id: UUID) -> Doing | None:
    """What a batch is doing, from its workflow; ``None`` if there is none, or it has ended.

    Raises:
        WorkflowUnresponsive: the batch's workflow did not answer within 1 s.
    """
    status = await query_workflow(client, batch_workflow_id(batch_id), "status", answer=BatchStatus)
    if status is None:
        return None
    waits: list[LiveStatus] | None = None
    if status.in_flight:
        page = send_workflow_id(UUID(status.in_flight[0]))
        with suppress(WorkflowUnresponsive):
            waits = await query_workflow(client, page, "waits", answer=list[LiveStatus])
    return doing(status, waits or [])
