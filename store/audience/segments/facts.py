"""What is known of contacts, as the evaluator of conditions takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
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
_CONTACTS = f"""
select c.id, {", ".join(f"c.{name}" for name in _COLUMNS)}, c.fields, c.tags, a.time_zone,
    array(select g.key from contact_groups g where g.account_id = c.account_id and g.id = any(c.groups)),
    array(select k.channel from (
        select v.channel, recipient_key(v.channel, v.address) as key
        from (values ('email', c.email), ('sms', c.phone), ('whatsapp', coalesce(c.whatsapp, c.phone)))
            as v (channel, address) offset 0) as k
        where exists (select from suppressions s where s.account_id = c.account_id and s.channel = k.channel
            and recipient_key(s.channel, s.recipient) = k.key))
from unnest(%s::bigint[], %s::uuid[]) as w (account_id, id)
join contacts c on c.id = w.id and c.account_id = w.account_id join accounts a on a.id = c.account_id
"""  # noqa: S608 - constants of ours
_EVENTS = """
select name, at, data from contact_events
where contact_id = %s and account_id = %s and name = any(%s) order by at desc limit %s
"""


async def facts_of(
    store: Connections, account_id: int, contact_id: UUID, condition: Condition, now: datetime
) -> Facts | None:
    """What the condition may ask of a contact; ``None``: the account has no such contact."""
    found = (await facts_of_all(store, [(account_id, contact_id)], now)).get(contact_id)
    if found is None:
        return None
    return replace(found, events=await occurrences(store, account_id, contact_id, sorted(events_in(condition))))


async def facts_of_all(store: Connections, contacts: Sequence[tuple[int, UUID]], now: datetime) -> Mapping[UUID, Facts]:
    """What is known of contacts, beside their events; each with its account. Those that there are not are left out."""
    async with store.connection() as conn:
        cursor = await conn.execute(_CONTACTS, ([account for account, _ in contacts], [id_ for _, id_ in contacts]))
        rows = await cursor.fetchall()
        zones = await known_zones(conn)
    return {id_: _facts(columns, now, zones) for id_, *columns in rows}


async def occurrences(
    store: Connections, account_id: int, contact_id: UUID, names: Sequence[str]
) -> Sequence[Occurrence]:
    """Events of a contact, the newest first."""
    if not names:
        return []
    async with store.connection() as conn:
        cursor = await conn.execute(_EVENTS, (contact_id, account_id, list(names), MOST_EVENTS))
        return [Occurrence(name, at, data) for name, at, data in await cursor.fetchall()]


def _facts(row: Sequence[Any], now: datetime, zones: Sequence[str]) -> Facts:
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
    )


def _shown(value: Any) -> Any:
    return iso(value) if isinstance(value, datetime) else value
