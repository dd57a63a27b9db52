"""Lists of contacts, the newest first, each by an index."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from domain.audience.contacts.contact import Contact
from domain.ids import first_id
from store.audience.contacts.rows import COLUMNS
from store.pool import Connections

MOST_FOUND = 1000
"""Contacts that a search finds by each of the values that it looks at."""

_BEFORE_IT_IS_WRITTEN = timedelta(days=1)
"""How much earlier than its row an id may have been made, as by an import that waited."""
_CLOCKS = timedelta(hours=1)
"""How far the clocks of processes may be apart."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which contacts are listed; ``None``: all. Those that are given all apply."""

    text: str | None = None
    """How a name, an address or the external id begins, in any case."""
    email: str | None = None
    phone: str | None = None
    """Or its WhatsApp number."""
    external_id: str | None = None
    tag: str | None = None
    group: int | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None


# Each is found by an index of its own. Addresses are looked up first, whatever the planner takes their number to be:
# it would read all contacts in the order of the list.
_CONDITIONS: dict[str, LiteralString] = {
    "email": """c.id = any(array(
        select e.id from contacts e where e.account_id = %(account)s and e.email is not null
            and recipient_key('email', e.email) = recipient_key('email', %(email)s)))""",
    "phone": """c.id = any(array(
        select p.id from contacts p where p.account_id = %(account)s and p.phone is not null
            and recipient_key('sms', p.phone) = recipient_key('sms', %(phone)s)
        union all select w.id from contacts w where w.account_id = %(account)s and w.whatsapp is not null
            and recipient_key('whatsapp', w.whatsapp) = recipient_key('whatsapp', %(phone)s)))""",
    "external_id": """c.id = any(array(
        select x.id from contacts x where x.account_id = %(account)s and x.external_id is not null
            and x.external_id = %(external_id)s))""",
    "tag": "c.tags @> array[%(tag)s::text]",
    "group": "c.groups @> array[%(group)s::bigint]",
    "created_after": "c.created_at >= %(created_after)s and c.id >= %(first)s",
    "created_before": "c.created_at < %(created_before)s and c.id <= %(last)s",
    "updated_after": "c.updated_at >= %(updated_after)s",
}
# By text_pattern_ops (migration 0064).
_BEGINNINGS: tuple[LiteralString, ...] = (
    "c.first_name is not null and lower(c.first_name) like lower(%(as_it_is)s)",
    "c.first_name is not null and lower(c.first_name) like lower(%(as_a_name)s)",
    "c.last_name is not null and lower(c.last_name) like lower(%(as_it_is)s)",
    "c.last_name is not null and lower(c.last_name) like lower(%(as_a_name)s)",
    "c.email is not null and recipient_key('email', c.email) like recipient_key('email', %(as_it_is)s)",
    "c.phone is not null and recipient_key('sms', c.phone) like %(number)s",
    "c.whatsapp is not null and recipient_key('whatsapp', c.whatsapp) like %(number)s",
    "c.external_id is not null and c.external_id like %(as_it_is)s",
)
_ESCAPED = str.maketrans({"\\": "\\\\", "%": "\\%", "_": "\\_"})


async def page(store: Connections, account_id: int, wanted: Filter, below: UUID | None, most: int) -> Sequence[Contact]:
    """Contacts with smaller ids than ``below``."""
    given = {each.name: value for each in fields(wanted) if (value := getattr(wanted, each.name)) is not None}
    conditions: list[LiteralString] = ["c.account_id = %(account)s"]
    conditions += [condition for name, condition in _CONDITIONS.items() if name in given]
    if below is not None:
        conditions.append("c.id < %(below)s")
    where = " and ".join(conditions)
    if wanted.text is not None:
        found = " union ".join(
            f"(select c.id from contacts c where {where} and {begins} limit {MOST_FOUND})"  # noqa: S608
            for begins in _BEGINNINGS
        )
        where = f"c.id = any(array({found}))"
    values = given | _patterns(wanted) | _between(wanted) | {"account": account_id, "below": below, "most": most}
    async with store.connection() as conn, conn.transaction():
        # By the values: whether a tag is rare or that of half of all decides which index is the better one.
        await conn.execute("select set_config('plan_cache_mode', 'force_custom_plan', true)")
        async with conn.cursor(row_factory=class_row(Contact)) as cursor:
            await cursor.execute(
                f"select {COLUMNS} from contacts c where {where} order by c.id desc limit %(most)s",  # noqa: S608
                values,
            )
            return await cursor.fetchall()


def _patterns(wanted: Filter) -> dict[str, str]:
    if wanted.text is None:
        return {}
    as_it_is = wanted.text.translate(_ESCAPED) + "%"
    digits = "".join(letter for letter in wanted.text if letter.isdecimal() and letter.isascii())
    return {
        "as_it_is": as_it_is,
        "as_a_name": as_it_is.title(),  # lower() of databases may know ASCII only
        "number": f"+{digits}%" if digits and not wanted.text.strip("+0123456789 ()-./") else "",
    }


def _between(wanted: Filter) -> dict[str, Any]:
    """Between which ids contacts of these times are: ids grow with time, and an index has them."""
    found: dict[str, Any] = {}
    if wanted.created_after is not None:
        found["first"] = _id_at(wanted.created_after, -_BEFORE_IT_IS_WRITTEN)
    if wanted.created_before is not None:
        found["last"] = _id_at(wanted.created_before, _CLOCKS)
    return found


def _id_at(at: datetime, more: timedelta) -> UUID:
    return first_id(max(at.timestamp() + more.total_seconds(), 0.0))
