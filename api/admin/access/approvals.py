"""``/api/admin/v1/approvals``: what waits for a second person, and ``/approval-policies``: what needs one."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr

from api.admin.models import NothingAnswer
from api.http.body import parse_body, read_body
from api.http.json_response import json_response
from api.http.state import state_of
from api.http.temporal_link import TemporalUnavailable
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.approving import repeat
from api.resources.changing import Answer, DryRun, answer_one, perform, shown_approval
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from domain.access.actors import Actor
from domain.access.approvals import KINDS, ApprovalKind, ApprovalState
from services.access import approvals as rules
from services.batch_approvals import carry_out
from services.changes import Change
from store.access import approvals

router = APIRouter(prefix="/api/admin/v1", tags=["admin: approvals"])

_Reader = Annotated[Actor, Depends(Allows("approvals:read"))]
_Decider = Annotated[Actor, Depends(Allows("approvals:decide"))]
_Writer = Annotated[Actor, Depends(Allows("approvals:write"))]
_Id = Annotated[int, Path(ge=1, le=2**63 - 1, description="The approval's id.")]


class PutPolicy(BaseModel):
    """From when on a kind of change needs approval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    above: Annotated[StrictInt, Field(ge=0, le=2**53)] = Field(
        default=0, description="Credits; of `top_up` and `batch`. What costs no more than this needs none."
    )


class DenyApproval(BaseModel):
    """Why it is denied."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reason: Annotated[StrictStr, Field(max_length=500)] = ""


class ApprovalPolicy(BaseModel):
    """A kind of change that may need approval."""

    kind: ApprovalKind
    description: str
    needed: bool
    above: int


class ApprovalPolicyList(BaseModel):
    """All kinds."""

    data: list[ApprovalPolicy]
    next_cursor: None


class ApprovalPolicyAnswer(BaseModel):
    """One kind."""

    success: bool
    message: str
    data: ApprovalPolicy
    dry_run: bool = False


class ApprovalDetails(BaseModel):
    """What it would do, and why it was asked for. Secrets are not told, only that they would change."""

    reason: str = ""
    changes: list[dict[str, Any]] = []
    """`field`, `from` and `to`, both null where the value is not told."""
    metadata: dict[str, Any] = {}
    """Such as the channel of credits."""


class Approval(BaseModel):
    """What waits for a second person, or waited. What was sent with the request is not shown: it may hold secrets."""

    id: int
    kind: ApprovalKind
    amount: int
    action: str
    requested_by: dict[str, Any]
    targets: list[dict[str, str]]
    batch_id: UUID | None
    state: ApprovalState
    reason: str
    decided_by: dict[str, Any] | None
    decided_at: datetime | None
    created_at: datetime
    expires_at: datetime
    details: ApprovalDetails


class ApprovalPage(BaseModel):
    """A page of them."""

    data: list[Approval]
    next_cursor: str | None


class ApprovalAnswer(BaseModel):
    """One of them."""

    success: bool
    message: str
    data: Approval
    dry_run: bool = False


_policy: dict[str, Any] = {"response_model": None, "responses": answers(ApprovalPolicyAnswer)}
_one: dict[str, Any] = {"response_model": None, "responses": answers(ApprovalAnswer, 409)}


@router.get(
    "/approval-policies", summary="What needs approval", response_model=None, responses=answers(ApprovalPolicyList)
)
async def list_approval_policies(request: Request, _: _Reader) -> Response:
    """All kinds of changes that may need it."""
    above = {policy.kind: policy.above for policy in await approvals.policies(state_of(request).pool)}
    return json_response({"data": [_shown_policy(kind, above.get(kind)) for kind in KINDS], "next_cursor": None})


@router.put(
    "/approval-policies/{kind}",
    summary="Have a kind of change need approval",
    openapi_extra=documented_body(PutPolicy),
    **_policy,
)
async def put_approval_policy(
    request: Request, kind: ApprovalKind, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """From the next change on. Commands on the machine need none."""
    body = parse_body(await read_body(request), PutPolicy)

    async def work(made: Change) -> Answer:
        policy = await rules.put_policy(made, kind, body.above)
        return "changed", _shown_policy(kind, policy.above)

    return await perform(request, actor, "policy.updated", work, dry_run=dry_run)


@router.delete(
    "/approval-policies/{kind}",
    summary="Have a kind of change need no approval",
    response_model=None,
    responses=answers(NothingAnswer),
)
async def delete_approval_policy(
    request: Request, kind: ApprovalKind, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """What waits already goes on waiting."""

    async def work(made: Change) -> Answer:
        await rules.delete_policy(made, kind)
        return "deleted", None

    return await perform(request, actor, "policy.deleted", work, dry_run=dry_run)


@router.get(
    "/approvals", summary="What waits for approval, newest first", response_model=None, responses=answers(ApprovalPage)
)
async def list_approvals(
    request: Request,
    _: _Reader,
    state: ApprovalState | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Decided ones included."""
    fetch = below_id(partial(approvals.page, state_of(request).pool, state))
    return await listed(request, limit, cursor, format, fetch, shown_approval)


@router.get("/approvals/{approval}", summary="Read an approval", response_model=None, responses=answers(ApprovalAnswer))
async def get_approval(request: Request, approval: _Id, _: _Reader) -> Response:
    """What is to be done, by whom, and what was decided."""
    return answer_one(shown_approval(await approvals.get(state_of(request).pool, approval)))


@router.post("/approvals/{approval}/approve", summary="Approve a change", **_one)
async def approve_approval(request: Request, approval: _Id, actor: _Decider, dry_run: DryRun = False) -> Response:
    """It is made now, by the rights of who requested it and of you. What it answers otherwise is answered here.

    Nobody approves their own request.
    """
    state = state_of(request)
    found = await approvals.get(state.pool, approval)
    if found.is_of_messages or dry_run:

        async def work(made: Change) -> Answer:
            return "approved", shown_approval(await rules.approve(made, approval))

        answer = await perform(request, actor, "approval.approved", work, dry_run=dry_run)
        if not dry_run:
            await _carry_out_batches(request)
        return answer
    rules.check_decider(found, actor)
    allowed = await rules.rights_of_requester(state.pool, found) & actor.permissions
    answered = await repeat(request, found, actor, allowed)
    if answered.status != 200:
        return json_response(answered.body, answered.status)
    return answer_one(shown_approval(await approvals.get(state.pool, approval)), "approved")


@router.post(
    "/approvals/{approval}/deny",
    summary="Deny a change",
    openapi_extra=documented_body(DenyApproval, required=False),
    **_one,
)
async def deny_approval(request: Request, approval: _Id, actor: _Decider, dry_run: DryRun = False) -> Response:
    """Or take your own request back. A batch is cancelled."""
    raw = await read_body(request)
    body = parse_body(raw, DenyApproval) if raw else DenyApproval()

    async def work(made: Change) -> Answer:
        return "denied", shown_approval(await rules.deny(made, approval, body.reason))

    answer = await perform(request, actor, "approval.denied", work, dry_run=dry_run)
    if not dry_run:
        await _carry_out_batches(request)
    return answer


async def _carry_out_batches(request: Request) -> None:
    """At once, where Temporal answers; a worker does it otherwise."""
    state = state_of(request)
    try:
        await carry_out(state.pool, state.temporal)
    except TemporalUnavailable:
        return


def _shown_policy(kind: ApprovalKind, above: int | None) -> dict[str, Any]:
    return {"kind": kind, "description": KINDS[kind], "needed": above is not None, "above": above or 0}
