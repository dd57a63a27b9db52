"""What an account has that values of its contacts may name."""

from collections.abc import Iterable

from domain.audience.contacts.values import Terms
from domain.errors import NotFoundError
from store.pool import Connections


async def terms_of(store: Connections, account_id: int, groups: Iterable[str] = ()) -> Terms:
    """The terms by which values of an account's contacts are read; ``groups``: keys of those that are named.

    Raises:
        NotFoundError: there is no such account.
    """
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select a.default_region,
                   (select json_object_agg(f.key, f.type) from contact_fields f where f.account_id = a.id),
                   (select json_object_agg(g.key, g.id) from contact_groups g
                    where g.account_id = a.id and g.key = any(%s))
               from accounts a where a.id = %s and a.status <> 'deleted'""",
            (sorted(set(groups)), account_id),
        )
        row = await cursor.fetchone()
    if row is None:
        raise NotFoundError("account_not_found", f"There is no user {account_id}.")
    region, fields, ids = row
    return Terms(region, fields or {}, ids or {})
