"""Upkeep of limits: what they remember, and plans whose period ends."""

from store.accounts import plans, request_rates
from store.gateways import webhook_signatures
from store.gateways.webhook_signatures import SIGNATURE_HOURS
from store.messages import deliveries
from store.pool import Pool

RENEW_EVERY = 60.0
"""Seconds between two looks at which plans begin again. Until then their accounts go on with the credits they have."""

USAGE_DAYS = 31
"""How long it is known how many messages counted towards a day's limit."""


async def forget_limits(pool: Pool) -> None:
    """Drop what no limit and no memory needs any more."""
    await request_rates.forget_idle(pool)
    await webhook_signatures.forget_older_than(pool, SIGNATURE_HOURS)
    await deliveries.forget_old(pool)
    await plans.forget_usage(pool, USAGE_DAYS)
