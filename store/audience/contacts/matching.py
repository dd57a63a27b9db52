"""Which contacts have the addresses and external ids that are given."""

from collections.abc import Mapping, Sequence
from typing import Any, LiteralString
from uuid import UUID

import orjson

from domain.audience.contacts.matching import Key
from store.pool import Connections

# A key of a contact is compared as the unique indexes have it.
_MATCH: LiteralString = """
with given as materialized (
    select g.n, k.name, k.key from json_to_recordset(%(given)s)
        as g (n int, external_id text, email text, phone text, whatsapp text)
    cross join lateral (values ('external_id', g.external_id), ('email', recipient_key('email', g.email)),
        ('phone', recipient_key('sms', g.phone)), ('whatsapp', recipient_key('whatsapp', g.whatsapp))) as k (name, key)
    where k.key is not null
)
select g.n, g.name, g.key, case g.name
    when 'external_id' then (select c.id from contacts c
        where c.account_id = %(account)s and c.external_id = g.key and c.external_id is not null)
    when 'email' then (select c.id from contacts c
        where c.account_id = %(account)s and recipient_key('email', c.email) = g.key and c.email is not null)
    when 'phone' then (select c.id from contacts c
        where c.account_id = %(account)s and recipient_key('sms', c.phone) = g.key and c.phone is not null)
    when 'whatsapp' then (select c.id from contacts c
        where c.account_id = %(account)s and recipient_key('whatsapp', c.whatsapp) = g.key and c.whatsapp is not null)
    end
from given g
"""


async def match(
    store: Connections, account_id: int, given: Sequence[Mapping[str, Any]]
) -> list[tuple[dict[str, Key], dict[Key, UUID]]]:
    """For each of what is given: its keys by the names of values, and which contacts have them."""
    names = ("external_id", "email", "phone", "whatsapp")
    items = [{"n": n, **{name: one.get(name) for name in names}} for n, one in enumerate(given)]
    found: list[tuple[dict[str, Key], dict[Key, UUID]]] = [({}, {}) for _ in given]
    async with store.connection() as conn:
        cursor = await conn.execute(_MATCH, {"given": orjson.dumps(items).decode(), "account": account_id})
        for n, name, text, contact_id in await cursor.fetchall():
            keys, owners = found[n]
            keys[name] = key = (name, text)
            if contact_id is not None:
                owners[key] = contact_id
    return found
