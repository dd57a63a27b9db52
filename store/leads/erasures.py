"""Erasures of leads: what is emptied at once, and what is to follow."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from store.leads.leads import Lead
from store.pool import Connections


@dataclass(frozen=True, slots=True)
class Erasure:
    """One that is to be carried out."""

    lead_id: UUID
    account_id: int
    contact_id: UUID | None
    """Who is to be deleted; ``None``: the contact stays."""
    runs: list[UUID]
    """Of automations, that the lead began."""
    created_at: datetime


async def empty(store: Connections, lead_id: UUID, why: str) -> None:
    """Delete what a lead holds of a person. That it was there stays, so that it does not come again."""
    async with store.connection() as conn:
        await conn.execute(
            """update leads
               set state = 'erased', code = 'erased', why = %s, notice = '{}', sealed = null, contact_id = null,
                   conflict = null, answered = null, reply_uid = null, again_at = null, tries = 0,
                   started_at = coalesce(started_at, clock_timestamp()),
                   ended_at = coalesce(ended_at, clock_timestamp())
               where id = %s""",
            (why, lead_id),
        )


_OTHER_WAYS = """
select exists (select from jsonb_each(c.origins) o where o.value ->> 'from' <> 'lead')
    or exists (select from leads l where l.contact_id = c.id and l.id <> %(lead)s and l.state <> 'erased')
    or exists (select from unnest(c.groups) g where g <> all(array(
           select id from contact_groups where account_id = c.account_id and key = any(%(groups)s::text[]))))
    or exists (select from contact_events e where e.contact_id = c.id and e.name !~ '^(message|consent|contact)[.]')
    or exists (select from addresses a join consents k on k.account_id = c.account_id and k.channel = a.channel
                   and k.recipient_key = recipient_key(a.channel, a.address)
               where k.state = 'granted' and k.source <> 'lead')
    or exists (select from addresses a cross join unnest(spellings(a.channel, a.address)) as spelt (recipient)
               join messages m on m.recipient = spelt.recipient and m.channel = a.channel
               where m.account_id = c.account_id and m.created_at < c.created_at)
from them c
"""


async def came_another_way(store: Connections, lead: Lead, groups: Sequence[str]) -> bool:
    """Whether the account knows the contact of a lead from elsewhere, too: by values that others gave, by another lead,
    by groups that are not of the source (``groups``: the keys of its own), by events that it recorded, by consent that
    was not given with a lead, or as it wrote to one of the addresses before there was the contact."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""with them as (select * from contacts where id = %(contact)s and account_id = %(account)s),
                addresses as (
                    select a.channel, a.address from them c cross join lateral (values
                        ('email', c.email), ('sms', c.phone), ('whatsapp', coalesce(c.whatsapp, c.phone)))
                        as a (channel, address)
                    where a.address is not null) {_OTHER_WAYS}""",  # noqa: S608 - constants of ours
            {"contact": lead.contact_id, "account": lead.account_id, "lead": lead.id, "groups": list(groups)},
        )
        row = await cursor.fetchone()
    return row is not None and bool(row[0])


async def came_again(store: Connections, contact_id: UUID) -> bool:
    """Whether a contact has a lead that was not erased, as it has sent one since. In a transaction that has locked it
    that stays so."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select from leads where contact_id = %s and state <> 'erased' limit 1", (contact_id,)
        )
        return cursor.rowcount == 1


async def queue(store: Connections, lead: Lead, contact_id: UUID | None, runs: Sequence[UUID]) -> None:
    """Have the rest be carried out soon."""
    async with store.connection() as conn:
        await conn.execute(
            """insert into lead_erasures (lead_id, account_id, contact_id, runs) values (%s, %s, %s, %s)
               on conflict do nothing""",
            (lead.id, lead.account_id, contact_id, list(runs)),
        )


async def take(store: Connections, limit: int) -> Sequence[Erasure]:
    """Take those that wait out of the queue. In a transaction; those that another worker takes are left out."""
    async with store.connection() as conn, conn.cursor(row_factory=class_row(Erasure)) as cursor:
        await cursor.execute(
            """with next as (
                   select lead_id from lead_erasures where due_at <= clock_timestamp()
                   order by due_at limit %s for update skip locked)
               delete from lead_erasures e using next where e.lead_id = next.lead_id
               returning e.lead_id, e.account_id, e.contact_id, e.runs, e.created_at""",
            (limit,),
        )
        return await cursor.fetchall()


async def of_source(store: Connections, source_id: UUID, after: UUID, limit: int) -> Sequence[tuple[UUID, Any, Any]]:
    """Leads of a source that hold something, in their order: their ids, notices and sealed raw leads."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, notice, sealed from leads
               where source_id = %s and id > %s and state <> 'erased' order by id limit %s""",
            (source_id, after, limit),
        )
        return await cursor.fetchall()
