"""Keys, each with a message of its account: a status takes one statement, and many statuses share one."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from store.accounts import api_keys
from store.accounts.api_keys import StoredKey, stored_key
from store.messages import messages
from store.messages.messages import Message
from store.pool import Pool

Wanted = tuple[str, str, UUID | None]
"""The id of a key, a channel, and the uid of a message there; ``None``: the key alone."""

_UID = "wanted.uid"
_FIND = f"""
select wanted.n, {api_keys.COLUMNS.format(available="null::bigint")}, {messages.COLUMNS.format(uid=_UID)}
from {{wanted}}
{api_keys.JOINS}
left join messages m on m.uid = {_UID}
{messages.JOINS.format(uid=_UID)}
order by wanted.n, t.attempt
"""  # noqa: S608 - constants of ours
_FIND_ONE = _FIND.format(wanted="(select 1 as n, %(id)s::text as id, %(uid)s::uuid as uid) as wanted")
"""The same for one: its uid is a value, so one partition of each table is opened instead of all."""
_FIND_MANY = _FIND.format(wanted="unnest(%(ids)s::text[], %(uids)s::uuid[]) with ordinality as wanted (id, uid, n)")


async def find_own(pool: Pool, wanted: Sequence[Wanted]) -> dict[Wanted, tuple[StoredKey, Message | None]]:
    """The keys of these ids, whether they are valid or not, each with its message.

    A message of another account or channel is treated like one that does not exist.
    """
    async with pool.connection() as conn:
        if len(wanted) == 1:
            cursor = await conn.execute(_FIND_ONE, {"id": wanted[0][0], "uid": wanted[0][2]})
        else:
            ids, _, uids = zip(*wanted, strict=True)
            cursor = await conn.execute(_FIND_MANY, {"ids": list(ids), "uids": list(uids)})
        rows: dict[int, list[Sequence[Any]]] = defaultdict(list)
        for n, *columns in await cursor.fetchall():
            rows[n - 1].append(columns)
        found = {place: _own(of_one, wanted[place][1]) for place, of_one in rows.items()}
        checked = iter(await messages.with_fallbacks(conn, [message for _, message in found.values() if message]))
    return {wanted[place]: (key, message and next(checked)) for place, (key, message) in found.items()}


def _own(rows: Sequence[Sequence[Any]], channel: str) -> tuple[StoredKey, Message | None]:
    """Whose a message is gets compared here: in the statement it would tempt PostgreSQL to read all of an account."""
    key = stored_key(rows[0][: api_keys.COLUMN_COUNT])
    of_message = [row[api_keys.COLUMN_COUNT :] for row in rows]
    if of_message[0][0] is None:
        return key, None
    message = messages.message_of(of_message)
    is_own = message.account_id == key.principal.account_id and message.channel == channel
    return key, message if is_own else None
