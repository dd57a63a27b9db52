"""What a user takes along, and what is left of a deleted one: exports and purges, which are operations."""

from domain.errors import ConflictError
from services.accounts.users import check_not_purged
from services.changes import Change
from services.operations.export_user import NAME as EXPORT
from services.operations.purge_user import NAME as PURGE
from store.accounts import accounts
from store.operations import operations, purging
from store.operations.operations import Operation


async def begin_export(change: Change, account_id: int, owner_id: int | None = None) -> Operation:
    """Have all data of an account put into files, recipients as they are. ``owner_id``: whose key may download it.

    Raises:
        NotFoundError: there is no such account.
        ForbiddenError: the actor may not see recipients.
        ConflictError: its data was removed.
    """
    if owner_id is None:
        change.actor.check("messages:reveal")
    account = await accounts.lock(change.store, account_id)
    change.about("user", account.id, account.name)
    await check_not_purged(change, account_id)
    return await operations.add(change.store, EXPORT, change.actor, {}, account_id, owner_id)


async def begin_purge(change: Change, account_id: int) -> Operation:
    """Remove the personal data of a deleted account, for ever. A repeat begins it again, which changes nothing.

    Raises:
        NotFoundError: there is no such account.
        ConflictError: it is not deleted.
    """
    account = await accounts.lock(change.store, account_id)
    change.about("user", account.id)
    if account.status != "deleted":
        raise ConflictError("not_deleted", f"the user {account_id} is not deleted: delete it first")
    await purging.begin(change.store, account_id)
    return await operations.add(change.store, PURGE, change.actor, {}, account_id)
