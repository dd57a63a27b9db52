"""What a campaign would do if it was launched now."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime

from psycopg.errors import QueryCanceled

from domain.audience.named_template import TemplateUse
from domain.errors import UnavailableError
from services.audience.campaigns import rules
from services.audience.campaigns.audience import condition_of
from services.audience.campaigns.filling import cost_of
from services.audience.campaigns.models import CampaignPlan
from services.audience.campaigns.sending import SAMPLE, letter_of
from services.audience.templates.named import NamedTemplates
from services.contacts.read import Terms
from store.audience.campaigns import people
from store.pool import Pool


@dataclass(frozen=True, slots=True)
class Forecast:
    """How many it is for, and what it costs."""

    people: int
    """Contacts of the audience with an address on the channel."""
    held_out: int
    """Of them, those who would get nothing, about."""
    credits: int
    """About, by the texts of some of them."""


async def forecast(
    pool: Pool, templates: NamedTemplates, account_id: int, plan: CampaignPlan, terms: Terms
) -> Forecast:
    """Count, and fill the messages of some.

    Raises:
        NotFoundError, InvalidError: it names something that there is not.
        UnavailableError: counting takes too long.
    """
    await rules.check(pool, account_id, plan)
    condition, now = await condition_of(pool, account_id, plan.audience), datetime.now(UTC)
    (key, number), *_ = plan.texts.values()
    named = await templates.read(account_id, plan.channel, TemplateUse(key, number))
    try:
        count, sample = await people.first_of(pool, account_id, plan.channel, condition, now, SAMPLE)
    except QueryCanceled as error:
        message = f"this audience took more than {people.COUNT_SECONDS:g} s to count: name fewer segments"
        raise UnavailableError("segment_too_slow", message, retry_after=60.0) from error
    held_out = round(count * plan.holdout / 100)
    cost = await asyncio.to_thread(cost_of, letter_of(plan, named), sample, terms, count - held_out)
    return Forecast(count, held_out, cost)
