"""Removing a person from an account: from all tables that have values of theirs.

What stays: that there were messages, runs and entries, for the counts; and what the person refused (suppressions,
opt-outs, withdrawn consent), as else they would be written to again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from store.operations.purging import OF_MESSAGES
from store.persons.finding import BY_KEY
from store.pool import Connections
from store.schema.partitions import among


@dataclass(frozen=True, slots=True)
class Person:
    """What a person is found by."""

    account_id: int
    contacts: Sequence[UUID]
    recipients: Sequence[str]
    """Addresses and numbers, in all spellings."""
    texts: Sequence[str]
    """What texts about them may have: addresses, names, answers."""
    until: datetime
    """What came later stays: it is of somebody who came again."""

    def parameters(self) -> dict[str, Any]:
        """Of the statements."""
        return {
            "account": self.account_id,
            "contacts": list(self.contacts),
            "recipients": list(self.recipients),
            "texts": list(self.texts),
            "until": self.until,
        }


async def empty_runs(store: Connections, run_ids: Sequence[UUID]) -> Counter[str]:
    """Remove what is personal in runs that have ended. Returns how many rows of which kinds."""
    return await _all(store, _OF_RUNS, {"runs": list(run_ids)}) if run_ids else Counter()


async def empty_messages(store: Connections, account_id: int, uids: Sequence[UUID]) -> Counter[str]:
    """Remove what is personal in messages, all of which have ended. Returns how many rows of which kinds."""
    values = {"account": account_id, **among(uids)}
    async with store.connection() as conn:
        for statement in OF_MESSAGES:
            await conn.execute(statement, values)
    return Counter({"messages": len(uids)}) + await _all(store, _BESIDE_MESSAGES, values)


async def remove(store: Connections, person: Person) -> Counter[str]:
    """Remove the rest. In a transaction, as it takes many statements; some read all that an account has of a table.

    Returns how many rows of which kinds.
    """
    return await _all(store, _OF_PERSON, person.parameters())


async def _all(store: Connections, statements: dict[str, LiteralString], values: dict[str, Any]) -> Counter[str]:
    counted = Counter[str]()
    async with store.connection() as conn:
        for kind, statement in statements.items():
            counted[kind] += (await conn.execute(statement, values)).rowcount
    return +counted


_OF_RUNS: dict[str, LiteralString] = {
    "automation_runs": """update automation_runs
       set event = '{}', vars = '{}', answers = '{}', error = null, entry_key = ''
       where id = any(%(runs)s) and ended_at is not null""",
    "automation_steps": "update automation_steps set outcome = '{}' where run_id = any(%(runs)s) and outcome <> '{}'",
    "automation_sends": "update automation_sends set reason = null where run_id = any(%(runs)s) and reason is not null",
    "automation_calls": "delete from automation_calls where run_id = any(%(runs)s)",
    "automation_outbox": "delete from automation_outbox where run_id = any(%(runs)s)",
}

_BESIDE_MESSAGES: dict[str, LiteralString] = {
    "sandbox_messages": "delete from sandbox_messages where account_id = %(account)s and uid = any(%(uids)s)",
    "capped_sends": "delete from capped_sends where uid = any(%(uids)s)",
    "guard_refusals": "delete from guard_refusals where uid = any(%(uids)s)",
    # Numbers are few enough to be found by their digests. The row stays for the caps of its SIM.
    "sim_uses": "update sim_uses set recipient = sha256(uuid_send(uid)) where uid = any(%(uids)s)",
    # A page that others wait in is deleted when its batch has ended.
    "batch_pages": """delete from batch_pages p
       using (select distinct page_of(u) as id from unnest(%(uids)s::uuid[]) as u) as theirs
       where p.page_id = theirs.id and not exists (
           select from messages m where m.uid between theirs.id and page_end(theirs.id)
             and m.state in ('scheduled', 'queued', 'processing'))""",
    "callback_deliveries": """delete from callback_deliveries where uid = any(%(uids)s::uuid[])
       and endpoint_id = any(array(select id from callback_endpoints where account_id = %(account)s))""",
}

_HAS_TEXT: LiteralString = "exists (select from unnest(%(texts)s::text[]) as x (part) where position(x.part in {}) > 0)"
_HAS_ADDRESS: LiteralString = """exists (select from unnest(%(recipients)s::text[]) as a where position(a in {}) > 0)"""
_TOLD: LiteralString = "delete from automation_told where account_id = %(account)s and at <= %(until)s and {}"
_NOTICES: LiteralString = "delete from automation_notices where account_id = %(account)s and at <= %(until)s and {}"
_SAMPLES: LiteralString = (
    "delete from automation_hook_samples where account_id = %(account)s and at <= %(until)s and {}"
)
_CALLBACKS: LiteralString = """
delete from callback_deliveries
where endpoint_id = any(array(select id from callback_endpoints where account_id = %(account)s))
  and created_at <= %(until)s and type in ('automation.notice', 'inbound.received') and {}
"""

_OF_PERSON: dict[str, LiteralString] = {
    # What the person refused stays, without how that is known.
    "consents": f"""delete from consents where account_id = %(account)s and state <> 'withdrawn' and at <= %(until)s
       and {BY_KEY}""",  # noqa: S608 - constants of ours
    "refusals": f"""update consents set text_shown = null, ip = null, proof = null
       where account_id = %(account)s and num_nonnulls(text_shown, ip, proof) > 0 and at <= %(until)s
       and {BY_KEY}""",  # noqa: S608 - constants of ours
    "consent_events": f"""delete from consent_events where account_id = %(account)s and at <= %(until)s
       and {BY_KEY}""",  # noqa: S608 - constants of ours
    "subscribe_requests": """delete from subscribe_requests
       where account_id = %(account)s and recipient = any(%(recipients)s) and created_at <= %(until)s""",
    "inbound_messages": """delete from inbound_messages
       where account_id = %(account)s and received_at <= %(until)s and (sender = any(%(recipients)s)
           or sender = any(array(select id from person_ids where number = any(%(recipients)s)
               and gateway_id = any(array(select id from gateways where account_id = %(account)s)))))""",
    "split_deliveries": """delete from split_deliveries
       where sender = any(%(recipients)s) and began_at <= %(until)s
         and gateway_id = any(array(select id from gateways where account_id = %(account)s))""",
    "person_ids": """delete from person_ids where number = any(%(recipients)s)
         and gateway_id = any(array(select id from gateways where account_id = %(account)s))""",
    "automation_events": """delete from automation_events
       where account_id = %(account)s and contact_id = any(%(contacts)s)""",
    "automation_entries": """update automation_entries set contact_id = null, entry_key = ''
       where contact_id = any(%(contacts)s)
         and automation_id = any(array(select id from automations where account_id = %(account)s))""",
    "campaign_left_out": """delete from campaign_left_out where contact_id = any(%(contacts)s)
         and run_id = any(array(select id from campaign_runs where account_id = %(account)s))""",
    "automation_told": _TOLD.format(_HAS_TEXT.format("message")),
    "automation_notices": _NOTICES.format(_HAS_TEXT.format("subject || message")),
    "automation_hook_samples": _SAMPLES.format(_HAS_ADDRESS.format("body::text")),
    "callback_deliveries": _CALLBACKS.format(_HAS_TEXT.format("data::text")),
    # The answer to a repeated request changes: without one it would be carried out again.
    "idempotency_keys": """update idempotency_keys
       set response = '{"success":true,"message":"erased","data":null}'
       where account_id = %(account)s and response is not null and created_at <= %(until)s
         and exists (select from unnest(%(recipients)s::text[]) as a
                     where position(convert_to(a, 'UTF8') in response) > 0)""",
    "contact_events": "delete from contact_events where contact_id = any(%(contacts)s) and account_id = %(account)s",
    "contacts": "delete from contacts where id = any(%(contacts)s) and account_id = %(account)s",
}
