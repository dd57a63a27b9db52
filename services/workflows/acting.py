"""Reset, terminate or signal all workflows that match, by a batch operation of Temporal: so it goes on by itself."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from temporalio.api.workflowservice.v1 import StartBatchOperationRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.access.actors import Actor
from domain.errors import ConflictError, NotFoundError
from services.changes import Change, change, settle_approval
from services.workflows.finding import Count
from services.workflows.planning import Act, Planned, plan
from services.workflows.progress import progress
from services.workflows.wanted import Wanted
from store.pool import Pool


@dataclass(frozen=True, slots=True)
class Acted:
    """What is done with the workflows that match, or would be."""

    act: Act
    counts: list[Count]
    workflows: int
    """How many it is done with now."""
    left: int
    """How many more there are, for the next time; of a reset perhaps less, as some may have gone on under their id."""
    effects: Sequence[str]
    """What it means for messages and other work, by type."""
    job: str | None
    """The batch operation, which has progress; ``None``: a dry run, or there is nothing to do."""


async def act_on(
    pool: Pool,
    actor: Actor,
    client: Client,
    act: Act,
    wanted: Wanted,
    reason: str,
    signal: str | None = None,
    *,
    is_dry: bool,
) -> Acted:
    """Count what matches and, unless it ``is_dry``, begin with it and log that.

    A reset has a workflow go on from its last workflow task before the failure, and only one whose id was not started
    again since.

    Raises:
        InvalidError: as ``plan``.
        ConflictError: as ``plan`` and ``begin``.
        RPCError: Temporal does not answer.
    """
    planned = await plan(client, act, wanted, reason, signal, is_dry=is_dry)
    if is_dry or not planned.workflows:
        return acted(planned)
    async with change(pool, actor, f"workflows.{act}") as made:
        return await begin(made, client, planned, uuid4())


async def begin(made: Change, client: Client, planned: Planned, key: UUID) -> Acted:
    """Have Temporal do it: once for a key, however often it is tried. Nothing is begun if nothing matches.

    Raises:
        ApprovalNeeded: a second person must approve it first.
        ConflictError: another batch operation runs, or Temporal refuses it.
        RPCError: Temporal does not answer.
    """
    job, of = f"xsender-{planned.act}-{key}", planned.wanted.as_told
    made.reason = planned.reason
    made.metadata |= {"filter": of, "workflows": planned.workflows}
    made.metadata |= {"signal": planned.signal} if planned.signal else {}
    if not planned.workflows:
        made.about("workflows", planned.act)
        return acted(planned)
    made.about("workflows", job, f"{planned.workflows} of {of}"[:200])
    made.may_need_approval("workflows")
    await settle_approval(made)
    await _start(client, _request(client, job, planned))
    return acted(planned, job)


def acted(planned: Planned, job: str | None = None) -> Acted:
    """What is told of it; without a ``job``: nothing was begun."""
    return Acted(planned.act, planned.counts, planned.workflows, planned.left, planned.effects, job)


def _request(client: Client, job: str, planned: Planned) -> StartBatchOperationRequest:
    request = StartBatchOperationRequest(namespace=client.namespace, job_id=job, reason=planned.reason)
    if planned.chosen is None:
        request.visibility_query = planned.query
    else:
        request.executions.extend(planned.chosen)
    match planned.act:
        case "reset":
            request.reset_operation.identity = client.identity
            request.reset_operation.options.last_workflow_task.SetInParent()
        case "terminate":
            request.termination_operation.identity = client.identity
        case "signal":
            request.signal_operation.identity = client.identity
            request.signal_operation.signal = planned.signal or ""
    return request


async def _start(client: Client, request: StartBatchOperationRequest) -> None:
    try:
        await client.workflow_service.start_batch_operation(request)
    except RPCError as error:
        if error.status is RPCStatusCode.ALREADY_EXISTS:
            return  # an earlier try, whose answer was lost
        if error.status is RPCStatusCode.RESOURCE_EXHAUSTED:
            if await _has_begun(client, request.job_id):
                return
            text = "Temporal does one batch operation at a time in a namespace, and one runs: wait for it, or stop it."
            raise ConflictError("batch_operation_runs", text) from None
        if error.status in (RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.PERMISSION_DENIED):
            raise ConflictError("query_refused", f"Temporal refuses: {error.message}.") from error
        raise


async def _has_begun(client: Client, job: str) -> bool:
    try:
        await progress(client, job)
    except NotFoundError:
        return False
    return True
