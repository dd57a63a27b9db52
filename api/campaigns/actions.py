"""``/api/campaigns/{campaign}/…``: launching a campaign, and changing it while it is sent."""

from typing import Any
from uuid import UUID

import structlog
from fastapi import APIRouter, Request, Response
from temporalio.service import RPCError

from api.campaigns import models
from api.campaigns.routes import Holder, one, shown
from api.http.body import parse_body, read_body
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import user_actor
from api.resources.changing import Answer, DryRun, perform
from domain.audience.campaigns.run import CampaignChangeKind
from domain.errors import NotFoundError
from domain.messages.routing import DEFAULT_GATEWAY
from services.audience.campaigns import rules, steering
from services.audience.campaigns.schedules import repeat
from services.audience.templates.named import NamedTemplates
from services.changes import Change
from store.accounts.api_keys import Principal
from store.audience.campaigns import campaigns
from store.audience.campaigns.campaigns import Campaign, Run
from store.gateways.gateways import unknown_identifiers
from workflows.policy import OPERATIONS_QUEUE

log = structlog.get_logger()
router = APIRouter(prefix="/api/campaigns", tags=["campaigns"])

_steered: dict[str, Any] = {"response_model": None, "responses": answers(models.CampaignAnswer, 409, 503)}


@router.post("/{campaign}/start", summary="Launch a campaign", **one)
async def launch_campaign(request: Request, campaign: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """It is sent at its time; without one, now. All that it names is checked, and its templates' versions are kept."""
    state = state_of(request)
    client = state.temporal  # without Temporal nothing is launched
    begun: list[tuple[Campaign, Run]] = []

    async def work(made: Change) -> Answer:
        templates = state.part(NamedTemplates)
        launched, run = await rules.launch(made, templates, principal.account_id, campaign)
        if run is not None:
            begun.append((launched, run))
        elif not dry_run:  # a schedule whose campaign was not launched after all sends nothing
            await repeat(made.store, client, launched, OPERATIONS_QUEUE)
        return "launched", shown(launched)

    answer = await perform(request, user_actor(request, principal), "campaign.launched", work, dry_run=dry_run)
    if not dry_run:
        for launched, run in begun:
            try:
                await steering.start(client, launched.id, principal.account_id, run.id)
            except RPCError:  # the workers start it
                log.warning("a campaign could not be started", campaign=str(launched.id))
    return answer


@router.post("/{campaign}/pause", summary="Pause a campaign", **_steered)
async def pause_campaign(request: Request, campaign: UUID, principal: Holder) -> Response:
    """Nothing more is begun; what is at a gateway gets its outcome."""
    return await _steer(request, principal, campaign, "pause", "campaign.paused")


@router.post("/{campaign}/resume", summary="Resume a campaign", **_steered)
async def resume_campaign(request: Request, campaign: UUID, principal: Holder) -> Response:
    """It goes on where it stopped."""
    return await _steer(request, principal, campaign, "resume", "campaign.resumed")


@router.post("/{campaign}/cancel", summary="Cancel a campaign", **_steered)
async def cancel_campaign(request: Request, campaign: UUID, principal: Holder) -> Response:
    """Unsent messages are cancelled, and their credits released. One that repeats is sent no more."""
    return await _steer(request, principal, campaign, "cancel", "campaign.cancelled")


@router.post("/{campaign}/approve", summary="Approve what a campaign costs", **_steered)
async def approve_campaign(request: Request, campaign: UUID, principal: Holder) -> Response:
    """It waits for that where it costs more than `approve_above`. What the staff must approve waits for the staff."""
    return await _steer(request, principal, campaign, "approve", "campaign.approved")


@router.post(
    "/{campaign}/switch-gateway",
    summary="Send the rest of a campaign through another gateway",
    openapi_extra=documented_body(models.SwitchCampaignGateway),
    **_steered,
)
async def switch_campaign_gateway(request: Request, campaign: UUID, principal: Holder) -> Response:
    """All that it has not sent; `default_gateway`: through the account's first one that works."""
    wanted = parse_body(await read_body(request), models.SwitchCampaignGateway).gateway_identifier
    found = await campaigns.get(state_of(request).pool, principal.account_id, campaign)
    if wanted != DEFAULT_GATEWAY and await unknown_identifiers(
        state_of(request).pool, principal.account_id, found.channel, [wanted]
    ):
        message = f"no {found.channel} gateway {wanted!r} for this account"
        raise NotFoundError("gateway_not_found", message)
    return await _steer(request, principal, campaign, "switch_gateway", "campaign.gateway_switched", wanted)


async def _steer(
    request: Request, principal: Principal, campaign: UUID, kind: CampaignChangeKind, action: str, gateway: str = ""
) -> Response:
    client = state_of(request).temporal

    async def work(made: Change) -> Answer:
        before = await campaigns.get(made.store, principal.account_id, campaign)
        made.about("campaign", before.id, before.name)
        after = await steering.steer(state_of(request).pool, client, before, kind, gateway)
        made.compare({"state": before.state}, {"state": after.state})
        return f"the campaign is {after.state}", shown(after)

    return await perform(request, user_actor(request, principal), action, work, dry_run=False)
