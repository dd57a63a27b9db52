"""Maintenance of limits: expired usage data, and renewal of plans."""

from store.access import key_spend, log_in_waits, one_time_tokens, sessions
from store.accounts import plans, request_rates
from store.gateways import webhook_signatures
from store.gateways.webhook_signatures import SIGNATURE_HOURS
from store.messages import deliveries
from store.pool import Pool

RENEW_EVERY = 60.0
"""Seconds between two checks for plans to renew. Until then their accounts use the credits they have."""

USAGE_DAYS = 31
"""How long the number of messages that counted towards a day's limit is kept."""


async def delete_old_limits(pool: Pool) -> None:
    """Delete usage data that no limit needs any more."""
    await request_rates.delete_idle(pool)
    await webhook_signatures.delete_older_than(pool, SIGNATURE_HOURS)
    await deliveries.delete_old(pool)
    await plans.delete_old_usage(pool, USAGE_DAYS)
    await key_spend.delete_old(pool, USAGE_DAYS)
    await log_in_waits.delete_old(pool)
    await one_time_tokens.delete_expired(pool)
    await sessions.delete_ended(pool)
