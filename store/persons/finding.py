"""What an account has of a person: messages, runs of automations, contacts, leads."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from store.operations.waiting import START
from store.pool import Connections

_THEIR_KEYS: LiteralString = """any(array(select distinct recipient_key(c, a) from unnest(%(recipients)s::text[]) as a
                         cross join unnest(array['email', 'sms']) as c))"""
BY_KEY: LiteralString = f"""channel = any('{{email,sms,whatsapp}}') and recipient_key = {_THEIR_KEYS}"""
"""Rows with a key of an address (``recipient_key``) that are a person's."""
BY_ADDRESS: LiteralString = f"""channel = any('{{email,sms,whatsapp}}')
    and recipient_key(channel, recipient) = {_THEIR_KEYS}"""
"""The same of rows that have the address alone."""


@dataclass(frozen=True, slots=True)
class Known:
    """What a person is found by."""

    account_id: int
    contacts: Sequence[UUID]
    recipients: Sequence[str]
    """Addresses and numbers, in all forms in which rows may have them."""
    until: UUID
    """Messages with smaller uids are looked for: those that were accepted later are of somebody who came again."""

    def parameters(self) -> dict[str, Any]:
        """Of the statements."""
        return {
            "account": self.account_id,
            "contacts": list(self.contacts),
            "recipients": list(self.recipients),
            "until": self.until,
        }


async def spellings_of(store: Connections, emails: Sequence[str], numbers: Sequence[str]) -> list[str]:
    """Addresses and numbers, in all forms in which they may be found: addresses also as messages to them are spelt."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select spelt from unnest(%(numbers)s::text[]) as n (number)
               cross join unnest(spellings('whatsapp', n.number)) as spelt
               union select e from unnest(%(emails)s::text[]) as e
               union select lower(e) from unnest(%(emails)s::text[]) as e
               union select m.recipient from messages m
                   where lower(m.recipient) = any(array(select lower(e) from unnest(%(emails)s::text[]) as e))
                     and m.recipient <> lower(m.recipient)
               order by 1""",
            {"numbers": list(numbers), "emails": list(emails)},
        )
        return [spelt for (spelt,) in await cursor.fetchall()]


async def contacts_at(
    store: Connections, account_id: int, emails: Sequence[str], numbers: Sequence[str], before: datetime | None = None
) -> list[UUID]:
    """An account's contacts with one of these addresses; ``before``: that were made until then."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select distinct c.id
               from (select 'email' as channel, e as address from unnest(%(emails)s::text[]) as e
                     union all select t.channel, n from unnest(%(numbers)s::text[]) as n
                     cross join (values ('sms'), ('whatsapp')) as t (channel)) as a
               cross join lateral (select recipient_key(a.channel, a.address) as key offset 0) as k
               cross join lateral contacts_at(%(account)s, a.channel, k.key) as found (id)
               join contacts c on c.id = found.id
               where %(before)s::timestamptz is null or c.created_at <= %(before)s order by 1""",
            {"account": account_id, "emails": list(emails), "numbers": list(numbers), "before": before},
        )
        return [contact_id for (contact_id,) in await cursor.fetchall()]


_THEIRS: LiteralString = """
with recursive theirs (uid, state, fallback_uid) as (
    (select uid, state, fallback_uid from messages
     where recipient = any(%(recipients)s::text[]) and account_id = %(account)s and uid < %(until)s
     union
     select m.uid, m.state, m.fallback_uid from automations o
     join automation_runs r on r.automation_id = o.id and r.contact_id = any(%(contacts)s::uuid[])
     join automation_sends s on s.run_id = r.id join messages m on m.uid = s.uid
     where o.account_id = %(account)s and m.recipient <> '' and m.uid < %(until)s)
    union
    select f.uid, f.state, f.fallback_uid from theirs t join messages f on f.uid = t.fallback_uid
    where f.recipient <> '' and f.uid < %(until)s)
"""
_WAITING: LiteralString = "where state in ('scheduled', 'queued', 'processing')"


async def messages_of(store: Connections, known: Known, limit: int, after: UUID = START) -> list[UUID]:
    """Messages to a person's addresses, from runs, and their fallbacks: the oldest of those that were not emptied."""
    return await _uids(store, known, "where uid > %(after)s", limit, after)


async def waiting_of(store: Connections, known: Known, limit: int) -> list[UUID]:
    """Those among them that have no outcome."""
    return await _uids(store, known, _WAITING, limit)


async def _uids(store: Connections, known: Known, which: LiteralString, limit: int, after: UUID = START) -> list[UUID]:
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"{_THEIRS} select uid from theirs {which} order by uid limit %(limit)s",  # noqa: S608 - constants of ours
            known.parameters() | {"limit": limit, "after": after},
        )
        return [uid for (uid,) in await cursor.fetchall()]


async def only_theirs(store: Connections, page_ids: Sequence[UUID], uids: Sequence[UUID]) -> list[UUID]:
    """Those of these pages all of whose messages are among ``uids``, or were emptied, and have an outcome."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select p.id from unnest(%s::uuid[]) as p (id)
               where not exists (
                   select from messages m where m.uid between p.id and page_end(p.id)
                     and (m.state in ('scheduled', 'queued', 'processing')
                          or (m.recipient <> '' and m.uid <> all(%s::uuid[]))))""",
            (list(page_ids), list(uids)),
        )
        return [page_id for (page_id,) in await cursor.fetchall()]


_RUNS_OF: LiteralString = """automation_id = any(array(select id from automations where account_id = %(account)s))
    and contact_id = any(%(contacts)s::uuid[])"""


async def runs_of(store: Connections, account_id: int, contacts: Sequence[UUID]) -> list[tuple[UUID, bool, Any]]:
    """All runs of contacts: whether each has ended, and what texts of its steps may name."""
    return await _runs(store, _RUNS_OF, {"account": account_id, "contacts": list(contacts)})


async def runs_with(store: Connections, run_ids: Sequence[UUID]) -> list[tuple[UUID, bool, Any]]:
    """The same of these runs."""
    return await _runs(store, "id = any(%(runs)s)", {"runs": list(run_ids)})


async def _runs(store: Connections, which: LiteralString, values: dict[str, object]) -> list[tuple[UUID, bool, Any]]:
    async with store.connection() as conn:
        cursor = await conn.execute(
            f"""select id, ended_at is not null, jsonb_build_array(event, vars, answers) from automation_runs
                where {which}""",  # noqa: S608 - constants of ours
            values,
        )
        return await cursor.fetchall()


async def imports_under_way(store: Connections, account_id: int, until: UUID) -> bool:
    """Whether files are being imported that were given before: they may bring a person again."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select from operations where account_id = %s and kind = 'contacts.import' and id < %s
               and state in ('queued', 'running') limit 1""",
            (account_id, until),
        )
        return cursor.rowcount == 1


async def leads_of(
    store: Connections, account_id: int, after: UUID, limit: int
) -> Sequence[tuple[UUID, UUID | None, Any, bytes | None]]:
    """An account's leads that hold something, in their order: their ids, contacts, notices and sealed raw leads."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id, contact_id, notice, sealed from leads
               where account_id = %s and id > %s and state <> 'erased' order by id limit %s""",
            (account_id, after, limit),
        )
        return await cursor.fetchall()


REFUSALS = "refusals_that_stay"
"""Among what is counted: suppressions, opt-outs and withdrawn consent."""

_COUNTS: dict[str, LiteralString] = {
    "contacts": "select count(*) from contacts where id = any(%(contacts)s::uuid[]) and account_id = %(account)s",
    "messages": f"{_THEIRS} select count(*) from theirs",  # noqa: S608 - constants of ours
    "messages_waiting": f"{_THEIRS} select count(*) from theirs {_WAITING}",  # noqa: S608 - constants of ours
    "automation_runs": f"select count(*) from automation_runs where {_RUNS_OF}",  # noqa: S608 - a constant of ours
    "leads": "select count(*) from leads where contact_id = any(%(contacts)s::uuid[]) and account_id = %(account)s",
    "contact_events": "select count(*) from contact_events where contact_id = any(%(contacts)s::uuid[])",
    "inbound_messages": """select count(*) from inbound_messages
        where sender = any(%(recipients)s::text[]) and account_id = %(account)s""",
    "consent_events": f"""select count(*) from consent_events where account_id = %(account)s
        and {BY_KEY}""",  # noqa: S608 - constants of ours
    REFUSALS: f"""select
        (select count(*) from suppressions where account_id = %(account)s
            and {BY_ADDRESS})
        + (select count(*) from marketing_opt_outs where account_id = %(account)s
            and {BY_ADDRESS})
        + (select count(*) from consents where account_id = %(account)s and state = 'withdrawn'
            and {BY_KEY})""",  # noqa: S608 - constants of ours
}


async def count(store: Connections, known: Known, kinds: Sequence[str] | None = None) -> dict[str, int]:
    """How many rows there are, by kind; ``kinds``: only of these."""
    found: dict[str, int] = {}
    async with store.connection() as conn:
        for kind in _COUNTS if kinds is None else kinds:
            query = _COUNTS[kind]
            row = await (await conn.execute(query, known.parameters())).fetchone()
            assert row is not None
            found[kind] = row[0]
    return found
