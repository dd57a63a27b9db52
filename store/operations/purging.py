"""Removing the personal data of a deleted account, some rows at a time. Counts, money and the audit log stay."""

from typing import LiteralString
from uuid import UUID

from store.operations.waiting import START
from store.pool import Connections
from store.schema.partitions import among

ROWS = 2000
"""Rows of a slice."""

_DELETED: dict[str, LiteralString] = {
    "inbound_messages": """delete from inbound_messages where ctid = any(array(
        select ctid from inbound_messages where account_id = %(account)s limit 2000))""",
    "suppressions": """delete from suppressions where ctid = any(array(
        select ctid from suppressions where account_id = %(account)s limit 2000))""",
    "marketing_opt_outs": """delete from marketing_opt_outs where ctid = any(array(
        select ctid from marketing_opt_outs where account_id = %(account)s limit 2000))""",
    "consents": """delete from consents where ctid = any(array(
        select ctid from consents where account_id = %(account)s limit 2000))""",
    "consent_events": """delete from consent_events where ctid = any(array(
        select ctid from consent_events where account_id = %(account)s limit 2000))""",
    "consent_pauses": """delete from consent_pauses where ctid = any(array(
        select ctid from consent_pauses where account_id = %(account)s limit 2000))""",
    "purposes": """delete from purposes where ctid = any(array(
        select ctid from purposes where account_id = %(account)s limit 2000))""",
    "capped_sends": """delete from capped_sends where ctid = any(array(
        select ctid from capped_sends where account_id = %(account)s limit 2000))""",
    "guard_refusals": """delete from guard_refusals where ctid = any(array(
        select ctid from guard_refusals where account_id = %(account)s limit 2000))""",
    "prefix_sends": "delete from prefix_sends where account_id = %(account)s",
    "account_guards": "delete from account_guards where account_id = %(account)s",
    "campaign_people": """delete from campaign_people where ctid = any(array(
        select p.ctid from campaign_people p join campaign_runs r on r.id = p.run_id
        where r.account_id = %(account)s limit 10000))""",
    "campaign_left_out": """delete from campaign_left_out where ctid = any(array(
        select l.ctid from campaign_left_out l join campaign_runs r on r.id = l.run_id
        where r.account_id = %(account)s limit 10000))""",
    "campaigns": """delete from campaigns where ctid = any(array(
        select ctid from campaigns where account_id = %(account)s limit 100))""",
    "automation_outbox": """delete from automation_outbox where ctid = any(array(
        select ctid from automation_outbox where account_id = %(account)s limit 2000))""",
    "automation_events": """delete from automation_events where ctid = any(array(
        select ctid from automation_events where account_id = %(account)s limit 2000))""",
    "automation_event_names": "delete from automation_event_names where account_id = %(account)s",
    "automation_notices": """delete from automation_notices where ctid = any(array(
        select ctid from automation_notices where account_id = %(account)s limit 2000))""",
    "automation_changes": """delete from automation_changes where ctid = any(array(
        select c.ctid from automations a join automation_changes c on c.automation_id = a.id
        where a.account_id = %(account)s limit 2000))""",
    "automation_counts": """delete from automation_counts where ctid = any(array(
        select c.ctid from automations a join automation_counts c on c.automation_id = a.id
        where a.account_id = %(account)s limit 2000))""",
    "automation_minutes": """delete from automation_minutes where ctid = any(array(
        select c.ctid from automations a join automation_minutes c on c.automation_id = a.id
        where a.account_id = %(account)s limit 2000))""",
    "automation_failures": """delete from automation_failures where ctid = any(array(
        select c.ctid from automations a join automation_failures c on c.automation_id = a.id
        where a.account_id = %(account)s limit 2000))""",
    "automation_entries": """delete from automation_entries where ctid = any(array(
        select ctid from automation_entries where account_id = %(account)s limit 2000))""",
    "automation_calls": """delete from automation_calls where ctid = any(array(
        select ctid from automation_calls where account_id = %(account)s limit 2000))""",
    "automation_pages": "delete from automation_pages where account_id = %(account)s",
    "automation_told": """delete from automation_told where ctid = any(array(
        select ctid from automation_told where account_id = %(account)s limit 2000))""",
    "leads": """delete from leads where ctid = any(array(
        select ctid from leads where account_id = %(account)s limit 2000))""",
    "lead_sources": "delete from lead_sources where account_id = %(account)s",
    "sim_uses": """delete from sim_uses where ctid = any(array(
        select u.ctid from sim_uses u join devices d on d.id = u.device_id
        where d.account_id = %(account)s limit 2000))""",
    "devices": """delete from devices where ctid = any(array(
        select ctid from devices where account_id = %(account)s limit 500))""",
    "device_tokens": """delete from device_tokens where ctid = any(array(
        select ctid from device_tokens where account_id = %(account)s limit 2000))""",
    "account_secrets": "delete from account_secrets where account_id = %(account)s",
    "automation_runs": """delete from automation_runs where ctid = any(array(
        select ctid from automation_runs where account_id = %(account)s limit 500))""",
    "automation_deliveries": """delete from automation_deliveries where ctid = any(array(
        select d.ctid from automation_deliveries d join automation_hooks h on h.id = d.hook_id
        where h.account_id = %(account)s limit 2000))""",
    "automation_hooks": "delete from automation_hooks where account_id = %(account)s",
    "automations": """delete from automations where ctid = any(array(
        select ctid from automations where account_id = %(account)s limit 100))""",
    "saved_views": "delete from saved_views where account_id = %(account)s",
    "sample_data": "delete from sample_data where account_id = %(account)s",
    "segments": "delete from segments where account_id = %(account)s",
    # By keys of rows, as a ctid is one of each partition.
    "contact_events": """delete from contact_events where account_id = %(account)s and source = any(array(
        select source from contact_events where account_id = %(account)s limit 2000))""",
    "subscribe_requests": """delete from subscribe_requests where ctid = any(array(
        select ctid from subscribe_requests where account_id = %(account)s limit 2000))""",
    "confirmation_texts": """delete from confirmation_texts where ctid = any(array(
        select ctid from confirmation_texts where account_id = %(account)s limit 2000))""",
    "keyword_sets": """delete from keyword_sets where ctid = any(array(
        select ctid from keyword_sets where account_id = %(account)s limit 2000))""",
    "callback_deliveries": """delete from callback_deliveries where ctid = any(array(
        select ctid from callback_deliveries where account_id = %(account)s limit 2000))""",
    "idempotency_keys": """delete from idempotency_keys where ctid = any(array(
        select ctid from idempotency_keys where account_id = %(account)s limit 2000))""",
    "attachments": """delete from attachments where ctid = any(array(
        select ctid from attachments where account_id = %(account)s limit 2000))""",
    "sandbox_messages": """delete from sandbox_messages where ctid = any(array(
        select ctid from sandbox_messages where account_id = %(account)s limit 2000))""",
    "bad_reports": """delete from bad_reports where ctid = any(array(
        select ctid from bad_reports where account_id = %(account)s limit 2000))""",
    "reputation_findings": "delete from reputation_findings where account_id = %(account)s",
    "sender_domains": """delete from sender_domains where ctid = any(array(
        select ctid from sender_domains where account_id = %(account)s limit 2000))""",
    "link_domains": "delete from link_domains where account_id = %(account)s",
    "request_log": """delete from request_log where account_id = %(account)s and id = any(array(
        select id from request_log where account_id = %(account)s limit 2000))""",
    "plan_changes": """delete from plan_changes where ctid = any(array(
        select ctid from plan_changes where account_id = %(account)s limit 2000))""",
    "import_seen": """delete from import_seen where ctid = any(array(
        select s.ctid from import_seen s join operations o on o.id = s.operation_id
        where o.account_id = %(account)s limit 2000))""",
    "import_files": "delete from import_files where account_id = %(account)s",
    "import_mappings": "delete from import_mappings where account_id = %(account)s",
    "contacts": """delete from contacts where ctid = any(array(
        select ctid from contacts where account_id = %(account)s limit 2000))""",
    "contact_groups": "delete from contact_groups where account_id = %(account)s",
    "contact_fields": "delete from contact_fields where account_id = %(account)s",
    "callback_endpoints": "delete from callback_endpoints where account_id = %(account)s",
    "recovery_codes": "delete from recovery_codes where kind = 'user' and person_id = %(account)s",
    "log_ins": "delete from log_ins where kind = 'user' and person_id = %(account)s",
    "sent_templates": """delete from sent_templates where ctid = any(array(
        select s.ctid from sent_templates s join template_versions v on v.id = s.version_id
        join templates t on t.id = v.template_id where t.account_id = %(account)s limit 2000))""",
    "template_versions": """delete from template_versions where ctid = any(array(
        select v.ctid from template_versions v join templates t on t.id = v.template_id
        where t.account_id = %(account)s limit 200))""",
    "templates": """delete from templates where ctid = any(array(
        select ctid from templates where account_id = %(account)s limit 200))""",
    "operation_files": """delete from operation_files where ctid = any(array(
        select f.ctid from operation_files f join operations o on o.id = f.operation_id
        where o.account_id = %(account)s limit 100))""",
}
_EMPTIED: dict[str, LiteralString] = {
    "gateways": """update gateways set config = '', identifier = 'purged-' || id, enabled = false, from_address = null,
                       deleted_at = coalesce(deleted_at, clock_timestamp()), version = version + 1
                   where account_id = %(account)s and config <> ''""",
    "api_keys": "update api_keys set name = '' where account_id = %(account)s and name <> ''",
    "credit_requests": """update credit_requests set note = '', proof = null, proof_type = null
                          where account_id = %(account)s and (note <> '' or proof is not null)""",
    "accounts": """update accounts set email = 'purged-' || id || '@invalid', name = '', external_id = null,
                       links = null
                   where id = %(account)s and name <> ''""",
}
STEPS: dict[str, LiteralString] = {**_DELETED, **_EMPTIED}
"""By table, what is done with its rows, until none is left to do it with."""


async def begin(store: Connections, account_id: int) -> None:
    """Note that an account's data is being removed: it cannot be restored from now on."""
    async with store.connection() as conn:
        await conn.execute(
            "update accounts set purged_at = coalesce(purged_at, clock_timestamp()) where id = %s", (account_id,)
        )


async def is_purged(store: Connections, account_id: int) -> bool:
    """Whether its data was removed, or is being removed."""
    async with store.connection() as conn:
        cursor = await conn.execute("select from accounts where id = %s and purged_at is not null", (account_id,))
        return cursor.rowcount == 1


async def due(store: Connections, days: int, limit: int) -> list[int]:
    """Accounts that were deleted more than ``days`` ago."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            """select id from accounts where status = 'deleted' and purged_at is null and id > 0
               and deleted_at < clock_timestamp() - %s * interval '1 day' order by id limit %s""",
            (days, limit),
        )
        return [account_id for (account_id,) in await cursor.fetchall()]


async def forget_messages(store: Connections, account_id: int, after: UUID | None) -> tuple[int, UUID | None]:
    """Remove recipients, and what providers said, from some messages. Returns how many, and where to go on."""
    async with store.connection() as conn:
        cursor = await conn.execute(
            "select uid from messages where account_id = %s and uid > %s order by uid limit %s",
            (account_id, after or START, ROWS),
        )
        uids = [uid for (uid,) in await cursor.fetchall()]
        if not uids:
            return 0, None
        for statement in (*OF_MESSAGES, _THEIR_PAGES):
            await conn.execute(statement, among(uids))
    return len(uids), uids[-1] if len(uids) == ROWS else None


OF_MESSAGES: tuple[LiteralString, ...] = (
    """update messages set recipient = '', reason = null, provider_id = null
       where uid = any(%(uids)s) and uid between %(first)s and %(last)s""",
    """update attempts set reason = null, provider_id = null
       where uid = any(%(uids)s) and uid between %(first)s and %(last)s""",
    """update receipts set reason = null, url = null, recipient = null
       where uid = any(%(uids)s) and uid between %(first)s and %(last)s""",
    "delete from short_links where uid = any(%(uids)s) and uid between %(first)s and %(last)s",
    "delete from templates_to_follow where uid = any(%(uids)s)",
    "delete from receipt_ids where uid = any(%(uids)s)",
    "delete from device_messages where uid = any(%(uids)s) and state = 'ended'",
)
"""What is personal in messages that have ended (parameters: ``among``)."""
_THEIR_PAGES: LiteralString = (
    "delete from batch_pages where page_id = any(select distinct page_of(u) from unnest(%(uids)s::uuid[]) as u)"
)


async def do_step(store: Connections, name: str, account_id: int) -> int:
    """Remove some rows of a table, or what is personal in them. Returns how many."""
    async with store.connection() as conn:
        return (await conn.execute(STEPS[name], {"account": account_id})).rowcount
