"""``/api/admin/v1/users/{account}/reputation`` and ``/gateways/{gateway}/reputation``."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from api.admin.paths import GatewayId, UserId
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.reputation.models import GatewayReputationAnswer, GuardAnswer, ReputationAnswer, SetGuard
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, perform
from domain.access.actors import Actor
from services.changes import Change
from services.reputation import shown

router = APIRouter(prefix="/api/admin/v1", tags=["admin: reputation"])

_Reader = Annotated[Actor, Depends(Allows("sending:read"))]
_Pauser = Annotated[Actor, Depends(Allows("sending:pause"))]


@router.get(
    "/users/{account}/reputation",
    summary="A user's reputation",
    response_model=None,
    responses=answers(ReputationAnswer, 404),
)
async def get_user_reputation(request: Request, account: UserId, _: _Reader) -> Response:
    """As the user sees it."""
    state = state_of(request)
    return answer_one(await shown.of_user(state.pool, state.settings.for_install, account))


@router.put(
    "/users/{account}/reputation",
    summary="Set what the reputation guard may do to a user",
    response_model=None,
    responses=answers(GuardAnswer, 404),
    openapi_extra=documented_body(SetGuard),
)
async def put_user_guard(request: Request, account: UserId, actor: _Pauser, dry_run: DryRun = False) -> Response:
    """For all others the setting `reputation_guard` counts. A pause that there is stays: see `resume-sending`."""
    body = parse_body(await read_body(request), SetGuard)

    async def work(made: Change) -> Answer:
        return "set", await shown.set_mode(made, account, body.guard)

    return await perform(request, actor, "user.reputation_guard_set", work, dry_run=dry_run)


@router.get(
    "/gateways/{gateway}/reputation",
    summary="A gateway's reputation",
    response_model=None,
    responses=answers(GatewayReputationAnswer, 404),
)
async def get_gateway_reputation(request: Request, gateway: GatewayId, _: _Reader) -> Response:
    """Of everything that was sent through it. The guard judges gateways of the admin; others with their user."""
    return answer_one(await shown.of_gateway(state_of(request).pool, gateway))
