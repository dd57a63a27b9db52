"""``/api/gateways``: adding, changing and deleting gateways of one's own, where the plan allows them."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.gateways import own_models as models
from api.gateways.head import head
from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.http.errors import ApiError
from api.http.idempotency import KeyClaim
from api.http.state import AppState, state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from domain.keyring import Keyring
from domain.request_rates import per_second
from services.accounts import own_gateways as rules
from services.changes import Change
from services.gateways import describe
from services.reputation import warm_ups as rules_of_warm_ups
from store.accounts.api_keys import Principal
from store.gateways import gateway_queries
from store.gateways.gateways import GatewayInfo, NewGateway
from store.pool import Connections
from store.reputation import warm_ups
from store.reputation.warm_ups import Warmed
from store.whatsapp import numbers

router = APIRouter(prefix="/api/gateways", tags=["gateways"])

_Owner = Annotated[Principal, Depends(requires("gateways"))]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.OwnGatewayAnswer, 409, 412)}


@router.post(
    "",
    summary="Add a gateway of your own",
    openapi_extra=documented_body(models.NewOwnGateway, idempotent=True),
    **_one,
)
async def add_own_gateway(request: Request, principal: _Owner, dry_run: DryRun = False) -> Response:
    """Its secrets are encrypted, and never answered. It reaches public addresses only."""
    check_known(request)
    raw, keyring = await read_body(request), state_of(request).keyring
    body = parse_body(raw, models.NewOwnGateway)
    fields = body.model_dump(exclude={"rate"}) | {"per_second": None if body.rate is None else per_second(body.rate)}
    new = NewGateway(account_id=principal.account_id, **fields)

    async def work(made: Change, _: KeyClaim) -> Answer:
        added = await rules.add_own_gateway(made, keyring, new)
        return "added", await _told(made.store, keyring, added, principal)

    return await perform_once(request, user_actor(request, principal), "gateway.created", raw, work, dry_run=dry_run)


@router.get("/{gateway_id}", summary="Read a gateway of your own", **_one)
async def get_own_gateway(request: Request, gateway_id: UUID, principal: _Owner) -> Response:
    """With its configuration, of whose secrets only that they are set."""
    check_known(request)
    state = state_of(request)
    return answer_one(await _told(state.pool, state.keyring, await _find(state, principal, gateway_id), principal))


@router.patch(
    "/{gateway_id}",
    summary="Change a gateway of your own",
    openapi_extra=documented_body(models.PatchOwnGateway),
    **_one,
)
async def change_own_gateway(
    request: Request, gateway_id: UUID, principal: _Owner, dry_run: DryRun = False
) -> Response:
    """As a JSON Merge Patch, `config` too: secrets left out stay. The next message is sent with the changed ones.

    When the place where secrets are sent to changes, such as a `url`, they must be given again.
    """
    check_known(request)
    patch = parse_body(await read_body(request), models.PatchOwnGateway).model_dump(exclude_unset=True)
    if "rate" in patch:
        rate = patch.pop("rate")
        patch["per_second"] = None if rate is None else per_second(rate)
    state = state_of(request)
    await _find(state, principal, gateway_id)

    async def work(made: Change) -> Answer:
        found = await rules.find_own_gateway(made, principal.account_id, gateway_id)
        check_match(request, await _told(made.store, state.keyring, found, principal))
        changed = await rules.change_own_gateway(made, state.keyring, principal.account_id, gateway_id, patch)
        return "changed", await _told(made.store, state.keyring, changed, principal)

    return await perform(request, user_actor(request, principal), "gateway.updated", work, dry_run=dry_run)


@router.delete(
    "/{gateway_id}",
    summary="Delete a gateway of your own",
    response_model=None,
    responses=answers(models.OwnGatewayDeleted, 409, 412),
)
async def delete_own_gateway(
    request: Request, gateway_id: UUID, principal: _Owner, dry_run: DryRun = False
) -> Response:
    """Messages that wait for it take another gateway, or fail. Those that were sent through it still show its name."""
    check_known(request)
    state = state_of(request)
    await _find(state, principal, gateway_id)

    async def work(made: Change) -> Answer:
        found = await rules.find_own_gateway(made, principal.account_id, gateway_id)
        check_match(request, await _told(made.store, state.keyring, found, principal))
        await rules.delete_own_gateway(made, principal.account_id, gateway_id)
        return "deleted", None

    return await perform(request, user_actor(request, principal), "gateway.deleted", work, dry_run=dry_run)


async def _find(state: AppState, principal: Principal, gateway_id: UUID) -> GatewayInfo:
    """A gateway of the user's own. One that is only shared is refused as such; all others are unknown.

    Raises:
        ApiError: 403, 404.
    """
    gateway = await gateway_queries.find(state.pool, gateway_id, principal.account_id)
    if gateway is None:
        raise ApiError(404, "gateway_not_found", "there is no gateway with this id")
    if gateway.account_id != principal.account_id:
        raise ApiError(403, "gateway_not_yours", "you may send through this gateway, but only its owner may change it")
    return gateway


async def _told(store: Connections, keyring: Keyring, info: GatewayInfo, principal: Principal) -> dict[str, Any]:
    (described,) = await describe(store, keyring, [info])
    warm_up = rules_of_warm_ups.head(await warm_ups.of(store, Warmed(info.id)))
    number = await numbers.of_gateway(store, info.id)
    own = {"config": described.config, "version": info.version, "warm_up": warm_up, "number": number and number.head}
    return head(info, principal) | own
