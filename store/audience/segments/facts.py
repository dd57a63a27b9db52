"""What is known of one contact, as the evaluator of conditions takes it."""

from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from domain.audience.conditions.evaluating import Facts, Occurrence
from domain.audience.conditions.tree import Condition, events_in
from domain.audience.conditions.values import iso
from store.audience.segments.operands import TEXT_COLUMNS, TIME_COLUMNS
from store.audience.segments.zones import known_zones
from store.pool import Connections

MOST_EVENTS = 20_000
"""Events of a contact that are read, the newest: counts go up to 10,000."""

_COLUMNS = sorted(TEXT_COLUMNS | TIME_COLUMNS)
_CONTACT = f"""
select {", ".join(f"c.{name}" for name in _COLUMNS)}, c.fields, c.tags, a.time_zone,
    array(select g.key from contact_groups g where g.account_id = c.account_id and g.id = any(c.groups)),
    array(select k.channel from (
        select v.channel, recipient_key(v.channel, v.address) as key
        from (values ('email', c.email), ('sms', c.phone), ('whatsapp', coalesce(c.whatsapp, c.phone)))
            as v (channel, address) offset 0) as k
        where exists (select from suppressions s where s.account_id = c.account_id and s.channel = k.channel
            and recipient_key(s.channel, s.recipient) = k.key))
from contacts c join accounts a on a.id = c.account_id where c.account_id = %s and c.id = %s
"""  # noqa: S608 - constants of ours
_EVENTS = """
select name, at, data from contact_events
where contact_id = %s and account_id = %s and name = any(%s) order by at desc limit %s
"""


async def facts_of(
    pool: Connections, account_id: int, contact_id: UUID, condition: Condition, now: datetime
) -> Facts | None:
    """What the condition may ask of a contact; ``None``: the account has no such contact."""
    async with pool.connection() as conn:
        row = await (await conn.execute(_CONTACT, (account_id, contact_id))).fetchone()
        if row is None:
            return None
        names = sorted(events_in(condition))
        cursor = await conn.execute(_EVENTS, (contact_id, account_id, names, MOST_EVENTS))
        events = [Occurrence(name, at, data) for name, at, data in await cursor.fetchall()]
        zones = await known_zones(conn)
    columns = dict(zip(_COLUMNS, row, strict=False))
    fields, tags, zone, groups, suppressed = row[len(_COLUMNS) :]
    own_zone = columns["time_zone"]
    return Facts(
        now,
        {"contact": fields | {name: _shown(value) for name, value in columns.items()}},
        ZoneInfo(own_zone if own_zone in zones else zone),
        tags,
        groups,
        suppressed,
        events,
    )


def _shown(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value
