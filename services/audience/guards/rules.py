"""Changing the guards of an account."""

from domain.audience.guards.settings import GuardSettings
from services.audience.guards.models import GuardsBody, shown
from services.changes import Change
from store.audience.guards import settings


async def change_guards(change: Change, account_id: int, body: GuardsBody) -> GuardSettings:
    """Apply what was given.

    Raises:
        NotFoundError: there is no such account.
    """
    before = await settings.read(change.store, account_id, lock=True)
    change.about("user", account_id)
    after = body.applied_to(before)
    await settings.put(change.store, account_id, after)
    change.compare(shown(before), shown(after), hidden=("pumping",))
    return after
