"""Periodic tasks of the whole install, run by one worker at a time: expiry, deletion, recovery, wake-ups."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.ids import batch_workflow_id, send_workflow_id
from domain.keyring import Keyring
from domain.leads.source import KEEP_DAYS
from services.accounts.subscriptions import begin_due_periods
from services.audience.campaigns.steering import start_unstarted
from services.automations.feeding import Feeder
from services.automations.flows import Flows
from services.automations.outbox import LATE, OutboxSender
from services.automations.publishing.looking import look_at_published
from services.automations.results.retrying import go_on as retry_runs
from services.automations.results.watching import Watch
from services.automations.runs.due import DueRuns
from services.automations.runs.running import Running
from services.automations.starting import Starter
from services.automations.telling.gathering import tell_gathered
from services.automations.triggering.clocks import Clocks
from services.batch_approvals import carry_out
from services.callbacks import wake
from services.devices.alarms import tell_offline
from services.leads.alarms import raise_alarms
from services.leads.erasing import erase_asked
from services.leads.forgetting import begin_erasures
from services.leads.speed import note_replies
from services.leads.starting import LeadStarter, catch_up_due
from services.operations.export_user import KEPT_DAYS
from services.reputation.guard import judge_new, pause_batches
from services.reputation.warm_ups import judge_tiers
from services.sending.restart import start_stored
from services.settings.current import read_current
from services.settings.models import Retention
from services.whatsapp.late_templates import send_all_late_templates
from store import idempotency, sending_pauses, workflow_checks
from store.accounts import waits as account_waits
from store.audience import inbound_retention
from store.audience.guards import looking
from store.audience.imports import files as import_files
from store.automations import calls, runs
from store.automations.hooks import deliveries, samples
from store.automations.results import notices as automation_notices
from store.batches import batches
from store.callbacks import callback_deliveries
from store.credits import alerts, requests
from store.devices import reporting
from store.devices import tokens as device_tokens
from store.gateways import gateway_health, gateway_waits
from store.leads import leads
from store.messages import attachments, receipts, unknown
from store.operations import exports
from store.pool import Pool
from store.reports import usage
from store.reputation import bad_reports
from store.whatsapp import late_templates
from worker.leader import PeriodicTask
from worker.limits import RENEW_EVERY, delete_old_limits
from worker.partitions import drop_by_time, drop_events, drop_months, drop_months_of_attempts, make_partitions
from worker.sweeps.audit_stream import stream_audit
from worker.sweeps.closed_accounts import end_batches
from worker.sweeps.deleted_accounts import purge_deleted
from worker.sweeps.devices import end_overdue, tell_pages
from worker.sweeps.link_domains import check_link_domains
from worker.sweeps.mails.automation_mails import AutomationMails
from worker.sweeps.mails.low_credit_mails import LowCreditMails
from worker.sweeps.mails.reputation_mails import ReputationMails
from worker.sweeps.operations import start_operations
from worker.sweeps.sender_domains import DomainSweep
from worker.sweeps.sweep import Sweep
from workflows.policy import CALLBACK_QUEUE

HOURLY = 3600.0
SWEEP_EVERY = 60.0

IDEMPOTENCY_HOURS = 48
"""How long an ``Idempotency-Key`` keeps its answer: 24 h are promised."""

RECEIPT_DAYS = 4.0
"""How long a receipt is awaited: mail servers try for up to five days, but those that do report a deferral before."""

WAKE_EVERY = 30.0
OVERDUE_AFTER = 30.0
"""Seconds after which a due delivery's endpoint is woken again."""

UNSTARTED_RUNS = 15.0
"""Seconds after which a launched campaign is started whose API process did not."""
UNSTARTED_AFTER = 3600.0
"""Seconds after which a stored batch without a workflow is deleted: its request was never answered."""

RUNS_EVERY = 0.25
"""Seconds between two looks for events that automations listen to, and for runs that are due."""
LOOK_EVERY = 1.0
"""Seconds between two looks for contacts whose date or schedule has come."""
STARTS_EVERY, RUNS_LATE = 1.0, 2.0
"""Seconds between two looks for runs without a workflow, and after which one is started: most are due before."""
SENT_EVERY = 5.0
LEADS_LATE = 2.0
"""Seconds after which a lead is started whose door did not."""
LOST_LEADS_EVERY, LEADS_LOST = 600.0, 3600.0
"""Seconds between two looks for open leads without a workflow, and after which they are that: it takes seconds."""

REPLIES_EVERY = 3.0
"""Seconds between two looks when leads were answered."""
LEAD_ALARMS_EVERY = 600.0
ERASE_EVERY = 2.0
"""Seconds between two looks for erasures that are due."""

WATCH_EVERY = 1.0
"""Seconds between two counts of what came of automations: so much later one whose runs fail is paused."""
TELL_EVERY = 2.0
"""Seconds between two looks for what is told of automations."""

DEVICES_EVERY = 0.5
"""Seconds between two looks for attempts that phones have ended: what follows for their pages waits so long."""
OVERDUE_EVERY = 5.0
REPORTED_DAYS = 7.0
"""How long reports of phones about messages that have ended find them."""

LOW_CREDITS_EVERY = 15.0

JUDGE_EVERY = 10.0
"""Seconds between two looks for bad reports that the reputation guard has not judged."""

RESUMED_EVERY = 1.0
"""Seconds between two checks for resumed gateways, accounts and sending that pages wait for."""

DECISIONS_EVERY = 5.0
"""Seconds between two checks for decisions of staff: approvals of batches, and the audit log that is posted."""
START_EVERY = 1.0
"""Seconds between two looks for operations to start."""

FOLD_EVERY = 10.0
"""Seconds between two rounds that add up the counters of usage: what was not added up yet is read one by one."""

HEALTH_DAYS = 7
"""How long per-minute outcomes of gateways are kept."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of the install that maintenance goes by."""

    unknown_days: float = 7.0
    """For how many days a message stays ``unknown``."""
    unknown_ends_as: Literal["failed", "sent"] = "failed"
    retention: Retention = field(default_factory=Retention)

    @classmethod
    async def read(cls, pool: Pool, environment: Mapping[str, Any]) -> "Policy":
        """The policy that holds now."""
        current = await read_current(pool, environment)
        return cls(current.unknown_days, current.unknown_ends_as, current.retention)


def periodic_tasks(
    pool: Pool,
    client: Client,
    environment: Mapping[str, Any],
    dns_servers: str = "",
    keyring: Keyring | None = None,
) -> list[PeriodicTask]:
    """All periodic tasks. ``environment``: settings of the install that this process was started with.

    ``dns_servers``: which are asked for the records of sender domains; empty: those of the machine.
    ``keyring`` opens the configuration of the system's own mail server, and raw leads; ``None``: no mails are sent, and
    nothing is erased as asked of Meta.
    """
    with_keyring = []
    if keyring is not None:
        with_keyring = [
            mail_low_credits(pool, keyring, environment),
            mail_reputation(pool, keyring, environment),
            mail_automations(pool, keyring, environment),
            erase_as_asked(pool, keyring, client),
        ]

    outbox, watch, flows = OutboxSender(pool, environment), Watch(pool), Flows()
    starter, clocks = Starter(pool), Clocks(pool)
    lead_starter = LeadStarter(pool)
    feeder, due = Feeder(pool), DueRuns(Running(pool), outbox)

    async def end_unknown_now() -> None:
        await end_unknown(pool, client, await Policy.read(pool, environment))

    async def retention() -> Retention:
        return (await Policy.read(pool, environment)).retention

    async def drop_requests_now() -> None:
        await drop_by_time(pool, "request_log", (await retention()).request_log_days)

    async def drop_events_now() -> None:
        await drop_events(pool, (await retention()).event_days)

    async def delete_callbacks_now() -> None:
        await callback_deliveries.delete_older_than(pool, (await retention()).callback_days)

    async def delete_proofs_now() -> None:
        await requests.delete_proofs(pool, (await retention()).proof_days)

    async def delete_inbound_now() -> None:
        if (days := (await retention()).inbound_days) is not None:
            await inbound_retention.delete_older_than(pool, days)

    async def drop_messages_now() -> None:
        await drop_months(pool, (await retention()).keep_months)

    async def drop_attempts_now() -> None:
        await drop_months_of_attempts(pool, (await retention()).keep_attempt_months)

    async def judge_reports() -> None:
        await judge_new(pool, environment)
        await pause_batches(pool, client)

    return [
        PeriodicTask("sweep", SWEEP_EVERY, Sweep(pool, client).run),
        PeriodicTask("end unknown messages", HOURLY, end_unknown_now),
        PeriodicTask("expire awaited receipts", HOURLY, lambda: expire_receipts(pool, client)),
        PeriodicTask(
            "delete old idempotency keys", HOURLY, lambda: idempotency.delete_older_than(pool, IDEMPOTENCY_HOURS)
        ),
        PeriodicTask("delete unstarted batches", HOURLY, lambda: delete_unstarted_batches(pool, client)),
        PeriodicTask("start launched campaigns", SWEEP_EVERY, lambda: start_unstarted(pool, client, UNSTARTED_RUNS)),
        PeriodicTask("look at events for automations", RUNS_EVERY, feeder.feed),
        PeriodicTask("have runs of automations go on", RUNS_EVERY, lambda: due.go_on(client, start_stored)),
        PeriodicTask("look for contacts of automations", LOOK_EVERY, clocks.look),
        PeriodicTask("send what runs left", SENT_EVERY, lambda: outbox.send_all(client, start_stored, LATE)),
        PeriodicTask("start runs of automations", STARTS_EVERY, lambda: starter.start_unstarted(client, RUNS_LATE)),
        PeriodicTask("tell of ended runs", STARTS_EVERY, lambda: due.tell(client)),
        PeriodicTask("look when leads were answered", REPLIES_EVERY, lambda: note_replies(pool)),
        PeriodicTask("begin erasures that leads ask for", ERASE_EVERY, lambda: begin_erasures(pool)),
        PeriodicTask("raise alarms of sources of leads", LEAD_ALARMS_EVERY, lambda: raise_alarms(pool)),
        PeriodicTask("start leads", STARTS_EVERY, lambda: lead_starter.start_unstarted(client, LEADS_LATE)),
        PeriodicTask("start lost leads", LOST_LEADS_EVERY, lambda: lead_starter.start_lost(client, LEADS_LOST)),
        PeriodicTask("look for missed leads", STARTS_EVERY, lambda: catch_up_due(pool, client)),
        PeriodicTask("delete old raw leads", HOURLY, lambda: leads.delete_old_raw(pool, KEEP_DAYS)),
        PeriodicTask("look at runs after publishing", RUNS_EVERY, lambda: look_at_published(pool)),
        PeriodicTask("watch automations", WATCH_EVERY, watch.run),
        PeriodicTask("retry failed runs", START_EVERY, lambda: retry_runs(pool, flows)),
        PeriodicTask("delete old notices", HOURLY, lambda: automation_notices.delete_old(pool)),
        PeriodicTask("tell pages of reports of phones", DEVICES_EVERY, lambda: tell_pages(pool, client)),
        PeriodicTask("end messages that phones keep", OVERDUE_EVERY, lambda: end_overdue(pool)),
        PeriodicTask("tell of phones that are offline", SWEEP_EVERY, lambda: tell_offline(pool)),
        PeriodicTask("delete old messages of phones", HOURLY, lambda: reporting.delete_old(pool, REPORTED_DAYS)),
        PeriodicTask("send late templates", SWEEP_EVERY, lambda: send_all_late_templates(pool, client)),
        PeriodicTask("delete templates that need not follow", HOURLY, lambda: late_templates.delete_old(pool)),
        PeriodicTask("delete pages of ended batches", HOURLY, lambda: batches.delete_pages(pool)),
        PeriodicTask("delete expired attachments", HOURLY, lambda: attachments.delete_expired(pool)),
        PeriodicTask("delete old callbacks", HOURLY, delete_callbacks_now),
        PeriodicTask(
            "delete old minutes of gateways", HOURLY, lambda: gateway_health.delete_old_minutes(pool, HEALTH_DAYS)
        ),
        PeriodicTask("delete old pairing tokens", HOURLY, lambda: device_tokens.delete_old(pool)),
        PeriodicTask("delete checks of workflows", HOURLY, lambda: workflow_checks.delete_ended(pool)),
        PeriodicTask("make partitions", HOURLY, lambda: make_partitions(pool)),
        PeriodicTask("drop old partitions", HOURLY, drop_messages_now),
        PeriodicTask("drop old attempts", HOURLY, drop_attempts_now),
        PeriodicTask("delete old limits", HOURLY, lambda: delete_old_limits(pool)),
        PeriodicTask("drop old events of contacts", HOURLY, drop_events_now),
        PeriodicTask("delete old runs of automations", HOURLY, lambda: runs.delete_old(pool)),
        PeriodicTask("tell what steps say", TELL_EVERY, lambda: tell_gathered(pool)),
        PeriodicTask("delete calls of ended runs", SWEEP_EVERY, lambda: calls.delete_ended(pool)),
        PeriodicTask("delete old deliveries to hooks", HOURLY, lambda: deliveries.delete_old(pool)),
        PeriodicTask("delete old samples of hooks", HOURLY, lambda: samples.delete_old(pool)),
        PeriodicTask("delete what guards counted", HOURLY, lambda: looking.delete_old(pool)),
        PeriodicTask("drop old requests", HOURLY, drop_requests_now),
        PeriodicTask("delete old proofs of payment", HOURLY, delete_proofs_now),
        PeriodicTask("delete old messages from people", HOURLY, delete_inbound_now),
        PeriodicTask("add up usage", FOLD_EVERY, lambda: usage.fold(pool)),
        PeriodicTask("renew plans", RENEW_EVERY, lambda: begin_due_periods(pool)),
        PeriodicTask("resume pages of paused gateways", RESUMED_EVERY, lambda: signal_resumed_gateways(pool, client)),
        PeriodicTask(
            "resume pages of suspended accounts", RESUMED_EVERY, lambda: signal_resumed_accounts(pool, client)
        ),
        PeriodicTask("resume pages of paused sending", RESUMED_EVERY, lambda: signal_resumed_sending(pool, client)),
        PeriodicTask("end batches of deleted accounts", SWEEP_EVERY, lambda: end_batches(pool, client)),
        PeriodicTask("carry out approvals", DECISIONS_EVERY, lambda: carry_out(pool, client)),
        PeriodicTask("start operations", START_EVERY, lambda: start_operations(pool, client)),
        PeriodicTask("check sender domains", SWEEP_EVERY, DomainSweep(pool, client, dns_servers).run),
        PeriodicTask("check link domains", SWEEP_EVERY, lambda: check_link_domains(pool, dns_servers)),
        PeriodicTask("remove data of deleted users", HOURLY, lambda: purge_deleted(pool)),
        PeriodicTask("delete old exports", HOURLY, lambda: exports.delete_older_than(pool, KEPT_DAYS)),
        PeriodicTask("delete files of ended imports", SWEEP_EVERY, lambda: import_files.delete_ended(pool)),
        PeriodicTask("post the audit log", DECISIONS_EVERY, lambda: stream_audit(pool, client)),
        PeriodicTask("judge bad reports", JUDGE_EVERY, judge_reports),
        PeriodicTask("judge warm-ups", SWEEP_EVERY, lambda: judge_tiers(pool)),
        PeriodicTask("delete old bad reports", HOURLY, lambda: bad_reports.delete_old(pool)),
        PeriodicTask("tell of low credits", LOW_CREDITS_EVERY, lambda: tell_low_credits(pool, client)),
        *with_keyring,
        PeriodicTask("wake callbacks", WAKE_EVERY, lambda: wake_overdue(pool, client)),
    ]


async def end_unknown(pool: Pool, client: Client, policy: Policy) -> None:
    """End messages that stayed ``unknown``. A later receipt still changes their state, if it ranks higher."""
    state = "sent" if policy.unknown_ends_as == "sent" else "expired"
    await _wake_each(client, unknown.end_older_than(pool, policy.unknown_days, state))


async def expire_receipts(pool: Pool, client: Client, days: float = RECEIPT_DAYS) -> None:
    """Stop waiting for receipts that did not arrive in time."""
    await _wake_each(client, receipts.expire_older_than(pool, days))


async def _wake_each(client: Client, endpoints: AsyncIterator[set[UUID]]) -> None:
    async for found in endpoints:
        await wake(client, CALLBACK_QUEUE, found)


async def wake_overdue(pool: Pool, client: Client) -> None:
    """Wake endpoints with overdue deliveries: their process died before waking them, or its clock differs."""
    await callback_deliveries.move_back(pool)
    await wake(client, CALLBACK_QUEUE, await callback_deliveries.overdue(pool, OVERDUE_AFTER))


async def tell_low_credits(pool: Pool, client: Client) -> None:
    """Post to customers that their wallets have become low."""
    await wake(client, CALLBACK_QUEUE, await alerts.tell(pool))


def mail_low_credits(pool: Pool, keyring: Keyring, environment: Mapping[str, Any]) -> PeriodicTask:
    """Mail customers that their wallets have become low."""
    return PeriodicTask("mail low credits", LOW_CREDITS_EVERY, LowCreditMails(pool, keyring, environment).run)


def mail_automations(pool: Pool, keyring: Keyring, environment: Mapping[str, Any]) -> PeriodicTask:
    """Mail what is told about automations."""
    return PeriodicTask("mail about automations", TELL_EVERY, AutomationMails(pool, keyring, environment).run)


def erase_as_asked(pool: Pool, keyring: Keyring, client: Client) -> PeriodicTask:
    """Erase what is known of people who asked Meta for it."""
    return PeriodicTask("erase as asked of Meta", SWEEP_EVERY, lambda: erase_asked(pool, keyring, client))


def mail_reputation(pool: Pool, keyring: Keyring, environment: Mapping[str, Any]) -> PeriodicTask:
    """Mail what the reputation guard found."""
    return PeriodicTask("mail reputation", LOW_CREDITS_EVERY, ReputationMails(pool, keyring, environment).run)


async def delete_unstarted_batches(pool: Pool, client: Client) -> None:
    """Remove batches whose API process died between storing and starting them, as they would wait for ever."""
    for batch_id in await batches.unstarted(pool, UNSTARTED_AFTER):
        try:
            await client.get_workflow_handle(batch_workflow_id(batch_id)).describe()
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            await batches.delete_unstarted(pool, batch_id)


async def signal_resumed_gateways(pool: Pool, client: Client) -> None:
    """Signal pages that wait for a paused gateway when it is resumed."""
    while await gateway_waits.signal_resumed(pool, lambda page_id: _signal(client, page_id, "gateway_resumed")):
        pass


async def signal_resumed_accounts(pool: Pool, client: Client) -> None:
    """Signal pages that wait for a suspended account when it is active again, or deleted."""
    while await account_waits.signal_resumed(pool, lambda page_id: _signal(client, page_id, "account_resumed")):
        pass


async def signal_resumed_sending(pool: Pool, client: Client) -> None:
    """Signal pages that wait for a pause of sending that has ended."""
    while await sending_pauses.signal_resumed(pool, lambda page_id: _signal(client, page_id, "account_resumed")):
        pass


async def _signal(client: Client, page_id: UUID, signal: str) -> None:
    try:
        await client.get_workflow_handle(send_workflow_id(page_id)).signal(signal)
    except RPCError as error:
        if error.status != RPCStatusCode.NOT_FOUND:  # the page has ended, for example by cancellation
            raise
