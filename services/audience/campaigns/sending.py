"""What the workflow of a campaign has done: its people taken, its batches stored, its variants compared."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from domain.access.approvals import Sensitive
from domain.audience.campaigns.deciding import winner_of
from domain.audience.campaigns.run import (
    ENDED,
    FIRST_VARIANT,
    CampaignRun,
    CampaignStart,
    Part,
    Slice,
    SliceRequest,
    Taken,
)
from domain.audience.conditions.values import duration
from domain.audience.contacts.contact import new_contact_id
from domain.audience.named_template import NamedTemplate, TemplateUse
from domain.batches.batch import BatchHeader
from domain.channels import Channel
from domain.errors import InvalidError, NotFoundError
from domain.ids import new_batch_id
from domain.links.targets import utm_of
from services.audience.campaigns.audience import condition_of
from services.audience.campaigns.filling import Letter, cost_of
from services.audience.campaigns.making import BatchMaker
from services.audience.campaigns.models import CampaignPlan
from services.audience.templates.named import NamedTemplates
from services.sending.batch_header import header_of, page_sizes
from services.sending.terms import SendingTermsReader
from store.accounts import sending_terms
from store.audience.campaigns import approvals, campaigns, people, results, slices
from store.audience.campaigns.campaigns import Campaign, Run
from store.audience.campaigns.people import Split
from store.batches import batches
from store.pool import Pool

MOST_PEOPLE = 10_000
"""Of a slice."""
_SLICE_BYTES = 16 * 1024 * 1024
"""Of the texts of a slice, about."""
_LEAST_PEOPLE = 50
SAMPLE = 100
"""People whose messages are filled to know what all cost."""


class CampaignSending:
    """The steps of a campaign's workflow. Each may be repeated."""

    def __init__(self, pool: Pool, environment: Mapping[str, Any]) -> None:
        """``environment``: settings that the process was started with."""
        self._pool = pool
        self._terms = SendingTermsReader(pool, environment)
        self._templates = NamedTemplates(pool)
        self._maker = BatchMaker()

    async def aclose(self) -> None:
        """End the process that makes batches."""
        await self._maker.aclose()

    async def begin(self, start: CampaignStart, workflow_id: str, begun_by: str) -> CampaignRun | None:
        """The run that the workflow is for; ``None``: there is nothing to send.

        A campaign that repeats gets a new run, one for each ``begun_by``, with the templates that are published then.
        """
        run = await campaigns.run(self._pool, UUID(start.run_id)) if start.run_id else None
        campaign = await self._campaign(start) if run or not start.run_id else None
        if campaign is None:
            if run is not None:
                await campaigns.show_state(self._pool, run.id, "cancelled", has_ended=True)
            return None
        plan = plan_of(campaign)
        if run is None:
            run = await self._new_run(campaign, plan, workflow_id, begun_by)
        if run.state in ENDED:
            return None
        variants = [Part(FIRST_VARIANT + number, key) for number, key in enumerate(plan.texts)]
        return CampaignRun(
            str(run.id),
            run.due_at.timestamp() if run.due_at else 0.0,
            plan.audience.taken == "launch",
            variants,
            plan.per_minute or 0,
            duration(plan.test.after).total_seconds() if plan.test else 0.0,
        )

    async def _new_run(self, campaign: Campaign, plan: CampaignPlan, workflow_id: str, begun_by: str) -> Run:
        versions, failure = {}, ""
        try:
            versions = await pinned(self._templates, campaign.account_id, plan)
        except InvalidError as error:
            failure = error.message
        run = await campaigns.add_run(self._pool, new_contact_id(), campaign, workflow_id, None, versions, begun_by)
        if failure:
            await campaigns.show_state(self._pool, run.id, "failed", has_ended=True, reason=failure)
            return replace(run, state="failed")
        return run

    async def _campaign(self, start: CampaignStart) -> Campaign | None:
        try:
            found = await campaigns.get(self._pool, start.account_id, UUID(start.campaign_id))
        except NotFoundError:
            return None
        of_account = await sending_terms.read(self._pool, start.account_id)
        is_deleted = of_account is None or of_account.status == "deleted"
        return None if is_deleted or found.state in ("draft", "cancelled") else found

    async def is_over(self, start: CampaignStart) -> bool:
        """Whether a campaign that repeats does so no more: it was deleted, or its account was."""
        return await self._campaign(start) is None

    async def take_people(self, run_id: UUID) -> Taken:
        """Note who belongs to the audience now, once, and what they cost, about."""
        run, campaign, plan = await self._read(run_id)
        try:
            condition = await condition_of(self._pool, run.account_id, plan.audience)
        except (NotFoundError, InvalidError) as error:
            return Taken(0, failure=error.message)
        held = await people.take(
            self._pool, run_id, run.account_id, plan.channel, condition, split_of(campaign, plan), datetime.now(UTC)
        )
        if run.credits is None:
            about = await self._cost(run, plan, held[0] - held[1])
            await campaigns.note_credits(self._pool, run_id, about)
        return Taken(held[0], await self.needs_approval(run_id))

    async def needs_approval(self, run_id: UUID) -> bool:
        """Whether it costs so much that it must not begin yet: for its owner, or for the staff."""
        run, _, plan = await self._read(run_id)
        cost = run.credits or 0
        if await approvals.is_held(self._pool, run_id, Sensitive("batch", cost), run.account_id):
            return True
        return plan.approve_above is not None and cost > plan.approve_above and run.approved_at is None

    async def _cost(self, run: Run, plan: CampaignPlan, count: int) -> int:
        sample = await people.sample(self._pool, run.id, SAMPLE)
        found = await self._terms.of(run.account_id)
        if found is None:
            return 0
        letter = await self._letter(run, plan, next(iter(plan.texts)), None, found[0].templates_version)
        return await asyncio.to_thread(cost_of, letter, sample, found[1], count)

    async def store_slice(self, wanted: SliceRequest) -> Slice:
        """Store the next batch of a part. The same number gives the same batch."""
        run_id = UUID(wanted.run_id)
        if found := await slices.find(self._pool, run_id, wanted.number):
            header = found.batch_id and await batches.header(self._pool, found.batch_id)
            return Slice(self._steered(header, wanted) if header else None, found.size, found.is_last)
        run, _, plan = await self._read(run_id)
        terms = await self._terms.of(run.account_id)
        if terms is None or terms[0].status == "deleted":
            return Slice()
        letter = await self._letter(run, plan, wanted.part.variant, wanted.gateway, terms[0].templates_version)
        limit = _limit(letter.named.size, plan.per_minute)
        found_people = await people.next_people(self._pool, run_id, wanted.part.number, limit)
        if not found_people:
            return Slice()
        sizes = await page_sizes(self._pool, run.account_id, plan.channel)
        batch, left_out = await self._maker.make(letter, found_people, terms[1], new_batch_id(), run.account_id, sizes)
        is_last, last = len(found_people) < limit, UUID(found_people[-1][0])
        new = slices.NewSlice(run_id, wanted.number, wanted.part.number, wanted.part.variant, last, left_out, is_last)
        if not await slices.store(self._pool, new, batch):
            return await self.store_slice(wanted)
        header = header_of(batch) if batch else None
        return Slice(self._steered(header, wanted) if header else None, batch.total if batch else 0, is_last)

    @staticmethod
    def _steered(header: BatchHeader, wanted: SliceRequest) -> BatchHeader:
        return replace(header, paused=wanted.paused, gateway=wanted.gateway)

    async def decide(self, run_id: UUID) -> str:
        """Which variant the rest gets. Once: a repeat returns the same."""
        run, _, plan = await self._read(run_id)
        if run.winner is not None:
            return run.winner
        assert plan.test is not None, "without a test nothing is decided"
        found = await results.by_variant(self._pool, run, goal_of(plan))
        compared = [found[key].as_result() for key in plan.texts]
        return await campaigns.decide(self._pool, run_id, winner_of(compared, plan.test.by))

    async def show(self, run_id: UUID, state: str) -> None:
        """Record what a run is doing."""
        await campaigns.show_state(self._pool, run_id, state)

    async def finish(self, run_id: UUID, state: str, reason: str) -> bool:
        """End a run if its batches have. Returns whether it has ended. ``reason``: why it failed."""
        if await slices.unfinished(self._pool, run_id):
            return False
        await campaigns.show_state(self._pool, run_id, state, has_ended=True, reason=reason or None)
        return True

    async def _read(self, run_id: UUID) -> tuple[Run, Campaign, CampaignPlan]:
        run = await campaigns.run(self._pool, run_id)
        assert run is not None, "a campaign with an open run is not deleted"
        campaign = await campaigns.get(self._pool, run.account_id, run.campaign_id)
        return run, campaign, plan_of(campaign)

    async def _letter(
        self, run: Run, plan: CampaignPlan, variant: str, gateway: str | None, templates_version: int
    ) -> Letter:
        use = TemplateUse(plan.texts[variant][0], run.versions[variant])
        named = await self._templates.get(run.account_id, templates_version, plan.channel, use, archived=True)
        return letter_of(plan, named, gateway)


def letter_of(plan: CampaignPlan, named: NamedTemplate, gateway: str | None = None) -> Letter:
    """What is the same for all recipients. ``gateway``: instead of the plan's."""
    utm = utm_of(plan.utm.model_dump(exclude_none=True)) if plan.utm else ()
    gateway = gateway or plan.gateway_identifier
    return Letter(plan.channel, plan.purpose, named, gateway, plan.window(), plan.shorten_links, utm)


def plan_of(campaign: Campaign) -> CampaignPlan:
    """The plan of a campaign, which was checked when it was saved."""
    return CampaignPlan.model_validate(campaign.plan)


def goal_of(plan: CampaignPlan) -> results.Goal | None:
    """What its recipients are to do, as it is counted."""
    return (plan.goal.event, duration(plan.goal.within)) if plan.goal else None


def split_of(campaign: Campaign, plan: CampaignPlan) -> Split:
    """How its people are parted."""
    shares = tuple(one.share for one in plan.variants) or (1,)
    return Split(str(campaign.id), plan.holdout, shares, plan.test.percent if plan.test else None)


async def pinned(templates: NamedTemplates, account_id: int, plan: CampaignPlan) -> dict[str, int]:
    """By variant the version of its template: that which was named, else the published one.

    Raises:
        InvalidError: a template is not there, not published, or has no texts for the channel.
    """
    return {
        variant: (await templates.read(account_id, Channel(plan.channel), TemplateUse(key, number))).number
        for variant, (key, number) in plan.texts.items()
    }


def _limit(text_bytes: int, per_minute: int | None) -> int:
    """How many people a slice has."""
    most = max(_LEAST_PEOPLE, min(MOST_PEOPLE, _SLICE_BYTES // text_bytes))
    return min(most, per_minute) if per_minute else most
