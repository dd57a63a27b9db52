"""Removes the data of accounts that were deleted long ago."""

from domain.access.actors import SYSTEM
from services.accounts.leaving import begin_purge
from services.changes import change
from services.operations.purge_user import GRACE_DAYS
from store.operations import purging
from store.pool import Pool

_AT_A_TIME = 50


async def purge_deleted(pool: Pool) -> None:
    """Begin the purges of accounts whose time to be restored is over."""
    for account_id in await purging.due(pool, GRACE_DAYS, _AT_A_TIME):
        async with change(pool, SYSTEM, "user.purged") as made:
            await begin_purge(made, account_id)
