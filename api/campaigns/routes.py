"""``/api/campaigns``: campaigns of an account, saved, read and launched."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from api.campaigns import models
from api.http.auth import requires
from api.http.body import parse_small, read_body, validate
from api.http.idempotency import KeyClaim
from api.http.state import state_of
from api.reference.openapi import answers, documented_body
from api.resources.access import check_known, user_actor
from api.resources.changing import Answer, DryRun, answer_one, check_match, perform, perform_once
from api.resources.listing import Cursor, Format, Limit, beyond_id, listed
from api.sending.routes import terms_of
from domain.access.user_scopes import CONTACTS, SEND
from domain.errors import NotFoundError
from services.audience.campaigns import forecast as forecasts
from services.audience.campaigns import rules
from services.audience.campaigns.models import CampaignDraft, CampaignPlan
from services.audience.campaigns.sending import goal_of, plan_of
from services.audience.campaigns.steering import waits_for
from services.audience.templates.named import NamedTemplates
from services.changes import Change
from store.accounts.api_keys import Principal
from store.audience.campaigns import campaigns, results, slices
from store.audience.campaigns.campaigns import Campaign, Run
from store.pool import Pool

router = APIRouter(prefix="/api/campaigns", tags=["campaigns"])


async def _holder(
    request: Request, principal: Annotated[Principal, Depends(requires(CONTACTS, also=(SEND,)))]
) -> Principal:
    check_known(request)
    return principal


Holder = Annotated[Principal, Depends(_holder)]
"""Who may have a campaign sent."""
MOST_VALUES = 2_000
"""Of a body."""
one: dict[str, Any] = {"response_model": None, "responses": answers(models.CampaignAnswer, 409, 412)}
_RunId = Annotated[UUID | None, Query(description="One of its runs; left out: the latest.")]


@router.get("", summary="Your campaigns, newest first", response_model=None, responses=answers(models.CampaignPage))
async def list_campaigns(
    request: Request,
    principal: Holder,
    state: Annotated[models.CampaignStateName | None, Query(description="Only those in this state.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """With all that was saved of them."""
    pool = state_of(request).pool

    async def page(before: UUID | None, most: int) -> Sequence[Campaign]:
        return await campaigns.page(pool, principal.account_id, state, before, most)

    return await listed(request, limit, cursor, format, beyond_id(page), shown)


@router.post("", summary="Save a campaign", openapi_extra=documented_body(CampaignDraft, idempotent=True), **one)
async def add_campaign(request: Request, principal: Holder, dry_run: DryRun = False) -> Response:
    """As a draft. Nothing is sent before it is launched."""
    raw = await read_body(request)
    draft = validate(parse_small(raw, MOST_VALUES), CampaignDraft)

    async def work(made: Change, _: KeyClaim) -> Answer:
        return "saved", shown(await rules.add(made, principal.account_id, draft))

    return await perform_once(request, user_actor(request, principal), "campaign.created", raw, work, dry_run=dry_run)


@router.get("/{campaign}", summary="Read a campaign", response_model=None, responses=answers(models.CampaignAnswer))
async def get_campaign(request: Request, campaign: UUID, principal: Holder) -> Response:
    """With the `ETag` that a change may name in `If-Match`."""
    return answer_one(shown(await campaigns.get(state_of(request).pool, principal.account_id, campaign)))


@router.patch("/{campaign}", summary="Change a campaign", openapi_extra=documented_body(models.ChangeCampaign), **one)
async def change_campaign(request: Request, campaign: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """Before its launch; afterwards its name only. A part such as `audience` is replaced as a whole."""
    given = parse_small(await read_body(request), MOST_VALUES)
    validate(given, models.ChangeCampaign)
    assert isinstance(given, dict), "the model takes nothing else"

    async def work(made: Change) -> Answer:
        check_match(request, shown(await campaigns.get(made.store, principal.account_id, campaign, lock=True)))
        return "changed", shown(await rules.alter(made, principal.account_id, campaign, given))

    return await perform(request, user_actor(request, principal), "campaign.changed", work, dry_run=dry_run)


@router.delete(
    "/{campaign}",
    summary="Delete a campaign",
    response_model=None,
    responses=answers(models.CampaignGone, 409, 412),
)
async def remove_campaign(request: Request, campaign: UUID, principal: Holder, dry_run: DryRun = False) -> Response:
    """A draft, or one that has ended, with its results. Its messages stay."""

    async def work(made: Change) -> Answer:
        check_match(request, shown(await campaigns.get(made.store, principal.account_id, campaign, lock=True)))
        await rules.remove(made, principal.account_id, campaign)
        return "deleted", None

    return await perform(request, user_actor(request, principal), "campaign.deleted", work, dry_run=dry_run)


@router.post(
    "/{campaign}/forecast",
    summary="What a campaign would do if it was launched now",
    response_model=None,
    responses=answers(models.ForecastAnswer, 503),
)
async def forecast_campaign(request: Request, campaign: UUID, principal: Holder) -> Response:
    """How many people it is for, and about how many credits it costs. All that it names is checked."""
    state = state_of(request)
    plan = plan_of(await campaigns.get(state.pool, principal.account_id, campaign))
    terms = await terms_of(state, principal)
    found = await forecasts.forecast(state.pool, state.part(NamedTemplates), principal.account_id, plan, terms)
    return answer_one(asdict(found), "counted")


@router.get(
    "/{campaign}/runs", summary="When a campaign was sent", response_model=None, responses=answers(models.RunPage)
)
async def list_campaign_runs(
    request: Request,
    campaign: UUID,
    principal: Holder,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """The newest first; a campaign that repeats has several."""
    pool = state_of(request).pool
    await campaigns.get(pool, principal.account_id, campaign)

    async def page(before: UUID | None, most: int) -> list[dict[str, Any]]:
        return [await _shown_run(pool, run) for run in await campaigns.runs(pool, campaign, before, most)]

    return await listed(request, limit, cursor, format, beyond_id(page), dict, lambda run: str(run["id"]))


@router.get(
    "/{campaign}/results",
    summary="How a campaign did",
    response_model=None,
    responses=answers(models.ResultsAnswer),
)
async def get_campaign_results(request: Request, campaign: UUID, principal: Holder, run: _RunId = None) -> Response:
    """By variant and by link, as of now: receipts come for days."""
    pool = state_of(request).pool
    found = await _run(pool, principal.account_id, campaign, run)
    plan = plan_of(await campaigns.get(pool, principal.account_id, campaign))
    numbers = await results.by_variant(pool, found, goal_of(plan))
    return answer_one(
        {
            "run": found.id,
            "state": found.state,
            "waits_for": await waits_for(pool, found),
            "winner": found.winner,
            "variants": [asdict(each) for each in numbers.values()],
            "links": [asdict(link) for link in await results.by_link(pool, found.id)],
        }
    )


@router.get(
    "/{campaign}/left-out",
    summary="Who got no message of a campaign, and why",
    response_model=None,
    responses=answers(models.LeftOutPage),
)
async def list_left_out(
    request: Request,
    campaign: UUID,
    principal: Holder,
    run: _RunId = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    format: Format = None,
) -> Response:
    """Contacts that no message could be made for. Those who must not be sent to have a rejected message instead."""
    pool = state_of(request).pool
    found = await _run(pool, principal.account_id, campaign, run)

    async def page(after: UUID | None, most: int) -> Sequence[slices.LeftOut]:
        return await slices.left_out(pool, found.id, after, most)

    return await listed(request, limit, cursor, format, beyond_id(page), asdict, lambda one: str(one.contact_id))


async def _run(pool: Pool, account_id: int, campaign_id: UUID, run_id: UUID | None) -> Run:
    await campaigns.get(pool, account_id, campaign_id)
    if run_id is None:
        latest = await campaigns.runs(pool, campaign_id, None, 1)
        found = latest[0] if latest else None
    else:
        found = await campaigns.run(pool, run_id)
    if found is None or found.campaign_id != campaign_id:
        raise NotFoundError("run_not_found", "this campaign was not sent yet, or has no such run")
    return found


async def _shown_run(pool: Pool, run: Run) -> dict[str, Any]:
    row = asdict(run)
    for name in ("campaign_id", "account_id", "workflow_id", "versions"):
        del row[name]
    return row | {"batches": await slices.batch_ids(pool, run.id)}


def shown(campaign: Campaign) -> dict[str, Any]:
    """A campaign as it is answered."""
    return {
        "id": campaign.id,
        "name": campaign.name,
        "state": campaign.state,
        **{name: campaign.plan.get(name) for name in CampaignPlan.model_fields},
        "created_at": campaign.created_at,
        "updated_at": campaign.updated_at,
    }
