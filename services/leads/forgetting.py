"""Carries out erasures: once nothing of a person is under way, all that is known of them is removed together."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import structlog
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest
from temporalio.client import Client

from domain.audience.contacts.contact import Contact
from domain.ids import page_of, send_workflow_id
from domain.messages.page import ChangeRequest
from services.leads.erasing import texts_in
from services.sending.page_runs import Fate, latest_run
from services.workflow_calls import ChangeRefused, WorkflowUnresponsive, change_workflow
from store.audience.contacts import forgetting, rows
from store.audience.contacts.forgetting import Person
from store.batches import batches
from store.leads import erasures
from store.leads.erasures import Erasure
from store.pool import DB_UNAVAILABLE, InTransaction, Pool, long_transaction

log = structlog.get_logger()

_AT_A_TIME = 20
_AGAIN = 5.0
"""Seconds after which one is looked at again of which something is under way."""
_AT_THE_LATEST = timedelta(days=1)
"""After so long nothing is waited for any more."""
_SHORTEST_NAME = 5
_SHORTEST_TEXT = 8
"""Characters of an answer that tells whom a text is about. Shorter ones stand in many texts."""


async def carry_out(pool: Pool, client: Client) -> None:
    """Carry out what is due. One of which runs or messages are under way is left for later."""
    for erasure in await erasures.due(pool, _AGAIN, _AT_A_TIME):
        try:
            await _carry_out(pool, client, erasure)
        except DB_UNAVAILABLE:
            raise
        except Exception:  # others must not wait for it
            log.exception("an erasure could not be carried out", lead=str(erasure.lead_id))


async def _carry_out(pool: Pool, client: Client, erasure: Erasure) -> None:
    must = datetime.now(UTC) - erasure.created_at > _AT_THE_LATEST
    contact = erasure.contact_id and await rows.get(pool, erasure.account_id, erasure.contact_id)
    if not contact or await erasures.came_again(pool, contact.id):
        runs = await forgetting.runs_with(pool, erasure.runs)
        if must or all(has_ended for _, has_ended, _ in runs):
            async with pool.connection() as conn, conn.transaction():
                await forgetting.empty_runs(InTransaction(conn), erasure.runs)
                await erasures.done(InTransaction(conn), erasure.lead_id)
        return
    runs = await forgetting.runs_of(pool, erasure.account_id, contact.id)
    uids, waiting = await forgetting.messages_of(pool, erasure.account_id, contact.id)
    for uid in waiting:
        await _cancel(pool, client, uid)
    if (waiting or not all(has_ended for _, has_ended, _ in runs)) and not must:
        return
    for page_id in {page_of(uid) for uid in uids}:
        await _delete_history(client, page_id)
    numbers = [number for number in (contact.phone, contact.whatsapp) if number]
    addresses = await forgetting.spellings_of(pool, numbers) + ([contact.email] if contact.email else [])
    texts = sorted(_texts(contact, [values for *_, values in runs]) | set(addresses))
    person = Person(contact.account_id, contact.id, uids, [run for run, *_ in runs], addresses, texts)
    async with long_transaction(pool) as conn:
        store = InTransaction(conn)
        await rows.lock(store, contact.account_id, [contact.id])
        if await erasures.came_again(store, contact.id):
            await forgetting.empty_runs(store, erasure.runs)
            await erasures.done(store, erasure.lead_id)
            return
        await forgetting.forget(store, person)
        await erasures.done(store, erasure.lead_id)


async def _cancel(pool: Pool, client: Client, uid: UUID) -> None:
    """Have a message not be sent. One that is being sent gets its outcome before it is forgotten."""
    if await batches.cancel_message(pool, uid):
        return
    request = ChangeRequest(str(uuid4()), str(uid), "cancel")
    try:
        await change_workflow(client, send_workflow_id(page_of(uid)), request)
    except (ChangeRefused, WorkflowUnresponsive) as error:
        log.info("a message of an erased person ends by itself", uid=str(uid), why=str(error))


async def _delete_history(client: Client, page_id: UUID) -> None:
    """Of a page that has ended: it has recipients and texts, sealed. What became of its messages is stored."""
    workflow_id = send_workflow_id(page_id)
    if (await latest_run(client, workflow_id)).fate not in (Fate.GONE, Fate.RUNNING):
        request = DeleteWorkflowExecutionRequest(
            namespace=client.namespace, workflow_execution=WorkflowExecution(workflow_id=workflow_id)
        )
        await client.workflow_service.delete_workflow_execution(request)


def _texts(contact: Contact, of_runs: list[Any]) -> set[str]:
    """What texts about somebody may have of them."""
    names = [contact.first_name or "", contact.last_name or ""]
    found = {name for name in names if len(name) >= _SHORTEST_NAME} | {" ".join(filter(None, names))}
    if contact.external_id is not None:
        found.add(contact.external_id)
    return {text for text in found | texts_in([contact.fields, of_runs], _SHORTEST_TEXT) if text}
