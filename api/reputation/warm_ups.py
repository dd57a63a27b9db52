"""``…/warm-up`` of gateways and sender domains, as their users and as staff set it."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from api.admin.paths import GatewayId
from api.domains.routes import DomainId, Writer
from api.http.auth import requires
from api.http.body import parse_body, read_body
from api.reference.openapi import answers, documented_body
from api.reputation.models import NoWarmUpAnswer, PinWarmUp, PutWarmUp, WarmUpAnswer
from api.resources.access import Allows, check_known, user_actor
from api.resources.changing import Answer, DryRun, check_match, perform
from domain.access.actors import Actor
from services.accounts.own_gateways import find_own_gateway
from services.changes import Change
from services.domains.rules import find_domain
from services.gateways import find_gateway
from services.reputation import warm_ups as rules
from services.reputation.warm_ups import Wanted
from store.accounts.api_keys import Principal
from store.reputation import warm_ups
from store.reputation.warm_ups import Warmed

router = APIRouter(prefix="/api", tags=["reputation"])
admin_router = APIRouter(prefix="/api/admin/v1", tags=["admin: reputation"])

_Owner = Annotated[Principal, Depends(requires("gateways"))]
_GatewayWriter = Annotated[Actor, Depends(Allows("gateways:write"))]
_DomainWriter = Annotated[Actor, Depends(Allows("domains:write"))]
_put: dict[str, Any] = {"response_model": None, "responses": answers(WarmUpAnswer, 404, 409, 412)}
_end: dict[str, Any] = {"response_model": None, "responses": answers(NoWarmUpAnswer, 404, 409, 412)}

Find = Callable[[Change], Awaitable[object]]
"""Checks that it is the actor's to change."""


@router.put(
    "/gateways/{gateway_id}/warm-up",
    summary="Warm up a gateway of your own",
    openapi_extra=documented_body(PutWarmUp),
    **_put,
)
async def put_own_gateway_warm_up(
    request: Request, gateway_id: UUID, principal: _Owner, dry_run: DryRun = False
) -> Response:
    """What is not transactional keeps to the caps of its tier, and waits for the next hour or day: `warm_up`."""
    check_known(request)
    body = parse_body(await read_body(request), PutWarmUp)
    actor, find = user_actor(request, principal), _own_gateway(principal, gateway_id)
    return await _set(request, actor, find, Warmed(gateway_id), Wanted(body.ladder, body.tier), dry_run)


@router.delete("/gateways/{gateway_id}/warm-up", summary="End the warm-up of a gateway of your own", **_end)
async def end_own_gateway_warm_up(
    request: Request, gateway_id: UUID, principal: _Owner, dry_run: DryRun = False
) -> Response:
    """There is no cap any more. What waits leaves at the next hour."""
    check_known(request)
    actor, find = user_actor(request, principal), _own_gateway(principal, gateway_id)
    return await _remove(request, actor, find, Warmed(gateway_id), dry_run)


@router.put(
    "/domains/{domain}/warm-up",
    summary="Warm up a sender domain",
    openapi_extra=documented_body(PutWarmUp),
    **_put,
)
async def put_domain_warm_up(
    request: Request, domain: DomainId, principal: Writer, dry_run: DryRun = False
) -> Response:
    """Emails from it that are not transactional keep to the caps of its tier, whichever gateway they take."""
    body = parse_body(await read_body(request), PutWarmUp)
    actor, find = user_actor(request, principal), _domain(domain, principal.account_id)
    return await _set(request, actor, find, Warmed(domain_id=domain), Wanted(body.ladder, body.tier), dry_run)


@router.delete("/domains/{domain}/warm-up", summary="End the warm-up of a sender domain", **_end)
async def end_domain_warm_up(
    request: Request, domain: DomainId, principal: Writer, dry_run: DryRun = False
) -> Response:
    """There is no cap any more. What waits leaves at the next hour."""
    actor, find = user_actor(request, principal), _domain(domain, principal.account_id)
    return await _remove(request, actor, find, Warmed(domain_id=domain), dry_run)


@admin_router.put(
    "/gateways/{gateway}/warm-up", summary="Warm up a gateway", openapi_extra=documented_body(PinWarmUp), **_put
)
async def put_gateway_warm_up(
    request: Request, gateway: GatewayId, actor: _GatewayWriter, dry_run: DryRun = False
) -> Response:
    """What is not transactional keeps to the caps of its tier, and waits for the next hour or day: `warm_up`."""
    body = parse_body(await read_body(request), PinWarmUp)
    wanted = Wanted(body.ladder, body.tier, body.pinned)
    return await _set(request, actor, _gateway(gateway), Warmed(gateway), wanted, dry_run)


@admin_router.delete("/gateways/{gateway}/warm-up", summary="End the warm-up of a gateway", **_end)
async def end_gateway_warm_up(
    request: Request, gateway: GatewayId, actor: _GatewayWriter, dry_run: DryRun = False
) -> Response:
    """There is no cap any more. What waits leaves at the next hour."""
    return await _remove(request, actor, _gateway(gateway), Warmed(gateway), dry_run)


@admin_router.put(
    "/domains/{domain}/warm-up", summary="Warm up any sender domain", openapi_extra=documented_body(PinWarmUp), **_put
)
async def put_any_domain_warm_up(
    request: Request, domain: DomainId, actor: _DomainWriter, dry_run: DryRun = False
) -> Response:
    """Emails from it that are not transactional keep to the caps of its tier, whichever gateway they take."""
    body = parse_body(await read_body(request), PinWarmUp)
    wanted = Wanted(body.ladder, body.tier, body.pinned)
    return await _set(request, actor, _domain(domain, None), Warmed(domain_id=domain), wanted, dry_run)


@admin_router.delete("/domains/{domain}/warm-up", summary="End the warm-up of any sender domain", **_end)
async def end_any_domain_warm_up(
    request: Request, domain: DomainId, actor: _DomainWriter, dry_run: DryRun = False
) -> Response:
    """There is no cap any more. What waits leaves at the next hour."""
    return await _remove(request, actor, _domain(domain, None), Warmed(domain_id=domain), dry_run)


def _own_gateway(principal: Principal, gateway_id: UUID) -> Find:
    return lambda made: find_own_gateway(made, principal.account_id, gateway_id)


def _gateway(gateway_id: UUID) -> Find:
    return lambda made: find_gateway(made, gateway_id)


def _domain(domain_id: int, account_id: int | None) -> Find:
    return lambda made: find_domain(made, domain_id, account_id)


async def _set(request: Request, actor: Actor, find: Find, what: Warmed, wanted: Wanted, dry_run: bool) -> Response:
    async def work(made: Change) -> Answer:
        await _check(request, made, find, what)
        return "set", rules.head(await rules.put(made, what, wanted))

    return await perform(request, actor, "warm_up.set", work, dry_run=dry_run)


async def _remove(request: Request, actor: Actor, find: Find, what: Warmed, dry_run: bool) -> Response:
    async def work(made: Change) -> Answer:
        await _check(request, made, find, what)
        await rules.remove(made, what)
        return "ended", None

    return await perform(request, actor, "warm_up.ended", work, dry_run=dry_run)


async def _check(request: Request, made: Change, find: Find, what: Warmed) -> None:
    await find(made)
    check_match(request, rules.head(await warm_ups.of(made.store, what)))
