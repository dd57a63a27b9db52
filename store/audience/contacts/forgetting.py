"""Removing a person from an account: from all tables that have values of theirs.

What stays: that there were messages, runs and entries, for the counts; and what the person refused (suppressions,
opt-outs, withdrawn consent), as else they would be written to again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, LiteralString
from uuid import UUID

from store.operations.purging import OF_MESSAGES
from store.pool import Connections
from store.schema.partitions import among


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is found by."""

    account_id: int
    contact_id: UUID
    uids: Sequence[UUID]
    """Of their messages, all of which have ended."""
    runs: Sequence[UUID]
    """Of automations."""
    addresses: Sequence[str]
    """In all spellings."""
    texts: Sequence[str]
    """What texts about them may have: addresses, names, answers."""

    def parameters(self) -> dict[str, Any]:
        """Of the statements."""
        return {
            "account": self.account_id,
            "contact": self.contact_id,
            "runs": list(self.runs),
            "addresses": list(self.addresses),
            "texts": list(self.texts),
            **among(self.uids),
        }


async def messages_of(store: Connections, account_id: int, contact_id: UUID) -> tuple[list[UUID], list[UUID]]:
    """All messages to a contact's addresses, and from its runs; and those among them that have not ended."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """with them as (select * from contacts where id = %(contact)s and account_id = %(account)s),
               addresses as (
                   select a.channel, spelt.recipient from them c cross join lateral (values
                       ('email', c.email), ('sms', c.phone), ('whatsapp', coalesce(c.whatsapp, c.phone)))
                       as a (channel, address) cross join unnest(spellings(a.channel, a.address)) as spelt (recipient)
                   where a.address is not null)
               select m.uid, m.state from addresses a
               join messages m on m.recipient = a.recipient and m.channel = a.channel
               where m.account_id = %(account)s
               union
               select m.uid, m.state from automations o
               join automation_runs r on r.automation_id = o.id and r.contact_id = %(contact)s
               join automation_sends s on s.run_id = r.id join messages m on m.uid = s.uid
               where o.account_id = %(account)s""",
            {"contact": contact_id, "account": account_id},
        )
        rows = await cursor.fetchall()
    return [uid for uid, _ in rows], [uid for uid, state in rows if state in ("scheduled", "queued", "processing")]


async def runs_of(store: Connections, account_id: int, contact_id: UUID) -> list[tuple[UUID, bool, Any]]:
    """All runs of a contact: whether each has ended, and what texts of its steps may name."""
    return await _runs(
        store,
        """automation_id = any(array(select id from automations where account_id = %(account)s))
           and contact_id = %(contact)s""",
        {"account": account_id, "contact": contact_id},
    )


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


async def spellings_of(store: Connections, numbers: Sequence[str]) -> list[str]:
    """Numbers, in all forms in which they may be found."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select distinct spelt from unnest(%s::text[]) as n (number)
               cross join unnest(spellings('whatsapp', n.number)) as spelt""",
            (list(numbers),),
        )
        return [spelt for (spelt,) in await cursor.fetchall()]


async def empty_runs(store: Connections, run_ids: Sequence[UUID]) -> None:
    """Remove what is personal in runs that have ended."""
    async with store.connection() as conn:
        for statement in _OF_RUNS:
            await conn.execute(statement, {"runs": list(run_ids)})


async def forget(store: Connections, person: Person) -> None:
    """Remove a person. In a transaction, as it takes many statements; some read all that an account has of a table."""
    values = person.parameters()
    await empty_runs(store, person.runs)
    async with store.connection() as conn:
        if person.uids:
            for statement in (*OF_MESSAGES, *_BESIDE_MESSAGES):
                await conn.execute(statement, values)
        for statement in _OF_PERSON:
            await conn.execute(statement, values)


_OF_RUNS: tuple[LiteralString, ...] = (
    """update automation_runs set event = '{}', vars = '{}', answers = '{}', error = null, entry_key = ''
       where id = any(%(runs)s) and ended_at is not null""",
    "update automation_steps set outcome = '{}' where run_id = any(%(runs)s) and outcome <> '{}'",
    "update automation_sends set reason = null where run_id = any(%(runs)s) and reason is not null",
    "delete from automation_calls where run_id = any(%(runs)s)",
    "delete from automation_outbox where run_id = any(%(runs)s)",
)

_BESIDE_MESSAGES: tuple[LiteralString, ...] = (
    "delete from sandbox_messages where account_id = %(account)s and uid = any(%(uids)s)",
    "delete from capped_sends where uid = any(%(uids)s)",
    "delete from guard_refusals where uid = any(%(uids)s)",
    # Numbers are few enough to be found by their digests. The row stays for the caps of its SIM.
    "update sim_uses set recipient = sha256(uuid_send(uid)) where uid = any(%(uids)s)",
    # A page that others wait in is deleted when its batch has ended.
    """delete from batch_pages p using (select distinct page_of(u) as id from unnest(%(uids)s::uuid[]) as u) as theirs
       where p.page_id = theirs.id and not exists (
           select from messages m where m.uid between theirs.id and page_end(theirs.id)
             and m.state in ('scheduled', 'queued', 'processing'))""",
)

_HAS_TEXT: LiteralString = "exists (select from unnest(%(texts)s::text[]) as x (part) where position(x.part in {}) > 0)"
_TOLD: LiteralString = "delete from automation_told where account_id = %(account)s and {}"
_NOTICES: LiteralString = "delete from automation_notices where account_id = %(account)s and {}"
_CALLBACKS: LiteralString = """
delete from callback_deliveries
where endpoint_id = any(array(select id from callback_endpoints where account_id = %(account)s))
  and (uid = any(%(uids)s::uuid[]) or type in ('automation.notice', 'inbound.received') and {})
"""

_OF_PERSON: tuple[LiteralString, ...] = (
    # What the person refused stays, without how that is known.
    """delete from consents where account_id = %(account)s and state <> 'withdrawn'
       and recipient_key = any(select recipient_key(c, a) from unnest(%(addresses)s::text[]) as a
                               cross join unnest(array['email', 'sms']) as c)""",
    """update consents set text_shown = null, ip = null, proof = null where account_id = %(account)s
       and recipient_key = any(select recipient_key(c, a) from unnest(%(addresses)s::text[]) as a
                               cross join unnest(array['email', 'sms']) as c)""",
    """delete from consent_events where account_id = %(account)s
       and recipient_key = any(select recipient_key(c, a) from unnest(%(addresses)s::text[]) as a
                               cross join unnest(array['email', 'sms']) as c)""",
    "delete from subscribe_requests where account_id = %(account)s and recipient = any(%(addresses)s)",
    "delete from inbound_messages where sender = any(%(addresses)s) and account_id = %(account)s",
    """delete from person_ids where number = any(%(addresses)s)
       and gateway_id = any(array(select id from gateways where account_id = %(account)s))""",
    "delete from automation_events where account_id = %(account)s and contact_id = %(contact)s",
    """update automation_entries set contact_id = null, entry_key = '' where contact_id = %(contact)s
       and automation_id = any(array(select id from automations where account_id = %(account)s))""",
    """delete from campaign_left_out where contact_id = %(contact)s
       and run_id = any(array(select id from campaign_runs where account_id = %(account)s))""",
    _TOLD.format(_HAS_TEXT.format("message")),
    _NOTICES.format(_HAS_TEXT.format("subject || message")),
    """delete from automation_hook_samples where account_id = %(account)s
       and exists (select from unnest(%(addresses)s::text[]) as a where position(a in body::text) > 0)""",
    _CALLBACKS.format(_HAS_TEXT.format("data::text")),
    # The answer to a repeated request changes: without one it would be carried out again.
    """update idempotency_keys set response = '{"success":true,"message":"erased","data":null}'
       where account_id = %(account)s and response is not null
         and exists (select from unnest(%(addresses)s::text[]) as a
                     where position(convert_to(a, 'UTF8') in response) > 0)""",
    """delete from operation_files where operation_id = any(array(
           select id from operations where account_id = %(account)s
             and created_at >= (select created_at from contacts where id = %(contact)s)))""",
    "delete from contacts where id = %(contact)s and account_id = %(account)s",
)
