"""Rules for campaigns: what may be saved, changed, launched and deleted."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from domain.audience.campaigns.run import ENDED
from domain.audience.contacts.contact import new_contact_id
from domain.audience.purposes import check_purpose
from domain.channels import Channel
from domain.errors import ConflictError, FieldError, InvalidError, NotFoundError, invalid, pointer
from domain.ids import campaign_workflow_id
from domain.messages.routing import DEFAULT_GATEWAY
from domain.messages.schedule import InvalidSchedule, parse_schedule_at
from domain.validation.sentences import in_words
from services.audience.campaigns.audience import condition_of
from services.audience.campaigns.models import CampaignDraft, CampaignPlan
from services.audience.campaigns.sending import pinned, plan_of
from services.audience.templates.named import NamedTemplates
from services.changes import Change
from store.accounts import accounts
from store.audience.campaigns import campaigns
from store.audience.campaigns.campaigns import Campaign, Run
from store.audience.consent import purposes
from store.audience.contacts import groups
from store.gateways.gateways import unknown_identifiers
from store.pool import Connections

MOST_CAMPAIGNS = 10_000
"""Of an account."""
_STILL_NOW = timedelta(minutes=5)
"""A time that is over for so long means at once: forms have whole minutes, and clocks differ."""


async def add(change: Change, account_id: int, draft: CampaignDraft) -> Campaign:
    """Save a draft.

    Raises:
        ConflictError: the account has too many campaigns.
        InvalidError: its time is over, or cannot be read.
    """
    if await campaigns.count(change.store, account_id) >= MOST_CAMPAIGNS:
        message = f"an account has at most {MOST_CAMPAIGNS} campaigns: delete some that have ended"
        raise ConflictError("too_many_campaigns", message)
    plan = draft.plan()
    await _due(change.store, account_id, plan)
    made = await campaigns.add(
        change.store, new_contact_id(), account_id, draft.name, plan.channel.value, plan.stored()
    )
    change.about("campaign", made.id, made.name)
    change.compare({}, _noted(made))
    return made


async def alter(change: Change, account_id: int, campaign_id: UUID, given: Mapping[str, Any]) -> Campaign:
    """Change a draft; of one that was launched the name. What is given as null goes back to its default.

    Raises:
        NotFoundError: there is no such campaign.
        ConflictError: it was launched.
        InvalidError: the campaign would contradict itself, or the time that is given is over.
    """
    before = await campaigns.get(change.store, account_id, campaign_id, lock=True)
    change.about("campaign", before.id, before.name)
    plan = {name: value for name, value in {**before.plan, **given}.items() if value is not None}
    name = plan.pop("name", before.name)
    if plan != before.plan and before.state != "draft":
        raise _launched()
    draft = read_draft({**plan, "name": name})
    if given.get("schedule_at") is not None and before.state == "draft":
        await _due(change.store, account_id, draft.plan())
    altered = replace(before, name=draft.name, channel=draft.channel.value, plan=draft.plan().stored())
    after = await campaigns.change(change.store, altered)
    change.compare(_noted(before), _noted(after))
    return after


async def remove(change: Change, account_id: int, campaign_id: UUID) -> None:
    """Delete a campaign. Its messages stay.

    Raises:
        NotFoundError: there is no such campaign.
        ConflictError: it is being sent.
    """
    before = await campaigns.get(change.store, account_id, campaign_id, lock=True)
    change.about("campaign", before.id, before.name)
    if before.state not in ("draft", *ENDED):
        raise ConflictError("campaign_active", "this campaign is launched: cancel it first")
    await campaigns.remove(change.store, campaign_id)


async def launch(
    change: Change, templates: NamedTemplates, account_id: int, campaign_id: UUID
) -> tuple[Campaign, Run | None]:
    """Have a draft sent: all that it names is checked. Returns its run; of one that repeats there is none yet.

    Raises:
        NotFoundError: there is no such campaign; it names a segment or a gateway that there is not.
        ConflictError: it was launched before.
        InvalidError: something that it names cannot be used.
    """
    before = await campaigns.get(change.store, account_id, campaign_id, lock=True)
    change.about("campaign", before.id, before.name)
    if before.state != "draft":
        raise _launched()
    plan = plan_of(before)
    await check(change.store, account_id, plan)
    versions = await pinned(templates, account_id, plan)
    launched = await campaigns.change(change.store, replace(before, state="scheduled"))
    change.compare({"state": before.state}, {"state": launched.state})
    if plan.repeat:
        return launched, None
    run_id = new_contact_id()
    due = await _due(change.store, account_id, plan)
    return launched, await campaigns.add_run(
        change.store, run_id, launched, campaign_workflow_id(run_id), due, versions
    )


async def check(store: Connections, account_id: int, plan: CampaignPlan) -> None:
    """Refuse a plan that names what there is not, or whose time is over.

    Raises:
        NotFoundError: a segment, or a gateway.
        InvalidError: a group, a purpose, or the time.
    """
    await _due(store, account_id, plan)
    check_purpose(await purposes.of_account(store, account_id), plan.purpose, [plan.channel])
    await condition_of(store, account_id, plan.audience)
    for key in {*plan.audience.groups, *plan.audience.exclude.groups}:
        group = await groups.find(store, account_id, key)
        if group is None or group.key != key:
            raise InvalidError("group_unknown", f"there is no group {key!r}: GET /api/groups lists yours", "/audience")
    wanted = plan.gateway_identifier
    if wanted and wanted != DEFAULT_GATEWAY and await unknown_identifiers(store, account_id, plan.channel, [wanted]):
        message = f"no {plan.channel} gateway {wanted!r} for this account"
        raise NotFoundError("gateway_not_found", message)


def read_draft(raw: Mapping[str, Any]) -> CampaignDraft:
    """A campaign from JSON.

    Raises:
        InvalidError: it is none.
    """
    try:
        return CampaignDraft.model_validate(raw)
    except ValidationError as error:
        found = error.errors(include_url=False, include_input=False)
        raise invalid([FieldError(pointer(*one["loc"]), one["type"], in_words(one)) for one in found]) from None


async def _due(store: Connections, account_id: int, plan: CampaignPlan) -> datetime | None:
    """When it begins; ``None``: with its launch.

    One message of the past is sent at once, as XSender's clients expect. Of a campaign to many that would be a costly
    surprise: whoever saved it for another day, and launches it late, chooses anew.

    Raises:
        InvalidError: the time is over, or cannot be read.
    """
    if not plan.schedule_at:
        return None
    now, zone = datetime.now(UTC), (await accounts.get(store, account_id)).time_zone
    try:
        due = parse_schedule_at(plan.schedule_at, zone, now)
    except InvalidSchedule as error:
        raise InvalidError(error.code, error.message, "/schedule_at") from None
    if due < now - _STILL_NOW:
        message = "this time is over: choose a later one, or leave it out to begin with the launch"
        raise InvalidError("schedule_past", message, "/schedule_at")
    return due


def _launched() -> ConflictError:
    return ConflictError("campaign_launched", "this campaign was launched: make another one, or cancel this")


def _noted(campaign: Campaign) -> dict[str, Any]:
    return {"name": campaign.name, "channel": Channel(campaign.channel).value, **campaign.plan}
