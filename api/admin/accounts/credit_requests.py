"""``/api/admin/v1/credits/requests``: credits that users ask for, their proofs, and the decisions."""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from api.credits import models
from api.credits.shown import shown_request
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform_once
from api.resources.listing import Cursor, Format, Limit, below_id, listed
from domain.access.actors import Actor
from domain.channels import Channel
from services.accounts import credit_requests as rules
from services.changes import Change
from store.credits import requests as credit_requests
from store.credits.requests import CreditRequest

router = APIRouter(prefix="/api/admin/v1/credits/requests", tags=["admin: credits"])

RequestId = Annotated[int, Path(ge=1, le=2**63 - 1, description="The request's id.")]
_Reader = Annotated[Actor, Depends(Allows("credits:read"))]
_Writer = Annotated[Actor, Depends(Allows("credits:write"))]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.CreditRequestAnswer, 409, 412)}


@router.get(
    "", summary="Requests for credits, newest first", response_model=None, responses=answers(models.CreditRequestPage)
)
async def list_credit_requests(
    request: Request,
    _: Annotated[Actor, Depends(Allows("credits:read", may_repeat=("state",)))],
    user: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None,
    state: Annotated[list[models.State], Query()] = [],
    channel: Channel | None = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply; a repeated `state` means any of them."""
    fetch = partial(credit_requests.page, state_of(request).pool, user, state, channel)
    return await listed(request, limit, cursor, format, below_id(fetch), shown)


@router.get(
    "/{credit_request}",
    summary="Read a request for credits",
    response_model=None,
    responses=answers(models.CreditRequestAnswer),
)
async def get_credit_request(request: Request, credit_request: RequestId, _: _Reader) -> Response:
    """Without the content of its proof."""
    return answer_one(shown(await credit_requests.get(state_of(request).pool, credit_request)))


@router.get(
    "/{credit_request}/proof",
    summary="Download the proof of a request for credits",
    response_model=None,
    responses=answers(models.CreditRequestAnswer)
    | {200: {"description": "The file.", "content": {media_type: {} for media_type in rules.EXTENSIONS}}},
)
async def get_credit_proof(request: Request, credit_request: RequestId, _: _Reader) -> Response:
    """As a file to be saved: no browser shows it as a page."""
    proof = await credit_requests.proof(state_of(request).pool, credit_request)
    if proof is None:
        raise ApiError(404, "proof_not_found", "this request has no proof")
    name = f"request-{credit_request}.{rules.EXTENSIONS[proof.media_type]}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    return Response(proof.content, media_type=proof.media_type, headers=headers)


@router.post(
    "/{credit_request}/approve",
    summary="Approve a request for credits",
    openapi_extra=documented_body(models.ApproveRequest, required=False, idempotent=True),
    **_one,
)
async def approve_credit_request(
    request: Request, credit_request: RequestId, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """Once: its credits are granted with the decision. With an `amount` other than what was asked for."""
    raw = await read_body(request)
    body = parse_body(raw, models.ApproveRequest) if raw else models.ApproveRequest()

    async def work(made: Change, _: KeyClaim) -> Answer:
        check_match(request, shown(await credit_requests.get(made.store, credit_request)))
        return "approved", shown(await rules.approve(made, credit_request, body.amount, body.reason))

    return await perform_once(request, actor, "credits.request_approved", raw, work, dry_run=dry_run)


@router.post(
    "/{credit_request}/reject",
    summary="Reject a request for credits",
    openapi_extra=documented_body(models.RejectRequest, idempotent=True),
    **_one,
)
async def reject_credit_request(
    request: Request, credit_request: RequestId, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """Its user sees the reason."""
    raw = await read_body(request)
    body = parse_body(raw, models.RejectRequest)

    async def work(made: Change, _: KeyClaim) -> Answer:
        check_match(request, shown(await credit_requests.get(made.store, credit_request)))
        return "rejected", shown(await rules.reject(made, credit_request, body.reason))

    return await perform_once(request, actor, "credits.request_rejected", raw, work, dry_run=dry_run)


def shown(request: CreditRequest) -> dict[str, Any]:
    """A request, as staff sees it."""
    return shown_request(request) | {"user_id": request.account_id, "decided_by": request.decided_by}
