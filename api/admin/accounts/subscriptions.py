"""``/api/admin/v1/users/{account}/subscription``: a user's plan, and the one that it gets later."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from api.admin.accounts.subscription_models import SubscriptionAnswer
from api.admin.paths import UserId
from api.http.body import read_body
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.reference.openapi import IDEMPOTENCY_HEADER, answers
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from domain.access.actors import Actor
from services.accounts import subscriptions as rules
from services.changes import Change

router = APIRouter(prefix="/api/admin/v1/users", tags=["admin: users"])

_Reader = Annotated[Actor, Depends(Allows("users:read"))]
_Writer = Annotated[Actor, Depends(Allows("users:write"))]
_one: dict[str, Any] = {"response_model": None, "responses": answers(SubscriptionAnswer, 409, 412)}


@router.get(
    "/{account}/subscription",
    summary="A user's plan",
    response_model=None,
    responses=answers(SubscriptionAnswer),
)
async def get_subscription(request: Request, account: UserId, _: _Reader) -> Response:
    """With what is left of its credits, and the plan that follows."""
    return answer_one(await rules.read(state_of(request).pool, account))


@router.post(
    "/{account}/subscription/renew",
    summary="Begin the next period of a user's plan now",
    openapi_extra={"parameters": [IDEMPOTENCY_HEADER]},
    **_one,
)
async def renew_subscription(request: Request, account: UserId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Its credits are granted; those left are carried over as the plan says. Also for one that has ended."""
    raw = await read_body(request)

    async def work(made: Change, claim: KeyClaim) -> Answer:
        check_match(request, await rules.read(made.store, account))
        await rules.renew(made, account, claim.id)
        return "renewed", await rules.read(made.store, account)

    return await perform_once(request, actor, "user.plan_renewed", raw, work, dry_run=dry_run)


@router.post("/{account}/subscription/expire", summary="End a user's plan now", **_one)
async def expire_subscription(request: Request, account: UserId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Its sends are refused until it gets a plan again, or this one is renewed. Its credits stay."""

    async def work(made: Change) -> Answer:
        check_match(request, await rules.read(made.store, account))
        await rules.expire(made, account)
        return "ended", await rules.read(made.store, account)

    return await perform(request, actor, "user.plan_ended", work, dry_run=dry_run)


@router.delete("/{account}/subscription/change", summary="Cancel the scheduled change of a user's plan", **_one)
async def cancel_plan_change(request: Request, account: UserId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """The plan that it has goes on."""

    async def work(made: Change) -> Answer:
        check_match(request, await rules.read(made.store, account))
        await rules.cancel_change(made, account)
        return "cancelled", await rules.read(made.store, account)

    return await perform(request, actor, "user.plan_change_cancelled", work, dry_run=dry_run)
