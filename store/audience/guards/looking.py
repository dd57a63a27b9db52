"""What guards look at before a message is sent, and what they count."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.audience.guards.settings import GuardSettings
from domain.audience.guards.verdicts import Guarded
from store.audience.guards.settings import of_row
from store.connection import Connection
from store.pool import Connections, Pool
from store.schema.partitions import among

_LOOK = """
select m.uid, m.account_id, m.channel, m.recipient,
       m.purpose is null or coalesce((select p.transactional from purposes p
                                      where p.account_id = m.account_id and p.key = m.purpose), false),
       c.time_zone, coalesce(c.id::text, k.address), k.address,
       array(select s.at from capped_sends s where s.account_id = m.account_id
             and s.address = any(array[k.address, c.email, c.sms, c.whatsapp])
             and s.at > clock_timestamp() - interval '7 days' and s.uid <> m.uid order by s.at),
       exists (select from capped_sends s where s.uid = m.uid)
from messages m
cross join lateral (select m.channel || ' ' || recipient_key(m.channel, m.recipient) as address offset 0) as k
left join lateral (
    select c.id, c.time_zone, 'email ' || recipient_key('email', c.email) as email,
           'sms ' || recipient_key('sms', c.phone) as sms,
           'whatsapp ' || recipient_key('whatsapp', coalesce(c.whatsapp, c.phone)) as whatsapp
    from contacts_at(m.account_id, m.channel, recipient_key(m.channel, m.recipient)) as found (id)
    join contacts c using (id) limit 1) as c on true
where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s and not m.test
order by m.uid
"""
_LOOK_BRIEFLY = """
select m.uid, m.account_id, m.channel, m.recipient, true, null, '', '', '{}'::timestamptz[], false
from messages m where m.uid = any(%(uids)s::uuid[]) and m.uid between %(first)s and %(last)s and not m.test
order by m.uid
"""
_ACCOUNTS = """
select a.id, a.time_zone, clock_timestamp(), a.allowed_countries, g.pumping, g.prefix_per_hour, g.safe_numbers,
       g.quiet_hours, g.quiet_channels, g.quiet_from, g.quiet_to, g.per_day, g.per_week, g.over_cap
from accounts a left join account_guards g on g.account_id = a.id where a.id = any(%s)
"""


@dataclass(frozen=True, slots=True)
class Seen:
    """A message, with what decides about it."""

    uid: UUID
    account_id: int
    person: str
    """The contact, or its address where there is none."""
    address: str
    """What its caps are counted by: a person may become a contact, or be another one, at any time."""
    message: Guarded
    is_taken: bool
    """Whether it counts towards the person's cap already."""


@dataclass(frozen=True, slots=True)
class OfAccount:
    """An account's guards."""

    settings: GuardSettings
    time_zone: str
    now: datetime
    """By the database's clock."""


async def accounts(store: Connections, account_ids: Sequence[int]) -> dict[int, OfAccount]:
    """The guards of these accounts."""
    async with store.connection() as conn:
        rows = await (await conn.execute(_ACCOUNTS, (list(account_ids),))).fetchall()
    return {account_id: OfAccount(of_row(guards), zone, now) for account_id, zone, now, *guards in rows}


async def look(store: Connections, uids: Sequence[UUID], *, transactional: bool = False) -> list[Seen]:
    """What guards look at, of messages that really are sent. ``transactional``: all of them are."""
    async with store.connection() as conn:
        rows = await (await conn.execute(_LOOK_BRIEFLY if transactional else _LOOK, among(uids))).fetchall()
    return [
        Seen(uid, account_id, person, address, Guarded(channel, recipient, transactional, zone, latest), taken)
        for uid, account_id, channel, recipient, transactional, zone, person, address, latest, taken in rows
    ]


async def lock_counts(conn: Connection, account_ids: Sequence[int]) -> None:
    """Let nobody else count messages of these accounts until the transaction ends: two pages that are handed over at
    the same time would not see each other's."""
    for account_id in sorted(account_ids):
        await conn.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"counts of guards {account_id}",))


async def count_persons(conn: Connection, seen: Sequence[Seen]) -> None:
    """Count messages towards their persons' caps."""
    await conn.execute(
        """insert into capped_sends (uid, account_id, address, at)
           select u.uid, u.account_id, u.address, clock_timestamp()
           from unnest(%s::uuid[], %s::bigint[], %s::text[]) as u (uid, account_id, address)
           on conflict do nothing""",
        ([one.uid for one in seen], [one.account_id for one in seen], [one.address for one in seen]),
    )


async def give_back(store: Connections, uids: Sequence[UUID]) -> None:
    """Count messages no more that were not handed over after all."""
    async with store.connection() as conn:
        await conn.execute("delete from capped_sends where uid = any(%s)", (list(uids),))


async def delete_old(pool: Pool) -> None:
    """Delete what no guard needs any more."""
    async with pool.connection() as conn:
        await conn.execute("delete from capped_sends where at < clock_timestamp() - interval '8 days'")
        await conn.execute("delete from prefix_sends where hour < clock_timestamp() - interval '2 hours'")
        await conn.execute("delete from guard_refusals where at < clock_timestamp() - interval '30 days'")
