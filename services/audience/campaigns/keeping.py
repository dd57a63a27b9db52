"""Keeping how campaigns did, before what it is counted from is dropped."""

from datetime import datetime

from services.audience.campaigns.sending import goal_of, plan_of
from store.audience.campaigns import campaigns, kept
from store.pool import Pool

_AT_A_TIME = 20


async def keep_results(pool: Pool, before: datetime) -> None:
    """Keep the results of all runs that began before then: what is older is about to be dropped."""
    while found := await kept.unkept(pool, before, _AT_A_TIME):
        for run in found:
            campaign = await campaigns.get(pool, None, run.campaign_id)
            await kept.keep(pool, run, goal_of(plan_of(campaign)))
