"""``/api/admin/v1/gateways``: gateways, their configuration and credentials, and who may send through them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.admin.managed import managed_by
from api.admin.models import NothingAnswer
from api.admin.paths import GatewayId, UserId
from api.gateways import admin_models as models
from api.gateways.health import answer_health
from api.gateways.models import GatewayHealthAnswer, TrialAnswer
from api.gateways.trials import GatewayTest, answer_trial, count_trial
from api.gateways.types import answer_types
from api.http.body import parse_body, read_body
from api.http.idempotency import KeyClaim
from api.http.query_text import QueryText
from api.http.state import AppState, state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import Allows
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, listed, no_cursor
from domain.access.actors import Actor
from domain.channels import Channel
from domain.keyring import Keyring
from domain.messages.page import ADMIN_ACCOUNT
from domain.messages.routing import Mode
from domain.request_rates import per_second
from services import gateways as rules
from services.changes import Change, change
from services.gateways import Described
from services.reputation.warm_ups import head
from store.gateways import gateway_queries, gateways
from store.gateways.gateways import GatewayInfo, NewGateway
from store.pool import Connections
from store.reputation import warm_ups
from store.reputation.warm_ups import Warmed
from store.whatsapp import numbers

router = APIRouter(prefix="/api/admin/v1/gateways", tags=["admin: gateways"])
types_router = APIRouter(prefix="/api/admin/v1/gateway-types", tags=["admin: gateways"])

_Reader = Annotated[Actor, Depends(Allows("gateways:read"))]
_Writer = Annotated[Actor, Depends(Allows("gateways:write"))]
_Pauser = Annotated[Actor, Depends(Allows("gateways:pause"))]
_Owner = Annotated[
    QueryText | None, Query(pattern="^(admin|[1-9][0-9]{0,17})$", description="A user's id, or `admin`.")
]
_one: dict[str, Any] = {"response_model": None, "responses": answers(models.OneGateway, 409, 412)}


@router.post("", summary="Add a gateway", openapi_extra=documented_body(models.NewGateway, idempotent=True), **_one)
async def add_gateway(request: Request, actor: _Writer, dry_run: DryRun = False) -> Response:
    """Its secrets are encrypted, and never answered."""
    raw = await read_body(request)
    new, keyring = _wanted(parse_body(raw, models.NewGateway)), state_of(request).keyring

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "added", await _told(made.store, keyring, await rules.add_gateway(made, keyring, new))

    return await perform_once(request, actor, "gateway.created", raw, work, dry_run=dry_run)


@router.get("", summary="Gateways, newest first", response_model=None, responses=answers(models.PageOfGateways))
async def list_all_gateways(
    request: Request,
    _: Annotated[Actor, Depends(Allows("gateways:read", may_repeat=("state",)))],
    channel: Channel | None = None,
    type: Annotated[QueryText | None, Query(max_length=100)] = None,
    owner: _Owner = None,
    state: Annotated[list[models.State], Query(description="Left out: all.")] = [],
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Filters that are given all apply; a repeated `state` means any of them."""
    of_owner = None if owner is None else ADMIN_ACCOUNT if owner == "admin" else int(owner)
    fetch = partial(_fetch, state_of(request), gateway_queries.Filter(channel, type, of_owner, state or None))
    return await listed(request, limit, cursor, format, fetch, shown, _place)


@router.get("/{gateway}", summary="Read a gateway", response_model=None, responses=answers(models.OneGateway))
async def get_gateway(request: Request, gateway: GatewayId, _: _Reader) -> Response:
    """With its configuration, of whose secrets only that they are set."""
    state = state_of(request)
    return answer_one(await _told(state.pool, state.keyring, await gateways.get(state.pool, gateway)))


@router.patch("/{gateway}", summary="Change a gateway", openapi_extra=documented_body(models.PatchGateway), **_one)
async def change_gateway(request: Request, gateway: GatewayId, actor: _Writer, dry_run: DryRun = False) -> Response:
    """As a JSON Merge Patch, `config` too: secrets left out stay. The next message is sent with the changed ones.

    When the place where secrets are sent to changes, such as a `url`, they must be given again.
    """
    patch = _stored_names(parse_body(await read_body(request), models.PatchGateway).model_dump(exclude_unset=True))
    keyring = state_of(request).keyring

    async def work(made: Change) -> Answer:
        check_match(request, await _told(made.store, keyring, await rules.find_gateway(made, gateway)))
        changed = await rules.change_gateway(made, keyring, gateway, patch)
        return "changed", await _told(made.store, keyring, changed)

    return await perform(request, actor, "gateway.updated", work, dry_run=dry_run)


@router.delete(
    "/{gateway}", summary="Delete a gateway", response_model=None, responses=answers(NothingAnswer, 409, 412)
)
async def delete_gateway(
    request: Request,
    gateway: GatewayId,
    actor: Annotated[Actor, Depends(Allows("gateways:delete"))],
    dry_run: DryRun = False,
) -> Response:
    """Messages that wait for it take another gateway, or fail. Those that were sent through it still show its name."""
    keyring = state_of(request).keyring

    async def work(made: Change) -> Answer:
        check_match(request, await _told(made.store, keyring, await rules.find_gateway(made, gateway)))
        await rules.delete_gateway(made, gateway)
        return "deleted", None

    return await perform(request, actor, "gateway.deleted", work, dry_run=dry_run)


@router.put("/{gateway}/shares/{account}", summary="Let a user send through a gateway", **_one)
async def share_gateway(
    request: Request, gateway: GatewayId, account: UserId, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """From its next message on."""
    work = partial(rules.share_gateway, gateway_id=gateway, account_id=account)
    return await _perform(request, actor, "gateway.shared", "shared", work, dry_run)


@router.delete("/{gateway}/shares/{account}", summary="End a user's share of a gateway", **_one)
async def unshare_gateway(
    request: Request, gateway: GatewayId, account: UserId, actor: _Writer, dry_run: DryRun = False
) -> Response:
    """From its next message on."""
    work = partial(rules.unshare_gateway, gateway_id=gateway, account_id=account)
    return await _perform(request, actor, "gateway.unshared", "no longer shared", work, dry_run)


@router.post("/{gateway}/pause", summary="Pause any gateway", **_one)
async def pause_any_gateway(request: Request, gateway: GatewayId, actor: _Pauser, dry_run: DryRun = False) -> Response:
    """Nothing more is sent through it. Messages use another gateway, or wait for this one without a time limit."""
    return await _set_mode(request, gateway, actor, Mode.PAUSED, dry_run)


@router.post("/{gateway}/drain", summary="Drain any gateway", **_one)
async def drain_any_gateway(request: Request, gateway: GatewayId, actor: _Pauser, dry_run: DryRun = False) -> Response:
    """It takes no new messages; those in progress are completed."""
    return await _set_mode(request, gateway, actor, Mode.DRAINING, dry_run)


@router.post("/{gateway}/resume", summary="Use any paused or drained gateway again", **_one)
async def resume_any_gateway(request: Request, gateway: GatewayId, actor: _Pauser, dry_run: DryRun = False) -> Response:
    """Waiting messages continue within seconds."""
    return await _set_mode(request, gateway, actor, Mode.ACTIVE, dry_run)


@router.post(
    "/{gateway}/test",
    summary="Send a test message through any gateway",
    response_model=None,
    responses=answers(TrialAnswer, 409),
    openapi_extra=documented_body(GatewayTest),
)
async def test_any_gateway(request: Request, gateway: GatewayId, actor: _Pauser) -> Response:
    """A real message, whether the gateway is in use or not. It costs no credit; that it was sent is logged."""
    state = state_of(request)
    body = parse_body(await read_body(request), GatewayTest)
    await gateways.get(state.pool, gateway)
    await count_trial(state, gateway)
    async with change(state.pool, actor, "gateway.tested") as made:
        await rules.find_gateway(made, gateway)
    return await answer_trial(state, gateway, body)


@router.get(
    "/{gateway}/health",
    summary="Read any gateway's health",
    response_model=None,
    responses=answers(GatewayHealthAnswer),
)
async def get_any_gateway_health(request: Request, gateway: GatewayId, _: _Reader) -> Response:
    """Counts include messages of all accounts, by the minute of the gateway's answer."""
    state = state_of(request)
    return await answer_health(state, await gateways.get(state.pool, gateway))


@types_router.get("", summary="Types of gateway", response_model=None, responses=answers(models.TypesOfGateway))
async def list_gateway_types(request: Request, _: _Reader) -> Response:
    """On each of their channels, with what goes into `config`, for forms."""
    return await answer_types()


def shown(gateway: Described) -> dict[str, Any]:
    """A gateway, as it is answered."""
    info = gateway.info
    return {
        "id": info.id,
        "channel": info.channel,
        "type": info.type,
        "identifier": info.identifier,
        "owner": None if info.account_id == ADMIN_ACCOUNT else info.account_id,
        "shared_with": info.shared_with,
        "state": info.mode if info.enabled else "disabled",
        "enabled": info.enabled,
        "mode": info.mode,
        "breaker": info.breaker,
        "priority": info.priority,
        "per_second": info.per_second,
        "on_unknown": info.on_unknown,
        "from": info.from_policy,
        "config": gateway.config,
        "version": info.version,
        "created_at": info.created_at,
        "managed_by": managed_by(gateway.is_in_file),
    }


async def _set_mode(request: Request, gateway: UUID, actor: Actor, mode: Mode, dry_run: bool) -> Response:
    work = partial(rules.set_mode, gateway_id=gateway, mode=mode)
    return await _perform(request, actor, rules.MODE_ACTIONS[mode], mode, work, dry_run)


async def _perform(
    request: Request,
    actor: Actor,
    action: str,
    message: str,
    rule: Callable[[Change], Awaitable[GatewayInfo]],
    dry_run: bool,
) -> Response:
    """Apply a rule, and answer with the gateway as it is then."""
    keyring = state_of(request).keyring

    async def work(made: Change) -> Answer:
        return message, await _told(made.store, keyring, await rule(made))

    return await perform(request, actor, action, work, dry_run=dry_run)


async def _told(store: Connections, keyring: Keyring, info: GatewayInfo) -> dict[str, Any]:
    (described,) = await rules.describe(store, keyring, [info])
    warm_up = head(await warm_ups.of(store, Warmed(info.id)))
    number = await numbers.of_gateway(store, info.id)
    return shown(described) | {"warm_up": warm_up, "number": number and number.head}


async def _fetch(state: AppState, wanted: gateway_queries.Filter, place: str | None, most: int) -> list[Described]:
    found = await gateway_queries.page(state.pool, wanted, None if place is None else _position(place), most)
    return await rules.describe(state.pool, state.keyring, found)


def _place(gateway: Described) -> str:
    return f"{gateway.info.created_at.isoformat()} {gateway.info.id}"


def _position(place: str) -> tuple[datetime, UUID]:
    at, _, gateway_id = place.partition(" ")
    try:
        return datetime.fromisoformat(at), UUID(gateway_id)
    except ValueError:
        raise no_cursor() from None


def _wanted(body: models.NewGateway) -> NewGateway:
    return NewGateway(
        account_id=ADMIN_ACCOUNT if body.owner is None else body.owner,
        channel=body.channel,
        identifier=body.identifier,
        type=body.type,
        config=body.config,
        per_second=None if body.rate is None else per_second(body.rate),
        priority=body.priority,
        on_unknown=body.on_unknown,
        from_policy=body.from_policy,
        share_with=[body.share_with] if isinstance(body.share_with, int) else body.share_with,
    )


def _stored_names(patch: dict[str, Any]) -> dict[str, Any]:
    if "rate" in patch:
        rate = patch.pop("rate")
        patch["per_second"] = None if rate is None else per_second(rate)
    return patch
